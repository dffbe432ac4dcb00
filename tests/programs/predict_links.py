"""Print the link model's error: steps predicted from cells without an emulated link beside those measured on links.

    python tests/programs/predict_links.py RESULTS...

A result folder has the same cells without a link and with some, as ``rsbench compare --link none --link 50mbit`` makes
them. The model's constants stand in ``rsbench/links/collective_time.py``: change them there and run this again.
"""

from __future__ import annotations

import sys
from pathlib import Path

from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.groups import group_by
from rsbench.reports.analysis.predictions import predictions
from rsbench.reports.analysis.settings import split_by_setting
from rsbench.reports.document.table import Notes
from rsbench.reports.tables.across.predicted_steps import errors_table, predicted_steps_table
from rsbench.results.records import read_records


def main() -> None:
    """Print one table of all rows and one of their errors."""
    records, problems = read_records(map(Path, sys.argv[1:]))
    comparisons = [Comparison(setting) for setting in split_by_setting(records)]
    groups = group_by("link", [comparison for comparison in comparisons if comparison.finished])
    every, notes = [row for group in groups for row in predictions(group)], Notes()
    for table in (predicted_steps_table(every, notes), errors_table(every)):
        if table is not None:
            frame = table.frame()
            frame.columns = [column.heading for column in table.columns]
            print(f"{table.title}\n{frame.to_string(index=False)}\n")
    print("\n".join([*notes.texts, *problems]))


if __name__ == "__main__":
    main()
