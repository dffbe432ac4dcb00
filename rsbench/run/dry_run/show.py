"""What ``--dry-run`` shows: a plan as a list of costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rsbench import reports
from rsbench.planning.job import LocatedDataset
from rsbench.planning.request import Request
from rsbench.reports.document.table import Notes, Report, Section
from rsbench.run.dry_run.cell_table import cell_table
from rsbench.run.dry_run.document import document
from rsbench.run.dry_run.expectation import Expectation
from rsbench.run.dry_run.groups import by_method, by_setting
from rsbench.run.dry_run.phase_table import phase_tables
from rsbench.run.dry_run.sentences import data_sentences, facts, headline
from rsbench.run.dry_run.tables import methods_table, settings_table
from rsbench.run.queue import CellQueue
from rsbench.run.screen.screen import Screen

_MEMORY: Final = (
    "Memory: weights, gradients, optimizer and compressor state, messages, and what the forward pass keeps for the "
    "backward pass (float32, from shapes); libraries and their work space come on top."
)


def show(
    queue: CellQueue,
    expected: Sequence[Expectation],
    request: Request,
    screen: Screen,
    located: Mapping[str, LocatedDataset],
) -> None:
    """Print what the cells that are left would cost.

    Args:
        queue: the cells.
        expected: how long each of those that are left will take.
        request: its budget, its contact, and what its plan marks as not known from the paper.
        screen: where to print.
        located: the data sets, by name.
    """
    jobs, notes = queue.left(), Notes()
    sentences = [*data_sentences(located, request.data_root), *facts(jobs, expected, request)]
    if screen.as_json:
        screen.answer(document(queue, expected, sentences))
        return
    methods = methods_table(by_method(jobs, expected), notes)
    tables = [settings_table(by_setting(jobs, expected)), methods, *phase_tables(by_method(jobs, expected))]
    if request.verbose:
        tables.append(cell_table(queue, expected, notes))
        sentences.append(_MEMORY)
    section = Section(
        title=headline(queue.most, jobs, expected),
        facts=tuple(sentences),
        tables=tuple(tables) if jobs else (),
        notes=tuple(notes.texts),
        conclusion=f"{queue.most} to run, {queue.done} already done. Nothing was launched."
        f"{'' if request.verbose or not jobs else ' --verbose shows every cell.'}",
    )
    reports.show(Report(title="", sections=(section,), problems=(), methods=methods, cells=methods), screen.results)
