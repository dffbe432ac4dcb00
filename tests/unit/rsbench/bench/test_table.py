"""What a benchmark shows."""

from __future__ import annotations

import io

import bench_samples
import pytest
from rich.console import Console

from rsbench.bench import table
from rsbench.reports import show


def shown(measured: bench_samples.Measured, width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width)
    show(table.report(measured), console)
    return console.file.getvalue()  # type: ignore[attr-defined]


def line(text: str, *words: str) -> str:
    return next(line for line in text.splitlines() if all(word in line for word in words))


def test_processor_and_vectors_stand_in_the_facts() -> None:
    first = table.facts(bench_samples.measured())[0]
    assert (
        first == "Example CPU (AVX2, 256 bit), 2 cores of 4 threads, turbo on; torch 2.14.1; loops compiled by numba."
    )
    eager = bench_samples.measured()
    eager.facts["kernels"] = "eager"
    assert "pip install 'rsbench[fast]'" in table.facts(eager)[0]


def test_rows_show_medians_and_middle_halves_and_fit_120_columns() -> None:
    text = shown(bench_samples.measured())
    assert max(map(len, text.splitlines())) <= 120
    assert "0.75 (0.73-0.79)" in line(text, "topk", "0.001", "100x")
    assert "2.00 of 1.18" in line(text, "topk", "0.001", "100x")
    assert text.count("Method") == 3, "exchange, compression, steps: none is cut in two"
    assert "2.00 (2.00-2.00)" in line(text, "dgc", "0.01", "16.0")
    assert "+20%" in line(text, "topk", "+")
    said = " ".join(text.split())
    assert "quicker than plain DDP: topk at 0.001 0.75x, topk at 0.01 0.90x. On slower links" in said
    assert "the middle half, from the 25th to the 75th percentile" in said
    assert "not quiet" not in text


def test_another_tree_stands_beside_and_is_compared_with() -> None:
    text = shown(bench_samples.measured(against="/somewhere"), 200)
    assert "0.50" in line(text, "topk (this)", "0.001", "100x")
    assert "60.0" in line(text, "topk (1234567)", "0.001", "100x")


def test_what_overlaps_with_plain_ddp_is_not_called_quicker() -> None:
    measured = bench_samples.measured()
    row = measured.find("topk", 0.01)
    row.rounds["exchange"] = [[{"exchange_s": [0.038, 0.0385, 0.0405]}]]
    said = " ".join(shown(measured, 200).split())
    assert (
        "quicker than plain DDP: topk at 0.001 0.75x. Not told apart from it (middle halves overlap): topk at " in said
    )
    assert "overlap): topk at 0.01 0.96x. On slower links" in said


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        (("plain DDP", "noop", "none"), "No compressor but none and noop was timed."),
        (("plain DDP", "dgc"), "On this machine's loopback no method is quicker than plain DDP. On slower links"),
    ],
)
def test_the_closing_sentence_speaks_of_what_was_timed(kept: tuple[str, ...], words: str) -> None:
    measured = bench_samples.measured()
    measured.rows = [one for one in measured.rows if one.row.method in kept]
    assert words in " ".join(shown(measured, 200).split())


def test_every_table_and_the_closing_sentence_name_threads_where_several_are_timed() -> None:
    measured = bench_samples.measured(threads=[1, 2])
    text = shown(measured, 200)
    assert text.count("Threads") == 3
    assert "topk at 0.001 on 1 thread 0.75x" in text
    assert "topk at 0.001 on 2 threads 0.75x" in text


def test_a_table_cut_in_two_repeats_what_tells_rows_apart() -> None:
    heads = [one for one in shown(bench_samples.measured(threads=[1, 2]), 60).splitlines() if "Method" in one]
    assert len(heads) > 3
    assert all("Density" in one or "Largest step" in one for one in heads)
    assert all("Threads" in one for one in heads)


def test_memory_is_explained_where_it_was_measured() -> None:
    measured = bench_samples.measured()
    assert "Memory: growth" in shown(measured)
    for one in measured.rows:
        one.rounds.pop("memory", None)
    assert "Memory" not in shown(measured)


def test_a_failed_row_is_named_and_the_others_are_shown() -> None:
    measured = bench_samples.measured()
    measured.find("dgc", 0.01).failed = "rank 0 raised ValueError: the tensor is full of eels"
    measured.find("dgc", 0.01).rounds.clear()
    text = shown(measured, 200)
    assert "dgc failed: rank 0 raised ValueError: the tensor is full of eels." in text
    assert "0.75" in line(text, "topk", "0.001", "100x")


def test_a_busy_machine_is_told() -> None:
    measured = bench_samples.measured()
    measured.machine["others_cores"] = 1.2
    assert "The machine was not quiet (others kept 1.2 cores busy): these times are rough." in shown(measured, 200)


def test_without_its_reference_a_stopped_run_still_shows_something() -> None:
    measured = bench_samples.measured()
    for one in measured.rows:
        if one.row.method != "noop":
            one.rounds.clear()
    assert "Plain DDP was not timed" in shown(measured, 200)


def test_floors_say_where_no_loop_was_compiled() -> None:
    measured = bench_samples.measured()
    measured.facts["kernels"] = "eager"
    assert "memory traffic only (momentum), torch operations" in shown(measured, 200)
