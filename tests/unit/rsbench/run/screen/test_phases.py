"""Heartbeats in words."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import rsbench
from rsbench.run.screen import phases


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ((), "starting workers"),
        (("start its process", "start its process"), "starting workers 0/2"),
        (("load its data", "start its process"), "starting workers 1/2"),
        (("build the network", "load its data"), "reading data"),
        (("compile loops", "prepare the exchange"), "preparing the exchange"),
        (("compile loops", "load the batch of step 1"), "compiling loops"),
        (("compute and exchange step 1",), "first step"),
        (("something new",), "starting"),
    ],
)
def test_the_slowest_worker_names_the_phase(places: tuple[str, ...], words: str) -> None:
    assert phases.starting_words(places) == words


def test_every_phase_is_one_that_workers_report() -> None:
    root = Path(rsbench.__file__).parent
    texts = {
        node.value
        for folder in ("train", "launch", "measure", "compressors")
        for file in (root / folder).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    known = {text.removesuffix("1") for text in phases._WORDS}
    assert known <= texts
