"""A procedural hyperspectral scene with sub-pixel targets, of any size; always called synthetic.

For trying target detection out, and for its speed on scenes larger than the public ones. Materials mix linearly with
spatially smooth abundances; each varies along a direction of its own (moisture, age), light varies from pixel to pixel;
targets fill a small part of their pixel; noise is white with a level of its own in each band. What it shows about a
compressor must be confirmed on real scenes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

VERSION = 1
"""Raised whenever scenes change, so that old results are not mixed with new ones."""

Spectra = NDArray[np.float32]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A synthetic scene: everything about it follows from these numbers.

    Attributes:
        height: rows of pixels.
        width: pixels in a row.
        bands: spread over 0.4 to 2.5 micrometres.
        targets: pixels that hold some of the target.
        seed: another one gives other materials, another target and other places.
        materials: of the background.
        fill: smallest and largest part of a target pixel that the target covers.
        noise: standard deviation of the noise in a clear band, in reflectance.
    """

    height: int
    width: int
    bands: int
    targets: int
    seed: int
    materials: int = 8
    fill: tuple[float, float] = (0.03, 0.35)
    noise: float = 0.002

    @property
    def fingerprint(self) -> str:
        """12 hex digits, equal for equal scenes."""
        return hashlib.sha256(f"synthetic scene, version {VERSION}: {self!r}".encode()).hexdigest()[:12]

    def rng(self, *of: int) -> np.random.Generator:
        """Return a generator for one purpose, so that rows do not depend on each other."""
        return np.random.default_rng([self.seed, *of])

    @cached_property
    def wavelengths_um(self) -> Numbers:
        """Centres of the bands in micrometres, shape [B]."""
        return np.linspace(0.4, 2.5, self.bands)

    @cached_property
    def materials_EB(self) -> Numbers:
        """Reflectance of the background's materials."""
        return np.stack([_reflectance(self.rng(0, e), self.wavelengths_um) for e in range(self.materials)])

    @cached_property
    def variation_EB(self) -> Numbers:
        """How each material's reflectance varies within the scene, per standard deviation."""
        shapes = np.stack([_reflectance(self.rng(1, e), self.wavelengths_um) for e in range(self.materials)])
        variation: Numbers = 0.2 * (shapes - shapes.mean(1, keepdims=True)) * self.materials_EB
        return variation

    @cached_property
    def target_B(self) -> Numbers:
        """Reflectance of the pure target: half of it looks like the background."""
        own = _reflectance(self.rng(2), self.wavelengths_um)
        target: Numbers = 0.5 * own + 0.5 * self.materials_EB[:2].mean(0)
        return target

    @cached_property
    def noise_B(self) -> Numbers:
        """Standard deviation of the noise, larger around the absorption of water vapour and at long waves."""
        wet = np.exp(-(((self.wavelengths_um[:, None] - (1.38, 1.88)) / 0.06) ** 2)).sum(1)
        noise: Numbers = self.noise * (1 + 4 * wet + 0.5 * (self.wavelengths_um > 2.2))
        return noise

    @cached_property
    def places(self) -> tuple[NDArray[np.int64], Numbers]:
        """Positions of the target pixels, row * width + column in ascending order, and the target's part of each."""
        rng = self.rng(3)
        positions = np.sort(rng.choice(self.height * self.width, self.targets, replace=False))
        return positions, rng.uniform(*self.fill, self.targets)

    def map_HW(self) -> NDArray[np.uint8]:
        """Return 1 where a pixel holds some of the target, else 0, ``[H, W]``."""
        truth = np.zeros(self.height * self.width, dtype=np.uint8)
        truth[self.places[0]] = 1
        return truth.reshape(self.height, self.width)

    def mixed(self, abundances_WE: Numbers) -> Numbers:
        """Return the background's spectra ``[W, B]`` for the materials' shares: each share times its spectrum."""
        return abundances_WE @ self.materials_EB

    def rows(self, start: int, stop: int) -> Spectra:
        """Make some rows of the scene, each from nothing but the recipe.

        Returns:
            Reflectance, ``float32 [stop - start, W, B]``.
        """
        return np.stack([self._row(row) for row in range(start, stop)])

    def _row(self, row: int) -> Spectra:
        """Return one row, ``[W, B]``."""
        fields = self._fields.row(row)
        abundances_WE = _shares(5 * fields[: self.materials].T)
        ground = self.mixed(abundances_WE) + (abundances_WE * fields[self.materials : -1].T) @ self.variation_EB
        rng = self.rng(4, row)
        light_W = 1 + 0.15 * fields[-1] + 0.03 * rng.standard_normal(self.width)
        positions, fills = self.places
        first, last = np.searchsorted(positions, [row * self.width, (row + 1) * self.width])
        columns, fill = positions[first:last] - row * self.width, fills[first:last, None]
        ground[columns] += fill * (self.target_B - ground[columns])
        noise = self.noise_B.astype(np.float32) * rng.standard_normal(ground.shape, dtype=np.float32)
        measured: Spectra = (ground * light_W[:, None]).astype(np.float32) + noise
        return measured

    @cached_property
    def _fields(self) -> _Fields:
        return _Fields(self.rng(5), 2 * self.materials + 1, self.height, self.width)


class _Fields:
    """Smooth random fields of mean 0 and standard deviation about 1, evaluated row by row.

    Each is the sum of a coarse and a fine grid of normal numbers, interpolated.
    """

    def __init__(self, rng: np.random.Generator, count: int, height: int, width: int) -> None:
        self._octaves = []
        for spacing, amplitude in ((48, 1.0), (12, 0.5)):
            down, across = _interpolation(height, spacing), _interpolation(width, spacing)
            grid = amplitude * rng.standard_normal((count, down.shape[1], across.shape[1]))
            self._octaves.append((down, grid, across))

    def row(self, row: int) -> Numbers:
        """Return the values of all fields along a row, shape [fields, W]."""
        parts = [np.tensordot(down[row], grid, (0, 1)) @ across.T for down, grid, across in self._octaves]
        total: Numbers = np.sum(parts, axis=0)
        return total


def _interpolation(length: int, spacing: int) -> Numbers:
    """Return the knots' weights for each pixel, [length, knots], with smooth steps between neighbours."""
    place = np.arange(length) / spacing
    knot = place.astype(int)
    part = place - knot
    part = part * part * (3 - 2 * part)
    weights = np.zeros((length, knot[-1] + 2))
    weights[np.arange(length), knot] = 1 - part
    weights[np.arange(length), knot + 1] = part
    return weights


def _shares(fields_WE: Numbers) -> Numbers:
    """Return abundances that are positive and sum to one: the softmax of the fields."""
    raised = np.exp(fields_WE - fields_WE.max(1, keepdims=True))
    shares: Numbers = raised / raised.sum(1, keepdims=True)
    return shares


def _reflectance(rng: np.random.Generator, wavelengths_um: Numbers) -> Numbers:
    """Return a smooth spectrum between 0.03 and 0.7: a slope, broad bumps and narrower absorptions."""
    spectrum = 0.3 + 0.08 * rng.standard_normal() * (wavelengths_um - 1.4)
    for width, height, count in ((0.5, 0.12, 4), (0.12, 0.05, 6)):
        for centre in rng.uniform(0.4, 2.5, count):
            spectrum = spectrum + height * rng.standard_normal() * np.exp(-(((wavelengths_um - centre) / width) ** 2))
    return np.clip(spectrum, 0.03, 0.7)
