"""Default learning rates by network."""

from __future__ import annotations

import subprocess
import sys

import pytest
from torch import nn

from rsbench.models import torchvision as models
from rsbench.models.rates import RATES, default_rate


@pytest.mark.parametrize(
    ("model", "of_dataset", "rate"),
    [
        ("vgg19", 0.05, 0.01),
        ("vgg11", 0.05, 0.01),
        ("alexnet", 0.05, 0.01),
        ("vgg19", 0.003, 0.003),
        ("vgg19_bn", 0.05, 0.05),
        ("resnet18", 0.05, 0.05),
        ("smallvgg", 0.05, 0.05),
        ("", 1.0, 1.0),
    ],
)
def test_a_network_takes_the_smaller_of_its_own_and_the_data_sets_rate(
    model: str, of_dataset: float, rate: float
) -> None:
    assert default_rate(model, of_dataset) == rate


def test_every_vgg_without_batch_norm_has_the_rate_of_its_paper() -> None:
    plain = [name for name in models.names() if name.startswith("vgg") and not name.endswith("_bn")]
    assert set(plain) | {"alexnet"} == set(RATES)
    network = models.build("vgg11", classes=3, image_size=32)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())


def test_asking_for_a_rate_imports_no_torch() -> None:
    code = "import sys, rsbench.models.rates; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
