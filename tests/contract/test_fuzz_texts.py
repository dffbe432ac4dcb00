"""Texts, plans and records of any content: understood, or refused with ``RsbenchError``; never another exception."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from fuzz import QUICK, run_for
from hypothesis import given
from hypothesis import strategies as st

from rsbench.cli.request import request_from
from rsbench.cli.training import compare
from rsbench.compressors import COMPRESSORS, parse
from rsbench.console import harmless
from rsbench.errors import RsbenchError
from rsbench.planning.devices import endpoint_of
from rsbench.planning.grid import check_size, parse_seeds
from rsbench.recipe.partition import parse_partition
from rsbench.recipe.prune import parse_prune
from rsbench.recipe.split import check_split
from rsbench.reports import build_report
from rsbench.reports.formats import csv, latex, markdown
from rsbench.reports.formats import json as json_format
from rsbench.results.records import read_record

LONG_S = 60.0
"""Seconds of each long run."""
RECORDS = sorted((Path(__file__).parents[1] / "golden" / "records").glob("*.json"))

KEYS = sorted({field.name for kind in COMPRESSORS.values() for field in dataclasses.fields(kind)})
WORDS = [*COMPRESSORS, *KEYS, ":", "=", ",", "/", "-", "random:", "official", "true", "nan", "inf", "1e400", "9" * 400]
WORDS += [
    "9" * 5000,
    "٣",
    "²",
    "0",
    "10/90",
    "0x1",
    "\x1b[2J",
    "\udcff",
    "[::1]",
    "@",
    "tdds:",
    "budget=",
    "window=",
    "http://",
    "%",
    ".",
    "1e-320",
]
WORDS += ["tdds:", "budget=", "window=", "epochs="]
texts = st.lists(st.sampled_from(WORDS) | st.text(max_size=5), max_size=9).map("".join)
whole = st.builds(
    "{}:{}={}".format,
    st.sampled_from(list(COMPRESSORS)),
    st.sampled_from(KEYS),
    st.sampled_from(WORDS) | st.integers().map(str) | st.floats().map(str),
)


def check_texts(text: object) -> None:
    assert isinstance(text, str)
    for read in (parse, check_split, parse_partition, parse_prune, parse_seeds, endpoint_of):
        with contextlib.suppress(RsbenchError):
            read(text)
    with contextlib.suppress(RsbenchError):
        assert parse(parse(text).text).text == parse(text).text
    with contextlib.suppress(RsbenchError):
        assert parse_prune(parse_prune(text).text) == parse_prune(text)
    assert harmless(text).isprintable()


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(WORDS) | st.text(max_size=8)
)  # fmt: skip
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)
toml_values = st.one_of(
    st.integers().map(str),
    st.floats().map(repr),
    st.booleans().map(lambda flag: str(flag).lower()),
    st.text(max_size=6).map(json.dumps),
    st.sampled_from(
        ["1979-05-27", "07:32:00", "[]", "[[1]]", "{a = 1}", "0x1f", "'", "[" * 3000, "9" * 5000, "[1, 'a']"]
    ),
    st.lists(st.integers(0, 10**6), max_size=4).map(str),
)
PLAN_KEYS = sorted({(option.name or "").replace("_", "-") for option in compare.params} | {"grid", "quick", "ours"})
plans = st.lists(st.tuples(st.sampled_from(PLAN_KEYS), toml_values), max_size=4).map(
    lambda pairs: "\n".join(f"{key} = {value}" for key, value in pairs).encode("utf-8", "surrogatepass")
) | st.binary(max_size=60)


def check_plan(data: object) -> None:
    assert isinstance(data, bytes)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.toml"
        path.write_bytes(data)
        try:
            with compare.make_context("compare", ["--plan", str(path), "--plan-size", "quick"]) as context:
                request = request_from(context, context.params)
                check_size(request.grids, yes=False)
                for grid in request.grids:
                    grid.check()
        except (RsbenchError, click.UsageError) as error:
            assert str(error)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return where a value of a record can be changed: containers with their keys."""
    pairs = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    return [(value, key) for key, _ in pairs] + [place for _, item in pairs for place in places(item)]


@st.composite
def changed_records(draw: st.DrawFn) -> bytes:
    record = json.loads(draw(st.sampled_from(RECORDS)).read_text(encoding="utf-8"))
    for _ in range(draw(st.integers(1, 4))):
        every = places(record)
        container, key = every[draw(st.integers(0, len(every) - 1))]
        container[key] = draw(values)
    return json.dumps(record).encode()


def check_record(data: object) -> None:
    assert isinstance(data, bytes)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "record.json"
        path.write_bytes(data)
        try:
            record = read_record(path)
        except RsbenchError as error:
            assert str(path) in str(error)
            return
        report = build_report([record])
        for text in (markdown.render(report), latex.render(report), json_format.render(report)):
            assert text.replace("\n", "").isprintable()
        assert csv.render(report.cells).replace("\n", "").isprintable()


KINDS: dict[str, tuple[st.SearchStrategy[Any], Callable[[object], None]]] = {
    "texts": (texts | whole, check_texts),
    "plans": (plans, check_plan),
    "records": (changed_records() | st.binary(max_size=60), check_record),
}


@pytest.mark.parametrize("kind", KINDS)
def test_some_of_any_content(kind: str) -> None:
    strategy, check = KINDS[kind]
    QUICK(given(strategy)(check))()


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_any_content_for_a_minute(kind: str) -> None:
    assert run_for(LONG_S, *KINDS[kind]) > 500


@pytest.mark.parametrize(
    "text",
    ["topk:density=" + "9" * 5000, "rsdgc:p=" + "9" * 400, "topk:warmup_steps=1000000000000", "9" * 5000, "1/" * 2000],
)
def test_texts_that_were_found(text: str) -> None:
    check_texts(text)


@pytest.mark.parametrize("text", ["epochs = " + "[" * 5000, "out = 3", "timeout = 90", "lr = [[1]]", 'out = "\\u0000"'])
def test_plans_that_were_found(text: str) -> None:
    check_plan(text.encode())
