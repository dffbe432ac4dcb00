"""What `rsbench list models` says of the options of change networks, without torch, is what their classes take."""

from __future__ import annotations

import pytest

from rsbench.cli.lists import models
from rsbench.models.changes.names import NETWORKS
from rsbench.recipe.model_options import Choice, Option, Share, Whole


def text_of(name: str, option: Option) -> str:
    match option:
        case Whole():
            return f"{name}={option.least} to {option.most}"
        case Share():
            return f"{name}=0 to {option.most:g}"
        case Choice():
            return f"{name}={'|'.join(option.values)}"


@pytest.mark.parametrize("network", NETWORKS)
def test_listed_options_are_those_of_the_class(network: str) -> None:
    options = NETWORKS[network].options
    listed = ", ".join(text_of(name, option) for name, option in options.items())
    word = "options" if len(options) > 1 else "option"
    assert f"{word} {listed}: {network}:" in models.CHANGE_NETWORKS[network]
