"""ResNet-18-D: the encoder that AR-CDNet shares between the two dates.

After He et al., "Bag of Tricks for Image Classification with Convolutional Neural Networks" (CVPR 2019): a stem of
three 3 x 3 convolutions, and shortcuts that average before they halve. Tensors have the names that ImageNet weights
of ``resnet18d`` have in common files.
"""

from __future__ import annotations

import torch
from torch import nn


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut.

    Args:
        inputs: channels that come in.
        outputs: channels that go out.
        stride: of the first convolution, 1 or 2.
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = nn.Identity() if stride == 1 and inputs == outputs else _shortcut(inputs, outputs, stride)

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        """Return features [B, outputs, H / stride, W / stride], rounded up."""
        inner = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x_BCHW)))))
        return torch.relu(inner + self.downsample(x_BCHW))


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """Return the mean of 2 x 2 positions where the side is halved, then a 1 x 1 convolution."""
    pool = nn.AvgPool2d(2, stride, ceil_mode=True, count_include_pad=False) if stride > 1 else nn.Identity()
    return nn.Sequential(pool, nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))


class ResNet18D(nn.Module):
    """The encoder: four maps of a picture, from fine to coarse.

    Args:
        channels: of a picture.
        width: channels of the finest map; 64 as published. The others have 2, 4 and 8 times as many.
    """

    def __init__(self, channels: int, width: int = 64) -> None:
        super().__init__()
        half = max(1, width // 2)
        self.conv1 = nn.Sequential(
            nn.Conv2d(channels, half, 3, 2, padding=1, bias=False),
            nn.BatchNorm2d(half),
            nn.ReLU(inplace=True),
            nn.Conv2d(half, half, 3, padding=1, bias=False),
            nn.BatchNorm2d(half),
            nn.ReLU(inplace=True),
            nn.Conv2d(half, width, 3, padding=1, bias=False),
        )
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        self.layer1 = _stage(width, width, 1)
        self.layer2 = _stage(width, 2 * width, 2)
        self.layer3 = _stage(2 * width, 4 * width, 2)
        self.layer4 = _stage(4 * width, 8 * width, 2)

    def forward(self, x_BCHW: torch.Tensor) -> list[torch.Tensor]:
        """Return maps [B, width * 2^i, H / 2^(i + 2), W / 2^(i + 2)] for i = 0..3; sides are rounded up."""
        x_BCHW = self.maxpool(torch.relu(self.bn1(self.conv1(x_BCHW))))
        maps = []
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x_BCHW = stage(x_BCHW)
            maps.append(x_BCHW)
        return maps


def _stage(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(BasicBlock(inputs, outputs, stride), BasicBlock(outputs, outputs, 1))
