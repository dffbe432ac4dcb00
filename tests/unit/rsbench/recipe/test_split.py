"""Texts of splits: what is read, and the same sentence for what is not, from a cell and from a data set."""

from __future__ import annotations

import numpy as np
import pytest

from rsbench.cell import CellSpec
from rsbench.datasets.split import choose
from rsbench.errors import RsbenchError
from rsbench.recipe.split import Shares, check_split, parse_shares

CELL = {"dataset": "a", "dataset_fingerprint": "b", "model": "c", "compressor": "none", "ratio": None, "lr": 0.1}
CELL |= {"seed": 0, "workers": 1, "device": "cpu", "epochs": 1, "batch_size": 1, "image_size": 8}


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("80/10/10", Shares(percent=(80, 10, 10))),
        ("20/80", Shares(percent=(20, 80))),
        ("33.3/33.3/33.4", Shares(percent=(33.3, 33.3, 33.4))),
        ("random:5/95", Shares(percent=(5, 95), is_random=True)),
        ("redrawn:50/10/40", Shares(percent=(50, 10, 40), is_redrawn=True)),
        ("redrawn:random:50/10/40", Shares(percent=(50, 10, 40), is_redrawn=True, is_random=True)),
        (" 50 / 50 ", Shares(percent=(50, 50))),
    ],
)
def test_percentages_are_read(text: str, shares: Shares) -> None:
    assert parse_shares(text) == shares
    check_split(text)


def test_official_names_lists_and_no_percentages() -> None:
    check_split("official")
    with pytest.raises(RsbenchError):
        parse_shares("official")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "half",
        "100",
        "50/60",
        "50/10/40.1",
        "25/25/25/25",
        "80/20/0",
        "-10/110",
        "nan/50/50",
        "nan/50",
        "inf/50",
        "inf/-inf/100",
        "random:",
        "random:official",
        "random:random:50/50",
        "blocks:50/50",
        "redrawn:",
        "redrawn:official",
        "redrawn:redrawn:50/50",
        "random:redrawn:50/50",
        "Official",
    ],
)
def test_both_doors_refuse_with_one_sentence(text: str) -> None:
    with pytest.raises(RsbenchError, match=r"is not understood.*sum to 100.*50/10/40") as from_cell:
        CellSpec.from_dict({**CELL, "split": text})
    with pytest.raises(RsbenchError) as from_dataset:
        choose(text, None, "", np.repeat(np.arange(2), 50), seed=0)
    assert str(from_cell.value) == str(from_dataset.value)
    assert f'"{text}"' in str(from_cell.value)
