"""Records -> the one ``Report`` that every format draws."""

from __future__ import annotations

from collections.abc import Sequence

from rsbench.errors import RsbenchError, did_you_mean
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.conclusion import conclude
from rsbench.reports.analysis.context import facts_of, origin_of
from rsbench.reports.analysis.methods import methods_of
from rsbench.reports.analysis.settings import Setting, setting_titles, split_by_setting
from rsbench.reports.document.table import Notes, Report, Section, Table
from rsbench.reports.figures.panels import panels_of
from rsbench.reports.figures.scaling import scaling_panels
from rsbench.reports.sections import sections_across
from rsbench.reports.tables.densities import density_tables
from rsbench.reports.tables.main import against_table, comparison_table, details_table, rates_table, times_table
from rsbench.reports.tables.raw import cells_table, methods_table
from rsbench.reports.tables.time_to_accuracy import reached_table
from rsbench.results.schema import Record

HOW_TO_READ = (
    "Accuracies (OA, AA, kappa; areas under ROC curves for targets) are of the test set with the last epoch's weights, "
    'mean ± sd over seeds; each method stands at the learning rate with its best mean validation score. "vs none" is '
    "the mean difference over common seeds, in points for OA, with its paired 95 % interval: Student's t, from 10 "
    "seeds up an expanded BCa bootstrap. ~ where it cannot be told from zero by paired t tests with Holm's correction.",
    "Payload is what a worker hands to the collectives in a step (median after warm-up). Ratio is dense bytes / "
    "payload bytes over all steps, the steady ratio the same after warm-up, the wire ratio the same with modelled "
    "wire bytes. Break-even is the modelled link speed of a worker below (<) or above (>) which a step is faster "
    "than none's. On the Pareto front no other row has both fewer payload bytes of the run and a better accuracy.",
    "Time and bytes to a validation score are those at the first epoch's end at which a seed has it, mean over seeds; "
    "where a seed never has it there is no mean. Seconds are of training and validation.",
)


def build_report(
    records: Sequence[Record], problems: Sequence[str] = (), *, mix_hardware: bool = False, against: str = ""
) -> Report:
    """Return everything there is to say about some records.

    Args:
        records: checked records, from one machine or several.
        problems: sentences on records that could not be used.
        mix_hardware: put runs from different hardware into one table.
        against: a row, as the tables call it, that the others are compared with in a table of its own.

    Returns:
        One section for each setting (and hardware), in the order of first start, then one for each group of
        settings that differ in the model only, or in the number of workers only.

    Raises:
        RsbenchError: no finished row is called ``against``.
    """
    settings = split_by_setting(records, mix_hardware=mix_hardware)
    titles = setting_titles(settings)
    comparisons = [Comparison(methods_of(setting.records)) for setting in settings]
    if against:
        known = [method.label for comparison in comparisons for method in comparison.methods if method.chosen]
        if against not in known:
            raise RsbenchError(f'No finished row is called "{against}".{did_you_mean(against, known)}')
    found = list(zip(settings, comparisons, strict=True))
    sections = [
        _section(setting, comparison, title, against)
        for (setting, comparison), title in zip(found, titles, strict=True)
    ]
    return Report(
        title="rsbench report",
        sections=(*sections, *sections_across(found)),
        problems=tuple(problems),
        methods=methods_table(found),
        cells=cells_table(settings),
        figures=scaling_panels(settings),
    )


def _section(setting: Setting, comparison: Comparison, title: str, against: str) -> Section:
    """Return one setting's tables, notes and conclusion."""
    notes = Notes()
    finished = any(method.chosen for method in comparison.methods)
    tables: list[Table | None] = [
        comparison_table(comparison, notes),
        against_table(comparison, against) if against else None,
        *([details_table(comparison, notes), times_table(comparison)] if finished else []),
        reached_table(comparison),
        rates_table(comparison),
        *density_tables(comparison.methods),
    ]
    return Section(
        title=title,
        facts=facts_of(setting, comparison),
        tables=tuple(table for table in tables if table is not None),
        notes=tuple(notes.texts),
        conclusion=conclude(comparison),
        figures=panels_of(comparison.methods, comparison.reference),
        origin=origin_of(setting),
    )
