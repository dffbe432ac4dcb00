from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rsbench.errors import RsbenchError
from rsbench.results import schema
from rsbench.results.records import find_done, list_runs, read_record, read_records, write_record

Maker = Callable[..., dict[str, Any]]


def cell_folder(out: Path, record: dict[str, Any]) -> Path:
    return out / "cells" / f"some-name-{record['key']}"


def stored(out: Path, record: dict[str, Any]) -> Path:
    return write_record(cell_folder(out, record), record)


def test_results_round_trip(tmp_path: Path, make_record: Maker) -> None:
    record = make_record(reason="λ | <b>\n地図")
    path = stored(tmp_path, record)
    assert read_record(path) == record
    assert read_records([tmp_path]) == ([record], [])
    assert [entry.name for entry in path.parent.iterdir()] == ["record.json"]


def test_results_numbers_that_json_lacks_are_null(tmp_path: Path, make_record: Maker) -> None:
    record = make_record()
    record["traffic"]["compression_ratio"] = float("inf")
    record["accuracy"]["test"]["kappa"] = float("nan")
    path = stored(tmp_path, record)
    assert "NaN" not in path.read_text()
    assert "Infinity" not in path.read_text()
    assert read_record(path)["traffic"]["compression_ratio"] is None


def test_results_of_every_status_need_no_sections_but_done_does(tmp_path: Path, make_record: Maker) -> None:
    for status in ("failed", "timeout", "interrupted", "skipped"):
        stored(tmp_path, make_record(status=status, reason="why"))
    record = make_record() | {"time": None}
    with pytest.raises(RsbenchError, match='"time" must hold an object'):
        stored(tmp_path, record)


@pytest.mark.parametrize(
    ("put", "words"),
    [
        (os.mkfifo, "cannot be used: it is no plain file; remove it"),
        (os.mkdir, "cannot be used: it is no plain file; remove it"),
        (lambda path: os.symlink("/dev/zero", path), "cannot be used: it is no plain file; remove it"),
        (lambda path: os.symlink("gone", path), "cannot be read: No such file"),
    ],
)
def test_results_what_is_no_file_in_a_records_place_is_named(
    put: Callable[[Path], None], words: str, tmp_path: Path, make_record: Maker
) -> None:
    path = stored(tmp_path, make_record())
    path.unlink()
    put(path)
    (run,) = list_runs([tmp_path])
    assert run.status == "damaged" and words in run.reason
    assert read_records([tmp_path]) == ([], [run.reason])


def test_results_writer_leaves_the_old_record_when_the_disk_is_full(
    tmp_path: Path, make_record: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = make_record()
    path = stored(tmp_path, record)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RsbenchError, match="the disk is full; free some space"):
        stored(tmp_path, record | {"reason": "new"})
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["record.json"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_results_a_really_full_device_is_told_in_one_sentence(
    tmp_path: Path, make_record: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_open = Path.open
    monkeypatch.setattr(
        Path, "open", lambda self, mode="r", **k: real_open(Path("/dev/full"), mode.replace("x", "w"), **k)
    )
    with pytest.raises(RsbenchError, match="disk is full"):
        stored(tmp_path, make_record())


def test_results_a_file_in_the_way_is_told(tmp_path: Path, make_record: Maker) -> None:
    (tmp_path / "cells").write_text("in the way")
    with pytest.raises(RsbenchError, match="Cannot write results to"):
        stored(tmp_path, make_record())


DAMAGES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "missing field": (lambda record: record.pop("status"), '"status" is missing'),
    "unknown status": (lambda record: record.update(status="doen"), "'doen' but must be one of done"),
    "text for a number": (lambda record: record["time"].update(step_time_s="fast"), "\"time.step_time_s\" is 'fast'"),
    "true for a number": (lambda record: record["traffic"].update(steps=True), '"traffic.steps" is True'),
    "nested text": (lambda record: record["accuracy"]["val"][1].update(oa="x"), 'accuracy.val\\[1\\].oa"'),
    "list for an object": (lambda record: record.update(cell=[]), '"cell" is \\[\\] but must be an object'),
    "number for a text": (lambda record: record["cell"].update(compressor=3), '"cell.compressor" is 3'),
    "density in words": (
        lambda record: record["traffic"].update(density_per_tensor={"a": "b"}),
        "an object of numbers",
    ),
    "no accuracy": (lambda record: record.update(accuracy=None), '"accuracy" is missing although'),
    "no test": (lambda record: record["accuracy"].update(test=None), '"accuracy.test" is None'),
    "400 digits": (lambda record: record["traffic"].update(payload_bytes_total=10**399), "not too large or null"),
    "400 digits in a count": (lambda record: record["model"].update(parameters=10**399), '"model.parameters" is 1000'),
    "400 digits in a list": (lambda record: record["accuracy"]["test"].update(per_class=[10**399]), "from -1 to 1"),
    "400 digits in a table": (lambda record: record["accuracy"]["test"].update(confusion=[[10**399]]), "of counts"),
    "infinite": (lambda record: record.update(wall_s=1e308), '"wall_s" is 1e\\+308'),
    "an accuracy of 2": (
        lambda record: record["accuracy"]["test"].update(oa=2),
        '"accuracy.test.oa" is 2 but .*0 to 1',
    ),
    "an accuracy below 0": (lambda record: record["accuracy"].update(val_score=-0.5), "val_score.* from 0 to 1"),
    "a kappa of -2": (lambda record: record["accuracy"]["val"][0].update(kappa=-2), "kappa.* from -1 to 1"),
    "negative bytes": (lambda record: record["traffic"].update(payload_bytes_total=-1), "of at least 0"),
    "negative time": (lambda record: record["time"].update(step_time_s=-0.1), "step_time_s.*of at least 0"),
    "no steps": (lambda record: record["traffic"].update(steps=0), '"traffic.steps" is 0 .*at least 1'),
    "no workers": (lambda record: record["cell"].update(workers=0), '"cell.workers" is 0 .*at least 1'),
    "a density of 3": (lambda record: record["traffic"].update(density=3.0), "density.* from 0 to 1"),
    "a tensor's density of 3": (lambda record: record["traffic"].update(density_per_tensor={"a": 3}), "0 to 1"),
    "NaN as a rate": (lambda record: record["cell"].update(lr=float("nan")), '"cell.lr" is None but must be a number'),
    "a negative rate": (lambda record: record["cell"].update(lr=-1), '"cell.lr" is -1'),
    "no schema": (lambda record: record.pop("schema"), '"schema" is None but must be an integer'),
    "too new": (lambda record: record.update(schema=99), "newer rsbench .record schema 99.*; upgrade rsbench"),
    "too old": (lambda record: record.update(schema=0), "too old to be read .record schema 0.*--rerun"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_results_hand_edited_records_give_a_sentence_and_the_others_load(
    damage: str, tmp_path: Path, make_record: Maker
) -> None:
    good, bad = make_record(seed=0), make_record(seed=1)
    stored(tmp_path, good)
    path = stored(tmp_path, bad)
    change, words = DAMAGES[damage]
    change(bad)
    path.write_text(json.dumps(bad))
    records, problems = read_records([tmp_path])
    assert records == [good]
    assert len(problems) == 1
    assert str(path) in problems[0]
    assert problems[0].count("\n") == 0
    with pytest.raises(RsbenchError, match=words):
        read_record(path)


@pytest.mark.parametrize("content", [b"", b"{", b"null", b"[1]", b"\xff\xfe", b"[" * 100_000, b'{"schema": 1e400}'])
def test_results_garbage_gives_a_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "cells" / "a" / "record.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    records, problems = read_records([tmp_path])
    assert records == []
    assert len(problems) == 1
    assert str(path) in problems[0]


def test_results_truncation_at_any_byte_never_crashes(tmp_path: Path, make_record: Maker) -> None:
    path = stored(tmp_path, make_record())
    whole = path.read_bytes().rstrip()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        records, problems = read_records([tmp_path])
        assert (len(records), len(problems)) == (0, 1)


def test_results_older_records_are_upgraded_step_by_step(
    tmp_path: Path, make_record: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = make_record() | {"schema": -1}
    status = old.pop("status")
    monkeypatch.setattr(
        schema,
        "UPGRADES",
        {
            -1: lambda record: record | {"state": status},
            0: lambda record: record | {"status": record["state"]},
            1: lambda record: record,
            2: lambda record: record,
        },
    )
    path = cell_folder(tmp_path, old) / "record.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(old))
    upgraded = read_record(path)
    assert (upgraded["schema"], upgraded["status"]) == (schema.SCHEMA, "done")


def test_results_find_done_takes_finished_cells_only(tmp_path: Path, make_record: Maker) -> None:
    done, failed, damaged = make_record(seed=0), make_record(seed=1, status="failed", reason="x"), make_record(seed=2)
    for record in (done, failed):
        stored(tmp_path, record)
    stored(tmp_path, damaged).write_text("{")
    moved = cell_folder(tmp_path, damaged | {"key": "0123456789ab"})
    write_record(moved, done)
    keys = [record["key"] for record in (done, failed, damaged)]
    assert find_done(tmp_path, [*keys, "0123456789ab"]) == {done["key"]: done}
    assert find_done(tmp_path, []) == {}
    assert find_done(tmp_path / "nowhere", keys) == {}


def test_results_find_done_takes_cells_whose_record_is_of_an_older_schema(
    tmp_path: Path, make_record: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = make_record()
    stored(tmp_path, record)
    monkeypatch.setattr(schema, "UPGRADES", {schema.SCHEMA: lambda old: old | {"new": 1}})
    monkeypatch.setattr(schema, "SCHEMA", schema.SCHEMA + 1)
    done = find_done(tmp_path, [record["key"]])
    assert done == {record["key"]: record | {"schema": schema.SCHEMA, "new": 1}}


def test_results_list_runs_shows_unfinished_and_damaged_ones(tmp_path: Path, make_record: Maker) -> None:
    stored(tmp_path, make_record(seed=0))
    stored(tmp_path, make_record(seed=1, status="timeout", reason="no end within 5 s"))
    stored(tmp_path, make_record(seed=2)).write_text("{")
    started = tmp_path / "cells" / "started-abc"
    started.mkdir()
    (started / "job.json").write_text("{}")
    runs = list_runs([tmp_path])
    assert sorted(run.status for run in runs) == ["damaged", "done", "timeout", "unfinished"]
    assert all(run.reason for run in runs if run.status != "done")


def test_results_folders_may_be_named_at_three_levels_and_twice(tmp_path: Path, make_record: Maker) -> None:
    record = make_record()
    cell = stored(tmp_path, record).parent
    for folders in ([tmp_path], [tmp_path / "cells"], [cell], [tmp_path, cell, tmp_path]):
        assert read_records(folders) == ([record], [])


def test_results_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(RsbenchError, match=r"no result folder .*nowhere; run `rsbench compare"):
        read_records([tmp_path / "nowhere"])
    assert read_records([tmp_path]) == ([], [])


def test_a_file_that_is_larger_than_any_record_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "cells" / "a" / "record.json"
    path.parent.mkdir(parents=True)
    with path.open("wb") as stream:
        stream.truncate(1 << 40)
    _, problems = read_records([tmp_path])
    assert problems == [
        f"The record {path} cannot be used: it is larger than 64 MiB, which no record is; restore it, or delete it so "
        "that the cell runs again."
    ]


def test_a_bundle_in_the_place_of_a_folder_is_said(tmp_path: Path) -> None:
    bundle = tmp_path / "x.rsbench.zip"
    with pytest.raises(RsbenchError, match=r"There is no file .*x\.rsbench\.zip\."):
        read_records([bundle])
    bundle.touch()
    with pytest.raises(RsbenchError, match=r"x\.rsbench\.zip is a bundle; rsbench report and rsbench\.load read it"):
        read_records([bundle])
