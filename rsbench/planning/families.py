"""Names that stand for several data sets, such as ``abu``: what they stand for, and which of it is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rsbench import datasets
from rsbench.datasets.base import DataNotFound
from rsbench.errors import RsbenchError
from rsbench.planning.grid import Grid
from rsbench.planning.job import LocatedDataset, find_datasets

Found = tuple[tuple[Grid, ...], dict[str, LocatedDataset], tuple[str, ...]]


def expand(grid: Grid) -> Grid:
    """Return a grid with the members of a family in place of its name; they are optional unless named alone, too.

    No data are looked at.
    """
    if all(name in datasets.DATASETS for name in grid.datasets):
        return grid
    families = datasets.families()
    names = dict.fromkeys(one for name in grid.datasets for one in families.get(name, (name,)))
    return replace(grid, datasets=tuple(names), optional=frozenset(names) - {*grid.datasets})


def find(grids: Sequence[Grid], data_root: Path, *, strict: bool, planned: bool = False) -> Found:
    """Find the data sets of grids, and leave the optional ones out that are not there.

    Args:
        grids: with families expanded.
        data_root: folder that holds the data sets.
        strict: refuse incomplete releases.
        planned: take what a release declares where a data set is missing, and of a family where all are.

    Returns:
        The grids without what is missing, their data sets, and a sentence for each family that is not complete.

    Raises:
        RsbenchError: as :func:`~rsbench.planning.job.find_datasets`, or no member of a family is there.
    """
    names = dict.fromkeys(name for grid in grids for name in grid.datasets)
    optional = frozenset(names).intersection(*(grid.optional | (names.keys() - {*grid.datasets}) for grid in grids))
    located = find_datasets(names, data_root, strict=strict, planned=planned, optional=optional)
    absent, notes = _absent([name for name in names if name in optional], located, data_root)
    left = tuple(replace(grid, datasets=tuple(name for name in grid.datasets if name not in absent)) for grid in grids)
    return left, {name: one for name, one in located.items() if name not in absent}, notes


def _absent(
    optional: Sequence[str], located: Mapping[str, LocatedDataset], data_root: Path
) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the members of families that are left out, and a sentence for each family that lacks some.

    Raises:
        RsbenchError: a family lacks all.
    """
    by_family: dict[str, list[str]] = {}
    for name in optional:
        family = datasets.get(name).family
        assert family is not None  # only members of families are optional
        by_family.setdefault(family.name, []).append(name)
    absent: set[str] = set()
    notes = []
    for family_name, members in by_family.items():
        every = datasets.families()[family_name]  # those that are named alone are not optional
        on_disk = [name for name in every if name in located and located[name].is_on_disk]
        there = on_disk or [name for name in every if name in located]
        if not there:
            raise _nothing_of(family_name, every, data_root)
        lacking = [name for name in every if name not in there]
        if not on_disk:
            known = f"the {len(there)} whose size is known: {', '.join(there)}"
            notes.append(
                f"Note: none of {family_name}'s {len(every)} data sets is below {data_root}; planned with {known}."
            )
        elif lacking:
            notes.append(
                f"Note: {family_name} stands for {', '.join(there)} here; of its {len(every)} data sets "
                f"{len(lacking)} are not below {data_root}: {', '.join(lacking)}."
            )
        absent.update(name for name in members if name not in there)
    return frozenset(absent), tuple(notes)


def _nothing_of(family: str, members: Sequence[str], data_root: Path) -> RsbenchError:
    """Return the error that no member of a family is there, with what the first one wants."""
    try:
        datasets.get(members[0]).survey(data_root)
    except DataNotFound as error:
        return RsbenchError(f'None of the {len(members)} data sets that "{family}" stands for is there. {error}')
    raise AssertionError(f"{members[0]} was missing a moment ago")
