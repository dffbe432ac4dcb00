"""Confusion, receiver operating characteristics, maps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from report_parts import only, panels
from rich_records import (
    with_confusion,
    with_pictures,
    with_targets,
)

from rsbench.reports.document.figure import Heat, Lines, Picture
from rsbench.results.records import read_records, write_record

Maker = Callable[..., dict[str, Any]]


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


def test_figures_pictures_behind_a_link_out_of_the_folder_are_not_shown(make_record: Maker, tmp_path: Path) -> None:
    (tmp_path / "cell-a").mkdir()
    (tmp_path / "cell-a/map.png").symlink_to(tmp_path / "secret.png")
    assert recorded_picture(with_pictures(make_record(), tmp_path), tmp_path / "cell-a", "map.png").path == Path()


def test_figures_pictures_without_a_folder_are_not_sought_in_the_working_folder(
    make_record: Maker, tmp_path: Path
) -> None:
    record = with_pictures(make_record(), tmp_path)
    del record["accuracy"]["pictures"][0]["path"]
    assert only(panels([record])["Maps"]).path == Path()
