"""MUUFL Gulfport: a university campus, hyperspectral and LiDAR."""

from __future__ import annotations

from rsbench.datasets import papers
from rsbench.datasets.pixels.dataset import PixelDataset
from rsbench.datasets.pixels.source import FileLayout, maps

_FILE = "muufl_gulfport_campus_1_hsi_220_label.mat"


class MUUFL(PixelDataset):
    """CASI (64 bands) and LiDAR at 1 m; no official split, usually 5 % or 100 to 150 pixels a class train."""

    name = "muufl"
    title = "MUUFL Gulfport"
    licence = "MIT"
    homepage = "https://github.com/GatorSense/MUUFLGulfport"
    citation = (
        "P. Gader, A. Zare, R. Close, J. Aitken, G. Tuell: MUUFL Gulfport hyperspectral and LiDAR airborne data set. "
        "University of Florida, REP-2013-570, 2013; labels: X. Du, A. Zare, scene label ground truth map, 2017."
    )
    references = (papers.MUUFL, papers.MUUFL_LABELS)
    layout = (
        f"DATA_ROOT/MUUFLGulfport/MUUFLGulfportSceneLabels/{_FILE} as released (struct hsi with Data, Lidar and "
        "sceneLabels), the folders above it may be left out; or DATA_ROOT/MUUFL/{HSI,LiDAR,gt,TRLabel,TSLabel}.mat: "
        "cube 325 x 220 x 64, LiDAR 325 x 220 x 2."
    )
    class_names = (
        "trees",
        "mostly grass",
        "mixed ground",
        "dirt and sand",
        "road",
        "water",
        "building shadow",
        "building",
        "sidewalk",
        "yellow curb",
        "cloth panels",
    )
    shape = (325, 220, 64)
    folders = (
        "MUUFLGulfport/MUUFLGulfportSceneLabels",
        "MUUFLGulfportSceneLabels",
        "MUUFLGulfport",
        "MUUFL",
        "muufl",
        ".",
    )
    layouts = (
        FileLayout(hsi=f"{_FILE}:hsi.Data", aux=f"{_FILE}:hsi.Lidar.z", labels=f"{_FILE}:hsi.sceneLabels.labels"),
        maps(),
    )
