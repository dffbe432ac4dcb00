"""The drawn reports, byte for byte. After a change on purpose: RSBENCH_UPDATE_GOLDEN=1 pytest tests/golden."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from rsbench.reports import write_report

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
    golden = GOLDEN / case / name
    if os.environ.get("RSBENCH_UPDATE_GOLDEN"):
        shutil.rmtree(golden, ignore_errors=True)
        shutil.copytree(tmp_path, golden)
    written, kept = files(tmp_path), files(golden)
    assert list(written) == list(kept)
    for path, text in written.items():
        assert text == kept[path], path
