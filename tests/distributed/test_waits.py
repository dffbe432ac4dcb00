"""Where waiting is booked: for the link once, for a late peer apart from it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(120)
PROGRAMS = Path(__file__).parents[1] / "programs"


def printed(program: str) -> str:
    done = subprocess.run([sys.executable, PROGRAMS / program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_slow_link_is_waited_for_and_not_compressed_for() -> None:
    """200 ms a collective; PowerSGD's two sums depend on each other, GCC's status comes along with its sum."""
    lines = re.findall(r"^(\S+) +step +(\d+) ms: compress +(\d+) wait +(\d+)", printed("fail_wait_column.py"), re.M)
    found = {name: (int(compress), int(wait)) for name, _, compress, wait in lines}
    assert set(found) == {"none", "topk", "powersgd", "gcc", "gcc:residual=true"}
    assert all(compress < 100 for compress, _ in found.values()), found
    assert {name: round(wait / 200) for name, (_, wait) in found.items()} == {
        **dict.fromkeys(found, 1),
        "powersgd": 2,
    }, found


def test_a_late_peer_is_skew() -> None:
    rows = {row["compressor"]: row for row in map(json.loads, printed("late_peer.py").splitlines())}
    assert set(rows) == {"none", "rsdgc", "powersgd"}
    for row in rows.values():
        assert 0.2 < row["skew_s"] < 0.4, row
        assert row["wait_s"] < 0.1, row
        assert row["compress_s"] < 0.1, row
