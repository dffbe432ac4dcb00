"""Hints by name, in rows that loops read."""

from __future__ import annotations

from rsbench.compressors.selection.hints import Hint, Hints

ONE, OTHER = Hint(1.0, 0.0, 0.5, 0.9), Hint(0.8, 0.2, 3.0, 1.1)


def test_a_tensor_has_none_before_it_is_set_and_keeps_its_row() -> None:
    hints = Hints()
    hints.reserve(["a", "b"])
    assert hints.get("a") is None
    hints.set("b", OTHER)
    hints.set("c", ONE)
    hints.reserve(["b", "d"])
    assert hints.places == {"a": 0, "b": 1, "c": 2, "d": 3}
    assert (hints.get("b"), hints.get("c"), hints.get("d"), hints.get("never")) == (OTHER, ONE, None, None)
    assert hints.rows[1].tolist() == list(OTHER)


def test_loading_replaces_all_in_the_rows_that_loops_hold() -> None:
    hints = Hints()
    hints.set("a", ONE)
    hints.reserve(["b"])
    rows = hints.rows
    hints.load({"b": list(OTHER)})
    assert hints.rows is rows
    assert (hints.get("a"), hints.get("b")) == (None, OTHER)
