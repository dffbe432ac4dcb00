"""The tables of a report. A new one for a section is one file with a ``SectionTable`` and one line in the list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.document.table import Notes, Table
from rsbench.reports.pruning.table import selection_table
from rsbench.reports.tables.by_link import by_link_table
from rsbench.reports.tables.densities import density_table, tensor_density_table
from rsbench.reports.tables.details import details_table
from rsbench.reports.tables.differences import differences_table
from rsbench.reports.tables.fedfusion import computed_table
from rsbench.reports.tables.learning_rates import learning_rates_table
from rsbench.reports.tables.main import comparison_table
from rsbench.reports.tables.partitions import partition_table
from rsbench.reports.tables.rounds import rounds_table
from rsbench.reports.tables.step_parts import step_parts_table
from rsbench.reports.tables.tasks.detectors import detectors_table
from rsbench.reports.tables.tasks.uncertainty import uncertainty_table
from rsbench.reports.tables.time_to_accuracy import time_to_accuracy_table
from rsbench.reports.tables.wire import wire_table

SectionTable = Callable[[Comparison, Notes], Table | None]
"""What makes one table of a setting; its marks stand for the notes added. None where there is nothing to show."""

ANSWERS: Final[tuple[SectionTable, ...]] = (by_link_table, comparison_table)
"""The tables that answer a section's question, in reading order; links that were asked for come behind them."""

SECTION_TABLES: Final[tuple[SectionTable, ...]] = (
    detectors_table,
    differences_table,
    details_table,
    uncertainty_table,
    rounds_table,
    selection_table,
    wire_table,
    step_parts_table,
    time_to_accuracy_table,
    learning_rates_table,
    density_table,
    tensor_density_table,
    computed_table,
    partition_table,
)
"""The other tables of a section, in reading order."""

HOW_TO_READ: Final = (
    "Accuracies (OA, AA, kappa; areas under ROC curves for targets and anomalies) are of the test set with the last "
    "epoch's weights, mean ± sd over seeds; each method stands at the learning rate with its best mean validation "
    'score, or its lowest validation loss for anomalies. "vs none" is the mean difference over common seeds, in points '
    "for OA, with paired 95 % intervals (Student's t) that hold together for all rows of a table (Bonferroni); ~ where "
    "an interval holds zero.",
    "Payload is what a worker hands to the collectives in a step (median after warm-up). Ratio is dense bytes / "
    "payload bytes over all steps, the steady ratio the same after warm-up, the wire ratio the same with modelled "
    "wire bytes. Break-even is the modelled link speed of a worker below (<) or above (>) which a step is faster "
    "than none's. On the Pareto front no other row has both fewer payload bytes of the run and a better accuracy.",
    "Time and bytes to a validation score are those at the first epoch's end at which a seed has it, mean over seeds; "
    'where a seed never has it there is no mean, only how many have it, as in "2 of 3 seeds". Seconds are of training '
    "steps alone, in cells of rules 2 and before of validation, too.",
)
"""Sentences on what the tables' columns mean."""
