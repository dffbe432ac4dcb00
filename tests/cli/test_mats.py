"""Scenes as people have them: ``data check`` and ``compare --dry-run`` take and refuse the same, in the same words."""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import mat_scenes
import pytest
from click.testing import Result
from scipy.io import savemat
from scipy.sparse import csc_matrix

from rsbench.planning import probe
from rsbench.planning.probe import ModelFacts

Call = Callable[..., Result]
PROGRAM = Path(__file__).parents[1] / "programs" / "make_mats.py"
SCENE = mat_scenes.made()
SOUND = {"hsi": SCENE.hsi, "lidar": SCENE.aux, "gt": SCENE.labels}
REFUSED = {
    "sparse": ({"gt": csc_matrix(SCENE.labels.astype(float))}, "gt (a sparse matrix: save full(gt) instead)"),
    "struct": ({"gt": {"labels": SCENE.labels}}, "gt (a struct: save the array in it by itself)"),
    "complex": ({"hsi": SCENE.hsi * 1j}, "hsi (complex numbers: save real(hsi) or abs(hsi) instead)"),
    "no cube": ({"hsi": 1}, "0 cubes and 1 other array of 24 x 40 pixels"),
}


@pytest.fixture
def both(rsbench: Call, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], tuple[Result, Result]]:
    """Return a function that asks both commands about a folder, without a process that asks torch."""

    def facts(task: str, model: str, *_: object) -> ModelFacts:
        return ModelFacts(name=model, networks={"": {"weight": (64, 64)}})

    monkeypatch.setattr(probe, "model_facts", facts)
    compare = ("compare", "--dataset", "multimodal-mat", "--compressor", "none", "--device", "cpu", "--dry-run")

    def ask(folder: Path) -> tuple[Result, Result]:
        where = ("--data-root", folder)
        return rsbench("data", "check", "multimodal-mat", *where), rsbench(*compare, *where)

    return ask


def test_both_commands_take_the_same_scenes(both, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["make_mats.py", str(tmp_path)])
    runpy.run_path(str(PROGRAM))
    folders = sorted(folder for folder in tmp_path.iterdir() if (folder / "HSI.mat").exists() or "hsi" in folder.name)
    assert len(folders) >= 6
    for folder in folders:
        check, dry = both(folder)
        assert check.exit_code == (1 if "nodata" in folder.name else 0), check.output
        assert dry.exit_code == 0 and "1 cell to run" in dry.output, dry.output
        assert ("hsi-cnn" in dry.output) == (folder.name == "hsi-only")
        assert ("fills 60 pixels" in check.output) == ("nodata" in folder.name)
        assert ("668 values that are no number" in dry.output) == (folder.name == "nan-labels")
    check, _ = both(tmp_path / "full-map-called-mask_test")
    assert check.exit_code == 0 and "no official lists" in check.output


@pytest.mark.parametrize("name", REFUSED)
def test_both_commands_refuse_the_same_in_the_same_words(name: str, both, tmp_path: Path) -> None:
    changes, words = REFUSED[name]
    savemat(tmp_path / "a.mat", SOUND | changes)
    check, dry = both(tmp_path)
    assert check.exit_code == dry.exit_code == 2
    assert check.output == dry.output and words in " ".join(check.output.split())


def test_both_commands_refuse_a_pipe_at_once(both, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.mat")
    check, dry = both(tmp_path)
    assert check.exit_code == dry.exit_code == 2 and check.output == dry.output
    assert "it is a FIFO, not a plain file" in " ".join(check.output.split())
