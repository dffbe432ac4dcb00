"""EuroSAT, RGB version: 10 classes of Sentinel-2 scenes, 27,000 images of 64 x 64 pixels."""

from __future__ import annotations

from rsbench.datasets import papers
from rsbench.datasets.base import Download
from rsbench.datasets.scenes.class_folders import ClassFolderDataset

_TORCHGEO = "https://huggingface.co/datasets/torchgeo/eurosat/resolve"
_IMAGES, _LISTS = "c877bcd43f099cd0196738f714544e355477f3fd", "1ce6f1bfb56db63fd91b6ecc466ea67f2509774c"


class EuroSAT(ClassFolderDataset):
    """EuroSAT RGB in torchvision's layout."""

    name = "eurosat"
    title = "EuroSAT (RGB)"
    licence = "MIT"
    homepage = "https://github.com/phelber/EuroSAT"
    citation = (
        "P. Helber, B. Bischke, A. Dengel, D. Borth: EuroSAT: a novel dataset and deep learning benchmark for land use "
        "and land cover classification. IEEE JSTARS 12(7), 2019."
    )
    references = (papers.EUROSAT,)
    class_names = (
        "AnnualCrop",
        "Forest",
        "HerbaceousVegetation",
        "Highway",
        "Industrial",
        "Pasture",
        "PermanentCrop",
        "Residential",
        "River",
        "SeaLake",
    )
    images = 27_000
    image_size = 64
    epochs = 30
    layout = (
        "DATA_ROOT/eurosat/2750/<Class>/<Class>_N.jpg, 10 classes, 27,000 images, or the zip "
        "DATA_ROOT/eurosat/EuroSAT.zip as downloaded."
    )
    folders = ("eurosat/2750", "EuroSAT/2750", "2750", "eurosat", "EuroSAT", ".")
    archives = ("eurosat/EuroSAT.zip", "EuroSAT.zip", "EuroSAT/EuroSAT.zip")
    list_files = "eurosat-{part}.txt"
    list_folders = ("eurosat", ".", "EuroSAT")
    # Archive: torchvision 0.29.1, torchvision/datasets/eurosat.py; lists: torchgeo/torchgeo @65507dcb, eurosat.py
    downloads = (
        Download(
            url=f"{_TORCHGEO}/{_IMAGES}/EuroSAT.zip",
            mirrors=("https://madm.dfki.de/files/sentinel/EuroSAT.zip",),
            file="eurosat/EuroSAT.zip",
            md5="c8fa014336c82ac7804f0398fcb19387",
            unpack_into="eurosat",
        ),
        *Download.lists(
            f"{_TORCHGEO}/{_LISTS}/eurosat-{{part}}.txt",
            "eurosat/eurosat-{part}.txt",
            train="908f142e73d6acdf3f482c5e80d851b1",
            val="95de90f2aa998f70a3b2416bfe0687b4",
            test="7ae5ab94471417b6e315763121e67c5f",
        ),
    )
