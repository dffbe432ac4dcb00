"""``--trace``: some steps of every rank on one axis of time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.timeout(120)
STEPS, TRACED = 9, 5
COMMAND = (
    *("run", "--compressor", "powersgd:rank=4", "--max-steps", str(STEPS), "--image-size", "16"),
    *("--batch-size", "4", "--workers", "2", "--trace"),
)


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[dict[str, Any]]]:
    out = tmp_path_factory.mktemp("traced")
    done = subprocess.run(
        [sys.executable, "-m", "rsbench", *COMMAND, "--out", out], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (file,) = Path(out).glob("cells/*/trace.json")
    return " ".join(done.stdout.split()), json.loads(file.read_text())["traceEvents"]


def test_the_user_is_told_where_it_is(traced: tuple[str, list[dict[str, Any]]]) -> None:
    assert "trace.json; open it in https://ui.perfetto.dev or chrome://tracing." in traced[0].replace(" ", "", 0)


def test_every_rank_has_named_rows_and_its_steps(traced: tuple[str, list[dict[str, Any]]]) -> None:
    events = traced[1]
    named = {(e["pid"], e["args"]["name"]) for e in events if e["ph"] == "M"}
    assert named == {(r, n) for r in (0, 1) for n in (f"rank {r}", "training", "exchange", "decompress")}
    for rank in (0, 1):
        steps = [e["name"] for e in events if e["ph"] == "X" and e["pid"] == rank and e["name"].startswith("step ")]
        assert steps == [f"step {number}" for number in range(3, 3 + TRACED)]


def test_phases_nest_in_their_step_and_cover_it(traced: tuple[str, list[dict[str, Any]]]) -> None:
    spans = [e for e in traced[1] if e["ph"] == "X"]
    assert spans == sorted(spans, key=lambda e: e["ts"])
    assert spans[0]["ts"] == 0.0
    for step in (e for e in spans if e["name"].startswith("step ")):
        begin, end = step["ts"], step["ts"] + step["dur"]
        inside = [e for e in spans if e["pid"] == step["pid"] and begin <= e["ts"] < end and e is not step]
        assert all(e["ts"] + e["dur"] <= end + 1 for e in inside)
        phases = [e for e in inside if e["name"] in ("data", "forward", "backward", "optimizer")]
        assert len(phases) == 4
        assert sum(e["dur"] for e in phases) == pytest.approx(step["dur"], rel=0.01)
        backward = next(e for e in phases if e["name"] == "backward")
        hooks = [e for e in inside if e["name"].startswith(("compress", "wait"))]
        assert any(e["name"] == "wait" for e in hooks)
        assert all(backward["ts"] - 1 <= e["ts"] <= backward["ts"] + backward["dur"] for e in hooks)


def test_exchanges_begin_and_end(traced: tuple[str, list[dict[str, Any]]]) -> None:
    ends: dict[str, list[str]] = defaultdict(list)
    for event in traced[1]:
        if event["ph"] in "be":
            ends[event["id"]].append(event["ph"])
    assert ends
    assert all(found == ["b", "e"] for found in ends.values())
    calls = next(e["args"]["calls"] for e in traced[1] if e["name"].startswith("exchange"))
    assert [call.split()[0] for call in calls] == ["all_gather", "all_reduce", "all_reduce"]
