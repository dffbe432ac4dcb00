"""A small made scene for target detection, written as MATLAB files in the ways in which such scenes are shared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from scipy.io import savemat

from rsbench.datasets.targets.synthetic_scene import Recipe

RECIPE = Recipe(height=20, width=23, bands=15, targets=9, seed=3, fill=(0.2, 0.8))
SCENE, MAP, TARGET = RECIPE.rows(0, 20), RECIPE.map_HW(), RECIPE.target_B


def v73(path: Path, arrays: dict[str, Any]) -> None:
    """HDF5 as MATLAB writes it: axes reversed, behind 512 bytes of its own."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            file[name] = np.asarray(array).T
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file".ljust(128))


VARIANTS: dict[str, Any] = {
    "e_cem": lambda path: savemat(path, {"data": SCENE, "map": MAP, "d": TARGET[:, None]}),
    "row vector": lambda path: savemat(path, {"data": SCENE, "map": MAP * 255, "d": TARGET[None]}, do_compression=True),
    "toolkit": lambda path: savemat(
        path,
        {"hsi_sub": SCENE, "gtImg_sub": MAP, "tgt_spectra": TARGET[:, None], "wavelengths": np.arange(15.0)[:, None]},
    ),
    "v7.3": lambda path: v73(path, {"hsi": SCENE, "hsi_gt": MAP, "d": TARGET[:, None]}),
    "bands first": lambda path: savemat(path, {"data": SCENE.transpose(2, 0, 1), "map": MAP, "d": TARGET[:, None]}),
    "odd names": lambda path: savemat(path, {"scene": SCENE, "marks": MAP, "spectrum": TARGET[:, None]}),
}
