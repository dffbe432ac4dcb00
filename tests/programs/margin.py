"""How often the full margin of spatial blocks survives, on made label maps of MUUFL's and Houston's sizes.

    python tests/programs/margin.py

Labels in field-like patches and scattered ones; the product's own block side and margin.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from rsbench.datasets.pixels.label_maps import GroundTruth
from rsbench.datasets.pixels.muufl import MUUFL
from rsbench.datasets.pixels.spatial_split import choose

blocks = MUUFL.blocks
print("product's blocks", blocks)
rng = np.random.default_rng(3)


def kept(labels_HW: NDArray[np.uint8], seed: int) -> str:
    """The margin in px that a split keeps; ``full`` where nothing is said."""
    truth = GroundTruth(labels_HW=labels_HW, lists=None, note="")
    split = choose("20/10/70", truth, tuple("abcdefgh"), blocks, seed)
    said = [text for text in split.warnings if "margin is" in text]
    return said[0].split("margin is ")[1].split(" px")[0] if said else "full"


for height, width in ((325, 220), (349, 1905), (166, 600)):
    for scale in (4, 12):
        fields = np.stack([gaussian_filter(rng.normal(size=(height, width)), scale) for _ in range(8)])
        classes = fields.argmax(0) + 1
        margins = []
        for share in (1.0, 0.3):
            labels = classes.copy().astype(np.uint8)
            labels[rng.random((height, width)) > share] = 0
            margins += [kept(labels, seed) for seed in range(3)]
        print((height, width), "label patches of about", 3 * scale, "px: margins kept", margins)
