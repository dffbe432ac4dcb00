"""Who is to blame when a cell fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rsbench.launch import failure
from rsbench.launch.failure import Trouble
from rsbench.results.folder import CellFolder


def write_error(folder: Path, rank: int, kind: str, message: str, *, time: float, user_error: bool = False) -> None:
    content = {"rank": rank, "type": kind, "message": message, "traceback": f"{kind}: {message}"}
    (folder / f"error-rank{rank}.json").write_text(json.dumps({**content, "time": time, "user_error": user_error}))


def test_sigkill_is_blamed_before_lost_connections(tmp_path: Path) -> None:
    write_error(tmp_path, 0, "RuntimeError", "Connection closed by peer [127.0.0.1]:1", time=1.0)
    cause = failure.find(CellFolder(tmp_path), {1: -9})
    assert cause.rank == 1 and "SIGKILL (signal 9)" in cause.reason


def test_first_real_exception_is_blamed_before_lost_connections(tmp_path: Path) -> None:
    write_error(tmp_path, 0, "RuntimeError", "recvValue failed: Connection reset by peer", time=1.0)
    write_error(tmp_path, 1, "ValueError", "eels", time=2.0)
    write_error(tmp_path, 2, "ValueError", "late eels", time=3.0)
    cause = failure.find(CellFolder(tmp_path), {1: 1})
    assert cause.reason == "rank 1 raised ValueError: eels" and cause.log == tmp_path / "rank1.log"


def test_real_exception_is_blamed_before_an_abort(tmp_path: Path) -> None:
    write_error(tmp_path, 0, "ValueError", "eels", time=1.0)
    assert failure.find(CellFolder(tmp_path), {1: -6}).rank == 0


def test_abort_is_blamed_before_lost_connections(tmp_path: Path) -> None:
    write_error(tmp_path, 0, "RuntimeError", "Connection closed by peer", time=1.0)
    (tmp_path / "rank1.log").write_text("terminate called\n\nwhat(): Unequal sizes\n")
    cause = failure.find(CellFolder(tmp_path), {1: -6})
    assert "SIGABRT (signal 6)" in cause.reason and cause.tail == ("terminate called", "what(): Unequal sizes")


def test_a_user_error_is_said_without_traceback(tmp_path: Path) -> None:
    write_error(tmp_path, 0, "RsbenchError", "The gradient of 4.weight is not finite.", time=2.0, user_error=True)
    cause = failure.find(CellFolder(tmp_path), {1: 2})
    assert cause.reason == "The gradient of 4.weight is not finite." and cause.tail == ()


def test_only_lost_connections(tmp_path: Path) -> None:
    write_error(tmp_path, 1, "DistNetworkError", "Connection reset by peer", time=2.0)
    write_error(tmp_path, 0, "RuntimeError", "Broken pipe", time=1.0)
    assert failure.find(CellFolder(tmp_path), {0: 1, 1: 1}).rank == 0


def test_exit_code_without_a_word(tmp_path: Path) -> None:
    assert failure.find(CellFolder(tmp_path), {1: 7}).reason == "rank 1 ended with exit code 7"


@pytest.mark.parametrize(("code", "more"), [(7, ""), (0, " before its work was done")])
def test_a_rank_that_ended_without_a_word_is_blamed_before_lost_connections(
    tmp_path: Path, code: int, more: str
) -> None:
    write_error(tmp_path, 0, "RuntimeError", "Connection closed by peer [127.0.0.1]:1", time=1.0)
    cause = failure.find(CellFolder(tmp_path), {1: code, 0: 1})
    assert (cause.rank, cause.reason) == (1, f"rank 1 ended with exit code {code}{more}")


def test_another_node_that_ended_is_blamed_before_lost_connections(tmp_path: Path) -> None:
    write_error(tmp_path, 0, "RuntimeError", "Connection closed by peer [127.0.0.1]:1", time=1.0)
    cause = failure.find(CellFolder(tmp_path), {}, Trouble(node=1))
    assert cause.reason == "rsbench ended on node 1, or cannot be reached there"
    assert failure.only_noticed(CellFolder(tmp_path), {0: 1})


def test_what_failed_on_another_node_is_named_with_its_node(tmp_path: Path) -> None:
    write_error(tmp_path, 0, "RuntimeError", "Connection closed by peer [127.0.0.1]:1", time=1.0)
    cause = failure.find(
        CellFolder(tmp_path), {0: 1}, Trouble(node=1, reason="rank 3 was killed by SIGKILL (signal 9)")
    )
    assert cause.reason == "on node 1, rank 3 was killed by SIGKILL (signal 9)"


def test_a_rank_that_was_killed_or_raised_did_more_than_notice(tmp_path: Path) -> None:
    assert not failure.only_noticed(CellFolder(tmp_path), {0: -9})
    write_error(tmp_path, 0, "ValueError", "no such thing", time=1.0)
    assert not failure.only_noticed(CellFolder(tmp_path), {0: 1})


@pytest.mark.parametrize("content", ["{", "{}", '{"rank": "x"}'])
def test_a_damaged_error_file_hides_no_exit_code(tmp_path: Path, content: str) -> None:
    (tmp_path / "error-rank0.json").write_text(content)  # cut short
    assert failure.find(CellFolder(tmp_path), {0: 3}).reason == "rank 0 ended with exit code 3"


def test_a_folder_that_is_gone_is_the_cause(tmp_path: Path) -> None:
    gone = CellFolder(tmp_path / "gone")
    assert failure.find(gone, {}).reason == f"its folder {gone.path} was removed while it ran"
