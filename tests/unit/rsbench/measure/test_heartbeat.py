"""Signs of life in shared memory."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from rsbench.measure import heartbeat
from rsbench.measure.heartbeat import Heartbeats

MARK_TWICE = """
import sys
from pathlib import Path
from rsbench.measure import heartbeat
heartbeat.open_mine(Path(sys.argv[1]), 1)
heartbeat.beat("load")
heartbeat.beat("exchange " + "x" * 100)
"""


def test_marks_of_another_process_are_seen_at_its_place(tmp_path: Path) -> None:
    beats, before = Heartbeats(tmp_path / "beats", 2), time.monotonic()
    subprocess.run([sys.executable, "-c", MARK_TWICE, str(tmp_path / "beats")], check=True)
    silent, moved = beats.read()
    assert (silent.count, silent.where) == (0, "start its process") and silent.at_s <= before
    assert moved.count == 2 and before <= moved.at_s <= time.monotonic()
    assert moved.where.startswith("exchange xxx") and len(moved.where) == 48
    beats.restart("begin the cell")
    assert [(mark.count, mark.where) for mark in beats.read()] == [(0, "begin the cell")] * 2


def test_without_a_launcher_nothing_happens() -> None:
    assert heartbeat._mine is None
    heartbeat.beat("anything")
