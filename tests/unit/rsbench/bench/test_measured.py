"""Samples, their medians, and the file that keeps them."""

from __future__ import annotations

import json
from pathlib import Path

import bench_samples
import pytest

from rsbench.bench.measured import Measured, Spread
from rsbench.errors import RsbenchError


def test_a_spread_is_the_median_and_the_middle_half() -> None:
    assert Spread.of([5.0, 1.0, 2.0, 3.0, 4.0]) == Spread(3.0, 2.0, 4.0)
    assert Spread.of([7.0]) == Spread(7.0, 7.0, 7.0)
    assert Spread.of([]) is None
    assert Spread(2, 1, 3).overlaps(Spread(4, 3, 5))
    assert not Spread(2, 1, 3).overlaps(Spread(4, 3.5, 5))
    assert Spread(2.0, 1.0, 4.0).over(2.0) == Spread(1.0, 0.5, 2.0)


def test_an_exchange_is_the_slowest_ranks() -> None:
    measured = bench_samples.measured()
    spread = measured.find("topk", 0.001).exchange_s()
    assert spread is not None
    assert spread.median == pytest.approx(0.030), "rank 0's, which is 0.5 ms slower"
    ratio = measured.of_plain_ddp(measured.find("topk", 0.001))
    assert ratio is not None
    assert ratio.median == pytest.approx(0.75)
    assert (ratio.low, ratio.high) == (pytest.approx(29.25 / 40), pytest.approx(31.5 / 40))


def test_rows_of_two_threads_have_a_reference_of_two_threads() -> None:
    measured = bench_samples.measured(threads=[1, 2])
    two = measured.find("topk", 0.01, threads=2)
    spread, ratio = two.exchange_s(), measured.of_plain_ddp(two)
    assert spread is not None and ratio is not None
    assert (spread.median, ratio.median) == (pytest.approx(0.018), pytest.approx(0.9))


def test_compression_is_counted_in_copies_and_memory_beside_its_bound() -> None:
    measured = bench_samples.measured()
    dgc, topk = measured.find("dgc", 0.01), measured.find("topk", 0.01)
    spread = dgc.per_copy("compress_s")
    assert spread is not None and spread.median == pytest.approx(2.0)
    message = 3 * 40_000 / 4e6
    assert measured.memory_share(dgc) == (pytest.approx(2.0), pytest.approx(2.15 + message))
    assert measured.memory_share(topk) == (pytest.approx(2.0), pytest.approx(1.15 + message))
    assert measured.memory_share(measured.find("none")) is None


def test_what_is_kept_is_read_back_and_replaces_the_file_at_once(tmp_path: Path) -> None:
    measured, path = bench_samples.measured(), tmp_path / "b.json"
    path.write_text("older")
    measured.keep(path)
    again = Measured.read(path)
    assert again == measured
    assert list(tmp_path.iterdir()) == [path], "no temporary file is left"


def test_other_files_are_refused(tmp_path: Path) -> None:
    for text in ("{", "[]", '{"format": 1}', json.dumps({"format": 2, "rows": [{"row": {}}]})):
        (tmp_path / "x.json").write_text(text)
        with pytest.raises(RsbenchError, match=r"x\.json holds no samples"):
            Measured.read(tmp_path / "x.json")
    with pytest.raises(RsbenchError, match="cannot be written"):
        bench_samples.measured().keep(tmp_path / "x.json" / "y.json")
