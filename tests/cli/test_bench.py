"""``rsbench bench`` on tiny shapes with two real gloo processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from click.testing import Result

from rsbench.errors import RsbenchError
from rsbench.planning import probe

Call = Callable[..., Result]
SHAPES = {"conv.weight": [16, 8, 3, 3], "fc.weight": [45, 300], "fc.bias": [45]}
ELEMENTS = 16 * 8 * 9 + 45 * 300 + 45

OTHER_TREE = '''
"""What trees share: parse, and what compressors of it do."""
import torch

def parse(text):
    if text.startswith("dgc"):
        raise ValueError("the tensor is full of eels")
    return Old()

class Old:
    hook = type("Hook", (), {"timeline": []})

    def with_density(self, density):
        return self

    def param_groups(self, model, lr, momentum):
        return []

    def step_stats(self):
        return {"payload_bytes": 77}

    def register(self, model):
        def nothing(state, bucket: torch.distributed.GradBucket) -> torch.futures.Future[torch.Tensor]:
            future = torch.futures.Future()
            future.set_result(bucket.buffer())
            return future

        model.register_comm_hook(None, nothing)
'''


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "model_facts", lambda *_: SimpleNamespace(shapes=SHAPES))


def test_a_model_is_timed_at_several_densities_and_samples_are_kept(rsbench: Call, tiny: None) -> None:
    result = rsbench(
        *("bench", "--density", "0.01,0.1", "--repeats", 1, "--no-plain-hooks", "--json", "b.json", "--plot", "p"),
        *("--compressor", "noop", "--compressor", "rsdgc", "--compressor", "gcc"),
    )
    assert result.exit_code == 0, result.output
    for words in ("plain DDP", "memory traffic only", "F x F products", "Compression alone"):
        assert words in result.stdout
    assert "Written: b.json" in result.stderr and "Written: p.svg" in result.stderr
    assert "[1/" in result.stderr, "progress, though this is no terminal"
    kept = json.loads(Path("b.json").read_text())
    assert kept["provenance"]["versions"]["torch"]
    assert kept["machine"]["cpu"] and kept["facts"]["elements"] == ELEMENTS
    rows = {(one["row"]["method"], one["row"]["density"]): one["rounds"] for one in kept["rows"]}
    for density in (0.01, 0.1):
        ((mine, other),) = rows["rsdgc", density]["exchange"]
        assert len(mine["compress_s"]) == len(other["exchange_s"]) == 5
        assert 0 < mine["payload_bytes"][0] < 4 * ELEMENTS
        assert len(rows["rsdgc", density]["compress"]) == len(rows["rsdgc", density]["memory"]) == 1
    assert (
        rows["rsdgc", 0.01]["exchange"][0][0]["payload_bytes"] < rows["rsdgc", 0.1]["exchange"][0][0]["payload_bytes"]
    )
    assert rows["noop", None]["exchange"][0][0]["payload_bytes"][0] == 0
    assert rows["memory traffic only (momentum)", None]["compress"][0][0]["compress_s"][0] > 0
    again = rsbench("bench", "--from", "b.json", "--markdown")
    assert again.exit_code == 0, again.output
    assert "| rsdgc " in again.stdout and "density 0.1" in again.stdout


@pytest.mark.long
def test_another_tree_is_timed_beside_and_a_row_that_fails_loses_no_other(
    rsbench: Call, tiny: None, tmp_path: Path
) -> None:
    package = tmp_path / "old" / "rsbench"
    (package / "compressors").mkdir(parents=True)
    (package / "__init__.py").write_text('__version__ = "0.0.7"\n')
    (package / "compressors" / "__init__.py").write_text(OTHER_TREE)
    result = rsbench(
        *("bench", "--repeats", 2, "--no-plain-hooks", "--no-parts", "--no-floors", "--against", tmp_path / "old"),
        *("--compressor", "dgc", "--compressor", "topk", "--no-bucket-views", "--json", "b.json"),
    )
    assert result.exit_code == 0, result.output
    assert (
        "dgc (0.0.7) failed: rank" in result.stdout
        and "raised ValueError: the tensor is full of eels." in result.stdout
    )
    kept = json.loads(Path("b.json").read_text())
    rounds = {(one["row"]["method"], one["row"]["tree"]): one["rounds"].get("exchange", []) for one in kept["rows"]}
    assert {key: len(found) for key, found in rounds.items()} == {
        **{("plain DDP", ""): 2, ("dgc", ""): 2, ("dgc", "0.0.7"): 0},
        **{("topk", ""): 2, ("topk", "0.0.7"): 2},
    }
    assert rounds["topk", "0.0.7"][0][0]["payload_bytes"] == [77.0] * 5, "its own code ran"
    assert rounds["topk", ""][0][0]["payload_bytes"][0] > 77


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--model", "resnet81"), "resnet18"),
        (("--density", 0), "--density 0 is out of range"),
        (("--density", "0.1,x"), "--density 0.1,x is no list of numbers"),
        (("--threads", 0), "--threads must be from 1"),
        (("--repeats", 0), "at least 1"),
        (("--compressor", "tokp"), 'Did you mean "topk"'),
        (("--against", "/proc"), "--against /proc holds no rsbench"),
        (("--plot", "none/p.png"), "--plot none/p.png is no file that can be written"),
        (("--plot", "p.png"), "--plot needs a compressor with a density, timed at two of them"),
        (
            ("--plot", "p.png", "--density", "0.1,0.2", "--compressor", "qsgd"),
            "--plot needs a compressor with a density, timed at two of them",
        ),
        (("--from", "none.json"), "There is no file none.json"),
    ],
)
def test_mistakes_get_one_sentence(rsbench: Call, arguments: tuple[object, ...], words: str) -> None:
    result = rsbench("bench", *arguments)
    assert result.exit_code == 2
    assert words in result.output
    assert "Traceback" not in result.output


def test_a_folder_that_may_not_be_written_to_is_told_before_any_timing(
    rsbench: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    result = rsbench("bench", "--json", "b.json")
    assert result.exit_code == 2
    assert "--json b.json cannot be written: . is not writable." in result.output


def test_a_signal_shows_what_is_there_and_ends_every_process(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path), "COLUMNS": "80"}
    options = ["--model", "squeezenet1_1", "--no-plain-hooks", "--no-parts", "--repeats", "500", "--json", "b.json"]
    asked = [sys.executable, "-m", "rsbench", "bench", *options]
    parent = subprocess.Popen(asked, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + 100
    while not (tmp_path / "b.json").is_file() and time.monotonic() < deadline:
        time.sleep(0.1)
    started = psutil.Process(parent.pid).children(recursive=True)
    assert len(started) >= 2, "two workers"
    parent.send_signal(signal.SIGINT)
    output, _ = parent.communicate(timeout=60)
    assert parent.returncode == 130, output
    assert b"Stopped before all methods were timed." in output
    assert b"plain DDP" in output and b"1.00" in output, "the table of what is there"
    kept = json.loads((tmp_path / "b.json").read_text())
    assert kept["stopped"] == signal.SIGINT
    assert len(kept["rows"][0]["rounds"]["exchange"]) >= 1
    assert not [process for process in started if process.is_running()]
    assert not list(tmp_path.glob("rsbench-bench-*"))


@pytest.mark.parametrize("word", ["", "no-"])
def test_the_old_words_for_plain_hooks_go_on_working_and_say_the_new_ones(rsbench: Call, word: str) -> None:
    result = rsbench("bench", f"--{word}rivals", "--repeats", 0)
    assert result.stderr.splitlines()[0] == f"--{word}rivals is now called --{word}plain-hooks."
    assert "at least 1" in result.stderr
    assert "rivals" not in rsbench("bench", "--help").output


def test_files_of_others_are_refused_in_one_sentence(rsbench: Call) -> None:
    row = {"row": {"method": "topk", "kind": "compressor"}, "rounds": {"exchange": [[{}]]}}
    for rows in ([row], [{**row, "rounds": {"exchange": 3}}], [{**row, "failed": 5}], []):
        content = {"format": 2, "order": {}, "provenance": {}, "machine": {}, "rows": rows}
        Path("odd.json").write_text(json.dumps(content))
        result = rsbench("bench", "--from", "odd.json")
        assert result.exit_code == 2
        assert "odd.json holds no samples that this version of rsbench bench wrote." in result.stderr
        assert "Traceback" not in result.output


def test_a_model_of_another_task_is_refused_before_anything_is_printed(
    rsbench: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RsbenchError("There is no model 'bsdm'.")

    monkeypatch.setattr(probe, "model_facts", refuse)
    monkeypatch.setattr(probe, "model_names", lambda: {"scenes": ["resnet18"], "anomalies": ["bsdm"]})
    result = rsbench("bench", "--model", "bsdm")
    assert result.exit_code == 2 and result.stdout == ""
    assert result.stderr == (
        "Error: bsdm is a model of hyperspectral anomaly detection; bench takes a model of scene classification: "
        "--model resnet18.\n"
    )
