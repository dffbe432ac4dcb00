"""The papers of networks: the longest beginning of the name decides."""

from __future__ import annotations

import pytest

from rsbench.models.papers import references_of


@pytest.mark.parametrize(
    ("model", "key"),
    [
        ("vgg16_bn", "simonyan2015vgg"),
        ("efficientnet_b0", "tan2019efficientnet"),
        ("efficientnet_v2_s", "tan2021efficientnetv2"),
        ("timm:resnet18.a1_in1k", "he2016resnet"),
        ("fedfusion", "li2024fedfusion"),
        ("fc-siam-diff:width=8", "daudt2018fcsiam"),
        ("ar-cdnet:width=16", "li2023arcdnet"),
        ("smallvgg", None),
        ("mypackage.nets:resnet", None),
    ],
)
def test_a_network_has_its_paper(model: str, key: str | None) -> None:
    assert [work.key for work in references_of(model)] == ([key] if key else [])
