"""Records as former versions wrote them: each must still load, or be refused on purpose."""

from __future__ import annotations

from pathlib import Path

import pytest
from report_parts import table_of

from rsbench.cell import CellSpec, key_version_of
from rsbench.reports import build_report
from rsbench.results.records import read_record
from rsbench.results.schema import SCHEMA

RECORDS = sorted((Path(__file__).parent / "records").glob("schema-*.json"))


def test_golden_records_hold_one_of_every_schema() -> None:
    assert [path.stem for path in RECORDS] == [f"schema-{version}" for version in range(1, SCHEMA + 1)]


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_golden_record_still_loads_and_reports(path: Path) -> None:
    record = read_record(path)
    assert record["schema"] == SCHEMA
    assert record["accuracy"]["test"]["samples"] == sum(map(sum, record["accuracy"]["test"]["confusion"]))
    [section] = build_report([record]).sections
    meant = "rsdgc:policy=global_rank 100x" if path.stem in ("schema-1", "schema-2") else "rsdgc 100x"
    assert meant in table_of(section, "Comparison").rows[0]


def test_golden_record_of_this_schema_has_the_key_of_its_cell_by_its_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of the fields that a key holds changes keys, so finished cells would run again."""
    record = read_record(RECORDS[-1])
    monkeypatch.setattr("rsbench.cell.KEY_VERSION", key_version_of(record))
    assert CellSpec.from_dict(record["cell"]).key == record["key"]
