"""Records -> the report of ``rsbench scale``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rsbench import units
from rsbench.judging import DEFAULT, Judging
from rsbench.links.link import Link
from rsbench.links.tiers import Nodes
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.context import commands
from rsbench.reports.analysis.on_link import accepted_methods
from rsbench.reports.analysis.settings import setting_titles, split_by_setting
from rsbench.reports.costs.link_model import wired
from rsbench.reports.document.table import Notes, Report, Section
from rsbench.reports.raw.rows import cells_table, methods_table
from rsbench.reports.scale.figures import scale_panel
from rsbench.reports.scale.growth import SIZES, SPEEDS, Growth, links_of
from rsbench.reports.scale.tables import best_table, break_even_table, steps_table
from rsbench.reports.sections import sections_on_links
from rsbench.results.schema import Record

SHOWN_SIZES: Final = (2, 4, 8, 16, 64, 256, 1024, 4096)
"""Workers that tables show."""
HOW_TO_READ: Final = (
    "All steps are modelled from the records of one number of workers: computing stays, payload a worker stays, "
    "collectives take what docs/scale.md says of more workers. Weak scaling: each worker keeps its batch.",
    "Efficiency is the modelled step without exchange and compression by the row's step; speed-up is that times the "
    "workers.",
)


def build_scale(
    records: Sequence[Record],
    problems: Sequence[str] = (),
    *,
    links: Sequence[Link] = (),
    per_node: int = 1,
    inside: Link,
    judging: Judging = DEFAULT,
) -> Report:
    """Return what more workers and other links would do to each setting of some records.

    Args:
        records: checked records.
        problems: sentences on records that could not be used.
        links: between nodes, that get a table of steps; by default 1 and 10 Gbit/s.
        per_node: workers of a node.
        inside: link of a worker to the others of its node.
        judging: which rows may be called the fastest.
    """
    settings = split_by_setting(records)
    comparisons = [Comparison(setting, "", judging) for setting in settings]
    nodes = Nodes(per_node=per_node, inside=inside)
    sections = []
    for title, comparison in zip(setting_titles(settings), comparisons, strict=True):
        growth = Growth(comparison, nodes)
        if growth.costs and not comparison.setting.cell.get("link"):
            sections.append(_section(title, growth, links or links_of((1e9, 1e10))))
    return Report(
        title="rsbench scale",
        sections=(*sections, *sections_on_links(comparisons)),
        problems=tuple(problems),
        methods=methods_table(comparisons),
        cells=cells_table(settings),
        how_to_read=HOW_TO_READ,
    )


def _section(title: str, growth: Growth, curves: Sequence[Link]) -> Section:
    """Return one setting's tables and figures."""
    every, notes = links_of(SPEEDS), Notes()
    steps = (steps_table(growth, SHOWN_SIZES, link) for link in curves)
    tables = [break_even_table(growth, SHOWN_SIZES, notes), *steps]
    if growth.reference is not None:
        tables.insert(0, best_table(growth, growth.reference, SHOWN_SIZES, every))
    panel = scale_panel(growth, SIZES, every, curves)
    nodes = growth.nodes
    inside = "" if nodes.per_node == 1 else f", joined inside a node by {nodes.inside.title}"
    return Section(
        title=title,
        facts=(
            f"Modelled from {growth.comparison.setting.place}; {units.count_text(nodes.per_node, 'worker')} a node"
            f"{inside}.",
            *_left_out(growth),
            *commands(growth.comparison.setting.records),
        ),
        tables=tuple(tables),
        notes=tuple(notes.texts),
        conclusion=_words(growth),
        figures=() if panel is None else (panel,),
    )


def _left_out(growth: Growth) -> list[str]:
    """Return which rows are left out, and why."""
    if not growth.left_out:
        return []
    return [f"Left out, because their messages change with the number of workers: {', '.join(growth.left_out)}."]


def _words(growth: Growth) -> str:
    """Return what somebody who plans wants to know."""
    if growth.reference is None:
        return "There is no finished run of none to compare with: add --compressor none."
    at = {label: growth.overtakes_at(label) for label in growth.costs}
    clauses = [
        f"From {more:,} workers on, {label} sends more bytes than none."
        for label, more in at.items()
        if more is not None
    ]
    gathered = " ".join(clauses) or "No row ever sends more bytes than none."
    doubts = dict.fromkeys(filter(None, map(growth.comparison.doubt, accepted_methods(growth.comparison))))
    if doubts:
        doubt = next(iter(doubts))
        gathered = (
            f"No step time here is to be trusted, because {doubt}: run the same command with --rerun on an idle "
            f"machine. {gathered}"
        )
    few, many = (growth.fastest(workers, wired(1e9)) for workers in (8, 1024))
    return (
        f"{gathered} On 1 Gbit/s between nodes {few} has the shortest step of 8 workers and {many} of 1,024, of the "
        "rows whose accuracy is not lower than none's."
    )
