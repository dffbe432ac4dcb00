"""Files with callables that build networks: sound ones, and such that do one thing wrong."""

from __future__ import annotations

from pathlib import Path

SOUND = """
from torch import nn

from {parts} import block


class Net(nn.Module):
    def __init__(self, num_classes, in_channels=3, width=8):
        super().__init__()
        self.body = block(in_channels, width)
        self.head = nn.Linear(4 * width, num_classes)

    def forward(self, x):
        return self.head(nn.functional.adaptive_avg_pool2d(self.body(x), 2).flatten(1))


def make(num_classes, in_channels, image_size, depth=1):
    print("printed while building, for", image_size)
    return Net(num_classes, in_channels, width=4 * depth)


def frozen(**sizes):
    network = Net(sizes["num_classes"])
    network.body.requires_grad_(False)
    return network


class Two(nn.Module):
    def __init__(self, num_classes, in_channels, aux_channels):
        super().__init__()
        self.hsi, self.aux = nn.Linear(in_channels, num_classes), nn.Linear(aux_channels, num_classes)

    def forward(self, hsi, aux):
        return self.hsi(hsi.mean((2, 3))) + self.aux(aux.mean((2, 3)))


instance = Net(10)
"""
PARTS = """
from torch import nn


def block(inputs, outputs):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride=2), nn.BatchNorm2d(outputs), nn.ReLU())
"""
BROKEN = """
import random
import sys

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.body, self.head, self.spare = nn.Conv2d(3, 4, 3), nn.Linear(4, num_classes), None

    def forward(self, x):
        return self.head(self.body(x).mean((2, 3)))


class Pair(Net):
    def forward(self, x):
        return super().forward(x), x


class Spare(Net):
    def __init__(self, num_classes):
        super().__init__(num_classes)
        self.spare = nn.Linear(2, 2)


class Detached(Net):
    def forward(self, x):
        return super().forward(x).detach()


class Infinite(Net):
    def forward(self, x):
        return super().forward(x) / 0


class Raising(Net):
    def forward(self, x):
        raise ValueError("no such\\x1b[31m thing\\nsecond line")


class InEvaluation(Net):
    def forward(self, x):
        return super().forward(x)[:, : None if self.training else 3]


def half(num_classes):
    return Net(num_classes).half()


def no_gradient(num_classes):
    return Net(num_classes).requires_grad_(False)


def leaves(num_classes):
    sys.exit("bye")


def needs(num_classes, depth, width):
    return Net(num_classes)


def no_module(num_classes):
    return 3


def maps(num_classes):
    return nn.Conv2d(3, num_classes, 3)


def lazy(num_classes):
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(num_classes))


def drawn(num_classes):
    network = Net(num_classes)
    network.head.bias.data.fill_(random.random())
    return network


def ends(num_classes):
    import os

    sys.stderr.write("out of here\\n")
    sys.stderr.flush()
    os._exit(3)


def hangs(num_classes):
    import time

    time.sleep(600)


def untouched(num_classes):
    return Net(num_classes)
"""


def write(folder: Path, *, nets: str = "own_nets", parts: str = "own_parts", broken: str = "own_broken") -> None:
    """Write three modules into a folder; names differ between tests, as one process imports a name once."""
    (folder / f"{nets}.py").write_text(SOUND.replace("{parts}", parts))
    (folder / f"{parts}.py").write_text(PARTS)
    (folder / f"{broken}.py").write_text(BROKEN)
