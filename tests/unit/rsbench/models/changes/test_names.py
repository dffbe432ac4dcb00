"""Networks for change detection by name: options, sizes and weights that are refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from rsbench.errors import RsbenchError
from rsbench.models.changes.names import build


@pytest.mark.parametrize(
    ("model", "side", "words"),
    [
        ("fc-siam-dif", 64, 'no model "fc-siam-dif" for change detection.*fc-siam-diff'),
        ("smallvgg", 64, 'no model "smallvgg" for change detection'),
        ("nets:make", 64, 'no model "nets:make" for change detection'),
        ("fc-siam-diff:depth=3", 64, 'fc-siam-diff has no option "depth".*width'),
        ("fc-siam-diff:width=0", 64, 'width is "0", but must be a whole number from 1 to 256'),
        ("fc-siam-diff:width=½", 64, "whole number"),
        ("fc-siam-conc", 15, "15 is too small for fc-siam-conc.*at least 16 px: add --image-size 16"),
        ("ar-cdnet:width=8", 16, "16 is too small for ar-cdnet.*at least 33 px: add --image-size 48"),
        ("fc-siam-diff:dropout=1", 64, 'dropout is "1", but must be a share from 0 to 0.9, written as 0 or 0.2'),
        ("fc-siam-diff:dropout=0.95", 64, "a share from 0 to 0.9"),
        ("fc-siam-diff:dropout=0.20", 64, "a share"),
        ("fc-siam-diff:dropout=nan", 64, "a share"),
    ],
)
def test_what_cannot_be_built_is_refused(model: str, side: int, words: str) -> None:
    with pytest.raises(RsbenchError, match=words):
        build(model, channels=3, side=side)


def test_weights_come_from_a_file_and_only_where_they_fit(tmp_path: Path) -> None:
    torch.manual_seed(1)
    trained = build("fc-siam-diff:width=2", channels=3, side=32)
    file = str(tmp_path / "weights.pt")
    torch.save(trained.state_dict(), file)
    begun = build("fc-siam-diff:width=2", channels=3, side=32, weights=file)
    assert all(torch.equal(value, begun.state_dict()[name]) for name, value in trained.state_dict().items())
    with pytest.raises(RsbenchError, match=r"fits .* tensors of fc-siam-diff:width=3"):
        build("fc-siam-diff:width=3", channels=3, side=32, weights=file)
    with pytest.raises(RsbenchError, match=r"--weights DEFAULT: there is no such file.*no published weights"):
        build("fc-siam-diff", channels=3, side=32, weights="DEFAULT")
