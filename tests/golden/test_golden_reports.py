"""The drawn reports, byte for byte. After a change on purpose: RSBENCH_UPDATE_GOLDEN=1 pytest tests/golden."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from link_records import with_exchange

from rsbench.links.asked import read_asked
from rsbench.reports import build_report, write_report

GOLDEN = Path(__file__).parent / "reports"
CASES = ("grid", "target", "hostile")
FORMATS = ("markdown", "csv", "latex", "json")


def files(folder: Path) -> dict[str, str]:
    """Return path below a folder -> text, line ends as they stand."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes().decode() for path in paths}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", FORMATS)
def test_golden_report(case: str, name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    write_report(request.getfixturevalue(f"{case}_records"), tmp_path, [name])
    check(case, name, tmp_path)


@pytest.mark.parametrize("name", FORMATS)
def test_golden_report_on_a_link(name: str, tmp_path: Path, target_records: list[dict[str, Any]]) -> None:
    asked = read_asked(["geo"], contact="8m/95m")
    write_report(build_report([with_exchange(record) for record in target_records], asked=asked), tmp_path, [name])
    check("link", name, tmp_path)


def check(case: str, name: str, written_to: Path) -> None:
    """Compare what was written with what is kept, or keep it."""
    golden = GOLDEN / case / name
    if os.environ.get("RSBENCH_UPDATE_GOLDEN"):
        shutil.rmtree(golden, ignore_errors=True)
        shutil.copytree(written_to, golden)
    written, kept = files(written_to), files(golden)
    assert list(written) == list(kept)
    for path, text in written.items():
        assert text == kept[path], path
