"""Tables of partitions: the classes of each client, and the same work under several partitions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rsbench.errors import RsbenchError
from rsbench.reports import build_report
from rsbench.reports.document.table import Report, Section
from rsbench.results import schema

Maker = Callable[..., dict[str, Any]]
CLIENTS = [[30, 0], [2, 28]]


def skewed(make_record: Maker, clients: list[list[int]] = CLIENTS, **given: Any) -> dict[str, Any]:
    record = make_record(partition="dirichlet:0.1", **given)
    record["dataset"]["classes"] = ["field", "forest"]
    record["dataset"]["partition"] = {"text": "dirichlet:0.1", "clients": clients}
    return record


def section_of(report: Report, title: str) -> Section:
    return next(one for one in report.sections if one.title.startswith(title))


def test_classes_stand_by_client_and_the_title_says_the_partition(make_record: Maker) -> None:
    records = [skewed(make_record, [[1, 1], [1, 1]], seed=1), skewed(make_record, seed=0)]
    for record in records:
        schema.check(record)
    section = build_report(records).sections[0]
    assert section.title == "UC Merced Land Use, smallvgg, 2 workers on cpu, class shares from Dirichlet(0.1)"
    table = section.tables[-1]
    assert table.title == "Samples of each class by client (class shares from Dirichlet(0.1), seed 0)"
    assert [column.title for column in table.columns] == ["Class", "Client 0", "Client 1"]
    assert table.rows == (("field", "30", "2"), ("forest", "0", "28"), ("all", "30", "30"))


def test_without_classes_there_is_one_count_a_client_and_modalities_are_named(make_record: Maker) -> None:
    record = skewed(make_record, [[30], [31]])
    record["dataset"]["partition"]["modalities"] = ["HSI", "LiDAR"]
    table = build_report([record]).sections[0].tables[-1]
    assert [column.title for column in table.columns] == ["Class", "Client 0, HSI", "Client 1, LiDAR"]
    assert table.rows == (("all", "30", "31"),)
    assert "client" not in build_report([make_record()]).sections[0].tables[-1].title


@pytest.mark.parametrize(
    "broken",
    [
        "classes:5",
        {"text": "classes:5"},
        {"text": None, "clients": CLIENTS},
        {"text": "classes:5", "clients": []},
        {"text": "classes:5", "clients": [[1, 2], [3]]},
        {"text": "classes:5", "clients": [[1, 2], [3, -1]]},
        {"text": "classes:5", "clients": CLIENTS, "modalities": ["HSI"]},
        {"text": "classes:5", "clients": CLIENTS, "modalities": [1, 2]},
    ],
)
def test_a_record_with_broken_clients_is_refused(make_record: Maker, broken: Any) -> None:
    record = make_record()
    record["dataset"]["partition"] = broken
    with pytest.raises(RsbenchError, match=r"dataset\.partition.*counts for each client"):
        schema.check(record)
    record["dataset"]["partition"] = None
    schema.check(record)


def test_methods_stand_beside_themselves_under_each_partition(make_record: Maker) -> None:
    scores = {
        ("none", None): (0.90, 0.91, 0.92),
        ("topk", None): (0.88, 0.90, 0.89),
        ("none", "classes:5"): (0.80, 0.82, 0.81),
        ("topk", "classes:5"): (0.60, 0.58, 0.62),
    }
    records = [
        make_record(compressor=name, ratio=100.0 if name == "topk" else None, seed=seed, oa=oa)
        | ({} if partition is None else {"key": f"{name}{seed}p"})
        for (name, partition), values in scores.items()
        for seed, oa in enumerate(values)
    ]
    for record, partition in zip(records, [None] * 6 + ["classes:5"] * 6, strict=True):
        record["cell"] |= {} if partition is None else {"partition": partition}
    report = build_report(records[::-1])
    section = section_of(report, "Across partitions")
    assert section.title == "Across partitions: UC Merced Land Use, smallvgg, 2 workers on cpu"
    (table,) = section.tables
    assert [column.heading for column in table.columns] == [
        *("Method", "OA, iid (%) ↑", "OA, classes:5 (%) ↑", "classes:5 minus iid (points)")
    ]
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["none"][:2] == ("91.0 ± 1.0", "81.0 ± 1.0")
    assert rows["none"][2].startswith("-10.0 [") and not rows["none"][2].endswith("~")
    assert rows["topk 100x"][2].startswith("-29.0 [")
    assert section.conclusion == (
        "Against iid, classes:5 changes OA by -29.0 (topk 100x) to -10.0 (none) points; the interval lies below zero "
        "in 2 of 2 rows."
    )
    assert any("2 comparisons" in note for note in section.notes)
    assert list(report.methods.frame()["partition"]) == ["classes:5", "classes:5", "", ""]


def test_one_common_seed_is_said_to_be_one(make_record: Maker) -> None:
    section = section_of(build_report([make_record(), skewed(make_record, oa=0.7)]), "Across partitions")
    assert section.conclusion == (
        "Against iid, dirichlet:0.1 changes OA by -10.0 (none) points, which cannot be judged from one common seed."
    )
    alone = section_of(build_report([make_record(), skewed(make_record, seed=1)]), "Across partitions")
    assert alone.conclusion == "No method has a seed in common under dirichlet:0.1 and iid."
