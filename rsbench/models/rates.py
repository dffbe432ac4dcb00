"""Default learning rates of networks that diverge or stand still at the data sets' own. Imports no torch."""

from __future__ import annotations

from typing import Final

RATES: Final = dict.fromkeys(("alexnet", "vgg11", "vgg13", "vgg16", "vgg19"), 0.01)
"""Network -> the peak rate of SGD with momentum in its own literature. All are without batch norm.

Sources: Krizhevsky et al., "ImageNet classification with deep convolutional neural networks" (2012), section 5;
Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition" (2015), section 3.1.
"""


def default_rate(model: str, of_dataset: float) -> float:
    """Return the peak learning rate of a network where the user gives none: the data set's own, or a smaller one.

    Args:
        model: as ``--model`` takes it.
        of_dataset: the data set's own rate.
    """
    return min(of_dataset, RATES.get(model, of_dataset))
