"""Figure data: what is drawn is what was recorded, and no more of it than can be read."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich_records import with_confusion, with_history, with_pictures, with_targets

from rsbench.reports import build_report
from rsbench.reports.document.figure import Axis, Bars, Figure, Heat, Lines, Panel, Picture, Points
from rsbench.reports.figures.panels import MOST_BARS, MOST_LINES, MOST_POINTS, PARTS
from rsbench.reports.html import scales
from rsbench.results.records import read_records, write_record

Maker = Callable[..., dict[str, Any]]


def panels(records: list[dict[str, Any]]) -> dict[str, Panel]:
    (section,) = build_report(records).sections[:1]
    return {panel.title: panel for panel in section.figures}


def only(panel: Panel, kind: type[Figure] = Figure) -> Any:
    (figure,) = panel.figures
    assert isinstance(figure, kind)
    return figure


def test_figures_of_a_grid_without_histories(grid_records: list[dict[str, Any]]) -> None:
    found = panels(grid_records)
    assert list(found) == ["What is saved and what is lost", "Where the time goes", "Which classes are confused"]


def test_figures_points_are_the_tables_numbers(grid_records: list[dict[str, Any]]) -> None:
    panel = panels(grid_records)["What is saved and what is lost"]
    figure = only(panel, Points)
    assert [mark.label for mark in panel.legend] == ["none", "topk 100x", "dgc 100x", "rsdgc 100x"]
    assert [mark.style for mark in panel.legend] == [0, 1, 2, 3]
    topk = figure.series[1]
    assert topk.x == (40_000.0,)
    values = [100 * r["accuracy"]["test"]["oa"] for r in grid_records if is_cell(r, "topk", 0.05)]
    assert topk.y[0] == pytest.approx(statistics.fmean(values))
    assert topk.sd[0] == pytest.approx(statistics.stdev(values))
    assert figure.front == ((40_000.0, figure.series[3].y[0]),)


def is_cell(record: dict[str, Any], compressor: str, lr: float) -> bool:
    return record["status"] == "done" and (record["cell"]["compressor"], record["cell"]["lr"]) == (compressor, lr)


def test_figures_front_is_of_those_that_no_other_beats(make_record: Maker) -> None:
    records = [make_record(oa=0.8)]
    records += [make_record(compressor="topk", ratio=ratio, oa=oa) for ratio, oa in ((10.0, 0.7), (20.0, 0.75))]
    records += [make_record(compressor="dgc", ratio=ratio, oa=oa) for ratio, oa in ((10.0, 0.78), (40.0, 0.6))]
    figure = only(panels(records)["What is saved and what is lost"])
    assert [(x, round(y, 6)) for x, y in figure.front] == [(1e5, 60.0), (2e5, 75.0), (4e5, 78.0), (4e6, 80.0)]


def test_figures_bars_hold_the_whole_split(grid_records: list[dict[str, Any]]) -> None:
    figure = only(panels(grid_records)["Where the time goes"], Bars)
    assert figure.parts == PARTS
    rows = dict(figure.rows)
    assert list(rows) == ["none", "topk 100x", "dgc 100x", "rsdgc 100x", "noop"]
    assert dict(zip(PARTS, rows["topk 100x"], strict=True))["compress"] == pytest.approx(60.0)
    assert sum(rows["none"]) == pytest.approx(100.0)


def test_figures_keep_to_what_can_be_read(make_record: Maker) -> None:
    many = [make_record(oa=0.7)]
    many += [make_record(compressor="topk", ratio=float(n), oa=0.5 + n / 100) for n in range(2, 32)]
    found = panels([with_history(record) for record in many])
    pareto = found["What is saved and what is lost"]
    assert len(only(pareto).series) == MOST_POINTS
    assert pareto.note == "7 more methods are in the tables only."
    assert pareto.legend[0].label == "none"
    assert len(only(found["Where the time goes"]).rows) == MOST_BARS
    lines = found["How training went"].figures[0]
    assert isinstance(lines, Lines)
    labels = [one.mark.label for one in lines.series]
    assert labels == ["none", *(f"topk {n}x" for n in range(25, 32))]
    assert len(labels) == MOST_LINES
    assert "Drawn are the best. 23 more methods are in the tables only." in found["How training went"].note


def test_figures_curves_are_means_over_seeds_at_common_steps(make_record: Maker) -> None:
    records = [with_history(make_record(seed=seed, oa=0.8 + seed / 100), epochs=4) for seed in (0, 1)]
    records[1]["history"].pop()
    panel = panels(records)["How training went"]
    titles = [figure.title for figure in panel.figures]
    assert titles == [
        f"{what} against {against}"
        for what in ("Validation OA", "Training loss")
        for against in ("steps", "time", "bytes")
    ]
    steps, seconds, sent = (figure for figure in panel.figures[:3] if isinstance(figure, Lines))
    assert steps.series[0].x == (20.0, 40.0, 60.0)
    scores = [100 * record["history"][0]["val_score"] for record in records]
    assert steps.series[0].y[0] == pytest.approx(statistics.fmean(scores))
    assert steps.series[0].sd[0] == pytest.approx(statistics.stdev(scores))
    assert seconds.series[0].x[0] == pytest.approx(2.0 + 0.15)
    assert sent.series[0].x[0] == 600_000_000
    assert sent.x.log


def test_figures_of_schema_1_have_no_curves(grid_records: list[dict[str, Any]]) -> None:
    old = [record | {"history": []} for record in grid_records]
    assert "How training went" not in panels(old)


def test_figures_density_only_where_it_changes(make_record: Maker) -> None:
    records = [with_history(make_record(compressor=name, ratio=100.0), epochs=5) for name in ("dgc", "rsdgc")]
    panel = panels([with_history(make_record(), epochs=5), *records])["Density of tensors over the run"]
    figure = only(panel, Heat)
    assert figure.title == "rsdgc 100x"
    assert figure.columns == ("20", "40", "60", "80", "100")
    assert figure.rows[0] == "features.0.weight"
    strengths = [value for row in figure.values for value in row]
    assert max(strengths) == pytest.approx(1.0)
    assert min(strengths) > 0
    assert figure.values[7][0] > figure.values[7][4] > figure.values[0][4]


def test_figures_confusion_is_of_rows_over_all_seeds(make_record: Maker) -> None:
    records = [with_confusion(make_record(seed=seed), ["meadow", "forest"]) for seed in (0, 1)]
    for record, matrix in zip(records, ([[8, 2], [0, 10]], [[6, 4], [0, 10]]), strict=True):
        record["accuracy"]["test"]["confusion"] = matrix
    figure = only(panels(records)["Which classes are confused"], Heat)
    assert figure.values == ((0.7, 0.3), (0.0, 1.0))
    assert figure.texts == (("70", "30"), ("", "100"))
    assert figure.rows == ("meadow 1", "forest 2")
    assert figure.caption == "Most often: meadow taken for forest (30 %)"


def test_figures_confusion_of_many_classes_has_numbers_only(make_record: Maker) -> None:
    records = [make_record(), *(make_record(compressor=name, ratio=10.0) for name in ("topk", "dgc", "rsdgc"))]
    panel = panels([with_confusion(record, [f"class {n}" for n in range(21)]) for record in records])
    confusion = panel["Which classes are confused"]
    assert [figure.title for figure in confusion.figures] == ["none", "topk 10x", "dgc 10x"]
    assert isinstance(confusion.figures[0], Heat)
    assert confusion.figures[0].rows[20] == "21"
    assert confusion.figures[0].texts == ()


def test_figures_of_targets(make_record: Maker) -> None:
    record = with_targets(make_record())
    record["accuracy"]["test"]["roc"] = [[0.0, 0.1], [0.01, 0.5], [1.0, 1.0], [None, 1.0], ["x", 2], [1]]
    record["accuracy"]["test"] |= {"oa": None, "aa": None, "kappa": None, "confusion": [[1]]}
    figure = only(panels([record])["How targets are found"], Lines)
    assert figure.series[0].x == (0.01, 0.01, 1.0, 1.0)
    assert figure.series[0].y == (0.1, 0.5, 1.0, 1.0)


def recorded_picture(record: dict[str, Any], cell: Path, file: str) -> Picture:
    """Write a record that names a picture, read it back and return the figure."""
    record["accuracy"]["pictures"] = [{"file": file, "title": "prediction, truth beside it", "path": "/etc/a.png"}]
    write_record(cell, record)
    (read,), problems = read_records([cell])
    assert problems == []
    figure: Picture = only(panels([read])["Maps"], Picture)
    return figure


@pytest.mark.parametrize("file", ["map.png", "maps/map.png"])
def test_figures_pictures_come_from_the_cells_folder(file: str, make_record: Maker, tmp_path: Path) -> None:
    figure = recorded_picture(with_pictures(make_record(), tmp_path), tmp_path / "cell-a", file)
    assert figure.path == tmp_path / "cell-a" / file
    assert figure.title == "none, seed 0"
    assert figure.caption == "prediction, truth beside it"


@pytest.mark.parametrize("file", ["../secret.png", "/etc/secret.png", "a/../../b.png"])
def test_figures_pictures_outside_the_folder_are_not_looked_for(file: str, make_record: Maker, tmp_path: Path) -> None:
    assert recorded_picture(with_pictures(make_record(), tmp_path), tmp_path / "cell-a", file).path == Path()


def test_figures_pictures_without_a_folder_are_not_sought_in_the_working_folder(
    make_record: Maker, tmp_path: Path
) -> None:
    record = with_pictures(make_record(), tmp_path)
    del record["accuracy"]["pictures"][0]["path"]
    assert only(panels([record])["Maps"]).path == Path()


def test_figures_scaling_needs_the_same_work_on_several_numbers_of_workers(make_record: Maker) -> None:
    records = [make_record(workers=workers, split_ms={"wait_s": 20.0 * workers}) for workers in (2, 4)]
    records += [make_record(workers=2, compressor="topk", ratio=10.0), make_record(workers=4, epochs=5)]
    (panel,) = build_report(records).figures
    step, speed = panel.figures
    assert isinstance(step, Lines)
    assert isinstance(speed, Lines)
    assert [mark.label for mark in panel.legend] == ["none"]
    assert step.series[0].x == (2.0, 4.0)
    assert step.series[0].y == pytest.approx((93.0, 133.0))
    two, four = (record["time"]["images_per_s"] for record in records[:2])
    assert speed.series[0].y == pytest.approx((1.0, four / two))
    assert speed.guide == ((2.0, 1.0), (4.0, 2.0))
    assert build_report(records[1:]).figures == ()


def test_figures_origin_names_versions_and_data(make_record: Maker) -> None:
    facts = {"argv": ["/bin/rsbench", "compare", "--data-root", "my data"], "git_sha": "0123456789abcdef"}
    records = [make_record(seed=seed, provenance=facts | {"git_dirty": seed == 1}) for seed in (0, 1)]
    found = dict(build_report(records).sections[0].origin.facts)
    assert found["rsbench"] == "0.1.0 (0123456789ab), 0.1.0 (0123456789ab, changed)"
    assert found["torch"] == "2.14.1"
    assert found["data fingerprint"] == "f00d"
    assert found["batch size"] == "32"
    assert "GPU" not in found


@pytest.mark.parametrize(
    ("axis", "values", "texts"),
    [
        (Axis(title="x"), (0, 600), ["0", "200", "400", "600"]),
        (Axis(title="x", unit="%"), (70.2, 82.1), ["70", "75", "80"]),
        (Axis(title="x", unit="s"), (0, 7000), ["0", "50", "100"]),
        (Axis(title="x", unit="B", log=True), (4.5e3, 4.5e6), ["10 kB", "100 kB", "1 MB"]),
        (Axis(title="x", unit="B", log=True), (1e5, 4e5), ["100 kB", "200 kB"]),
        (Axis(title="x", log=True), (3.0, 3.0), ["2.9", "3", "3.1"]),
        (Axis(title="x"), (5.0, 5.0), ["5"]),
        (Axis(title="x", log=True), (0.0, -1.0), ["1"]),
        (Axis(title="x"), (0.0, 1.0, 1e300), ["0", "0.25", "0.5", "0.75", "1"]),
    ],
)
def test_figures_axes_have_few_round_ticks(axis: Axis, values: tuple[float, ...], texts: list[str]) -> None:
    scale = scales.scale_of(axis, values, 0.03)
    assert set(texts) <= set(scale.texts)
    assert 1 <= len(scale.texts) <= scales.MOST_TICKS + 1
    assert all(scale.low <= tick <= scale.high for tick in scale.ticks)
    assert sorted(set(scale.ticks)) == list(scale.ticks)


def test_figures_long_times_are_told_in_minutes_and_hours() -> None:
    axis = Axis(title="time", unit="s")
    assert [scales.scale_of(axis, (0, high), 0.0).title for high in (599, 3600, 90_000)] == [
        "time (s)",
        "time (min)",
        "time (h)",
    ]
    assert scales.scale_of(axis, (0, 3600), 0.0).texts == ("0", "20", "40", "60")
