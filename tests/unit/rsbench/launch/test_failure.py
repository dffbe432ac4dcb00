"""Who is to blame when a cell fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rsbench.launch import failure

SUMMARY = """
W1123 20:00:00.000000 99 api.py:1023] Sending process 500 closing signal SIGTERM
E1123 20:00:00.000000 99 api.py:984] failed (exitcode: {first}) local_rank: {rank} (pid: 501) of binary: /usr/bin/python
============================================================
rsbench.launch.worker FAILED
------------------------------------------------------------
Failures:
[1]:
  time      : 2026-11-23_20:00:01
  host      : somewhere
  rank      : 0 (local_rank: 0)
  exitcode  : -15 (pid: 500)
  error_file: <N/A>
  traceback : Signal 15 (SIGTERM) received by PID 500
------------------------------------------------------------
Root Cause (first observed failure):
[0]:
  time      : 2026-11-23_20:00:00
  host      : somewhere
  rank      : {rank} (local_rank: {rank})
  exitcode  : {first} (pid: 501)
  error_file: <N/A>
============================================================
"""


def write_error(folder: Path, rank: int, kind: str, message: str, *, time: float, user_error: bool = False) -> None:
    content = {"rank": rank, "type": kind, "message": message, "traceback": f"{kind}: {message}"}
    (folder / f"error-rank{rank}.json").write_text(json.dumps({**content, "time": time, "user_error": user_error}))


def log(folder: Path, *, first: int, rank: int = 1) -> Path:
    path = folder / "launcher.log"
    path.write_text(SUMMARY.format(first=first, rank=rank))
    return path


def test_ranks_that_torchrun_ended_are_not_blamed() -> None:
    assert failure.exit_codes(SUMMARY.format(first=-9, rank=1)) == {1: -9}


def test_sigkill_is_blamed_before_lost_connections(tmp_path: Path) -> None:
    write_error(tmp_path, 0, "RuntimeError", "Connection closed by peer [127.0.0.1]:1", time=1.0)
    cause = failure.find(log(tmp_path, first=-9), 1)
    assert cause.rank == 1 and "SIGKILL (signal 9)" in cause.reason


def test_first_real_exception_is_blamed_before_lost_connections(tmp_path: Path) -> None:
    write_error(tmp_path, 0, "RuntimeError", "recvValue failed: Connection reset by peer", time=1.0)
    write_error(tmp_path, 1, "ValueError", "eels", time=2.0)
    write_error(tmp_path, 2, "ValueError", "late eels", time=3.0)
    cause = failure.find(log(tmp_path, first=1), 1)
    assert cause.reason == "rank 1 raised ValueError: eels" and cause.log == tmp_path / "rank1.log"


def test_real_exception_is_blamed_before_an_abort(tmp_path: Path) -> None:
    write_error(tmp_path, 0, "ValueError", "eels", time=1.0)
    assert failure.find(log(tmp_path, first=-6), 1).rank == 0


def test_abort_is_blamed_before_lost_connections(tmp_path: Path) -> None:
    write_error(tmp_path, 0, "RuntimeError", "Connection closed by peer", time=1.0)
    (tmp_path / "rank1.log").write_text("terminate called\n\nwhat(): Unequal sizes\n")
    cause = failure.find(log(tmp_path, first=-6), 1)
    assert "SIGABRT (signal 6)" in cause.reason and cause.tail == ("terminate called", "what(): Unequal sizes")


def test_a_user_error_is_said_without_traceback(tmp_path: Path) -> None:
    write_error(tmp_path, 0, "RsbenchError", "The gradient of 4.weight is not finite.", time=2.0, user_error=True)
    cause = failure.find(log(tmp_path, first=2), 1)
    assert cause.reason == "The gradient of 4.weight is not finite." and cause.tail == ()


def test_only_lost_connections(tmp_path: Path) -> None:
    write_error(tmp_path, 1, "DistNetworkError", "Connection reset by peer", time=2.0)
    write_error(tmp_path, 0, "RuntimeError", "Broken pipe", time=1.0)
    (tmp_path / "launcher.log").write_text("")
    assert failure.find(tmp_path / "launcher.log", 1).rank == 0


def test_exit_code_without_a_word(tmp_path: Path) -> None:
    assert failure.find(log(tmp_path, first=7), 1).reason == "rank 1 ended with exit code 7"


@pytest.mark.parametrize("content", ["{", "{}", '{"rank": "x"}'])
def test_launcher_itself_failed(tmp_path: Path, content: str) -> None:
    (tmp_path / "error-rank0.json").write_text(content)  # cut short
    (tmp_path / "launcher.log").write_text("OSError: No space left on device\n")
    cause = failure.find(tmp_path / "launcher.log", 3)
    assert cause.reason == "torchrun ended with exit code 3" and "No space left" in cause.tail[-1]
