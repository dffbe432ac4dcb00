"""Reports: records -> one ``Report`` of tables -> the formats, which only draw.

A new format is one file with a ``write(report, folder) -> list[Path]`` and one line in ``FORMATS``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from rsbench.errors import RsbenchError, did_you_mean
from rsbench.reports import comma_separated, html, markdown
from rsbench.reports.build import build_report
from rsbench.reports.table import Report
from rsbench.reports.terminal import show
from rsbench.schema import Record

__all__ = ["FORMATS", "Report", "build_report", "show", "write_report"]

FORMATS: dict[str, Callable[[Report, Path], list[Path]]] = {
    "markdown": markdown.write,
    "csv": comma_separated.write,
    "html": html.write,
}


def write_report(
    records: Sequence[Record] | Report,
    out_dir: Path,
    formats: Sequence[str] = tuple(FORMATS),
    *,
    problems: Sequence[str] = (),
) -> list[Path]:
    """Write a report in some formats.

    Args:
        records: checked records, or a report that was built from them already.
        out_dir: the folder for the files.
        formats: names in ``FORMATS``.
        problems: sentences on records that could not be used.

    Returns:
        The paths written.

    Raises:
        RsbenchError: for an unknown format, or a folder that cannot be written to.
    """
    for name in formats:
        if name not in FORMATS:
            raise RsbenchError(f'There is no report format "{name}".{did_you_mean(name, FORMATS)}')
    report = records if isinstance(records, Report) else build_report(records, problems)
    return [path for name in formats for path in FORMATS[name](report, out_dir)]
