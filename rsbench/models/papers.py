"""The papers that describe the networks, by the beginning of a network's name."""

from __future__ import annotations

from typing import Final

from rsbench.references import Reference

_CVPR: Final = "IEEE/CVF Conference on Computer Vision and Pattern Recognition (CVPR)"
_ICCV: Final = "IEEE/CVF International Conference on Computer Vision (ICCV)"
_ICLR: Final = "International Conference on Learning Representations (ICLR)"
_ICML: Final = "International Conference on Machine Learning (ICML)"


def _paper(key: str, authors: str, title: str, year: str, venue: str) -> Reference:
    """Return a paper of a conference; authors are separated by semicolons."""
    names = tuple(authors.split("; "))
    return Reference(
        key=key, kind="inproceedings", authors=names, title=title, year=year, details=(("booktitle", venue),)
    )


_RESNET: Final = _paper(
    "he2016resnet",
    "He, Kaiming; Zhang, Xiangyu; Ren, Shaoqing; Sun, Jian",
    "Deep Residual Learning for Image Recognition",
    "2016",
    _CVPR,
)
_FEDFUSION: Final = Reference(
    key="li2024fedfusion",
    kind="article",
    authors=("Li, D.", "Xie, W.", "Li, Y.", "Fang, L."),
    title="FedFusion: Manifold-Driven Federated Learning for Multi-Satellite and Multi-Modality Fusion",
    year="2024",
    details=(("journal", "IEEE Transactions on Geoscience and Remote Sensing"), ("note", "arXiv:2311.09540")),
)
_BSDM: Final = Reference(
    key="ma2023bsdm",
    kind="article",
    authors=("Ma, Jitao", "Xie, Weiying", "Li, Yunsong", "Fang, Leyuan"),
    title="BSDM: Background Suppression Diffusion Model for Hyperspectral Anomaly Detection",
    year="2023",
    details=(("journal", "arXiv preprint"), ("note", "arXiv:2307.09861")),
)

_AR_CDNET: Final = Reference(
    key="li2023arcdnet",
    kind="misc",
    authors=("Li, Zhenglai", "others"),
    title=(
        "Towards Accurate and Reliable Change Detection of Remote Sensing Images via Knowledge Review and Online "
        "Uncertainty Estimation"
    ),
    year="2023",
    details=(("note", "arXiv:2305.19513"),),
)

BY_PREFIX: Final[dict[str, Reference]] = {
    "vgg": _paper(
        "simonyan2015vgg",
        "Simonyan, Karen; Zisserman, Andrew",
        "Very Deep Convolutional Networks for Large-Scale Image Recognition",
        "2015",
        _ICLR,
    ),
    "resnet": _RESNET,
    "resnext": _paper(
        "xie2017resnext",
        "Xie, Saining; Girshick, Ross; Dollár, Piotr; Tu, Zhuowen; He, Kaiming",
        "Aggregated Residual Transformations for Deep Neural Networks",
        "2017",
        _CVPR,
    ),
    "wide_resnet": _paper(
        "zagoruyko2016wide",
        "Zagoruyko, Sergey; Komodakis, Nikos",
        "Wide Residual Networks",
        "2016",
        "British Machine Vision Conference (BMVC)",
    ),
    "densenet": _paper(
        "huang2017densenet",
        "Huang, Gao; Liu, Zhuang; van der Maaten, Laurens; Weinberger, Kilian Q.",
        "Densely Connected Convolutional Networks",
        "2017",
        _CVPR,
    ),
    "mobilenet_v2": _paper(
        "sandler2018mobilenetv2",
        "Sandler, Mark; Howard, Andrew; Zhu, Menglong; Zhmoginov, Andrey; Chen, Liang-Chieh",
        "MobileNetV2: Inverted Residuals and Linear Bottlenecks",
        "2018",
        _CVPR,
    ),
    "mobilenet_v3": _paper(
        "howard2019mobilenetv3", "Howard, Andrew; others", "Searching for MobileNetV3", "2019", _ICCV
    ),
    "efficientnet_v2": _paper(
        "tan2021efficientnetv2",
        "Tan, Mingxing; Le, Quoc V.",
        "EfficientNetV2: Smaller Models and Faster Training",
        "2021",
        _ICML,
    ),
    "efficientnet": _paper(
        "tan2019efficientnet",
        "Tan, Mingxing; Le, Quoc V.",
        "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
        "2019",
        _ICML,
    ),
    "vit": _paper(
        "dosovitskiy2021vit",
        "Dosovitskiy, Alexey; others",
        "An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale",
        "2021",
        _ICLR,
    ),
    "swin_v2": _paper(
        "liu2022swinv2",
        "Liu, Ze; others",
        "Swin Transformer V2: Scaling Up Capacity and Resolution",
        "2022",
        _CVPR,
    ),
    "swin": _paper(
        "liu2021swin",
        "Liu, Ze; others",
        "Swin Transformer: Hierarchical Vision Transformer using Shifted Windows",
        "2021",
        _ICCV,
    ),
    "convnext": _paper("liu2022convnext", "Liu, Zhuang; others", "A ConvNet for the 2020s", "2022", _CVPR),
    "regnet": _paper(
        "radosavovic2020regnet",
        "Radosavovic, Ilija; Kosaraju, Raj Prateek; Girshick, Ross; He, Kaiming; Dollár, Piotr",
        "Designing Network Design Spaces",
        "2020",
        _CVPR,
    ),
    "fedfusion": _FEDFUSION,
    "fc-siam": _paper(
        "daudt2018fcsiam",
        "Caye Daudt, Rodrigo; Le Saux, Bertrand; Boulch, Alexandre",
        "Fully Convolutional Siamese Networks for Change Detection",
        "2018",
        "IEEE International Conference on Image Processing (ICIP)",
    ),
    "ar-cdnet": _AR_CDNET,
    "bsdm": _BSDM,
}


def references_of(model: str) -> tuple[Reference, ...]:
    """Return the papers that describe a network; none for networks of our own and unknown ones.

    Args:
        model: as ``--model`` takes it; ``timm:`` and ``torchgeo:`` before the name do not matter.
    """
    name = model.rpartition(":")[2] if model.startswith(("timm:", "torchgeo:")) else model
    fitting = [prefix for prefix in BY_PREFIX if name.startswith(prefix)]
    return (BY_PREFIX[max(fitting, key=len)],) if fitting else ()
