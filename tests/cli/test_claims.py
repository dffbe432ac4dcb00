"""``rsbench compare`` beside processes of other hosts in the same folder, which are claims here."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from rsbench.results import claims, records
from rsbench.results.claims import Claim
from rsbench.results.folder import CellFolder

Call = Callable[..., Result]
OUT = Path("rsbench-results")
pytestmark = pytest.mark.usefixtures("no_torch")


def compare(rsbench: Call, *options: object) -> Result:
    return rsbench("compare", "--compressor", "none", "--compressor", "topk:density=0.1", *options)


def cell(name: str) -> CellFolder:
    [path] = OUT.glob(f"cells/*{name}*")
    return CellFolder(path)


class Other:
    """Another host, b, that holds the cell of topk, which was begun and has no record.

    Args:
        rsbench: runs commands.
        launcher: of them.
        lease_s: of its claim.
        age_s: of its last sign.
    """

    def __init__(self, rsbench: Call, launcher: Any, *, lease_s: float = 60.0, age_s: float = 0.0) -> None:
        compare(rsbench)
        launcher.ran.clear()
        self.cell = cell("topk")
        self.record = self.cell.record.read_text()
        self.cell.record.unlink()
        self.claim(lease_s)
        then_ns = time.time_ns() - int(age_s * 1e9)
        os.utime(self.cell.claims / str(self.number), ns=(then_ns, then_ns))

    def claim(self, lease_s: float = 60.0) -> None:
        """Make the next claim."""
        newest = claims.newest(self.cell.claims)
        assert newest is not None
        self.number = newest.number + 1
        since = "2026-01-31T12:00:00Z"
        who = Claim(number=self.number, token="bb", host="b", boot_id="bb", pid=456, lease_s=lease_s, since_utc=since)
        assert claims.make(self.cell.claims, who)

    def touch(self, _: float) -> None:
        """Make a sign of life, as its process does."""
        claims.touch(self.cell.claims, self.number)

    def end(self, _: float) -> None:
        """Record its numbers and give the cell back."""
        self.cell.record.write_text(self.record)
        claims.release(self.cell.claims, self.number)


def test_the_end_of_another_host_is_waited_for(rsbench: Call, launcher: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Other(rsbench, launcher)
    monkeypatch.setattr("rsbench.run.runner.time.sleep", other.end)
    result = compare(rsbench)
    assert (result.exit_code, launcher.ran) == (0, []), result.output
    assert "another rsbench (host b, process 456) is running this cell; its end is waited for" in result.output
    assert "another rsbench has run it meanwhile, test OA 90.0 %" in result.output


@pytest.mark.parametrize("options", [(), ("--leave-busy",)])
def test_a_host_that_makes_no_sign_is_taken_over_after_its_lease(
    rsbench: Call, launcher: Any, options: tuple[str, ...]
) -> None:
    other = Other(rsbench, launcher, lease_s=0.6, age_s=63.0)
    result = compare(rsbench, *options)
    assert (result.exit_code, launcher.ran) == (0, ["topk"]), result.output
    assert "taken over from host b (process 456), which made no sign for 63 s" in result.output
    assert records.read_record(other.cell.record)["status"] == "done"


def test_cells_that_others_run_are_left_to_them(rsbench: Call, launcher: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Other(rsbench, launcher)
    cell("none").record.unlink()
    monkeypatch.setattr("rsbench.run.runner.time.sleep", other.touch)
    result = compare(rsbench, "--leave-busy")
    assert (result.exit_code, launcher.ran) == (0, ["none"]), result.output
    assert "1 of 2 cells are left to others; the report is without them:" in result.output
    assert "topk:density=0.1" in result.output.split("left to others")[1]
    assert "another rsbench (host b, process 456)" in result.output.split("left to others")[1]
    assert not other.cell.record.exists()


def test_a_cell_is_not_left_to_one_that_may_be_dead(
    rsbench: Call, launcher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []
    other = Other(rsbench, launcher)

    def later(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 5:
            other.end(seconds)

    monkeypatch.setattr("rsbench.run.runner.time.sleep", later)
    result = compare(rsbench, "--leave-busy")
    assert (result.exit_code, len(looks)) == (0, 5)
    assert "another rsbench ran 1 of them" in result.output


def test_who_was_away_too_long_publishes_nothing(rsbench: Call, launcher: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Other(rsbench, launcher)
    claims.release(other.cell.claims, other.number)
    launcher.after = other.claim
    other.record = other.record.replace("0.9", "0.8")
    monkeypatch.setattr("rsbench.run.runner.time.sleep", other.end)
    result = compare(rsbench)
    assert (result.exit_code, launcher.ran) == (0, ["topk"]), result.output
    assert "taken over by host b, process 456, as this process seemed to be dead" in result.output
    assert "another rsbench has run it meanwhile, test OA 80.0 %" in result.output
    assert sorted(path.name for path in other.cell.path.iterdir() if path.name.startswith("try-")) == []


def test_the_report_is_written_again_when_records_came_meanwhile(
    rsbench: Call, launcher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare(rsbench)
    text = cell("topk").record.read_text()
    cell("topk").record.unlink()
    written: list[int] = []

    def write(*_: Any) -> list[Path]:
        written.append(len(records.read_records([OUT])[0]))
        if len(written) == 1:
            cell("topk").record.write_text(text)
        return [OUT / "report.md"]

    monkeypatch.setattr("rsbench.reports.write_report", write)
    result = rsbench("compare", "--compressor", "none")
    assert written == [1, 2]
    assert result.output.count("Written:") == 1


def test_list_runs_says_who_runs_what(rsbench: Call, launcher: Any) -> None:
    other = Other(rsbench, launcher)
    os.utime(other.cell.claims / str(other.number), ns=(10**18, 10**18))
    lines = [line.strip() for line in rsbench("list", "runs").output.splitlines()]
    [row] = [line.split() for line in lines if "unfinished" in line]
    assert row[0] == "topk:density=0.1" and row[-2:] == ["2026-01-31", "12:00"]
    assert "host b, process 456; last sign of it: 2001-09-09T01:46:40Z" in lines
    claims.release(other.cell.claims, other.number)
    assert "process 456" not in rsbench("list", "runs").output


@pytest.mark.parametrize("text", ["1", "3601", "soon", "-5"])
def test_a_lease_that_no_process_can_keep_is_refused(
    rsbench: Call, launcher: Any, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("RSBENCH_LEASE_S", text)
    result = compare(rsbench)
    assert result.exit_code == 2
    assert f'RSBENCH_LEASE_S is "{text}", but must be a whole number from 2 to 3,600' in result.output
