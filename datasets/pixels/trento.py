"""Trento: a rural scene south of the city, hyperspectral and LiDAR."""

from __future__ import annotations

from rsbench.datasets import papers
from rsbench.datasets.pixels.dataset import PixelDataset
from rsbench.datasets.pixels.source import FileLayout, maps


class Trento(PixelDataset):
    """AISA Eagle (63 bands) and LiDAR at 1 m; usually 819 pixels train where the lists are there."""

    name = "trento"
    title = "Trento"
    licence = "none published: ask its owners before using it for more than research"
    citation = (
        "B. Rasti, P. Ghamisi, R. Gloaguen: Hyperspectral and LiDAR fusion using extinction profiles and total "
        "variation component analysis. IEEE TGRS 55(7), 2017."
    )
    references = (papers.TRENTO,)
    layout = (
        "DATA_ROOT/Trento/{HSI,LiDAR,gt,TRLabel,TSLabel}.mat, array name = file name, or "
        "DATA_ROOT/Trento/{Italy_hsi,Italy_lidar,allgrd}.mat with the arrays data, data and mask_test (no official "
        "split): cube 166 x 600 x 63, LiDAR 166 x 600 (x 2)."
    )
    class_names = ("apple trees", "buildings", "ground", "woods", "vineyard", "roads")
    shape = (166, 600, 63)
    folders = ("Trento", "trento")
    layouts = (maps(), FileLayout(hsi="Italy_hsi.mat:data", aux="Italy_lidar.mat:data", labels="allgrd.mat:mask_test"))
