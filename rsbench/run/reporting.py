"""The report at the end of a comparison; other processes may be writing that of the same folder."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from rich.console import Console

from rsbench import reports
from rsbench.cell import CellSpec
from rsbench.console import say
from rsbench.errors import RsbenchError
from rsbench.planning.request import Request
from rsbench.results import records
from rsbench.run.closing import trace_words
from rsbench.run.ending import RunSummary
from rsbench.run.interrupt import Interrupted, signals_interrupt


def report(request: Request, specs: Sequence[CellSpec], console: Console) -> None:
    """Show the table of some cells, and write the files for all that the folder holds.

    Where records came while the files were written, they are written again: another process may have written newer
    ones before, which these replaced. So the files that stay have all records, whoever wrote them.

    Args:
        request: of the comparison.
        specs: its cells.
        console: where to show them.

    Raises:
        RsbenchError: the files cannot be written.
    """
    out = request.out
    if not out.is_dir():
        return
    seen = records.stamps([out])
    recorded, problems = records.read_records([out])
    keys = {spec.key for spec in specs}
    mine = [record for record in recorded if record["key"] in keys]
    reports.show(reports.build_report(mine, problems, judging=request.judging), console)
    if recorded:
        paths = reports.write_report(reports.build_report(recorded, problems, judging=request.judging), out)
        while (now := records.stamps([out])) != seen:
            seen = now
            recorded, problems = records.read_records([out])
            paths = reports.write_report(reports.build_report(recorded, problems, judging=request.judging), out)
        for path in paths:
            say(console, f"Written: {path}")
    if request.trace:
        say(console, trace_words(out, specs))


def report_unless_stopped(
    request: Request, specs: Sequence[CellSpec], summary: RunSummary, console: Console
) -> RsbenchError | None:
    """Report; say where a signal stopped that, and return why the report cannot be written.

    Args:
        request: what the user asked.
        specs: cells of the grid, for the table.
        summary: told of a signal.
        console: where to show it.
    """
    try:
        with signals_interrupt():
            report(request, specs, console)
    except Interrupted as stopped:
        summary.stopped_by = summary.report_stopped_by = stopped.number
        say(
            console,
            "Stopped while the report was made, which is not whole; what was recorded stays: "
            f"`rsbench report {shlex.quote(str(request.out))}` makes it anew.",
        )
    except RsbenchError as problem:
        return problem
    return None
