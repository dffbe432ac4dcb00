"""NWPU-RESISC45 ("NWPU-45"): 45 classes of scenes from Google Earth, 700 images each."""

from __future__ import annotations

from rsbench.datasets import papers
from rsbench.datasets.base import Download
from rsbench.datasets.scenes.class_folders import ClassFolderDataset

_TORCHGEO = "https://hf.co/datasets/isaaccorley/resisc45/resolve/883edc0eee77b2c84225472f10f126e3ed83fa6e"


class NWPU45(ClassFolderDataset):
    """NWPU-RESISC45; models always get 45 outputs, also where only some of the classes are on disk."""

    name = "nwpu45"
    title = "NWPU-RESISC45 (NWPU-45)"
    licence = "CC-BY-NC-4.0"
    homepage = "https://gcheng-nwpu.github.io/"
    citation = (
        "G. Cheng, J. Han, X. Lu: Remote sensing image scene classification: benchmark and state of the art. "
        "Proceedings of the IEEE 105(10), 2017."
    )
    references = (papers.NWPU,)
    class_names = (
        "airplane",
        "airport",
        "baseball_diamond",
        "basketball_court",
        "beach",
        "bridge",
        "chaparral",
        "church",
        "circular_farmland",
        "cloud",
        "commercial_area",
        "dense_residential",
        "desert",
        "forest",
        "freeway",
        "golf_course",
        "ground_track_field",
        "harbor",
        "industrial_area",
        "intersection",
        "island",
        "lake",
        "meadow",
        "medium_residential",
        "mobile_home_park",
        "mountain",
        "overpass",
        "palace",
        "parking_lot",
        "railway",
        "railway_station",
        "rectangular_farmland",
        "river",
        "roundabout",
        "runway",
        "sea_ice",
        "ship",
        "snowberg",
        "sparse_residential",
        "stadium",
        "storage_tank",
        "tennis_court",
        "terrace",
        "thermal_power_station",
        "wetland",
    )
    images = 31_500
    image_size = 224
    epochs = 60
    layout = (
        "DATA_ROOT/NWPU-RESISC45/<class>/<class>_NNN.jpg, 45 classes x 700 images, or the zip "
        "DATA_ROOT/NWPU-RESISC45.zip as downloaded; split lists DATA_ROOT/resisc45-{train,val,test}.txt."
    )
    folders = ("NWPU-RESISC45", "NWPU-RESISC45/NWPU-RESISC45", ".")
    archives = ("NWPU-RESISC45.zip", "NWPU-RESISC45/NWPU-RESISC45.zip")
    rars = ("NWPU-RESISC45.rar", "NWPU-RESISC45/NWPU-RESISC45.rar")
    list_files = "resisc45-{part}.txt"
    list_folders = (".", "NWPU-RESISC45")
    # Addresses and MD5: torchgeo/torchgeo @65507dcb, torchgeo/datasets/resisc45.py
    downloads = (
        Download(
            url=f"{_TORCHGEO}/NWPU-RESISC45.zip",
            file="NWPU-RESISC45.zip",
            md5="75206b2e16446591afa88e2628744886",
            unpack_into=".",
        ),
        *Download.lists(
            f"{_TORCHGEO}/{list_files}",
            list_files,
            train="b5a4c05a37de15e4ca886696a85c403e",
            val="a0770cee4c5ca20b8c32bbd61e114805",
            test="3dda9e4988b47eb1de9f07993653eb08",
        ),
    )
