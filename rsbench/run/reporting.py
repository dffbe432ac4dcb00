"""The report at the end of a comparison; other processes may be writing that of the same folder."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from rsbench import reports
from rsbench.cell import CellSpec
from rsbench.errors import RsbenchError
from rsbench.metrics import score_text
from rsbench.planning.request import Request
from rsbench.results import records
from rsbench.results.schema import Record
from rsbench.run import answer
from rsbench.run.closing import Closing, trace_words
from rsbench.run.ending import RunSummary
from rsbench.run.interrupt import Interrupted, signals_interrupt
from rsbench.run.opening import earlier_lines
from rsbench.run.screen.labels import Labels
from rsbench.run.screen.screen import Screen
from rsbench.units import duration_text


def report(request: Request, specs: Sequence[CellSpec], summary: RunSummary, screen: Screen) -> None:
    """Show the tables of some cells, and write the files for all that the folder holds.

    Where records came while the files were written, they are written again: another process may have written newer
    ones before, which these replaced. So the files that stay have all records, whoever wrote them.

    Args:
        request: of the comparison.
        specs: its cells.
        summary: what became of those that ran.
        screen: where to show them.

    Raises:
        RsbenchError: the files cannot be written.
    """
    out = request.out
    if not out.is_dir():
        return
    seen = records.stamps([out])
    recorded, problems = records.read_records([out])
    mine = _of(specs, recorded)
    paths, trouble = _written(request, seen) if recorded else ([], None)  # first: who reads the tables may leave
    if summary.stopped_by is None or _methods_done(mine) > 1:
        reports.show(reports.build_report(mine, problems, judging=request.judging), screen.results)
        for path in paths:
            screen.result(f"Written: {path}")
    else:
        _show_done(mine, screen)
    if request.trace:
        screen.result(trace_words(out, specs))
    if trouble is not None:
        raise trouble


def _written(request: Request, seen: dict[Path, tuple[int, int]]) -> tuple[list[Path], RsbenchError | None]:
    """Write the files for all that the folder holds, until no record is newer; return them, or why that failed."""
    out = request.out
    paths: list[Path] = []
    while True:
        recorded, problems = records.read_records([out])
        try:
            paths = reports.write_report(reports.build_report(recorded, problems, judging=request.judging), out)
        except RsbenchError as problem:
            return [], problem
        now = records.stamps([out])
        if now == seen:
            return paths, None
        seen = now


def report_unless_stopped(
    request: Request, specs: Sequence[CellSpec], summary: RunSummary, screen: Screen
) -> RsbenchError | None:
    """Report; say where a signal stopped that, and return why the report cannot be written.

    Args:
        request: what the user asked.
        specs: cells of the grid, for the table.
        summary: told of a signal.
        screen: where to show it.
    """
    try:
        with signals_interrupt():
            report(request, specs, summary, screen)
    except Interrupted as stopped:
        summary.stopped_by = summary.report_stopped_by = stopped.number
        screen.alert(
            "Stopped while the report was made, which is not whole; what was recorded stays: "
            f"`rsbench report {shlex.quote(str(request.out))}` makes it anew.",
        )
    except RsbenchError as problem:
        return problem
    return None


def close(request: Request, specs: Sequence[CellSpec], left: Closing, screen: Screen) -> None:
    """Say what is not done and what to do next; print the JSON document where one is asked for.

    Args:
        request: of the comparison.
        specs: its cells.
        left: what is left of it.
        screen: where to print.
    """
    out, lines = request.out, left.lines(request.out)
    for line in lines:
        screen.alert(line)
    if left.summary.ended:
        for line in earlier_lines(out):
            screen.note(line)
    if screen.as_json:
        every = [*specs, *(job.spec for job in left.not_begun)]
        recorded, problems = records.read_records([out]) if out.is_dir() else ([], [])
        built = reports.build_report(_of(every, recorded), problems, judging=request.judging)
        screen.answer(answer.document(left.exit_code, out, every, built, lines))


def _of(specs: Sequence[CellSpec], recorded: Sequence[Record]) -> list[Record]:
    """Return the records of some cells."""
    keys = {spec.key for spec in specs}
    return [record for record in recorded if record["key"] in keys]


def _done(recorded: Sequence[Record]) -> list[Record]:
    return [record for record in recorded if record["status"] == "done"]


def _methods_done(recorded: Sequence[Record]) -> int:
    """Return how many rows of a table have a cell that is done; a table of one compares nothing."""
    return len({CellSpec.from_dict(record["cell"]).row for record in _done(recorded)})


def _show_done(recorded: Sequence[Record], screen: Screen) -> None:
    """Say what is done, a line a cell."""
    done = _done(recorded)
    specs = [CellSpec.from_dict(record["cell"]) for record in done]
    labels = Labels.of(specs)
    for spec, record in zip(specs, done, strict=True):
        facts = [score_text(record), duration_text(record["wall_s"] or 0.0)]
        screen.result(f"Done: {labels.label(spec)}: {', '.join(filter(None, facts))}")
