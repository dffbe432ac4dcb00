"""Published sets of picture pairs: facts only; how they are read is the same for all."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from rsbench.datasets import papers
from rsbench.datasets.base import not_found
from rsbench.datasets.changes.dataset import ChangeDataset
from rsbench.datasets.changes.declared import Release
from rsbench.datasets.changes.picture_folder import find_folders
from rsbench.datasets.changes.picture_source import PictureSource, source_of


class PublishedPairs(ChangeDataset):
    """A published set of picture pairs; subclasses state facts."""

    folders: ClassVar[tuple[str, ...]]
    """Where it may be below the data root."""
    caution: ClassVar[str] = ""
    """A sentence on its parts that a user should know; empty where there is none."""

    def locate(self, data_root: Path) -> PictureSource:
        """Find the pairs below ``data_root`` without reading their pixels."""
        places = [data_root / folder for folder in self.folders]
        for place in places:
            found = find_folders(place)
            if found:
                return source_of(place, [found], [self.caution] if self.caution else [])
        raise not_found(self, data_root, places)


class LEVIRCD(PublishedPairs):
    """LEVIR-CD: buildings in Texas, pictures of 1,024 pixels."""

    name = "levir-cd"
    title = "LEVIR-CD"
    licence = "academic use only"
    homepage = "https://justchenhao.github.io/LEVIR/"
    citation = (
        "H. Chen, Z. Shi: A spatial-temporal attention-based method and a new dataset for remote sensing image change "
        "detection. Remote Sensing 12, 2020."
    )
    references = (papers.LEVIR,)
    releases = (Release(train=445, val=64, test=128, height=1024, width=1024),)
    folders = ("LEVIR-CD", "levir-cd", "LEVIR")
    layout = (
        "DATA_ROOT/LEVIR-CD/{train,val,test}/{A,B,label}/<part>_<number>.png, 445 + 64 + 128 pairs of 1,024 pixels."
    )


class LEVIRCD256(LEVIRCD):
    """LEVIR-CD cut into pictures of 256 pixels, as others re-packed it."""

    name = "levir-cd-256"
    title = "LEVIR-CD, cut to 256 pixels"
    releases = (Release(train=7120, val=1024, test=2048, height=256, width=256),)
    folders = ("LEVIR-CD-256", "LEVIR-CD256", "levir-cd-256")
    layout = (
        "DATA_ROOT/LEVIR-CD-256/{A,B,label}/<part>_<number>_<row>_<column>.png and "
        "DATA_ROOT/LEVIR-CD-256/list/{train,val,test}.txt, 7,120 + 1,024 + 2,048 pairs of 256 pixels."
    )


class WHUCD(PublishedPairs):
    """WHU building change detection: Christchurch, cut into pictures of 256 pixels as others re-packed it."""

    name = "whu-cd"
    title = "WHU building change detection"
    licence = "as its authors say"
    homepage = "https://study.rsgis.whu.edu.cn/pages/download/building_dataset.html"
    citation = (
        "S. Ji, S. Wei, M. Lu: Fully convolutional networks for multisource building extraction from an open aerial "
        "and satellite imagery data set. IEEE TGRS 57, 2019."
    )
    references = (papers.WHU,)
    releases = (Release(train=6096, val=762, test=762, height=256, width=256),)
    folders = ("WHU-CD-256", "WHU-CD", "whu-cd")
    layout = (
        "DATA_ROOT/WHU-CD/{A,B,label}/<picture>.png and DATA_ROOT/WHU-CD/list/{train,val,test}.txt, or "
        "DATA_ROOT/WHU-CD/{train,val,test}/{A,B,label}/<picture>.png; the release is one pair of 32,507 x 15,354 "
        "pixels, which must be cut first."
    )
    caution = (
        "All WHU pictures were cut from one large scene: neighbours may be in different parts, so that scores are "
        "higher than on another scene."
    )


class DSIFN(PublishedPairs):
    """DSIFN-CD: six Chinese cities, pictures of 512 pixels, or re-packed ones of 256."""

    name = "dsifn"
    title = "DSIFN-CD"
    licence = "non-commercial use only"
    homepage = "https://github.com/GeoZcx/A-deeply-supervised-image-fusion-network-for-change-detection-in-remote-sensing-images"
    citation = (
        "C. Zhang et al.: A deeply supervised image fusion network for change detection in high resolution bi-temporal "
        "remote sensing images. ISPRS JPRS 166, 2020."
    )
    references = (papers.DSIFN,)
    releases = (
        Release(train=3600, val=340, test=48, height=512, width=512),
        Release(train=14_400, val=1360, test=192, height=256, width=256),
    )
    folders = ("DSIFN-CD-256", "DSIFN-CD", "DSIFN", "dsifn")
    layout = (
        "DATA_ROOT/DSIFN-CD/{train,val,test}/{t1,t2,mask}/<picture>, 3,600 + 340 + 48 pairs of 512 pixels; or "
        "re-packed DATA_ROOT/DSIFN-CD-256/{A,B,label}/<picture>.png and list/{train,val,test}.txt, 256 pixels."
    )
    caution = (
        "The training and validation pictures of DSIFN-CD are augmented copies of 394: validation scores say little of "
        "new pictures."
    )


class CDD(PublishedPairs):
    """CDD: pictures of different seasons, 256 pixels."""

    name = "cdd"
    title = "CDD (season-varying)"
    licence = "as its authors say"
    citation = (
        "M. A. Lebedev, Yu. V. Vizilter, O. V. Vygolov, V. A. Knyaz, A. Yu. Rubis: Change detection in remote sensing "
        "images using conditional adversarial networks. ISPRS Archives XLII-2, 2018."
    )
    references = (papers.CDD,)
    releases = (Release(train=10_000, val=2998, test=3000, height=256, width=256),)
    folders = ("CDD", "cdd", "CDD/subset", "ChangeDetectionDataset/Real/subset")
    layout = "DATA_ROOT/CDD/{train,val,test}/{A,B,OUT}/<number>.jpg, about 10,000 + 3,000 + 3,000 pairs of 256 pixels."
    caution = (
        "The pictures of CDD were cut from 11 pairs and turned, and their names do not say from which: parts may show "
        "one place."
    )


class SYSU(PublishedPairs):
    """SYSU-CD: Hong Kong, pictures of 256 pixels."""

    name = "sysu"
    title = "SYSU-CD"
    licence = "as its authors say"
    homepage = "https://github.com/liumency/SYSU-CD"
    citation = (
        "Q. Shi, M. Liu, S. Li, X. Liu, F. Wang, L. Zhang: A deeply supervised attention metric-based network and an "
        "open aerial image dataset for remote sensing change detection. IEEE TGRS 60, 2022."
    )
    references = (papers.SYSU,)
    releases = (Release(train=12_000, val=4000, test=4000, height=256, width=256),)
    folders = ("SYSU-CD", "SYSU", "sysu")
    layout = (
        "DATA_ROOT/SYSU-CD/{train,val,test}/{time1,time2,label}/<number>.png, 12,000 + 4,000 + 4,000 pairs of 256 "
        "pixels."
    )
