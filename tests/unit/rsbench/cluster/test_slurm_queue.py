"""What sbatch says becomes a number or a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsbench.cluster.slurm_queue import submit
from rsbench.errors import RsbenchError


def sbatch(place: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    (place / "sbatch").write_text(f"#!/bin/sh\n{text}\n")
    (place / "sbatch").chmod(0o755)
    monkeypatch.setenv("PATH", str(place), prepend=":")


@pytest.mark.parametrize("answer", ["17", "17;cluster"])
def test_the_number_of_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    sbatch(tmp_path, monkeypatch, f'echo "$@" > {tmp_path}/given; echo "{answer}"')
    assert submit(tmp_path / "-a.sbatch", "--dependency=afterany:16") == "17"
    assert (tmp_path / "given").read_text() == f"--parsable --dependency=afterany:16 {tmp_path}/-a.sbatch\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('echo "sbatch: error: invalid partition" >&2; exit 1', r"\(sbatch: error: invalid partition\)"),
        ("echo Submitted", r"\(Submitted\)"),
        ("exit 3", r"\(no reason given\)"),
    ],
)
def test_what_sbatch_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, sentence: str) -> None:
    sbatch(tmp_path, monkeypatch, text)
    with pytest.raises(RsbenchError, match=sentence):
        submit(tmp_path / "a.sbatch")


def test_no_slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RsbenchError, match="There is no sbatch on this machine: leave out --submit"):
        submit(tmp_path / "a.sbatch")
