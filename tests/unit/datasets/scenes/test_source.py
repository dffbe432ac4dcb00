"""Fingerprints of pictures: what they follow, and that they are quick."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from dataset_files import write_lists

from rsbench.datasets import get


def test_fingerprint_follows_names_sizes_and_lists(tmp_path: Path, write_images) -> None:
    write_images("NWPU-RESISC45/{c}/{c}_{i:03d}.jpg", ("beach",), 3)
    dataset, seen = get("nwpu45"), set()
    seen.add(dataset.fingerprint(tmp_path))
    assert dataset.fingerprint(tmp_path) in seen
    write_lists(tmp_path, train=["beach_000.jpg"], val=["beach_001.jpg"], test=["beach_002.jpg"])
    seen.add(dataset.fingerprint(tmp_path))
    (tmp_path / "NWPU-RESISC45/beach/beach_001.jpg").write_bytes(b"other size")
    seen.add(dataset.fingerprint(tmp_path))
    (tmp_path / "NWPU-RESISC45/beach/beach_002.jpg").unlink()
    seen.add(dataset.fingerprint(tmp_path))
    assert len(seen) == 4


def test_fingerprint_is_quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of NWPU-45 in a tenth of a second of CPU time, so that a finished grid is recognised at once."""
    dataset = get("nwpu45")
    monkeypatch.setattr(type(dataset), "images", 45 * 70)
    assert dataset.class_names is not None
    for name in dataset.class_names:
        (tmp_path / "NWPU-RESISC45" / name).mkdir(parents=True)
        for number in range(1, 71):
            (tmp_path / "NWPU-RESISC45" / name / f"{name}_{number:03d}.jpg").touch()
    started = time.process_time()
    dataset.fingerprint(tmp_path)
    assert time.process_time() - started < 0.1
    assert dataset.part(dataset.locate(tmp_path)) is None
