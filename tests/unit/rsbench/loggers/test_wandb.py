"""Weights & Biases with the real package, offline."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from logged_runs import log_a_run


@pytest.mark.long
def test_wandb_writes_an_offline_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb")
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    log_a_run("wandb", tmp_path / "wandb", {"test/oa": 0.75})
    (run,) = (tmp_path / "wandb" / "wandb").glob("offline-run-*")
    (file,) = run.glob("run-*.wandb")
    written = file.read_bytes()
    assert all(word in written for word in (b"step/loss", b"epoch/oa", b"a cell", b"rsbench_key"))
    assert b"test/oa" in written and b"0.75" in written
