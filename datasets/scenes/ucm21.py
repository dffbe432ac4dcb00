"""UC Merced Land Use ("UCM-21"): 21 classes of aerial scenes, 100 images each."""

from __future__ import annotations

from rsbench.datasets import papers
from rsbench.datasets.base import Download
from rsbench.datasets.scenes.class_folders import ClassFolderDataset

_TORCHGEO = "https://hf.co/datasets/torchgeo/ucmerced/resolve/7c5ef3454d9b1cccfa7ccde0c01fc8f00a45909a"


class UCM21(ClassFolderDataset):
    """UC Merced Land Use; nominally 256 x 256 pixels, 44 images are a little smaller."""

    name = "ucm21"
    title = "UC Merced Land Use (UCM-21)"
    licence = "public domain (USGS)"
    homepage = "http://weegee.vision.ucmerced.edu/datasets/landuse.html"
    citation = (
        "Y. Yang, S. Newsam: Bag-of-visual-words and spatial extensions for land-use classification. "
        "ACM SIGSPATIAL GIS 2010."
    )
    references = (papers.UCM,)
    class_names = (
        "agricultural",
        "airplane",
        "baseballdiamond",
        "beach",
        "buildings",
        "chaparral",
        "denseresidential",
        "forest",
        "freeway",
        "golfcourse",
        "harbor",
        "intersection",
        "mediumresidential",
        "mobilehomepark",
        "overpass",
        "parkinglot",
        "river",
        "runway",
        "sparseresidential",
        "storagetanks",
        "tenniscourt",
    )
    images = 2_100
    image_size = 128
    epochs = 60
    batch_size = 8  # 2,100 images: larger batches leave too few steps; see docs/decisions/0004
    layout = (
        "DATA_ROOT/UCMerced_LandUse/Images/<class>/<class>NN.tif (or .jpg), 21 classes x 100 images, "
        "or the zip DATA_ROOT/UCMerced_LandUse.zip as downloaded."
    )
    folders = ("UCMerced_LandUse/Images", "UCMerced_LandUse", "Images", ".")
    archives = ("UCMerced_LandUse.zip", "UCMerced_LandUse/UCMerced_LandUse.zip")
    rars = ("UCMerced_LandUse.rar",)
    list_files = "uc_merced-{part}.txt"
    list_folders = (".", "UCMerced_LandUse")
    # Addresses and MD5: torchgeo/torchgeo @65507dcb, torchgeo/datasets/ucmerced.py
    downloads = (
        Download(
            url=f"{_TORCHGEO}/UCMerced_LandUse.zip",
            mirrors=("http://weegee.vision.ucmerced.edu/datasets/UCMerced_LandUse.zip",),
            file="UCMerced_LandUse.zip",
            md5="5b7ec56793786b6dc8a908e8854ac0e4",
            unpack_into=".",
        ),
        *Download.lists(
            f"{_TORCHGEO}/{list_files}",
            list_files,
            train="f2fb12eb2210cfb53f93f063a35ff374",
            val="11ecabfc52782e5ea6a9c7c0d263aca0",
            test="046aff88472d8fc07c4678d03749e28d",
        ),
    )
