"""Which data sets are there, and how to get the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rsbench.datasets.base import DataNotFound, Dataset, Origin
from rsbench.doctor.section import Section
from rsbench.errors import RsbenchError

_WAYS: Final[dict[Origin, str]] = {
    "fetch": "not there, fetch one with `rsbench data fetch NAME --data-root {root}`",
    "homepage": "not there, to be downloaded by hand; `rsbench list datasets NAME -v` has homepage and layout",
    "authors": "not there, to be asked for; `rsbench list datasets NAME -v` names the authors",
    "own": "for your own files, not there; `rsbench list datasets NAME -v` has the layout",
    "generated": "generated, nothing is needed",
}
_MOST_NAMES: Final = 5
"""Of data sets in one line."""


def data(data_root: Path) -> Section:
    """Return the section on data sets.

    Args:
        data_root: folder of all data sets.
    """
    from rsbench import datasets as table  # late: start-up

    found = [_looked_at(name, kind(), data_root) for name, kind in table.available().items()]
    there = [f"{one['name']}: {one['contents']}" for one in found if one["status"] == "there"]
    others = []
    for origin, words in _WAYS.items():
        names = [one["name"] for one in found if one["status"] in ("missing", "generated") and one["origin"] == origin]
        if names:
            others.append(f"{_first(_folded(names, table.families()))}: {words.format(root=data_root)}")
    return Section(
        name="data",
        lines=(f"data root: {data_root.absolute()}", *there, *others),
        facts={"data_root": data_root.absolute(), "datasets": found},
        problems=tuple(one["reason"] for one in found if one["status"] == "unusable"),
    )


def _first(names: Sequence[str]) -> str:
    """Return the first names and how many others there are, so that a line stays short."""
    if len(names) <= _MOST_NAMES:
        return ", ".join(names)
    more = len(names) - _MOST_NAMES
    noun = "other" if more == 1 else "others"
    return f"{', '.join(names[:_MOST_NAMES])} and {more} {noun} (`rsbench list datasets`)"


def _folded(names: Sequence[str], families: Mapping[str, Sequence[str]]) -> list[str]:
    """Return names with one word in place of the members of a family: ``abu (9 of 13)``."""
    family_of = {member: family for family, members in families.items() for member in members}
    counts = Counter(family_of.get(name, name) for name in names)
    return [f"{name} ({n} of {len(families[name])})" if name in families else name for name, n in counts.items()]


def _looked_at(name: str, dataset: Dataset, data_root: Path) -> dict[str, Any]:
    """Return what is known of a data set on this machine."""
    facts: dict[str, Any] = {"name": name, "origin": dataset.origin, "way_to_get": dataset.way_to_get(data_root)}
    if dataset.synthetic:
        return facts | {"status": "generated", "contents": dataset.contents}
    try:
        survey = dataset.survey(data_root)
    except DataNotFound:
        return facts | {"status": "missing"}
    except RsbenchError as error:
        # Layouts for one's own files look into the data root itself, where anything may be.
        return facts | {"status": "unusable" if dataset.published else "missing", "reason": str(error)}
    contents = f"{survey.contents}, {survey.part}" if survey.part else survey.contents
    return facts | {"status": "there", "contents": contents, "where": survey.where}
