"""Synthetic pairs."""

from __future__ import annotations

from pathlib import Path

from rsbench import datasets
from rsbench.datasets.changes.prepared import Changes


def test_they_are_called_synthetic_and_every_part_holds_change(tmp_path: Path) -> None:
    changes = datasets.get("synthetic-changes").prepare(Path("/nowhere"), tmp_path, 64)
    assert isinstance(changes, Changes)
    assert changes.synthetic and "synthetic" in changes.title and changes.tiles == 48
    for seed in range(3):
        split = changes.split("official", seed)
        for part in (split.train, split.val, split.test):
            unchanged, changed = changes.counts()[part].sum(0)
            assert 0.04 < changed / (changed + unchanged) < 0.2
