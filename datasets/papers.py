"""The papers that describe the data sets."""

from __future__ import annotations

from typing import Final

from rsbench.references import Reference

_JSTARS: Final = "IEEE Journal of Selected Topics in Applied Earth Observations and Remote Sensing"
_FLORIDA: Final = "University of Florida"

EUROSAT: Final = Reference(
    key="helber2019eurosat",
    kind="article",
    authors=("Helber, Patrick", "Bischke, Benjamin", "Dengel, Andreas", "Borth, Damian"),
    title=("EuroSAT: A Novel Dataset and Deep Learning Benchmark for Land Use and Land Cover Classification"),
    year="2019",
    details=(("journal", _JSTARS), ("volume", "12"), ("number", "7")),
)
UCM: Final = Reference(
    key="yang2010ucm",
    kind="inproceedings",
    authors=("Yang, Yi", "Newsam, Shawn"),
    title="Bag-of-Visual-Words and Spatial Extensions for Land-Use Classification",
    year="2010",
    details=(
        (
            "booktitle",
            "ACM SIGSPATIAL International Conference on Advances in Geographic Information Systems",
        ),
    ),
)
NWPU: Final = Reference(
    key="cheng2017nwpu",
    kind="article",
    authors=("Cheng, Gong", "Han, Junwei", "Lu, Xiaoqiang"),
    title="Remote Sensing Image Scene Classification: Benchmark and State of the Art",
    year="2017",
    details=(("journal", "Proceedings of the IEEE"), ("volume", "105"), ("number", "10")),
)
HOUSTON: Final = Reference(
    key="debes2014houston",
    kind="article",
    authors=("Debes, Christian", "others"),
    title="Hyperspectral and LiDAR Data Fusion: Outcome of the 2013 GRSS Data Fusion Contest",
    year="2014",
    details=(("journal", _JSTARS), ("volume", "7"), ("number", "6")),
)
TRENTO: Final = Reference(
    key="rasti2017trento",
    kind="article",
    authors=("Rasti, Behnood", "Ghamisi, Pedram", "Gloaguen, Richard"),
    title=("Hyperspectral and LiDAR Fusion Using Extinction Profiles and Total Variation Component Analysis"),
    year="2017",
    details=(("journal", "IEEE Transactions on Geoscience and Remote Sensing"), ("volume", "55"), ("number", "7")),
)
AUGSBURG: Final = Reference(
    key="hong2021multimodal",
    kind="article",
    authors=("Hong, Danfeng", "Hu, Jingliang", "Yao, Jing", "Chanussot, Jocelyn", "Zhu, Xiao Xiang"),
    title=(
        "Multimodal Remote Sensing Benchmark Datasets for Land Cover Classification with a Shared and Specific "
        "Feature Learning Model"
    ),
    year="2021",
    details=(("journal", "ISPRS Journal of Photogrammetry and Remote Sensing"), ("volume", "178")),
)
MUUFL: Final = Reference(
    key="gader2013muufl",
    kind="techreport",
    authors=("Gader, Paul", "Zare, Alina", "Close, Ryan", "Aitken, Jen", "Tuell, Grady"),
    title="MUUFL Gulfport Hyperspectral and LiDAR Airborne Data Set",
    year="2013",
    details=(("institution", _FLORIDA), ("number", "REP-2013-570")),
)
MUUFL_LABELS: Final = Reference(
    key="du2017muufl",
    kind="techreport",
    authors=("Du, Xiaoxiao", "Zare, Alina"),
    title="Scene Label Ground Truth Map for MUUFL Gulfport Data Set",
    year="2017",
    details=(("institution", _FLORIDA),),
)
IDTREES: Final = Reference(
    key="graves2023idtrees",
    kind="article",
    authors=("Graves, S.", "Marconi, S.", "Stewart, D.", "others"),
    title=(
        "Data Science Competition for Cross-Site Individual Tree Species Identification from Airborne Remote "
        "Sensing Data"
    ),
    year="2023",
    details=(("journal", "PeerJ"), ("volume", "11")),
)
LANDSAT_CHANGE: Final = Reference(
    key="wu2014sfa",
    kind="article",
    authors=("Wu, Chen", "Du, Bo", "Zhang, Liangpei"),
    title="Slow Feature Analysis for Change Detection in Multispectral Imagery",
    year="2014",
    details=(("journal", "IEEE Transactions on Geoscience and Remote Sensing"), ("volume", "52"), ("number", "5")),
)
LEVIR: Final = Reference(
    key="chen2020levir",
    kind="article",
    authors=("Chen, Hao", "Shi, Zhenwei"),
    title=("A Spatial-Temporal Attention-Based Method and a New Dataset for Remote Sensing Image Change Detection"),
    year="2020",
    details=(("journal", "Remote Sensing"), ("volume", "12"), ("number", "10")),
)
WHU: Final = Reference(
    key="ji2019whu",
    kind="article",
    authors=("Ji, Shunping", "Wei, Shiqing", "Lu, Meng"),
    title=(
        "Fully Convolutional Networks for Multisource Building Extraction From an Open Aerial and Satellite Imagery "
        "Data Set"
    ),
    year="2019",
    details=(("journal", "IEEE Transactions on Geoscience and Remote Sensing"), ("volume", "57"), ("number", "1")),
)
DSIFN: Final = Reference(
    key="zhang2020dsifn",
    kind="article",
    authors=("Zhang, Chenxiao", "Yue, Peng", "Tapete, Deodato", "Jiang, Liangcun", "others"),
    title=(
        "A Deeply Supervised Image Fusion Network for Change Detection in High Resolution Bi-Temporal Remote Sensing "
        "Images"
    ),
    year="2020",
    details=(("journal", "ISPRS Journal of Photogrammetry and Remote Sensing"), ("volume", "166")),
)
CDD: Final = Reference(
    key="lebedev2018cdd",
    kind="inproceedings",
    authors=("Lebedev, M. A.", "Vizilter, Yu. V.", "Vygolov, O. V.", "Knyaz, V. A.", "Rubis, A. Yu."),
    title="Change Detection in Remote Sensing Images Using Conditional Adversarial Networks",
    year="2018",
    details=(
        (
            "booktitle",
            "International Archives of the Photogrammetry, Remote Sensing and Spatial Information Sciences",
        ),
    ),
)
SYSU: Final = Reference(
    key="shi2022sysu",
    kind="article",
    authors=("Shi, Qian", "Liu, Mengxi", "Li, Shengchen", "Liu, Xiaoping", "Wang, Fei", "Zhang, Liangpei"),
    title=(
        "A Deeply Supervised Attention Metric-Based Network and an Open Aerial Image Dataset for Remote Sensing Change "
        "Detection"
    ),
    year="2022",
    details=(("journal", "IEEE Transactions on Geoscience and Remote Sensing"), ("volume", "60")),
)
OSCD: Final = Reference(
    key="daudt2018oscd",
    kind="inproceedings",
    authors=("Daudt, Rodrigo Caye", "Le Saux, Bertrand", "Boulch, Alexandre", "Gousseau, Yann"),
    title="Urban Change Detection for Multispectral Earth Observation Using Convolutional Neural Networks",
    year="2018",
    details=(("booktitle", "IEEE International Geoscience and Remote Sensing Symposium"),),
)
ABU: Final = Reference(
    key="kang2017abu",
    kind="article",
    authors=(
        *("Kang, Xudong", "Zhang, Xiangping", "Li, Shutao", "Li, Kenli", "Li, Jun"),
        "Benediktsson, Jón Atli",
    ),
    title="Hyperspectral Anomaly Detection With Attribute and Edge-Preserving Filters",
    year="2017",
    details=(("journal", "IEEE Transactions on Geoscience and Remote Sensing"), ("volume", "55"), ("number", "10")),
)
HYDICE: Final = Reference(
    key="basedow1995hydice",
    kind="inproceedings",
    authors=("Basedow, Robert W.", "Carmer, Dwayne C.", "Anderson, Mark E."),
    title="HYDICE System: Implementation and Performance",
    year="1995",
    details=(("booktitle", "Proceedings of SPIE"), ("volume", "2480")),
)
AVIRIS: Final = Reference(
    key="green1998aviris",
    kind="article",
    authors=("Green, Robert O.", "others"),
    title="Imaging Spectroscopy and the Airborne Visible/Infrared Imaging Spectrometer (AVIRIS)",
    year="1998",
    details=(("journal", "Remote Sensing of Environment"), ("volume", "65"), ("number", "3")),
)
