"""``rsbench slurm`` checks what `compare` will be asked, then writes two scripts, and submits them when asked to."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rsbench.cli.main import main

EXAMPLES = Path(__file__).parents[4] / "examples" / "slurm"
SBATCH = """#!/bin/sh
echo "$@" >> sbatch
[ -e refuse ] && { echo "sbatch: error: invalid account" >&2; exit 1; }
wc -l < sbatch
"""
CELL = ("--workers", "2", "--device", "cpu", "--model", "smallvgg", "--max-steps", "2")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to write into, on a machine without GPU, with a stand-in for sbatch."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sbatch").write_text(SBATCH)
    (tmp_path / "bin" / "sbatch").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    monkeypatch.setattr("rsbench.planning.probe.gpu_count", lambda: 0)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def slurm(*words: str) -> Result:
    return CliRunner().invoke(main, ["slurm", *words])


def compare_of(script: str) -> list[str]:
    """The words of ``rsbench compare`` in a script."""
    _, _, rest = script.partition("rsbench compare")
    return shlex.split(rest.partition("\ncode=")[0].replace("\\\n", ""))


@pytest.mark.parametrize("sample", ["two-nodes", "array"])
def test_samples_are_what_their_second_line_writes(sample: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [(EXAMPLES / f"{sample}{end}.sbatch").read_text(encoding="utf-8") for end in ("", "-report")]
    command = shlex.split(texts[0].splitlines()[1].removeprefix("# "))
    monkeypatch.setattr(sys, "argv", command)
    done = CliRunner().invoke(main, command[1:])
    assert done.exit_code == 0, done.output
    assert [(place / f"{sample}{end}.sbatch").read_text(encoding="utf-8") for end in ("", "-report")] == texts
    assert f"Next: job=$(sbatch --parsable {sample}.sbatch); sbatch --dependency=afterany:$job" in done.output


def test_the_page_shows_the_sample() -> None:
    page = (EXAMPLES.parents[1] / "docs" / "slurm.md").read_text(encoding="utf-8")
    assert (EXAMPLES / "two-nodes.sbatch").read_text(encoding="utf-8") in page


def test_options_of_both_may_stand_in_any_order() -> None:
    done = slurm("--lr", "0.1", "--nodes", "2", "--out", "a b", *CELL, "--time", "30", "--output", "-")
    assert done.exit_code == 0, done.output
    assert "#SBATCH --nodes=2\n" in done.stdout
    assert "#SBATCH --time=30\n" in done.stdout
    assert compare_of(done.stdout) == ["--lr", "0.1", "--out", "a b", *CELL]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--gpus-per-node", "4"), ["--gpus", "4"]),
        (("--gpus-per-node", "4", "--gpus", "2"), ["--gpus", "2"]),
        (("--gpus-per-node", "4", "--workers", "3"), ["--workers", "3"]),
        (("--gpus", "2", "--sbatch-option", "gres=gpu:2"), ["--gpus", "2"]),
        ((), []),
    ],
)
def test_a_worker_on_each_gpu_unless_the_user_says_otherwise(words: tuple[str, ...], expected: list[str]) -> None:
    done = slurm(*words, "--output", "-")
    assert done.exit_code == 0, done.output
    assert compare_of(done.stdout) == expected


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--compresor", "topk"), "There is no option --compresor. Did you mean --compressor?"),
        (("--compressor", "topp"), "topp"),
        (("--ratio", "0.5"), "ratio"),
        (("--gpus", "4"), "--gpus 4 wants more than Slurm is asked for (no --gpus-per-node)"),
        (("--gpus", "4", "--gpus-per-node", "2"), "(--gpus-per-node 2): add --gpus-per-node 4"),
        (("--nnodes", "2"), "Leave out --nnodes: --nodes says"),
        (("--node-rank", "1"), "Leave out --node-rank"),
        (("--nodes", "2", "--link", "1gbit"), "--link works on one machine"),
        (("--nodes", "2", "--tuning-seed", "0", "--seeds", "1"), "--tuning-seed works on one machine"),
        (("--nodes", "0"), "'--nodes': 0 is not in the range"),
        (("--time", "soon"), '--time is "soon": write minutes'),
        (("--output", "-", "--submit"), "give one of them"),
        (("--program", "apptainer 'run"), "--program takes the words"),
        (("left-over",), "left-over"),
    ],
)
def test_a_mistake_is_one_sentence_and_nothing_is_written(words: tuple[str, ...], sentence: str, place: Path) -> None:
    done = slurm(*words)
    assert done.exit_code == 2, done.output
    assert sentence in done.output
    assert done.output.count("\n") == 1
    assert list(place.iterdir()) == []


def test_a_script_that_is_there_stays_unless_it_is_the_same(place: Path) -> None:
    assert slurm(*CELL).exit_code == 0
    assert slurm(*CELL).exit_code == 0
    before = (place / "compare.sbatch").read_text()
    done = slurm(*CELL, "--lr", "0.1")
    assert done.exit_code == 2
    assert "compare.sbatch is there already: remove it, or give another --output." in done.output
    assert (place / "compare.sbatch").read_text() == before
    (place / "link.sbatch").symlink_to(place / "elsewhere")
    assert slurm(*CELL, "--output", "link.sbatch").exit_code == 2
    assert not (place / "elsewhere").exists()


def test_submitting_plans_the_cells_and_says_what_to_do_next(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rsbench.run.cells_left.cells_left", lambda request: (len(request.grids[0].compressors), 3))
    done = slurm("--array", "2", "--job-name", "study", *CELL, "--compressor", "none", "--out", "a b", "--submit")
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [
        "1 cell to run, 3 already done.",
        "Wrote compare.sbatch, and compare-report.sbatch, which reports after it.",
        "Submitted job 1, and job 2, which reports after it.",
        "In the queue:  squeue --jobs=1,2",
        "Its log:       tail -F study-1_*.log",
        "Tables so far: rsbench report 'a b'",
        "To end both:   scancel 1 2",
    ]
    first, second = (place / "sbatch").read_text().splitlines()
    assert first == f"--parsable {place / 'compare.sbatch'}"
    assert second == f"--parsable --dependency=afterany:1 {place / 'compare-report.sbatch'}"
    assert "--submit" not in (place / "compare.sbatch").read_text()


def test_what_sbatch_refuses_can_be_given_again(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rsbench.run.cells_left.cells_left", lambda request: (1, 0))
    (place / "refuse").touch()
    done = slurm(*CELL, "--account", "wrong", "--submit")
    assert done.exit_code == 2
    assert "sbatch refuses the job (sbatch: error: invalid account)" in done.output
    assert {path.name for path in place.iterdir()} == {"refuse", "sbatch"}


def test_data_that_are_missing_are_no_job(place: Path) -> None:
    done = slurm("--dataset", "ucm21", "--data-root", "nowhere", "--workers", "2", "--submit")
    assert done.exit_code == 2
    assert "nowhere" in done.output
    assert list(place.iterdir()) == []
