"""What a record looks like, how it is checked, and how older ones are brought up to date.

A record is a plain dict of JSON values. Numbers that can be infinite or undefined (the compression ratio of
``noop``, kappa of one class) are stored as null, which is what JSON can say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rsbench.errors import RsbenchError
from rsbench.measure import step_times
from rsbench.metrics import TASKS, Detail, facts_of

Record = dict[str, Any]

SCHEMA = 2
STATUSES = ("done", "failed", "timeout", "interrupted", "skipped")

Check = Callable[[Any], str | None]
"""A function that returns what the value must be when it is not that, else None."""


def _from_1(record: Record) -> Record:
    """Return a record of schema 2; schema 1 knew scene classification by SGD only, and no history but validation."""
    new = {**record, "cell": {**record["cell"], "optimizer": "sgd"}, "history": []}
    if record.get("dataset") is not None:
        new["dataset"] = {**record["dataset"], "task": "scenes"}
    if record.get("accuracy") is not None:
        accuracy = dict(record["accuracy"])
        test = dict(accuracy["test"])
        accuracy |= {"val_score": accuracy.pop("val_oa"), "pictures": [], "baselines": {}}
        new["accuracy"] = {**accuracy, "test": {**test, "samples": test.pop("images")}}
    return new


UPGRADES: dict[int, Callable[[Record], Record]] = {1: _from_1}
"""Functions from schema n to n + 1, by n. Start here when SCHEMA goes up; keep an old record in the tests."""


def _fits(kind: type, kinds: tuple[type, ...]) -> bool:
    """Return whether a type is one of some, or derived from one, as NumPy's float is (True is no integer here)."""
    return kind in kinds or (issubclass(kind, kinds) and kind is not bool)


def _all_fit(values: Iterable[Any], kinds: tuple[type, ...]) -> bool:
    """Return whether all values are of some types; each type that occurs is looked at once, which is fast."""
    return all(_fits(kind, kinds) for kind in set(map(type, values)))


def _is(*kinds: type, words: str, nullable: bool = False) -> Check:
    """Return a check that a value is of one of some types."""
    allowed = (*kinds, type(None)) if nullable else kinds
    wanted = words + (" or null" if nullable else "")
    return lambda value: None if _fits(type(value), allowed) else wanted


def _list_of(*kinds: type, words: str) -> Check:
    """Return a check that a value is a list whose items are of some types (or null)."""
    allowed = (*kinds, type(None))
    return lambda value: None if isinstance(value, list) and _all_fit(value, allowed) else f"a list of {words}"


def _map_to_numbers(value: Any) -> str | None:
    """Return None for an object whose values are numbers (or null), else what is wanted."""
    fits = isinstance(value, dict) and _all_fit(value.values(), (float, int, type(None)))
    return None if fits else "an object of numbers"


def _matrix_of_counts(value: Any) -> str | None:
    """Return None for a list of lists of integers, else what is wanted."""
    fits = isinstance(value, list) and all(isinstance(row, list) and _all_fit(row, (int,)) for row in value)
    return None if fits else "a list of lists of counts"


_TEXT = _is(str, words="text")
_MAYBE_TEXT = _is(str, words="text", nullable=True)
_COUNT = _is(int, words="an integer")
_MAYBE_COUNT = _is(int, words="an integer", nullable=True)
_NUMBER = _is(int, float, words="a number", nullable=True)
_FLAG = _is(bool, words="true or false")
_OBJECT = _is(dict, words="an object")


def _numbers(*names: str) -> dict[str, Check]:
    """Return fields that are numbers or null."""
    return dict.fromkeys(names, _NUMBER)


_TOP: dict[str, Check] = {
    "schema": _COUNT,
    "key": _TEXT,
    "status": lambda value: None if value in STATUSES else f"one of {', '.join(STATUSES)}",
    "reason": _TEXT,
    "started_utc": _TEXT,
    "wall_s": _NUMBER,
    "cell": _OBJECT,
    "provenance": _OBJECT,
}
_MAYBE_THERE: dict[str, Check] = {"key_version": _COUNT}
"""Fields that are checked where they are there: records made before them lack them."""
_PROVENANCE: dict[str, Check] = {
    "versions": _is(dict, words="an object", nullable=True),
    "runtime": _is(dict, words="an object", nullable=True),
    "nnodes": _MAYBE_COUNT,
}
"""Fields that are checked where they are there: reports read them."""
_CELL: dict[str, Check] = {
    "dataset": _TEXT,
    "model": _TEXT,
    "compressor": _TEXT,
    "ratio": _NUMBER,
    "lr": _is(int, float, words="a number"),
    "seed": _COUNT,
    "workers": _COUNT,
    "device": _TEXT,
    "epochs": _COUNT,
    "split": _TEXT,
    "optimizer": _TEXT,
}
_SECTIONS: dict[str, dict[str, Check]] = {
    "compressor": {"name": _TEXT, "text": _TEXT, "trains": _FLAG, "matched": _FLAG},
    "dataset": {
        "name": _TEXT,
        "title": _TEXT,
        "task": lambda value: None if isinstance(value, str) and value in TASKS else f"one of {', '.join(TASKS)}",
        "classes": _list_of(str, words="texts"),
        **dict.fromkeys(("train", "val", "test"), _COUNT),
        "split": _TEXT,
        "fingerprint": _TEXT,
        "part": _MAYBE_TEXT,
        "synthetic": _FLAG,
    },
    "model": {"name": _TEXT, "parameters": _COUNT, "one_d_elements": _COUNT, "dense_bytes": _COUNT},
    "traffic": {
        **_numbers("payload_bytes_total", "dense_bytes_total", "wire_bytes_total", "dense_wire_bytes_total"),
        **_numbers("payload_bytes_per_step", "compression_ratio", "steady_ratio", "wire_ratio", "density"),
        **_numbers("one_d_share", "buffer_bytes"),
        "density_per_tensor": _map_to_numbers,
        "steps": _COUNT,
    },
    "time": {
        **_numbers(*step_times.FIELDS, "images_per_s", "train_s"),
        "steps_counted": _COUNT,
        "steps_skipped": _COUNT,
    },
    "memory": {"peak_rss_bytes": _NUMBER, "peak_cuda_bytes": _MAYBE_COUNT},
}
_DETAILS: dict[Detail, Check] = {
    "numbers": _list_of(int, float, words="numbers"),
    "pairs": _list_of(list, words="pairs"),
    "lists of counts": _matrix_of_counts,
}
"""What a task's test has beside its metrics (:attr:`rsbench.metrics.TaskFacts.details`)."""
_PICTURE: dict[str, Check] = {"file": _TEXT, "title": _TEXT}
_HISTORY: dict[str, Check] = {
    "step": _COUNT,
    **_numbers("elapsed_s", "payload_bytes_total", "lr", "train_loss", "val_loss", "val_score"),
    "density_per_tensor": _map_to_numbers,
}
"""One entry an epoch, or one of at most 100 evenly spread: what was reached after so many steps."""


def check(record: Any) -> None:
    """Raise when a record of the current schema is not what this page says.

    Args:
        record: a value as ``json.loads`` gives it.

    Raises:
        RsbenchError: naming the first field that is missing or of the wrong type. Extra fields may stand.
    """
    _check_fields(record, _TOP | {name: wanted for name, wanted in _MAYBE_THERE.items() if name in record}, "")
    _check_fields(record["cell"], _CELL, "cell.")
    present = {name: wanted for name, wanted in _PROVENANCE.items() if name in record["provenance"]}
    _check_fields(record["provenance"], present, "provenance.")
    history = record.get("history") or []
    _check_fields({"history": history}, {"history": _list_of(dict, words="objects")}, "")
    for number, entry in enumerate(history):
        _check_fields(entry, _HISTORY, f"history[{number}].")
    done = record["status"] == "done"
    for name, fields in _SECTIONS.items():
        section = record.get(name)
        if section is not None or done:
            _check_fields(section, fields, f"{name}.")
    if record.get("accuracy") is not None:
        _check_accuracy(record["accuracy"], record["dataset"]["task"])
    elif done and record["compressor"]["trains"]:
        raise RsbenchError('the field "accuracy" is missing although the cell is done')


def _check_accuracy(accuracy: Any, task: str) -> None:
    """Check the section of validation epochs, the test, and what needs no training (``baselines``)."""
    facts = facts_of(task)
    metrics = _numbers(*(metric.name for metric in facts.metrics))
    fields = {"val": _list_of(dict, words="objects"), "val_score": _NUMBER, "test": _OBJECT}
    fields |= {"pictures": _list_of(dict, words="objects"), "baselines": _OBJECT}
    _check_fields(accuracy, fields, "accuracy.")
    details = {name: _DETAILS[kind] for name, kind in facts.details.items()}
    test = {**metrics, "loss": _NUMBER, "samples": _COUNT, **details}
    _check_fields(accuracy["test"], test, "accuracy.test.")
    for number, epoch in enumerate(accuracy["val"]):
        _check_fields(epoch, {"epoch": _COUNT, "loss": _NUMBER, **metrics}, f"accuracy.val[{number}].")
    for number, picture in enumerate(accuracy["pictures"]):
        _check_fields(picture, _PICTURE, f"accuracy.pictures[{number}].")
    for name, baseline in accuracy["baselines"].items():
        _check_fields(baseline, metrics, f"accuracy.baselines.{name}.")


def _check_fields(section: Any, fields: Mapping[str, Check], prefix: str) -> None:
    """Check one object's fields, in order."""
    if not isinstance(section, dict):
        where = f'the field "{prefix.rstrip(".")}"' if prefix else "the file"
        raise RsbenchError(f"{where} must hold an object")
    for name, field_check in fields.items():
        if name not in section:
            raise RsbenchError(f'the field "{prefix}{name}" is missing')
        wanted = field_check(section[name])
        if wanted is not None:
            shown = repr(section[name])
            shown = shown if len(shown) <= 40 else shown[:37] + "..."
            raise RsbenchError(f'the field "{prefix}{name}" is {shown} but must be {wanted}')


def upgrade(record: Any) -> Record:
    """Return a record brought to the current schema, one version at a time.

    Args:
        record: a value as ``json.loads`` gives it, of any version.

    Returns:
        The record with ``schema`` equal to ``SCHEMA``, not yet checked.

    Raises:
        RsbenchError: when it is no record, too new for this rsbench, or too old to be upgraded.
    """
    if not isinstance(record, dict):
        raise RsbenchError("the file must hold an object")
    version = record.get("schema")
    if not isinstance(version, int) or isinstance(version, bool):
        raise RsbenchError(f'the field "schema" is {version!r} but must be an integer')
    if version > SCHEMA:
        raise RsbenchError(
            f"it was written by a newer rsbench (record schema {version}, this one reads up to {SCHEMA}); "
            "upgrade rsbench to read it"
        )
    while version < SCHEMA:
        if version not in UPGRADES:
            raise RsbenchError(
                f"it was written by an rsbench too old to be read (record schema {version}, this one writes "
                f"{SCHEMA}); run the cell again with --rerun"
            )
        try:
            record = {**UPGRADES[version](record), "schema": version + 1}
        except (KeyError, TypeError, ValueError) as problem:
            raise RsbenchError(f"it is no whole record of schema {version} ({problem!r})") from problem
        version += 1
    return dict(record)
