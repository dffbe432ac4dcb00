"""The README's table."""

from __future__ import annotations

import bench_samples

from rsbench.bench import summary


def test_methods_stand_down_and_densities_across() -> None:
    text = summary.markdown(bench_samples.measured())
    lines = text.splitlines()
    assert lines[0] == "`rsbench bench --density 0.001,0.01`"
    assert "Example CPU (AVX2, 256 bit)" in text
    rows = {cells[1].strip(): [cell.strip() for cell in cells[2:-1]] for cells in (row.split("|") for row in lines[6:])}
    assert rows["topk"] == ["0.75 (0.73-0.79)", "0.90 (0.88-0.94)", "2.00", "2.00"]
    assert rows["noop"][0] == rows["noop"][1] == "0.25 (0.23-0.29)", "the same at every density"
    assert "plain DDP, 40.0 ms" in rows


def test_threads_and_trees_are_rows_of_their_own() -> None:
    text = summary.markdown(bench_samples.measured(threads=[1, 2], against="/somewhere"))
    for words in ("| topk (this), 1 thread ", "| topk (1234567), 2 threads ", "| noop (this), 2 threads "):
        assert words in text
