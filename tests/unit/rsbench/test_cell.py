"""A cell's identity: what changes its key, its names, and what it refuses."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import pytest

from rsbench.cell import KEY_VERSION, CellSpec, key_version_of
from rsbench.errors import RsbenchError

BASE = CellSpec(
    dataset="ucm21",
    dataset_fingerprint="abc",
    model="smallvgg",
    compressor="rsdgc",
    ratio=100,
    lr=0.05,
    seed=0,
    workers=2,
    device="cpu",
    epochs=3,
    batch_size=32,
    image_size=64,
    split="50/10/40",
)
OTHER_VALUES = {
    "model_source": "sha256:0",
    "dataset": "nwpu45",
    "dataset_fingerprint": "abd",
    "model": "vgg19",
    "weights": "DEFAULT",
    "compressor": "rsdgc:alpha=1",
    "ratio": 50.0,
    "match": "wire",
    "lr": 0.1,
    "seed": 1,
    "workers": 3,
    "device": "cuda",
    "epochs": 4,
    "max_steps": 7,
    "batch_size": 16,
    "image_size": 32,
    "split": "official",
    "partition": "classes:5",
    "optimizer": "adam",
    "momentum": 0.8,
    "weight_decay": 0.0,
    "schedule": "step",
    "warmup_epochs": 0.0,
    "clip_norm": 1.0,
    "label_smoothing": 0.1,
    "channels_last": True,
    "bf16": True,
    "bucket_cap_mb": 1.0,
    "deterministic": False,
    "link": "50mbit",
    "sync": "rounds:8",
    "prune": "tdds:0.5",
}


def test_every_field_changes_the_key() -> None:
    assert set(OTHER_VALUES) == {field.name for field in fields(CellSpec)}
    keys = {BASE.key} | {replace(BASE, **{name: value}).key for name, value in OTHER_VALUES.items()}
    assert len(keys) == len(OTHER_VALUES) + 1


def test_the_length_that_the_ratio_chose_changes_no_key_and_no_folder_but_the_label() -> None:
    asked, chosen, given = (replace(BASE, sync=text) for text in ("rounds:prox", "rounds=8:prox", "rounds:8:prox"))
    assert asked.key == chosen.key != given.key
    assert (asked.folder_name, asked.row) == (chosen.folder_name, chosen.row)
    assert "rounds=8:prox" in chosen.label
    assert CellSpec.from_dict(chosen.to_dict()) == chosen


def test_key_does_not_depend_on_how_a_number_was_typed() -> None:
    assert replace(BASE, ratio=100).key == replace(BASE, ratio=100.0).key
    assert len(BASE.key) == 12


def test_the_version_of_keys_changes_the_key_and_the_schema_of_records_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = BASE.key
    monkeypatch.setattr("rsbench.results.schema.SCHEMA", 999)
    assert BASE.key == before
    monkeypatch.setattr("rsbench.cell.KEY_VERSION", 999)
    assert BASE.key != before


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({}, "80ace5610d15"),
        ({"ratio": None, "compressor": "none"}, "6a8965a21d71"),
        ({"optimizer": "adam", "momentum": 0.0, "max_steps": 7, "clip_norm": 1}, "acb0664416d8"),
        (
            {
                "split": "random:10/90",
                "bf16": True,
                "channels_last": True,
                "schedule": "step",
                "weights": "DEFAULT",
            },
            "4d960b77c0a0",
        ),
    ],
)
def test_keys_stay_what_they_were_when_the_first_cells_of_these_rules_ran(changes: dict[str, Any], key: str) -> None:
    assert replace(BASE, **{"compressor": "dgc", **changes}).key == key


def test_cells_of_a_compressor_whose_default_changed_run_again() -> None:
    before = replace(BASE, compressor="rsdgc").key
    assert before == "1c6b7151dd78"
    assert before != "1701227cd284", "by which records of the former default are found"


@pytest.mark.parametrize(("record", "version"), [({}, 2), ({"key_version": 2}, 2), ({"key_version": 3}, 3)])
def test_a_record_that_says_nothing_is_of_the_earlier_rules(record: dict[str, Any], version: int) -> None:
    assert key_version_of(record) == version


def test_the_rules_of_the_fixed_test_part_have_a_key_version_of_their_own() -> None:
    assert KEY_VERSION == 3


def test_a_new_field_enters_key_and_record_only_where_it_differs_from_its_default() -> None:
    @dataclass(frozen=True, kw_only=True)
    class LaterSpec(CellSpec):
        local_steps: int = 1

    later = LaterSpec(**BASE.to_dict())
    assert later.to_dict() == BASE.to_dict()
    assert replace(later, local_steps=4).to_dict() == {**BASE.to_dict(), "local_steps": 4}
    assert later.key == BASE.key
    assert replace(later, local_steps=4).key != BASE.key
    assert replace(later, momentum=0.8).key == replace(BASE, momentum=0.8).key, "old fields always enter"


def test_names() -> None:
    assert BASE.label == "ucm21 smallvgg rsdgc 100x lr 0.05 seed 0, 2 workers"
    assert BASE.folder_name == f"ucm21-smallvgg-rsdgc-100x-lr0.05-s0-{BASE.key}"
    free = replace(BASE, ratio=None, compressor="topk:density=0.01,values=fp16")
    assert "/" not in free.folder_name and ":" not in free.folder_name and "None" not in free.label


def test_a_models_options_have_one_key_and_a_plain_folder() -> None:
    short, long = (replace(BASE, model=text) for text in ("fedfusion", "fedfusion:join=both,rank=8"))
    assert short == long and short.key == long.key and short.model == "fedfusion:rank=8"
    assert short.folder_name == f"ucm21-fedfusion_rank_8-rsdgc-100x-lr0.05-s0-{short.key}"
    assert replace(BASE, model="fedfusion:rank=4").key != short.key


def test_dict_round_trip() -> None:
    fast = replace(BASE, deterministic=False)
    assert [CellSpec.from_dict(spec.to_dict()) for spec in (BASE, fast)] == [BASE, fast]


def test_a_fast_cell_is_one_of_its_own_and_says_so() -> None:
    base = replace(BASE, compressor="dgc")
    fast = replace(base, deterministic=False)
    assert (base.key, fast.key) == ("80ace5610d15", "0220267688d2")
    assert fast.to_dict() == {**base.to_dict(), "deterministic": False}
    assert fast.label == f"{base.label}, fast"
    assert fast.row != base.row


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ratio": 0}, "ratio is 0"),
        ({"ratio": float("nan")}, "ratio is nan"),
        ({"lr": -1.0}, "lr is -1"),
        ({"workers": 0}, "workers is 0"),
        ({"momentum": 1.0}, "momentum is 1"),
        ({"match": "paylod"}, 'Did you mean "payload"'),
        ({"split": "50/60"}, "sum to 100"),
        ({"split": "half"}, "50/10/40"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_impossible_values_are_refused(change: dict[str, object], words: str) -> None:
    with pytest.raises(RsbenchError, match=words):
        CellSpec.from_dict({**BASE.to_dict(), **change})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"modle": "x"}, 'Did you mean "model"'),
        ({"epochs": "3"}, "must be a whole number"),
        ({"epochs": 3.5}, "whole number"),
    ],
)
def test_wrong_fields_are_named(values: dict[str, object], words: str) -> None:
    with pytest.raises(RsbenchError, match=words):
        CellSpec.from_dict({**BASE.to_dict(), **values})


@pytest.mark.parametrize("name", ["lr", "split"])
def test_missing_field_is_named(name: str) -> None:
    values = BASE.to_dict()
    del values[name]
    with pytest.raises(RsbenchError, match=f"A cell is not complete: .*'{name}'"):
        CellSpec.from_dict(values)


def test_cells_that_match_wire_bytes_follow_the_formula_of_wire_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    wire, payload = replace(BASE, match="wire"), replace(BASE, match="payload")
    keys = wire.key, payload.key
    monkeypatch.setattr("rsbench.cell.WIRE_VERSION", 3)
    assert wire.key != keys[0]
    assert payload.key == keys[1]


@pytest.mark.parametrize("name", ["sync", "partition", "link", "compressor", "split"])
@pytest.mark.parametrize("value", [5, ["rounds:8"], True])
def test_a_text_that_is_none_is_refused(name: str, value: Any) -> None:
    with pytest.raises(RsbenchError, match=f'"{name}" is .*but must be text'):
        CellSpec.from_dict({**BASE.to_dict(), name: value})
