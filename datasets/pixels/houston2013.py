"""Houston 2013: the IEEE GRSS data fusion contest's university scene, hyperspectral and LiDAR."""

from __future__ import annotations

from rsbench.datasets import papers
from rsbench.datasets.pixels.dataset import PixelDataset
from rsbench.datasets.pixels.source import index_lists, maps


class Houston2013(PixelDataset):
    """CASI (144 bands) and LiDAR at 2.5 m; the official lists have 2,832 training and 12,197 test pixels."""

    name = "houston2013"
    title = "Houston 2013"
    licence = "that of the contest: research, with reference to the contest and its data providers"
    homepage = "https://machinelearning.ee.uh.edu/?page_id=459"
    citation = (
        "C. Debes et al.: Hyperspectral and LiDAR data fusion: outcome of the 2013 GRSS data fusion contest. "
        "IEEE JSTARS 7(6), 2014."
    )
    references = (papers.HOUSTON,)
    layout = (
        "DATA_ROOT/Houston2013/{HSI,LiDAR,gt,TRLabel,TSLabel}.mat, array name = file name (as in the "
        "Multimodal-Remote-Sensing-Toolkit), or Houston2013/houston_{hsi,lidar,gt,index}.mat with the lists "
        "houston_train and houston_test of rows and columns: cube 349 x 1905 x 144, LiDAR 349 x 1905."
    )
    class_names = (
        "healthy grass",
        "stressed grass",
        "synthetic grass",
        "trees",
        "soil",
        "water",
        "residential",
        "commercial",
        "road",
        "highway",
        "railway",
        "parking lot 1",
        "parking lot 2",
        "tennis court",
        "running track",
    )
    shape = (349, 1905, 144)
    folders = ("Houston2013", "houston2013")
    layouts = (maps(), index_lists("houston", "lidar"), index_lists("houston2013", "lidar"))
