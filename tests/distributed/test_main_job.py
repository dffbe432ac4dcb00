"""The main job for real: two gloo workers per cell, through the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

pytestmark = pytest.mark.timeout(280)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of 16 noisy coloured squares, called what they are."""
    root = tmp_path_factory.mktemp("data") / "squares"
    rng = np.random.default_rng(0)
    for number, name in enumerate(("red", "green", "blue")):
        (root / name).mkdir(parents=True)
        for i in range(16):
            pixels = rng.integers(0, 120, (32, 32, 3), dtype=np.uint8)
            pixels[..., number] += 100
            Image.fromarray(pixels).save(root / name / f"{name}{i:02d}.png")
    return root


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def command(scenes: Path, out: Path, *more: str) -> list[str]:
    base = ["compare", "--dataset", "imagefolder", "--data-root", str(scenes), "--out", str(out)]
    recipe = ["--image-size", "32", "--split", "50/25/25", "--batch-size", "4", "--workers", "2", "--device", "cpu"]
    return [sys.executable, "-m", "rsbench", *base, *recipe, "--lr", "0.02", *more]


def records(out: Path) -> dict[str, dict[str, Any]]:
    found = [json.loads(path.read_text()) for path in out.glob("cells/*/record.json")]
    return {record["cell"]["compressor"]: record for record in found}


def steps(out: Path, compressor: str) -> list[dict[str, Any]]:
    (folder,) = out.glob(f"cells/*-{compressor}-*")
    lines = [json.loads(line) for line in (folder / "samples.jsonl").read_text().splitlines()]
    return [line for line in lines if line["kind"] == "step"]


@pytest.fixture(scope="module")
def finished(
    scenes: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, subprocess.CompletedProcess[str]]]:
    out = tmp_path_factory.mktemp("out")
    rows = [x for name in ("none", "noop", "topk", "rsdgc") for x in ("--compressor", name)]
    argv = command(scenes, out, "--epochs", "4", "--ratio", "20", *rows)
    yield out, subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)


def test_all_cells_are_done_and_the_table_is_printed(
    finished: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    out, done = finished
    assert done.returncode == 0, done.stdout + done.stderr
    assert {name: r["status"] for name, r in records(out).items()} == dict.fromkeys(
        ("none", "noop", "topk", "rsdgc"), "done"
    )
    for word in ("none", "topk", "rsdgc", "report.md", "methods.csv"):
        assert word in done.stdout
    assert (out / "report.md").is_file()


def test_records_hold_what_was_measured(finished: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    found = records(finished[0])
    for name in ("topk", "rsdgc"):
        assert found[name]["traffic"]["compression_ratio"] == pytest.approx(20, rel=0.02)
    assert found["none"]["traffic"]["compression_ratio"] == 1
    assert found["noop"]["traffic"]["compression_ratio"] is None
    assert found["noop"]["accuracy"] is None
    for name in ("none", "topk", "rsdgc"):
        test = found[name]["accuracy"]["test"]
        confusion = np.array(test["confusion"])
        assert confusion.sum() == test["samples"] == found[name]["dataset"]["test"] == 12
        assert test["oa"] == pytest.approx(np.trace(confusion) / 12)
    for record in found.values():
        for step in steps(finished[0], record["cell"]["compressor"]):
            parts = ("data", "forward", "backward", "compress", "wait", "decompress", "optimizer", "other")
            assert sum(step[f"{part}_s"] for part in parts) == pytest.approx(step["step_time_s"])
            assert abs(step["other_s"]) < 0.03 * step["step_time_s"]
        counted = sum(step["payload_bytes"] for step in steps(finished[0], record["cell"]["compressor"]))
        assert counted == record["traffic"]["payload_bytes_total"]


def test_every_compressor_starts_from_the_same_weights_and_batch(
    finished: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    first = {name: steps(finished[0], name)[0]["loss"] for name in ("none", "noop", "topk", "rsdgc")}
    assert len(set(first.values())) == 1


def test_the_same_command_runs_nothing_again(
    finished: tuple[Path, subprocess.CompletedProcess[str]], environment: dict[str, str]
) -> None:
    out, done = finished
    before = {p: p.stat().st_mtime_ns for p in out.glob("cells/*/record.json")}
    again = subprocess.run(done.args, env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 0
    assert "4 of 4 cells are already done" in again.stderr
    assert before == {p: p.stat().st_mtime_ns for p in out.glob("cells/*/record.json")}


def test_the_same_seed_gives_the_same_losses_bit_for_bit(
    finished: tuple[Path, subprocess.CompletedProcess[str]],
    scenes: Path,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    argv = command(scenes, tmp_path, "--epochs", "4", "--ratio", "20", "--compressor", "rsdgc")
    subprocess.run(argv, env=environment, capture_output=True, check=True)
    assert [s["loss"] for s in steps(tmp_path, "rsdgc")] == [s["loss"] for s in steps(finished[0], "rsdgc")]


def test_a_killed_worker_fails_its_cell_only_and_the_rerun_mends_it(
    scenes: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    rows = ["--compressor", "none", "--compressor", "topk"]
    argv = command(scenes, tmp_path, "--epochs", "40", "--ratio", "20", *rows)
    run = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    parent, deadline = psutil.Process(run.pid), time.monotonic() + 90
    try:
        while not any('"step"' in path.read_text() for path in tmp_path.glob("cells/*-none-*/try-*/samples.jsonl")):
            assert time.monotonic() < deadline, "the first cell never trained"
            time.sleep(0.1)
        family = parent.children(recursive=True)
        victim = next(p for p in family if p.environ().get("RANK") == "1")
        victim.send_signal(signal.SIGKILL)
        output, _ = run.communicate(timeout=120)
    finally:
        run.kill()
    assert run.returncode == 1, output
    found = records(tmp_path)
    assert found["none"]["status"] == "failed"
    assert "SIGKILL" in found["none"]["reason"]
    assert "rank 1" in found["none"]["reason"]
    assert found["topk"]["status"] == "done"
    assert not [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]

    topk = next(tmp_path.glob("cells/*-topk-*/record.json"))
    before = topk.stat().st_mtime_ns
    again = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stdout
    assert records(tmp_path)["none"]["status"] == "done"
    assert topk.stat().st_mtime_ns == before, "a cell that was done is not run again"
