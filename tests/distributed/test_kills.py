"""Kill -9 at training and at the writing of a record, again and again: nothing torn, nothing lost, nobody left."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from rsbench.results import records

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]
KILLS = int(os.environ.get("RSBENCH_TEST_KILLS", "40"))
CELLS = ("topk", "dgc")


def start(place: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "rsbench", "compare", "--out", str(place / "out"), "--workers", "2"]
    command += ["--device", "cpu", "--max-steps", "6", "--image-size", "16", "--batch-size", "8"]
    command += [word for name in CELLS for word in ("--compressor", name)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "RSBENCH_CACHE": str(place / "cache")}
    with (place / "said.log").open("w") as log:
        return subprocess.Popen([*command, *more], stdout=log, stderr=log, text=True, env=environment, cwd=place)


def family(pid: int) -> dict[str, psutil.Process]:
    """The command, and its workers by rank."""
    found = {"parent": psutil.Process(pid)}
    for child in found["parent"].children():
        try:
            found[f"rank {child.environ()['RANK']}"] = child
        except (psutil.Error, KeyError):
            continue
    return found


def phase_reached(place: Path, phase: str, since: float) -> bool:
    """Whether the newest cell that was begun since then has reached a phase."""
    for path in place.glob("out/cells/**/samples.jsonl"):
        try:
            if path.stat().st_mtime > since and f'"phase": "{phase}"' in path.read_text():
                return True
        except OSError:
            continue
    return False


def done(place: Path) -> dict[str, str]:
    """Cells that are done -> when they were run. A torn record fails here."""
    found = {}
    for path in place.glob("out/cells/*/record.json"):
        record = json.loads(path.read_text())
        if records.read_record(path)["status"] == "done":
            found[path.parent.name] = record["started_utc"]
    return found


def alive(processes: dict[str, psutil.Process]) -> list[str]:
    return [name for name, one in processes.items() if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def test_kills_tear_and_lose_nothing(tmp_path: Path) -> None:
    assert start(tmp_path).wait() == 0, (tmp_path / "said.log").read_text()
    rng, before, hit = random.Random(7), done(tmp_path), dict.fromkeys(("parent", "rank 0", "rank 1"), 0)
    assert len(before) == len(CELLS)
    for kill in range(KILLS):
        target, phase = rng.choice(list(hit)), ("train", "test")[kill % 2]
        since = time.time()
        command = start(tmp_path, "--rerun")
        while command.poll() is None and not phase_reached(tmp_path, phase, since):
            time.sleep(0.02)
        time.sleep(rng.uniform(0, 0.4))
        if command.poll() is None:
            members = family(command.pid)
            if target in members:
                members[target].kill()
                hit[target] += 1
            command.wait(timeout=300)
            deadline = time.monotonic() + 10
            while alive(members) and time.monotonic() < deadline:
                time.sleep(0.1)
            assert alive(members) == [], f"kill {kill} of {target} left processes"
        now = done(tmp_path)
        assert set(now) == set(before), f"kill {kill} of {target} in {phase} lost {set(before) - set(now)}"
        assert all(now[name] >= started for name, started in before.items())
        before = now
    print(f"{sum(hit.values())} of {KILLS} kills hit {hit}: 0 torn, 0 lost, 0 left")
    assert sum(hit.values()) >= KILLS // 2
