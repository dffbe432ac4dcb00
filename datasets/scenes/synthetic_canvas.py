"""Brushes for procedural scenes: textures, masks and colours on one small square picture.

Everything is drawn from one ``numpy`` generator a picture, so that a picture depends on nothing but its own seed.
Coordinates are in pixels, centred: x and y run from -31.5 to 31.5 on a side of 64. Suffix HW: ``float32 [H, W]``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Colour = NDArray[np.float32]

SIDE = 64
"""Side of a scene in pixels; other sizes are resized from it."""


@cache
def _grid() -> tuple[Floats, Floats]:
    """Return the coordinates of all pixels, x and y, each ``[H, W]``."""
    axis = np.arange(SIDE, dtype=np.float32) - (SIDE - 1) / 2
    x, y = np.meshgrid(axis, axis)
    return x, y


@cache
def _falloff(beta: float) -> Floats:
    """Return the amplitude of each spatial frequency, ``[H, W // 2 + 1]``, for noise with slope ``beta``."""
    fy = np.fft.fftfreq(2 * SIDE)[:, None]
    fx = np.fft.rfftfreq(2 * SIDE)[None, :]
    frequency = np.sqrt(fx**2 + fy**2)
    frequency[0, 0] = 1
    falloff = frequency**-beta
    falloff[0, 0] = 0
    return falloff.astype(np.float32)


class Canvas:
    """One picture in the making: colours ``[H, W, 3]`` in 0..1 and the generator that all randomness comes from."""

    def __init__(self, rng: np.random.Generator, ground: Colour) -> None:
        self.rng = rng
        self.x, self.y = _grid()
        self.pixels = np.empty((SIDE, SIDE, 3), dtype=np.float32)
        self.pixels[:] = ground

    def noise(self, beta: float) -> Floats:
        """Return smooth noise with mean 0 and deviation 1; the larger ``beta``, the larger its blobs."""
        white = self.rng.standard_normal((2 * SIDE, 2 * SIDE), dtype=np.float32)
        smooth = np.fft.irfft2(np.fft.rfft2(white) * _falloff(beta), s=white.shape)[:SIDE, :SIDE]
        scaled: Floats = ((smooth - smooth.mean()) / (smooth.std() + 1e-6)).astype(np.float32)
        return scaled

    def turned(self, angle: float, centre: tuple[float, float] = (0.0, 0.0)) -> tuple[Floats, Floats]:
        """Return coordinates along and across a direction (``angle`` in radians), from ``centre``."""
        return _turn(self.x, self.y, angle, centre)

    def angle(self) -> float:
        """Return a direction, uniform over the circle, in radians."""
        return float(self.rng.uniform(0, 2 * np.pi))

    def uniform(self, low: float, high: float) -> float:
        """Return a number, uniform between two bounds."""
        return float(self.rng.uniform(low, high))

    def point(self, reach: float) -> tuple[float, float]:
        """Return a point at most ``reach`` pixels from the centre in each direction."""
        return self.uniform(-reach, reach), self.uniform(-reach, reach)

    def paint(self, mask: Floats, colour: Colour | Floats) -> None:
        """Lay a colour (``[3]`` or ``[H, W, 3]``) over the picture where ``mask`` (0..1) is set."""
        self.pixels += mask[..., None] * (colour - self.pixels)

    def shade(self, texture: Floats, strength: float) -> None:
        """Make the picture brighter and darker by a texture."""
        self.pixels *= 1 + np.float32(strength) * texture[..., None]

    def strip(self, angle: float, centre: tuple[float, float], half_width: float) -> tuple[Floats, Floats]:
        """Pave a straight strip across the picture; return the coordinates along and across it."""
        u, v = self.turned(angle, centre)
        self.paint(soft(half_width - np.abs(v)), paving_colour(self.rng))
        return u, v

    def lattice(self, angle: float, pitch_u: float, pitch_v: float, *, jitter: float) -> Iterator[tuple[float, float]]:
        """Yield the points of a turned lattice that touch the picture, each moved at random by up to ``jitter``."""
        reach = 50.0
        cos, sin = np.cos(angle), np.sin(angle)
        start_u, start_v = self.uniform(0, pitch_u), self.uniform(0, pitch_v)
        for u in np.arange(-reach + start_u, reach, pitch_u):
            for v in np.arange(-reach + start_v, reach, pitch_v):
                x = u * cos - v * sin + self.uniform(-jitter, jitter)
                y = u * sin + v * cos + self.uniform(-jitter, jitter)
                if max(abs(x), abs(y)) < 35:
                    yield float(x), float(y)

    def disc(self, centre: tuple[float, float], radius: float, colour: Colour, opacity: float = 1.0) -> None:
        """Paint a disc; only the pixels around it are touched."""
        window = _window(centre, radius)
        mask = soft(np.float32(radius) - np.hypot(self.x[window] - centre[0], self.y[window] - centre[1]))
        self.pixels[window] += np.float32(opacity) * mask[..., None] * (colour - self.pixels[window])

    def house(self, centre: tuple[float, float], angle: float, half_length: float, half_width: float) -> None:
        """Paint a house: its shadow, then a roof with a bright and a dark side."""
        colour = roof_colour(self.rng)
        shadow, shadow_at = rgb(0.08, 0.08, 0.1), (centre[0] + 1.5, centre[1] + 1.5)
        half = (half_length, half_width)
        self._two_sides(shadow_at, angle, half, np.stack([shadow, shadow]), 0.6)
        self._two_sides(centre, angle, half, np.stack([colour, colour * np.float32(0.72)]), 1.0)

    def _two_sides(
        self, centre: tuple[float, float], angle: float, half: tuple[float, float], sides_23: Colour, opacity: float
    ) -> None:
        """Paint a turned rectangle whose halves may differ in colour; only the pixels around it are touched."""
        window = _window(centre, float(np.hypot(*half)))
        u, v = _turn(self.x[window], self.y[window], angle, centre)
        mask = np.float32(opacity) * box(u, v, *half)[..., None]
        self.pixels[window] += mask * (np.where(v[..., None] > 0, sides_23[1], sides_23[0]) - self.pixels[window])

    def tree(self, centre: tuple[float, float], radius: float, leaf: Colour) -> None:
        """Paint a tree: shadow, crown, and a lit side."""
        x, y = centre
        self.disc((x + 0.5 * radius, y + 0.5 * radius), radius, leaf * np.float32(0.3), 0.6)
        self.disc(centre, radius, leaf)
        self.disc((x - 0.3 * radius, y - 0.3 * radius), 0.5 * radius, leaf * np.float32(1.5), 0.5)


def box(u: Floats, v: Floats, half_length: float, half_width: float) -> Floats:
    """Return the mask of a rectangle around the origin of turned coordinates."""
    return soft(np.minimum(np.float32(half_length) - np.abs(u), np.float32(half_width) - np.abs(v)))


def _turn(x: Floats, y: Floats, angle: float, centre: tuple[float, float]) -> tuple[Floats, Floats]:
    """Return coordinates along and across a direction (``angle`` in radians), from ``centre``."""
    dx, dy = x - np.float32(centre[0]), y - np.float32(centre[1])
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return dx * cos + dy * sin, dy * cos - dx * sin


def _window(centre: tuple[float, float], reach: float) -> tuple[slice, slice]:
    """Return the rows and columns that lie within ``reach`` pixels of a point (and one pixel of soft edge)."""
    x, y = centre[0] + (SIDE - 1) / 2, centre[1] + (SIDE - 1) / 2
    rows = slice(max(0, int(y - reach) - 1), max(0, int(y + reach) + 3))
    return rows, slice(max(0, int(x - reach) - 1), max(0, int(x + reach) + 3))


def soft(inside: NDArray[np.floating[Any]]) -> Floats:
    """Return a mask with one pixel of soft edge from a signed distance (positive inside)."""
    mask: Floats = np.clip(inside + np.float32(0.5), 0, 1).astype(np.float32)
    return mask


def rgb(red: float, green: float, blue: float) -> Colour:
    """Return a colour ``[3]`` from 0..1 values."""
    return np.array((red, green, blue), dtype=np.float32)


def _mixed(rng: np.random.Generator, colours: NDArray[np.float32], spread: float) -> Colour:
    """Return a random mixture of a palette's colours, with a little of its own."""
    weights = rng.dirichlet(np.full(len(colours), 0.6)).astype(np.float32)
    mixture: Colour = weights @ colours * np.float32(rng.uniform(1 - spread, 1 + spread))
    return np.clip(mixture + rng.normal(0, 0.02, 3).astype(np.float32), 0.02, 0.98)


def _palette(*rows: tuple[float, float, float]) -> NDArray[np.float32]:
    """Return colours as an array ``[n, 3]``."""
    return np.array(rows, dtype=np.float32)


# Wide on purpose: a season, a soil or a water may look like another, so that colour alone does not tell the class.
_PLANT = _palette((0.15, 0.3, 0.12), (0.3, 0.42, 0.18), (0.5, 0.48, 0.25), (0.35, 0.32, 0.2), (0.2, 0.32, 0.26))
_SOIL = _palette((0.6, 0.48, 0.34), (0.45, 0.35, 0.25), (0.72, 0.62, 0.45), (0.4, 0.36, 0.32), (0.5, 0.52, 0.36))
_WATER = _palette((0.1, 0.2, 0.32), (0.15, 0.3, 0.28), (0.3, 0.32, 0.25), (0.08, 0.12, 0.14), (0.3, 0.45, 0.5))
_PAVING = _palette((0.3, 0.3, 0.32), (0.45, 0.45, 0.45), (0.6, 0.58, 0.55), (0.22, 0.23, 0.26))
_ROOF = _palette((0.62, 0.3, 0.22), (0.5, 0.48, 0.46), (0.8, 0.78, 0.74), (0.3, 0.32, 0.38), (0.35, 0.45, 0.6))


def plant_colour(rng: np.random.Generator) -> Colour:
    """Return a colour of plants in some season."""
    return _mixed(rng, _PLANT, 0.25)


def soil_colour(rng: np.random.Generator) -> Colour:
    """Return a colour of soil or sand."""
    return _mixed(rng, _SOIL, 0.25)


def water_colour(rng: np.random.Generator) -> Colour:
    """Return a colour of water, clear or muddy."""
    return _mixed(rng, _WATER, 0.3)


def paving_colour(rng: np.random.Generator) -> Colour:
    """Return a colour of asphalt or concrete."""
    return _mixed(rng, _PAVING, 0.2)


def roof_colour(rng: np.random.Generator) -> Colour:
    """Return a colour of a roof or a car."""
    return _mixed(rng, _ROOF, 0.25)


def ground_colour(rng: np.random.Generator) -> Colour:
    """Return a colour of open ground: plants or soil."""
    return plant_colour(rng) if rng.random() < 0.6 else soil_colour(rng)


def open_ground(rng: np.random.Generator, roughness: float = 0.08) -> Canvas:
    """Return a picture of open ground with some texture."""
    canvas = Canvas(rng, ground_colour(rng))
    canvas.shade(canvas.noise(1.2), roughness)
    return canvas
