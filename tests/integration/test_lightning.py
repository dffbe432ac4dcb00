"""The Lightning example as it is written, and what the callback promises: it compresses, resumes, or fails loudly."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("lightning")
SCRIPT = Path(__file__).parents[1] / "programs" / "lightning_fits.py"
Run = Callable[..., subprocess.CompletedProcess[str]]


def test_the_example_trains_in_two_processes(check_example: Callable[..., None]) -> None:
    check_example("lightning_two_workers.py")


def test_a_checkpoint_holds_the_residuals_of_all_ranks(run: Run) -> None:
    done = run(SCRIPT, "resume", torchrun=True)
    assert done.returncode == 0, done.stderr[-3000:]
    facts = json.loads(done.stdout.splitlines()[-1])
    assert facts["resumed"] == facts["straight"], "bit for bit"
    assert facts["without_state"] != facts["straight"], "so the residuals matter here"


def test_misuse_stops_with_a_sentence(run: Run) -> None:
    done = run(SCRIPT, "misuse")
    assert done.returncode == 0, done.stderr[-3000:]
    sentences = json.loads(done.stdout.splitlines()[-1])
    words = {
        "other_world_size": ["world size", "saved 2, here 1"],
        "no_sync": ["hook was not called", "outside no_sync()"],
        "bare_optimizer": ["hook was not called", "outside no_sync()"],
        "not_ddp": ["SingleDeviceStrategy gives no DistributedDataParallel", 'strategy="ddp"'],
    }
    assert sentences.keys() == words.keys()
    for case, sentence in sentences.items():
        assert all(word in sentence for word in words[case]), (case, sentence)


def test_without_lightning_the_error_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    from rsbench.errors import RsbenchError

    for module in ("rsbench.lightning", "lightning.pytorch", "pytorch_lightning"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, "lightning", None)
    monkeypatch.setitem(sys.modules, "pytorch_lightning", None)
    with pytest.raises(RsbenchError, match="pip install 'lightning"):
        import rsbench.lightning  # noqa: F401
