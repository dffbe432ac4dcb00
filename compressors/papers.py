"""The papers behind the compressors."""

from __future__ import annotations

from typing import Final

from rsbench.references import Reference

_NEURIPS: Final = "Advances in Neural Information Processing Systems"

DDP: Final = Reference(
    key="li2020ddp",
    kind="article",
    authors=(
        "Li, Shen",
        "Zhao, Yanli",
        "Varma, Rohan",
        "Salpekar, Omkar",
        "Noordhuis, Pieter",
        "Li, Teng",
        "Paszke, Adam",
        "Smith, Jeff",
        "Vaughan, Brian",
        "Damania, Pritam",
        "Chintala, Soumith",
    ),
    title="PyTorch Distributed: Experiences on Accelerating Data Parallel Training",
    year="2020",
    details=(("journal", "Proceedings of the VLDB Endowment"), ("volume", "13"), ("number", "12")),
)
AJI_2017: Final = Reference(
    key="aji2017sparse",
    kind="inproceedings",
    authors=("Aji, Alham Fikri", "Heafield, Kenneth"),
    title="Sparse Communication for Distributed Gradient Descent",
    year="2017",
    details=(("booktitle", "Conference on Empirical Methods in Natural Language Processing (EMNLP)"),),
)
STICH_2018: Final = Reference(
    key="stich2018sparsified",
    kind="inproceedings",
    authors=("Stich, Sebastian U.", "Cordonnier, Jean-Baptiste", "Jaggi, Martin"),
    title="Sparsified SGD with Memory",
    year="2018",
    details=(("booktitle", _NEURIPS),),
)
LIN_2018: Final = Reference(
    key="lin2018dgc",
    kind="inproceedings",
    authors=("Lin, Yujun", "Han, Song", "Mao, Huizi", "Wang, Yu", "Dally, William J."),
    title="Deep Gradient Compression: Reducing the Communication Bandwidth for Distributed Training",
    year="2018",
    details=(
        ("booktitle", "International Conference on Learning Representations (ICLR)"),
        ("note", "arXiv:1712.01887"),
    ),
)
XIE_2024_RSDGC: Final = Reference(
    key="xie2024rsdgc",
    kind="article",
    authors=("Xie, Weiying", "Wang, Zixuan", "Ma, Jitao", "Li, Daixun", "Li, Yunsong"),
    title=(
        "RS-DGC: Exploring Neighborhood Statistics for Dynamic Gradient Compression on Remote Sensing Image "
        "Interpretation"
    ),
    year="2024",
    details=(("journal", "IEEE Transactions on Geoscience and Remote Sensing"), ("note", "arXiv:2312.17530")),
)
XIE_2024_GCC: Final = Reference(
    key="xie2024gcc",
    kind="article",
    authors=("Xie, W.", "Ma, J.", "Lu, T.", "Li, Y.", "Lei, J.", "Fang, L.", "Du, Q."),
    title="Distributed Deep Learning With Gradient Compression for Big Remote Sensing Image Interpretation",
    year="2024",
    details=(
        ("journal", "IEEE Transactions on Neural Networks and Learning Systems"),
        ("doi", "10.1109/TNNLS.2024.3517535"),
    ),
)
VOGELS_2019: Final = Reference(
    key="vogels2019powersgd",
    kind="inproceedings",
    authors=("Vogels, Thijs", "Karimireddy, Sai Praneeth", "Jaggi, Martin"),
    title="PowerSGD: Practical Low-Rank Gradient Compression for Distributed Optimization",
    year="2019",
    details=(("booktitle", _NEURIPS), ("note", "arXiv:1905.13727")),
)
ALISTARH_2017: Final = Reference(
    key="alistarh2017qsgd",
    kind="inproceedings",
    authors=("Alistarh, Dan", "Grubic, Demjan", "Li, Jerry", "Tomioka, Ryota", "Vojnovic, Milan"),
    title="QSGD: Communication-Efficient SGD via Gradient Quantization and Encoding",
    year="2017",
    details=(("booktitle", _NEURIPS), ("note", "arXiv:1610.02132")),
)
KARIMIREDDY_2019: Final = Reference(
    key="karimireddy2019error",
    kind="inproceedings",
    authors=("Karimireddy, Sai Praneeth", "Rebjock, Quentin", "Stich, Sebastian U.", "Jaggi, Martin"),
    title="Error Feedback Fixes SignSGD and other Gradient Compression Schemes",
    year="2019",
    details=(("booktitle", "International Conference on Machine Learning (ICML)"), ("note", "arXiv:1901.09847")),
)
