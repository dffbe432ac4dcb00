"""Time against density, drawn."""

from __future__ import annotations

import csv
from pathlib import Path

import bench_samples
import pytest

from rsbench.bench import plot
from rsbench.errors import RsbenchError


def test_a_figure_and_its_numbers_are_written(tmp_path: Path) -> None:
    written = plot.write(bench_samples.measured(densities=[0.001, 0.01, 0.1]), tmp_path / "cost.png")
    assert [path.name for path in written] == ["cost.png", "cost.svg", "cost.csv"]
    assert written[0].read_bytes().startswith(b"\x89PNG")
    assert "<svg" in written[1].read_text()
    rows = {(row["method"], row["density"]): row for row in csv.DictReader(written[2].read_text().splitlines())}
    assert rows["topk", "0.01"]["per_plain_ddp_median"] == "0.9"
    assert rows["topk", "0.01"]["per_plain_ddp_quartile_3"] == "0.9375"
    assert rows["noop", ""]["exchange_ms_median"] == "10"


def test_the_same_numbers_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = (
        plot.write(bench_samples.measured(threads=[1, 2], against="/x"), tmp_path / name)[1].read_bytes()
        for name in "ab"
    )
    assert first == second


def test_the_axis_of_densities_is_logarithmic() -> None:
    measured = bench_samples.measured()
    axes = plot._draw(measured, list(plot.by_density(measured))).axes[0]
    assert axes.get_xscale() == "log"
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0.001", "0.01"]
    assert "25th to 75th percentile" in axes.get_title(loc="left")
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["topk", "dgc"]
    assert "plain DDP" in [text.get_text() for text in axes.texts]


def test_one_density_is_no_curve(tmp_path: Path) -> None:
    with pytest.raises(RsbenchError, match="--plot needs a compressor with a density"):
        plot.write(bench_samples.measured(densities=[0.01]), tmp_path / "a.png")
