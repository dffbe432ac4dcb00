"""Small MATLAB scenes as people have them, random data: ``python tests/programs/make_mats.py DIR``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import savemat

root, rng = Path(sys.argv[1]), np.random.default_rng(0)
H, W, B = 30, 40, 12
labels = np.zeros((H, W), np.uint8)
labels[2:12, 2:12], labels[2:12, 20:32], labels[16:28, 2:14], labels[16:28, 20:34] = 1, 2, 3, 4
hsi = (rng.normal(size=(H, W, B)) * 20 + labels[..., None] * 50 + 200).astype(np.uint16)
lidar = (labels * 3 + rng.normal(size=(H, W))).astype(np.float32)
train = np.where(rng.random((H, W)) < 0.3, labels, 0).astype(np.uint8)
test = np.where(train == 0, labels, 0).astype(np.uint8)


def put(name: str, **files: dict[str, Any]) -> None:
    """Write a scene's files: name of a file -> its arrays."""
    (root / name).mkdir(parents=True, exist_ok=True)
    for file, arrays in files.items():
        savemat(root / name / f"{file}.mat", arrays)


scene: dict[str, dict[str, Any]] = {"HSI": {"HSI": hsi}, "LiDAR": {"LiDAR": lidar}}
parts: dict[str, dict[str, Any]] = {"TRLabel": {"TRLabel": train}, "TSLabel": {"TSLabel": test}}
put("ok", **scene, **parts)
put(
    "full-map-called-mask_test",
    Italy_hsi={"data": hsi},
    Italy_lidar={"data": lidar},
    allgrd={"mask_test": labels},
)
nan = labels.astype(float)
nan[nan == 0] = np.nan
put("nan-labels", **scene, gt={"gt": nan})
put("hsi-only", Indian_pines_corrected={"indian_pines_corrected": hsi}, Indian_pines_gt={"indian_pines_gt": labels})
for name, value in (("nodata-9999", -9999), ("nodata-1e10", 1e10), ("nodata-3e38", np.float32(3.4028235e38))):
    dsm = lidar.copy()
    dsm[0:2, 0:30] = value
    put(name, HSI={"HSI": hsi}, LiDAR={"LiDAR": dsm}, **parts)
