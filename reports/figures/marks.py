"""Colours and markers of rows: a colour is a method, a marker is its ratio, the same in all figures of a section."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rsbench.recipe.sync import KINDS
from rsbench.reports.analysis.methods import Method
from rsbench.reports.document.figure import HUES, Mark, ShapedMark

_SHAPES: Final = 6
"""Markers beside the reference's."""


def family(method: Method) -> str:
    """Return the compressor with its options, which rows of several ratios have in common."""
    return str(method.records[0]["cell"]["compressor"])


def ratio_of(method: Method) -> float | None:
    """Return the ratio that a row was asked for, None where it was asked for none."""
    ratio = method.records[0]["cell"]["ratio"]
    return None if ratio is None else float(ratio)


def exchanges_in_ways(methods: Sequence[Method]) -> bool:
    """Return whether some rows exchange less often than at every step, or train on some samples only."""
    return any(method.sync.kind != "steps" or not method.prune.keeps_all for method in methods)


def marks_of(trained: Sequence[Method], reference: Method | None) -> dict[str, Mark]:
    """Return label -> mark; style 0 is the reference's.

    Where there is one ratio only, or where rows exchange at different times, each row has its own colour and marker,
    numbered in the order of the rows.
    """
    others = [method for method in trained if method is not reference]
    ratios = sorted({ratio for method in others if (ratio := ratio_of(method)) is not None})
    if len(ratios) < 2 or exchanges_in_ways(trained):
        styles = {method.label: number for number, method in enumerate(others, start=1)}
        return {method.label: Mark(label=method.label, style=styles.get(method.label, 0)) for method in trained}
    families = list(dict.fromkeys(map(family, others)))

    def mark(method: Method) -> Mark:
        if method is reference:
            return ShapedMark(label=method.label, style=0, shape=0)
        number, ratio = families.index(family(method)), ratio_of(method)
        # A colour that comes again has other markers.
        place = 0 if ratio is None else 1 + (ratios.index(ratio) + _SHAPES // 2 * (number // HUES)) % _SHAPES
        return ShapedMark(label=method.label, style=number + 1, shape=place)

    return {method.label: mark(method) for method in trained}


def _way(method: Method) -> tuple[str, ...]:
    """Return how a row differs from an exchange at every step of all samples, in words."""
    kind = () if method.sync.kind == "steps" else (str(method.sync.kind),)
    return kind if method.prune.keeps_all else (*kind, method.prune.kind)


def way_marks(methods: Sequence[Method]) -> dict[str, ShapedMark]:
    """Return label -> mark: colours are compressors, markers are ways to exchange and to prune.

    Style 0 is the reference's alone.
    """
    names = list(dict.fromkeys(method.name for method in methods if not method.is_dense))
    styles = {name: number for number, name in enumerate(names, start=1)}
    ways = list(dict.fromkeys([(), *((kind,) for kind in KINDS[1:]), *map(_way, methods)]))
    return {
        method.label: ShapedMark(
            label=", ".join([method.name, *_way(method)]),
            style=0 if method.is_dense else styles[method.name],
            shape=0 if method.is_dense else ways.index(_way(method)) + 1,
        )
        for method in methods
    }
