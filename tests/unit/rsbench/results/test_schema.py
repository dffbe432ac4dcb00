"""Versions of the record's schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fedfusion_records import with_facts

from rsbench.compressors import parse
from rsbench.errors import RsbenchError
from rsbench.results import schema


def test_results_every_older_schema_has_an_upgrade_or_is_refused() -> None:
    assert set(schema.UPGRADES) <= set(range(schema.SCHEMA))


@pytest.mark.parametrize(
    ("section", "name", "value", "words"),
    [
        ("provenance", "tuning_seed", {"a": 1}, "an integer or null"),
        ("provenance", "tuning_seed", "0", "an integer or null"),
        ("cell", "match", [[1]], "text"),
        ("cell", "deterministic", "no", "true or false"),
    ],
)
def test_results_fields_that_older_records_lack_are_checked_where_they_are(
    section: str, name: str, value: object, words: str, make_record: Callable[..., dict[str, Any]]
) -> None:
    record = make_record()
    record[section].pop(name, None)
    schema.check(record)
    record[section][name] = value
    with pytest.raises(RsbenchError, match=f'the field "{section}.{name}" is .* but must be {words}'):
        schema.check(record)


def test_results_what_a_model_tells_of_itself_is_checked_where_it_is(
    make_record: Callable[..., dict[str, Any]],
) -> None:
    told = with_facts(make_record(model="fedfusion:rank=4"))
    schema.check(told)
    facts = told["model"]["fedfusion"]
    for wrong, words in (
        ([], "must be an object$"),
        ({**facts, "rank": "four"}, "must be an object whose rank is an integer"),
        ({name: value for name, value in facts.items() if name != "join"}, "must be an object whose join is there"),
    ):
        with pytest.raises(RsbenchError, match=words):
            schema.check({**told, "model": {**told["model"], "fedfusion": wrong}})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("rsdgc", "rsdgc:policy=global_rank"),
        ("rsdgc:policy=lamp", "rsdgc"),
        ("rsdgc:alpha=0.5,values=fp16", "rsdgc:alpha=0.5,policy=global_rank,values=fp16"),
        ("rsdgc:floor=0.2,policy=lamp,values=fp16", "rsdgc:floor=0.2,values=fp16"),
        ("rsdgc:policy=uniform", "rsdgc:policy=uniform"),
        ("dgc:density=0.1", "dgc:density=0.1"),
    ],
)
def test_records_of_schema_2_say_what_rsdgc_meant_then(before: str, after: str) -> None:
    old = {"schema": 2, "cell": {"compressor": before}, "compressor": {"text": before}}
    new = schema.upgrade(old)
    assert (new["cell"]["compressor"], new["compressor"]["text"]) == (after, after)
    assert parse(after).text == after
    assert schema.upgrade({"schema": 2, "cell": {"compressor": before}, "compressor": None})["compressor"] is None
