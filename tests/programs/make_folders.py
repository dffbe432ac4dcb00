"""Small image folders as people have them: ``python tests/programs/make_folders.py DIR``.

Then ``rsbench data check imagefolder --data-root DIR/<name>``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
from PIL import Image

root, rng = Path(sys.argv[1]), np.random.default_rng(0)


def picture(path: Path) -> None:
    """Write a picture of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rng.integers(0, 255, (32, 32, 3), dtype=np.uint8)).save(path)


for name in ("same-stem", "dangling", "legacy-names", "legacy-files", "macosx"):
    for kind in ("river", "forest"):
        for number in range(10):
            picture(root / name / kind / f"{kind}_{number}.jpg")
for number in range(10):  # ten OTHER pictures of river that happen to have the same numbers
    picture(root / "same-stem" / "river" / f"river_{number}.png")
os.symlink("/scratch/purged/river_10.jpg", root / "dangling" / "river" / "river_10.jpg")
old = os.fsencode(root / "legacy-names")  # folder names in GBK, as unzip leaves those of an archive packed on Windows
os.rename(old + b"/river", old + b"/" + "河流".encode("gbk"))
old = os.fsencode(root / "legacy-files" / "river")
os.rename(old + b"/river_0.jpg", old + b"/" + "河0".encode("gbk") + b".jpg")
junk = root / "macosx" / "__MACOSX" / "river" / "._river_0.jpg"
junk.parent.mkdir(parents=True)
junk.write_bytes(b"\0" * 120)
