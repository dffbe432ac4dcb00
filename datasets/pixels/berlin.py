"""Berlin: the city and its surroundings, spaceborne hyperspectral (simulated EnMAP) and SAR."""

from __future__ import annotations

from rsbench.datasets import papers
from rsbench.datasets.pixels.augsburg import CLASSES, S2FL, Augsburg
from rsbench.datasets.pixels.dataset import PixelDataset
from rsbench.datasets.pixels.source import index_lists, maps


class Berlin(PixelDataset):
    """HyMap-based EnMAP (244 bands) and dual-polarised Sentinel-1; about 2,820 training and 461,851 test pixels."""

    name = "berlin"
    title = "Berlin"
    licence = Augsburg.licence
    homepage = Augsburg.homepage
    citation = Augsburg.citation
    references = (papers.AUGSBURG,)
    layout = (
        "DATA_ROOT/Berlin/{data_HS_LR,data_SAR_HR,TrainImage,TestImage}.mat, array name = file name, or "
        "Berlin/berlin_{hsi,sar,gt,index}.mat with the lists berlin_train and berlin_test of rows and columns, or "
        "Berlin/{HSI,SAR,gt,TRLabel,TSLabel}.mat: cube 1723 x 476 x 244, SAR 1723 x 476 x 4, both on one grid."
    )
    class_names = (*CLASSES[:4], "soil", *CLASSES[4:])
    shape = (1723, 476, 244)
    aux_name = "SAR"
    folders = ("Berlin", "berlin")
    layouts = (S2FL, index_lists("berlin", "sar"), maps(aux="SAR"))
