"""Augsburg: a city and its surroundings, spaceborne hyperspectral (simulated EnMAP) and SAR."""

from __future__ import annotations

from rsbench.datasets import papers
from rsbench.datasets.pixels.dataset import PixelDataset
from rsbench.datasets.pixels.source import FileLayout, index_lists, maps

CLASSES = ("forest", "residential area", "industrial area", "low plants", "allotment", "commercial area", "water")
S2FL = FileLayout(
    hsi="data_HS_LR.mat:data_HS_LR",
    aux="data_SAR_HR.mat:data_SAR_HR",
    train="TrainImage.mat:TrainImage",
    test="TestImage.mat:TestImage",
)
"""As S2FL shares such scenes; the label map is the union of the two maps."""


class Augsburg(PixelDataset):
    """HySpex resampled to 180 bands and dual-polarised Sentinel-1; 761 training and 77,533 test pixels."""

    name = "augsburg"
    title = "Augsburg"
    licence = "that of the S2FL release: research"
    homepage = "https://github.com/danfenghong/ISPRS_S2FL"
    citation = (
        "D. Hong, J. Hu, J. Yao, J. Chanussot, X. X. Zhu: Multimodal remote sensing benchmark datasets for land cover "
        "classification with a shared and specific feature learning model. ISPRS J. 178, 2021."
    )
    references = (papers.AUGSBURG,)
    layout = (
        "DATA_ROOT/Augsburg/{data_HS_LR,data_SAR_HR,TrainImage,TestImage}.mat, array name = file name, or "
        "Augsburg/augsburg_{hsi,sar,gt,index}.mat with the lists augsburg_train and augsburg_test of rows and columns, "
        "or Augsburg/{HSI,SAR,gt,TRLabel,TSLabel}.mat: cube 332 x 485 x 180, SAR 332 x 485 x 4."
    )
    class_names = CLASSES
    shape = (332, 485, 180)
    aux_name = "SAR"
    folders = ("Augsburg", "augsburg")
    layouts = (S2FL, index_lists("augsburg", "sar"), maps(aux="SAR"))
