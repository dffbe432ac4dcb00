"""The data dictionary, held to what is written."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from change_records import ENTROPY, of_changes
from exchange_records import with_exchange
from pruned_records import pruned
from round_records import exchanging

from rsbench.cell import Recipe
from rsbench.links.asked import read_asked
from rsbench.measure.step_times import FIELDS
from rsbench.reports import build_report, write_report
from rsbench.reports.changes import build_changes
from rsbench.reports.raw.columns import COLUMNS, FRAMES, in_order

Maker = Callable[..., dict[str, Any]]
KINDS = {"text": str, "int": int, "float": (int, float), "bool": bool}


def records_of_every_kind(make_record: Maker) -> list[dict[str, Any]]:
    whole = make_record()
    whole["cell"] |= asdict(Recipe())
    resumed = make_record(seed=1)
    resumed["provenance"]["runtime"] |= {"resumed_from_step": [40], "steps_redone": 7, "restarts": 1}
    resumed["provenance"]["runtime"]["compressor_reset_at_step"] = 40
    fast = make_record(seed=2)
    fast["cell"]["deterministic"] = False
    failed = make_record(compressor="dgc", ratio=100.0, status="failed", reason="the loss became nan")
    missed = make_record(compressor="topk", ratio=100.0, link="50Mbit/s")
    missed["traffic"] |= {"compression_ratio": 40.0}
    pixels = make_record(model="patchnet", task="pixels", partition="blocks")
    targets = make_record(model="autoencoder", task="targets", compressor="qsgd")
    mapped = of_changes(make_record(model="fc-siam-diff", task="changes"), entropy=ENTROPY, network=ENTROPY)
    rounds = [exchanging(make_record, sync) for sync in ("steps", "rounds:8")]
    rounds.append(pruned(make_record, "tdds:0.5"))
    return [*map(with_exchange, [whole, resumed, missed]), fast, failed, pixels, targets, mapped, *rounds]


def written(folder: Path, make_record: Maker) -> dict[str, list[str]]:
    """Write all flat files; return file -> its heading."""
    records = records_of_every_kind(make_record)
    asked = read_asked(["10mbit"], contact="8m/95m")
    write_report(build_report(records, asked=asked), folder, ["csv", "json"])
    changes = build_changes(records, records, ("A", "B"))
    write_report(changes, folder / "changes", ["csv"])
    files = [*folder.glob("*.csv"), *(folder / "changes").glob("*.csv")]
    return {str(file.relative_to(folder)): next(csv.reader(file.open())) for file in files}


def test_every_written_column_is_in_the_dictionary_and_in_its_order(tmp_path: Path, make_record: Maker) -> None:
    headings = written(tmp_path, make_record)
    assert set(headings) == {"methods.csv", "cells.csv", "links.csv", "changes/changes.csv", "changes/cells.csv"}
    for file, heading in headings.items():
        names = [column.name for column in COLUMNS[Path(file).name]]
        assert heading == [name for name in names if name in heading], file
    unused = {column.name for column in COLUMNS["cells.csv"]} - set(headings["changes/cells.csv"])
    assert unused <= {"ratio_note"}
    unused = {column.name for column in COLUMNS["methods.csv"]} - set(headings["methods.csv"])
    assert unused <= {"ratio_note"}
    assert headings["links.csv"] == [one.name for one in COLUMNS["links.csv"] if one.name in headings["links.csv"]]


def test_every_value_is_of_the_kind_that_the_dictionary_says(tmp_path: Path, make_record: Maker) -> None:
    written(tmp_path, make_record)
    content = json.loads((tmp_path / "report.json").read_text())
    for table in ("methods", "cells", "links"):
        kinds = {column.name: KINDS[column.kind] for column in COLUMNS[f"{table}.csv"]}
        for row in content[table]:
            for name, value in row.items():
                assert value is None or isinstance(value, kinds[name]), (table, name, value)
                assert isinstance(value, bool) == (kinds[name] is bool) or value is None, (table, name, value)


@pytest.mark.parametrize("table", [*COLUMNS.values(), *FRAMES.values()], ids=[*COLUMNS, *FRAMES])
def test_names_are_told_once_with_their_units(table: tuple[Any, ...]) -> None:
    names = [column.name for column in table]
    assert len(names) == len(set(names))
    for column in table:
        assert re.fullmatch(r"\S[^\n]*[^.\s]", column.meaning), column.name
        for end, unit in (("_bits_per_s", "bit/s"), ("_bytes", "bytes"), ("_s", "s")):
            if column.name.endswith(end):
                assert column.unit in ({"1/s"} if column.name == "images_per_s" else {unit}), column.name
                break


def test_a_field_of_a_newer_record_comes_last() -> None:
    assert in_order("cells.csv", ["novel", "lr", "key"]) == ["key", "lr", "novel"]


def test_lines_of_steps_have_all_times_of_a_step() -> None:
    assert set(FIELDS) <= {column.name for column in COLUMNS["samples.jsonl"]}
