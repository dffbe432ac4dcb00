"""What a record looks like, how it is checked, and how older ones are brought up to date.

A record is a plain dict of JSON values. Numbers that can be infinite or undefined (the compression ratio of
``noop``, kappa of one class) are stored as null, which is what JSON can say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rsbench.errors import RsbenchError
from rsbench.links.wire import WIRE_FORMULAS
from rsbench.measure import step_times
from rsbench.metrics import TASKS, facts_of
from rsbench.results import correctness, upgrades
from rsbench.results.checks import (
    DETAILS,
    Check,
    check_fields,
    count,
    is_of,
    list_of,
    map_to,
    number,
    object_with,
    partition,
    pruning,
)
from rsbench.results.phase_checks import check_phases

Record = dict[str, Any]

SCHEMA = 3
STATUSES = ("done", "failed", "timeout", "interrupted", "skipped")


UPGRADES: dict[int, Callable[[Record], Record]] = {1: upgrades.from_1, 2: upgrades.from_2}
"""Functions from schema n to n + 1, by n. Start here when SCHEMA goes up; keep an old record in the tests."""


_TEXT = is_of(str, words="text")
_MAYBE_TEXT = is_of(str, words="text", nullable=True)
_COUNT = count()
_MAYBE_COUNT = count(nullable=True)
_AMOUNT = number(0)
_FRACTION = number(0, 1)
_NUMBER = number()
_FLAG = is_of(bool, words="true or false")
_OBJECT = is_of(dict, words="an object")


def _amounts(*names: str) -> dict[str, Check]:
    """Return fields that are null or numbers that are not negative."""
    return dict.fromkeys(names, _AMOUNT)


_TOP: dict[str, Check] = {
    "schema": _COUNT,
    "key": _TEXT,
    "status": lambda value: None if value in STATUSES else f"one of {', '.join(STATUSES)}",
    "reason": _TEXT,
    "started_utc": _TEXT,
    "wall_s": _AMOUNT,
    "cell": _OBJECT,
    "provenance": _OBJECT,
}
_FEDFUSION = ("rank", "modalities", "features", "positions", "gram_bytes")
_MAYBE_THERE: dict[str, dict[str, Check]] = {
    "": {"key_version": _COUNT},
    "cell.": {
        **dict.fromkeys(("link", "sync", "partition", "model_source"), _MAYBE_TEXT),
        **{"match": _TEXT, "deterministic": _FLAG, "prune": pruning},
    },
    "dataset.": {"partition": partition},
    "traffic.": {
        **_amounts("wire_bytes_measured_total", "wire_bytes_received_total"),
        "wire_counter": _MAYBE_TEXT,
        **_amounts("payload_bytes_per_exchange", "payload_bytes_per_sample", "score_bytes"),
        **dict.fromkeys(("exchanges", "local_steps"), count(1, nullable=True)),
    },
    "time.": _amounts("skew_s", "round_s", "s_per_sample"),
    "model.": {
        "fedfusion": object_with({"join": _TEXT, **dict.fromkeys(_FEDFUSION, _COUNT)}),
        "own": object_with(dict.fromkeys(("callable", "class", "source"), _TEXT)),
    },
    "accuracy.test.": {"correct": _MAYBE_TEXT},
    "provenance.": {
        "versions": is_of(dict, words="an object", nullable=True),
        "runtime": is_of(dict, words="an object", nullable=True),
        "nnodes": count(1, nullable=True),
        "tuning_seed": _MAYBE_COUNT,
        **dict.fromkeys(("interface", "host"), _MAYBE_TEXT),
    },
}
"""Fields by the prefix of their section that are checked where they are there: records made before them lack them."""
_CELL: dict[str, Check] = {
    "dataset": _TEXT,
    "model": _TEXT,
    "compressor": _TEXT,
    "ratio": _AMOUNT,
    "lr": number(0, nullable=False),
    "seed": _COUNT,
    "workers": count(1),
    "device": _TEXT,
    "epochs": _COUNT,
    "split": _TEXT,
    "optimizer": _TEXT,
}
_DENSITIES = map_to(0, 1, "numbers from 0 to 1")
_SECTIONS: dict[str, dict[str, Check]] = {
    "compressor": {"name": _TEXT, "text": _TEXT, "trains": _FLAG, "matched": _FLAG},
    "dataset": {
        "name": _TEXT,
        "title": _TEXT,
        "task": lambda value: None if isinstance(value, str) and value in TASKS else f"one of {', '.join(TASKS)}",
        "classes": list_of(str, words="texts"),
        **dict.fromkeys(("train", "val", "test"), _COUNT),
        "split": _TEXT,
        "fingerprint": _TEXT,
        "part": _MAYBE_TEXT,
        "synthetic": _FLAG,
    },
    "model": {"name": _TEXT, "parameters": _COUNT, "one_d_elements": _COUNT, "dense_bytes": _COUNT},
    "traffic": {
        **_amounts("payload_bytes_total", "dense_bytes_total", "wire_bytes_total", "dense_wire_bytes_total"),
        **_amounts("payload_bytes_per_step", "compression_ratio", "steady_ratio", "wire_ratio", "buffer_bytes"),
        **dict.fromkeys(("density", "one_d_share"), _FRACTION),
        "density_per_tensor": _DENSITIES,
        "steps": count(1),
    },
    "time": {
        **_amounts(*step_times.FIRST_FIELDS, "images_per_s", "train_s"),
        "steps_counted": _COUNT,
        "steps_skipped": _COUNT,
    },
    "memory": {"peak_rss_bytes": _AMOUNT, "peak_cuda_bytes": _MAYBE_COUNT},
}
_PICTURE: dict[str, Check] = {"file": _TEXT, "title": _TEXT}
_EXCHANGE: dict[str, Check] = {
    "phases": list_of(dict, words="objects"),
    **_amounts("load", "cores", "ranks_here", "steps"),
    "foreign_share": _FRACTION,
}
_PHASE: dict[str, Check] = {
    **dict.fromkeys(("before_s", "forward_s", "backward_s", "after_s"), number(nullable=False)),
    "buckets": list_of(dict, words="objects"),
}
_BUCKET: dict[str, Check] = {
    **dict.fromkeys(("ready_s", "compress_s", "wait_s", "took_s", "decompress_s"), number(nullable=False)),
    **_amounts("compress_cpu_s", "decompress_cpu_s"),
    "calls": list_of(dict, words="objects"),
}
_CALL: dict[str, Check] = {
    "op": lambda value: None if isinstance(value, str) and value in WIRE_FORMULAS else "a collective",
    "payload_bytes": number(0, nullable=False),
    "per_step": number(0, nullable=False),
    "blocking": _FLAG,
    "workers": count(1),
}
_HISTORY: dict[str, Check] = {
    "step": _COUNT,
    **_amounts("elapsed_s", "payload_bytes_total", "lr"),
    **dict.fromkeys(("train_loss", "val_loss"), _NUMBER),
    "val_score": number(-1, 1),
    "density_per_tensor": _DENSITIES,
}
"""One entry an epoch, or one of at most 100 evenly spread: what was reached after so many steps."""
_SCORED_HISTORY: dict[str, Check] = {"score_bytes": _COUNT}
"""What an entry has, too, where samples are scored."""


def check(record: Any) -> None:
    """Raise when a record of the current schema is not what this page says.

    Args:
        record: a value as ``json.loads`` gives it.

    Raises:
        RsbenchError: naming the first field that is missing or of the wrong type. Extra fields may stand.
    """
    _check_fields(record, _TOP, "")
    _check_fields(record["cell"], _CELL, "cell.")
    _check_fields(record["provenance"], {}, "provenance.")
    history = record.get("history") or []
    _check_fields({"history": history}, {"history": list_of(dict, words="objects")}, "")
    for index, entry in enumerate(history):
        check_fields(entry, _HISTORY, f"history[{index}].", maybe=_SCORED_HISTORY)
    done = record["status"] == "done"
    for name, fields in _SECTIONS.items():
        section = record.get(name)
        if section is not None or done:
            _check_fields(section, fields, f"{name}.")
    if record.get("exchange") is not None:
        _check_exchange(record["exchange"])
    check_phases(record)
    if record.get("accuracy") is not None:
        _check_accuracy(record["accuracy"], record["dataset"]["task"])
    elif done and record["compressor"]["trains"]:
        raise RsbenchError('the field "accuracy" is missing although the cell is done')


def _check_exchange(exchange: Any) -> None:
    """Check what a step exchanges when; records made before it was measured lack it."""
    _check_fields(exchange, _EXCHANGE, "exchange.")
    for index, phase in enumerate(exchange["phases"]):
        where = f"exchange.phases[{index}]."
        _check_fields(phase, _PHASE, where)
        for at, bucket in enumerate(phase["buckets"]):
            _check_fields(bucket, _BUCKET, f"{where}buckets[{at}].")
            for number_of_call, call in enumerate(bucket["calls"]):
                _check_fields(call, _CALL, f"{where}buckets[{at}].calls[{number_of_call}].")


def _check_accuracy(accuracy: Any, task: str) -> None:
    """Check the section of validation epochs, the test, and what needs no training (``baselines``)."""
    facts = facts_of(task)
    metrics = {metric.name: number(metric.least, metric.most) for metric in facts.metrics}
    fields = {
        "val": list_of(dict, words="objects"),
        "val_score": number(facts.metric.least, facts.metric.most),
        "test": _OBJECT,
    }
    fields |= {"pictures": list_of(dict, words="objects"), "baselines": _OBJECT}
    _check_fields(accuracy, fields, "accuracy.")
    details = {name: DETAILS[kind] for name, kind in facts.details.items()}
    test = {**metrics, "loss": _NUMBER, "samples": _COUNT, **details}
    _check_fields(accuracy["test"], test, "accuracy.test.")
    correctness.check(accuracy["test"])
    validated = {"epoch": _COUNT, "loss": _NUMBER, **({} if facts.validated_by_loss else metrics)}
    for index, epoch in enumerate(accuracy["val"]):
        _check_fields(epoch, validated, f"accuracy.val[{index}].")
    for index, picture in enumerate(accuracy["pictures"]):
        _check_fields(picture, _PICTURE, f"accuracy.pictures[{index}].")
    for name, baseline in accuracy["baselines"].items():
        _check_fields(baseline, metrics, f"accuracy.baselines.{name}.")


def _check_fields(section: Any, fields: dict[str, Check], prefix: str) -> None:
    """Check one object's fields, in order, those of later versions where they are there."""
    check_fields(section, fields, prefix, maybe=_MAYBE_THERE.get(prefix, {}))


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
