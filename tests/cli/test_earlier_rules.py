"""Cells that an earlier version made: they stay readable, stand in tables of their own, and do not count as done."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Call = Callable[..., Result]
SENTENCE = (
    "{} made by an earlier version, whose drawn test samples changed with the seed. This version's cells run beside "
    "them; the report keeps the two in tables of their own."
)


@pytest.fixture
def earlier_cells(rsbench: Call, launcher: Any) -> int:
    """Four done cells as key version 2 wrote them, which said nothing on it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rsbench.cell.KEY_VERSION", 2)
        assert rsbench("compare").exit_code == 0
    for path in Path("rsbench-results").glob("cells/*/record.json"):
        record = json.loads(path.read_text())
        del record["key_version"]
        path.write_text(json.dumps(record))
    launcher.ran.clear()
    return 4


def test_cells_of_an_earlier_version_run_again_and_the_reason_is_said(
    rsbench: Call, launcher: Any, earlier_cells: int
) -> None:
    dry = " ".join(rsbench("compare", "--dry-run").output.split())
    assert SENTENCE.format("4 cells here were") in dry
    result = rsbench("compare")
    assert result.exit_code == 0 and launcher.ran == ["none", "topk", "dgc", "rsdgc"]
    output = " ".join(result.output.split())
    assert output.endswith(SENTENCE.format("4 cells here were")), "the closing words"
    again = rsbench("compare")
    assert "4 of 4 cells are already done." in again.output and len(launcher.ran) == 4


def test_one_cell_is_told_in_the_singular(rsbench: Call, earlier_cells: int) -> None:
    for path in sorted(Path("rsbench-results").glob("cells/*/record.json"))[1:]:
        path.unlink()
    assert SENTENCE.format("1 cell here was") in " ".join(rsbench("compare").output.split())


def test_a_folder_without_earlier_cells_has_no_such_word(rsbench: Call, launcher: Any) -> None:
    assert "earlier version" not in rsbench("compare").output
    assert "earlier version" not in rsbench("compare").output


def test_both_are_reported_in_tables_of_their_own(rsbench: Call, earlier_cells: int) -> None:
    assert rsbench("compare").exit_code == 0
    text = Path("rsbench-results/report.md").read_text()
    titles = [line.rpartition(", ")[2] for line in text.splitlines() if line.startswith("## Synth")]
    assert sorted(titles) == ["rules 2", "rules 3"]
    assert text.count("Made by an earlier version, whose drawn test samples changed with the seed (rules 2, today") == 1
