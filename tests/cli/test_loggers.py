"""``--logger``: names reach the workers, and what cannot be there is refused before anything starts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Call = Callable[..., Result]


def asked(rsbench: Call, *options: object) -> list[str]:
    """Return the loggers that the workers of one cell are told to use."""
    done = rsbench("compare", "--compressor", "none", "--max-steps", 2, "--out", "o", *options)
    assert done.exit_code == 0, done.output
    (job,) = Path("o").glob("cells/*/job.json")
    return list(json.loads(job.read_text())["loggers"])


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ((), []),
        (("--tensorboard",), ["tensorboard"]),
        (("--logger", "wandb,mlflow", "--logger", "wandb", "--tensorboard"), ["wandb", "mlflow", "tensorboard"]),
    ],
)
def test_workers_are_told_the_loggers(
    rsbench: Call, no_torch: None, monkeypatch: pytest.MonkeyPatch, options: tuple[object, ...], names: list[str]
) -> None:
    monkeypatch.setattr("rsbench.loggers.names._is_installed", lambda package: True)
    assert asked(rsbench, *options) == names


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--logger", "wandbb"), '--logger: there is no logger "wandbb". Did you mean "wandb"?'),
        (("--tensorboard",), "--logger tensorboard needs the package tensorboard, which is not installed"),
    ],
)
def test_what_cannot_be_there_is_refused_before_anything_starts(
    rsbench: Call, launcher: Any, monkeypatch: pytest.MonkeyPatch, options: tuple[object, ...], words: str
) -> None:
    monkeypatch.setattr("rsbench.loggers.names._is_installed", lambda package: False)
    done = rsbench("compare", "--compressor", "none", "--out", "o", *options)
    assert done.exit_code == 2
    assert words in " ".join(done.stderr.split())
    assert launcher.ran == [] and not Path("o").exists()
