"""``rsbench bench`` on a small model with two real gloo processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from click.testing import Result
from rich.progress import Progress

from rsbench.bench import command
from rsbench.errors import RsbenchError
from rsbench.launch.signals import StopSignals

Call = Callable[..., Result]


def test_a_small_model_is_timed_and_samples_are_kept(rsbench: Call) -> None:
    result = rsbench(
        *(
            "bench",
            "--model",
            "squeezenet1_1",
            "--density",
            0.01,
            "--repeats",
            1,
            "--no-plain-hooks",
            "--json",
            "b.json",
        ),
        *("--compressor", "noop", "--compressor", "rsdgc", "--compressor", "topk:kernels=eager"),
    )
    assert result.exit_code == 0, result.output
    parts = ("torch.topk of |g|", "accumulate", "score by NSI", "select by magnitude, eager", "encode for NSI")
    for words in ("plain DDP", "rsdgc", "topk:kernels=eager", "loopback", "Written: b.json", "Loops", *parts):
        assert words in result.output
    kept = json.loads(Path("b.json").read_text())
    assert kept["provenance"]["versions"]["torch"]
    assert len(kept["ranks"]) == 2
    for rank in kept["ranks"]:
        assert len(rank["rsdgc"]["compress_s"]) == len(rank["rsdgc"]["exchange_s"]) == 5
        assert 0 < rank["rsdgc"]["payload_bytes"][0] < 4 * kept["elements"] / 20
        assert rank["noop"]["payload_bytes"][0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--model", "resnet81"), "resnet18"),
        (("--density", 0), "--density 0 is out of range"),
        (("--repeats", 0), "at least 1"),
        (("--compressor", "tokp"), 'Did you mean "topk"'),
    ],
)
def test_mistakes_get_one_sentence(rsbench: Call, arguments: tuple[object, ...], words: str) -> None:
    result = rsbench("bench", *arguments)
    assert result.exit_code == 2
    assert words in result.output
    assert "Traceback" not in result.output


def test_a_signal_ends_it_and_every_process_of_it(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path), "COLUMNS": "80"}
    options = ["--model", "squeezenet1_1", "--no-plain-hooks", "--repeats", "50"]
    asked = [sys.executable, "-m", "rsbench", "bench", *options]
    parent = subprocess.Popen(asked, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("rsbench-bench-*/rank1.log")) and time.monotonic() < deadline:
        time.sleep(0.1)
    started = psutil.Process(parent.pid).children(recursive=True)
    assert len(started) >= 2, "two workers"
    parent.send_signal(signal.SIGINT)
    output, _ = parent.communicate(timeout=60)
    assert parent.returncode == 130, output
    assert b"Stopped before all methods were timed." in output
    assert not [process for process in started if process.is_running()]
    assert not list(tmp_path.glob("rsbench-bench-*"))


def test_a_failed_process_is_named(fake_workers: Callable[[str], None]) -> None:
    fake_workers("raise")
    job = {"compressor": "topk"}
    words = r"^A process of the benchmark failed \(rank 1 raised ValueError: the tensor is full of eels\)\.$"
    with StopSignals() as stop, Progress(disable=True) as bar, pytest.raises(RsbenchError, match=words):
        command._launch(stop, bar, "timing", job, total=None, workers=2, work="rsbench_fake_worker:work")


@pytest.mark.parametrize("word", ["", "no-"])
def test_the_old_words_for_plain_hooks_go_on_working_and_say_the_new_ones(rsbench: Call, word: str) -> None:
    result = rsbench("bench", f"--{word}rivals", "--repeats", 0)
    assert result.stderr.splitlines()[0] == f"--{word}rivals is now called --{word}plain-hooks."
    assert "at least 1" in result.stderr
    assert "rivals" not in rsbench("bench", "--help").output
