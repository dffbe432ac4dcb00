"""What a record may say of phases and of kept samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pruned_records import pruned

from rsbench.errors import RsbenchError
from rsbench.results import schema


@pytest.mark.parametrize(
    ("section", "place", "value", "what"),
    [
        ("phases", 1, None, r"phases\[1\]"),
        ("phases", "steps", 0, r"phases\[0\]\.steps"),
        ("phases", "train_s", "long", r"phases\[0\]\.train_s"),
        ("selection", "kept", -1, r"selection\.kept"),
        ("selection", "kept_per_class", "all", r"selection\.kept_per_class"),
        ("selection", "kept_per_class", [3, -1], r"selection\.kept_per_class"),
        ("selection", "all_per_class", [3, None], r"selection\.all_per_class"),
        ("selection", "kept", 2000, r"selection\.kept.* more than"),
        ("selection", "text", "tdds:0.4", r"selection\.text.*cell\.prune"),
        ("phases", "name", "train", 'no phase "score"'),
    ],
)
def test_a_record_that_is_wrong_there_is_refused(
    section: str, place: str | int, value: Any, what: str, make_record: Callable[..., dict[str, Any]]
) -> None:
    record = pruned(make_record, "tdds:0.5")
    schema.check(record)
    (record[section] if isinstance(place, int) or section == "selection" else record[section][0])[place] = value
    with pytest.raises(RsbenchError, match=what):
        schema.check(record)


def test_phases_must_be_a_list(make_record: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(RsbenchError, match='"phases" is'):
        schema.check(make_record() | {"phases": "two"})
    with pytest.raises(RsbenchError, match='"phases" is empty'):
        schema.check(make_record() | {"phases": []})


def test_scores_without_their_phase_are_refused(make_record: Callable[..., dict[str, Any]]) -> None:
    record = pruned(make_record, "tdds:0.5")
    del record["phases"]
    with pytest.raises(RsbenchError, match='no phase "score"'):
        schema.check(record)
    schema.check(pruned(make_record, "random:0.5"))
