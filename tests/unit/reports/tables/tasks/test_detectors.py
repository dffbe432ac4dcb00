"""The table of detectors before and after background suppression."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rsbench.errors import RsbenchError
from rsbench.reports import build_report
from rsbench.reports.analysis.methods import methods_of
from rsbench.reports.document.table import Section, Table
from rsbench.results import schema

Maker = Callable[..., dict[str, Any]]
RAW = {"RX": 0.91, "local RX": 0.92}
SUPPRESSION = {"score": "RX after background suppression", "mode": "gamma", "k": 10, "t": 500, "noise_variance": 0.008}


def anomalies(make_record: Maker, compressor: str = "none", loss: float = 0.006, **given: Any) -> dict[str, Any]:
    """A finished cell of anomaly detection, whose areas rise with its seed."""
    area = 0.9 + 0.01 * given.get("seed", 0)
    said = {"suppression": SUPPRESSION, "pixels_per_step": 1024, "classes": ["background", "anomaly"]}
    record = make_record(task="targets", oa=area, compressor=compressor, dataset=said, **given)
    record["dataset"]["task"] = "anomalies"
    record["cell"]["model"] = "bsdm"
    accuracy = record["accuracy"]
    areas = {"auc_pd_pf": 0.0, "auc_pd_tau": 0.2, "auc_pf_tau": 0.1}
    accuracy["baselines"] = {name: areas | {"auc_pd_pf": value} for name, value in RAW.items()}
    accuracy["val"], accuracy["val_score"] = [{"epoch": 0, "loss": loss}], None
    after = {"RX": areas | {"auc_pd_pf": area}, "local RX": areas | {"auc_pd_pf": 0.5}}
    accuracy["test"] |= {"loss": loss, "loss_share": loss / 0.008, "detectors": after}
    schema.check(record)
    return record


def table_of(section: Section, beginning: str) -> Table:
    return next(table for table in section.tables if table.title.startswith(beginning))


def test_rows_are_the_scene_as_it_is_and_each_method(make_record: Maker) -> None:
    records = [anomalies(make_record, seed=seed) for seed in (0, 1, 2)]
    records += [anomalies(make_record, "topk", loss=0.004, seed=seed, ratio=20.0) for seed in (0, 1, 2)]
    section = build_report(records).sections[0]
    table = table_of(section, "Detectors before and after")
    assert [column.title for column in table.columns] == [
        *("Method", "RX", "local RX", "Loss", "Loss / noise variance"),
    ]
    assert [[str(getattr(cell, "text", cell)) for cell in row] for row in table.rows] == [
        ["scene as it is", "0.9100", "0.9200", "-", "-"],
        ["none", "0.9100 ± 0.0100", "0.5000 ± 0.0000", "0.00600 ± 0.00000", "0.750 ± 0.000"],
        ["topk 20x", "0.9100 ± 0.0100", "0.5000 ± 0.0000", "0.00400 ± 0.00000", "0.500 ± 0.000"],
    ]
    words = " ".join(section.notes)
    assert "scored by RX after background suppression with gamma weights and K = 10, t = 500" in words
    assert "1,024 pixels drawn at random, where the paper takes the whole image" in words


def test_only_bsdm_is_held_against_its_paper(make_record: Maker) -> None:
    record = anomalies(make_record)
    record["cell"]["model"] = "aae"
    words = " ".join(build_report([record]).sections[0].notes)
    assert "1,024 pixels drawn at random. Marks choose nothing" in words and "the paper takes" not in words


def test_the_lowest_validation_loss_chooses_the_rate(make_record: Maker) -> None:
    records = [anomalies(make_record, lr=lr, loss=loss) for lr, loss in ((0.001, 0.007), (0.003, 0.005), (0.01, 0.006))]
    [method] = methods_of(records)
    assert method.rate == 0.003
    table = table_of(build_report(records).sections[0], "Validation loss by learning rate")
    assert [str(getattr(cell, "text", cell)) for cell in table.rows[0]] == ["none", "0.00700", "0.00500 *", "0.00600"]
    assert {column.better for column in table.columns[1:]} == {"lower"}


def test_other_tasks_have_no_such_table(make_record: Maker) -> None:
    tables = build_report([make_record()]).sections[0].tables
    assert not any(table.title.startswith("Detectors") for table in tables)


@pytest.mark.parametrize("wrong", [None, [1], {"RX": 0.5}, {"RX": {"auc_pd_pf": 1.5}}])
def test_a_record_with_other_detectors_is_refused(make_record: Maker, wrong: object) -> None:
    record = anomalies(make_record)
    record["accuracy"]["test"]["detectors"] = wrong
    with pytest.raises(RsbenchError, match=r"accuracy\.test\.detectors.*an object of objects of numbers from 0 to 1"):
        schema.check(record)


def test_a_row_is_validated_best_by_its_lowest_loss(make_record: Maker) -> None:
    records = [anomalies(make_record, "none", loss=0.004), anomalies(make_record, "topk", loss=0.006)]
    dense, sparse = methods_of(records)
    assert dense.validated > sparse.validated


def test_a_rate_is_chosen_where_the_tuning_seed_alone_has_finished(make_record: Maker) -> None:
    rates = [anomalies(make_record, loss=loss, lr=rate, seed=7) for rate, loss in ((0.1, 0.006), (0.2, 0.004))]
    for record in rates:
        record["provenance"]["tuning_seed"] = 7
    (method,) = methods_of(rates)
    assert not method.done and method.rate == 0.2
