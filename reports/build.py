"""Records -> the one ``Report`` that every format draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rsbench.errors import RsbenchError, did_you_mean
from rsbench.judging import DEFAULT, Judging
from rsbench.links.asked import NOTHING_ASKED, AskedLinks
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.conclusion import conclude
from rsbench.reports.analysis.context import cells_fact, facts_of, origin_of
from rsbench.reports.analysis.link_answer import advice_sentence, advise, answer, answers
from rsbench.reports.analysis.on_link import OnLink
from rsbench.reports.analysis.settings import setting_titles, split_by_setting
from rsbench.reports.analysis.sync_answer import sync_answer
from rsbench.reports.document.bibliography import Named
from rsbench.reports.document.table import Notes, Report, Section
from rsbench.reports.figures.panels import panels_of
from rsbench.reports.figures.scaling import scaling_panels
from rsbench.reports.pruning.answer import selection_answer
from rsbench.reports.raw.links import links_table
from rsbench.reports.raw.rows import cells_table, methods_table
from rsbench.reports.sections import sections_across
from rsbench.reports.tables import ANSWERS, HOW_TO_READ, SECTION_TABLES
from rsbench.reports.tables.by_link import beginning_with
from rsbench.reports.tables.on_link import on_link_table
from rsbench.results.schema import Record


def build_report(
    records: Sequence[Record],
    problems: Sequence[str] = (),
    *,
    mix_hardware: bool = False,
    against: str = "",
    judging: Judging = DEFAULT,
    asked: AskedLinks = NOTHING_ASKED,
) -> Report:
    """Return everything there is to say about some records.

    Args:
        records: checked records, from one machine or several.
        problems: sentences on records that could not be used.
        mix_hardware: put runs from different hardware into one table.
        against: a row, as the tables call it, that the others are compared with in a table of its own.
        judging: which loss is tolerated, and what intervals are about.
        asked: links that each setting is put on, by the model.

    Returns:
        One section for each setting (and hardware), in the order of first start, then one for each group of
        settings that differ in the link, the model, the partition or the number of workers only.

    Raises:
        RsbenchError: no finished row is called ``against``.
    """
    settings = split_by_setting(records, mix_hardware=mix_hardware)
    comparisons = [Comparison(setting, against, judging) for setting in settings]
    if against:
        known = [method.label for comparison in comparisons for method in comparison.finished]
        if against not in known:
            raise RsbenchError(f'No finished row is called "{against}".{did_you_mean(against, known)}')
    on_links = [
        [OnLink(comparison=comparison, link=link, contact=asked.contact) for link in asked.links]
        for comparison in comparisons
    ]
    sections = map(_section, setting_titles(settings), comparisons, on_links)
    return Report(
        title="rsbench report",
        sections=(*sections, *sections_across(comparisons)),
        problems=tuple(problems),
        methods=methods_table(comparisons),
        cells=cells_table(settings),
        figures=scaling_panels(comparisons),
        how_to_read=HOW_TO_READ,
        links=links_table([one for of_setting in on_links for one in of_setting]) if asked.links else None,
    )


_CLOSING: Final = (sync_answer, selection_answer, conclude)
"""What closes a section, in reading order."""


def _section(title: str, comparison: Comparison, on_links: Sequence[OnLink]) -> Section:
    """Return one setting's tables, figures, notes and conclusion; what was asked of links comes first in each."""
    notes = Notes()
    advice = advise(comparison)
    firsts = [make(comparison, notes) for make in ANSWERS]
    tables = [
        *(beginning_with(table, on_links[0]) if on_links else table for table in firsts),
        *(on_link_table(on_link, notes) for on_link in on_links),
        *(make(comparison, notes) for make in SECTION_TABLES),
    ]
    return Section(
        title=title,
        facts=facts_of(comparison),
        tables=tuple(table for table in tables if table is not None),
        notes=tuple(notes.texts),
        conclusion=" ".join(filter(None, [answers(on_links), *(say(comparison) for say in _CLOSING)])),
        figures=panels_of(comparison, [on_link.link for on_link in on_links]),
        origin=origin_of(comparison.setting),
        answers=(*map(answer, on_links), *([advice_sentence(advice, comparison)] if advice.ranges else [])),
        basis=cells_fact(comparison),
        named=Named(
            dataset=str(comparison.setting.cell["dataset"]),
            model=str(comparison.setting.cell["model"]),
            compressors={method.label: method.name for method in comparison.methods},
        ),
    )
