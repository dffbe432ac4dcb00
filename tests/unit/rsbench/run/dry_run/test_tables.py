"""A plan as a list of costs."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from screen_parts import SPEC

from rsbench.planning.estimate import Estimate
from rsbench.planning.job import Job
from rsbench.planning.phases import PlannedPhase
from rsbench.reports.document.table import Notes
from rsbench.run.dry_run.document import document
from rsbench.run.dry_run.expectation import Expectation
from rsbench.run.dry_run.groups import by_method, by_setting
from rsbench.run.dry_run.phase_table import phase_tables
from rsbench.run.dry_run.sentences import data_sentences, headline
from rsbench.run.dry_run.tables import methods_table, settings_table, span
from rsbench.run.queue import FixedQueue
from rsbench.units import bytes_text

GPU = replace(SPEC, device="cuda", workers=8)


def job(payload_bytes: int, **changes: Any) -> Job:
    """A cell of ten steps."""
    estimate = Estimate(
        payload_bytes_per_step=payload_bytes / 10,
        total_payload_bytes=payload_bytes,
        compression_ratio=100.0,
        wire_ratio=99.0,
        memory_bytes_per_worker=2_000_000,
        flops_per_step=1.0,
    )
    spec = replace(GPU, **changes)
    return Job(spec=spec, task="scenes", compressor=spec.compressor, steps_per_epoch=10, steps=10, estimate=estimate)


JOBS = [
    job(1000, compressor="none", ratio=None),
    job(3000, compressor="none", ratio=None, model="vgg19"),
    *(job(10, seed=seed) for seed in (0, 1)),
]
EXPECTED = [Expectation(time_s=900.0, measured=False) for _ in JOBS]


def test_the_headline_adds_up_all_cells() -> None:
    assert headline("4 cells", JOBS, EXPECTED) == (
        "4 cells, at least 1 h 00 min on 8 GPUs, 8 GPU hours, 4.02 kB of payload a worker"
    )
    mixed = [job(10, workers=2, device="cpu"), job(10, workers=4, device="cpu")]
    assert headline("at most 2 cells", mixed, EXPECTED[:2]) == (
        "At most 2 cells, at least 30 min 00 s on up to 4 CPU workers, 20.0 B of payload a worker"
    )
    assert headline("0 cells", [], []) == "Nothing is left to run"


def test_one_row_a_method_and_ratio() -> None:
    rows = methods_table(by_method(JOBS, EXPECTED), Notes()).rows
    assert rows == (
        ("none", "x 2", "100 B to 300 B", "100x", "4.00 kB", "30 min 00 s"),
        ("rsdgc 100x", "x 2", "1.00 B", "100x", "20.0 B", "30 min 00 s"),
    )


def test_one_row_a_setting() -> None:
    rows = settings_table(by_setting(JOBS, EXPECTED)).rows
    assert rows == (
        ("ucm21 smallvgg", "8 cuda", "x 3", "10", "2.00 MB", "45 min 00 s"),
        ("ucm21 vgg19", "8 cuda", "x 1", "10", "2.00 MB", "15 min 00 s"),
    )


def test_links_have_columns_where_there_are_any() -> None:
    linked = job(10, link="50mbit")
    table = settings_table(by_setting([linked, JOBS[0]], [Expectation(time_s=9.0, measured=True, link_s=4.0)] * 2))
    assert [column.title for column in table.columns][-2:] == ["sent", "on the link"]
    assert [row[-1] for row in table.rows] == ["4 s", "-"] and table.rows[0][0] == "ucm21 smallvgg 50mbit"


def test_a_span_names_both_ends_only_where_they_look_different() -> None:
    assert span([1.0, 1.001], bytes_text) == "1.00 B"
    assert span([5e6, 1e3], bytes_text) == "1.00 kB to 5.00 MB"


def test_the_document_has_raw_numbers() -> None:
    told = document(FixedQueue(JOBS), EXPECTED, ["a note"])
    assert (told["time_s"], told["gpu_hours"], told["payload_bytes"]) == (3600.0, 8.0, 4020)
    assert [one["cells"] for one in told["methods"]] == [2, 2] and len(told["cells"]) == 4
    assert (told["cells_are_upper_bound"], told["time_is_lower_bound"]) == (False, True)
    assert told["cells"][0]["time_is_measured"] is False and told["notes"] == ["a note"]


def test_sets_that_are_missing_are_named_once_with_their_sizes(tmp_path: Any) -> None:
    dataset: Any = SimpleNamespace(contents="21 classes")
    located: Any = {
        "ucm21": SimpleNamespace(dataset=dataset, is_on_disk=False),
        "synthetic": SimpleNamespace(dataset=dataset, is_on_disk=True),
    }
    assert data_sentences(located, tmp_path) == [
        f"Not in {tmp_path}, so planned from the declared size: ucm21 (21 classes)."
    ]


def test_phases_are_shown_apart_and_summed_where_there_are_several() -> None:
    assert phase_tables(by_method(JOBS, EXPECTED)) == []
    sizes: Any = {"samples": 1050, "epochs": 10, "steps": 170, "wire_bytes": 1.0}
    score = PlannedPhase(name="score", **sizes, payload_bytes=6000, score_bytes=924_000)
    train = PlannedPhase(name="train", **{**sizes, "samples": 525, "steps": 240}, payload_bytes=8000, score_bytes=0)
    jobs = [replace(job(14_000, prune="tdds:0.5", seed=seed), phases=(score, train)) for seed in (0, 1)]
    (table,) = phase_tables(by_method([JOBS[0], *jobs], EXPECTED[:3]))
    assert [column.title for column in table.columns] == [
        "method, phase",
        "samples",
        "epochs",
        "steps",
        "payload",
        "scores",
    ]
    method = "rsdgc 100x tdds:0.5"
    assert table.rows == (
        (f"{method}, scoring", "1,050", "10", "170", "6.00 kB", "924 kB"),
        (f"{method}, training", "525", "10", "240", "8.00 kB", "-"),
        (f"{method}, all", "-", "20", "410", "14.0 kB", "924 kB"),
    )
    assert headline("2 cells", jobs, EXPECTED[:2]).endswith("1.88 MB of payload and scores a worker")
    assert methods_table(by_method(jobs, EXPECTED[:2]), Notes()).rows[0][4] == "1.88 MB"
    assert document(FixedQueue(jobs), EXPECTED[:2], [])["score_bytes"] == 2 * 924_000
    phases = document(FixedQueue(jobs[:1]), EXPECTED[:1], [])["cells"][0]["phases"]
    assert [(phase["name"], phase["steps"], phase["score_bytes"]) for phase in phases] == [
        ("score", 170, 924_000),
        ("train", 240, 0),
    ]
