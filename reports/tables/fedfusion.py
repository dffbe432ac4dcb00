"""The model ``fedfusion``: how small coordinates and bases are against the features that they stand for."""

from __future__ import annotations

from typing import Final

from rsbench import units
from rsbench.recipe.fedfusion import AFTER, SHOWN_ROWS, FedFusion, coordinate_share
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.document.table import Cell, Column, Notes, Row, Table
from rsbench.reports.tables.columns import bytes_cell, count_cell, percent_cell

SAVES_FOUR: Final = 0.25
"""Share of the features at which coordinates and basis are the four times smaller that the paper reports."""
_COLUMNS: Final = (
    Column(title="Feature matrix", align="left", key="feature_matrix"),
    Column(title="Rows n", key="rows"),
    Column(title="Features", key="feature_bytes"),
    Column(title="Coordinates and basis", better="lower", key="coordinate_bytes"),
    Column(title="Share", unit="%", better="lower", key="coordinate_share"),
    Column(title="4x smaller", key="saves_four"),
)


def computed_table(comparison: Comparison, notes: Notes) -> Table | None:
    """Return the sizes of a setting's subspaces by rows of the feature matrix; None for models that have none.

    Neither features nor coordinates nor bases leave a worker: payload counts gradients or differences, buffers the
    Gram matrices.
    """
    records = (record for method in comparison.finished for record in method.chosen)
    record = next((record for record in records if record["model"].get("fedfusion")), None)
    if record is None:
        return None
    facts = record["model"]["fedfusion"]
    batch = int(record["cell"]["batch_size"]) * int(facts["positions"])
    mark = notes.mark(
        f"Sent besides gradients or differences: Gram matrices of {units.bytes_text(facts['gram_bytes'])} at each "
        "averaging of buffers, counted there. Features, coordinates and bases stay on their worker."
    )
    rows = {f"for comparison, {rows} rows": rows for rows in SHOWN_ROWS}
    rows |= {f"a worker's batch, all positions {mark}": batch}
    kept = FedFusion(rank=int(facts["rank"]), join=facts["join"])
    of = f"rank {kept.rank_text}, join={kept.join}, {facts['modalities']} modalities, float32"
    title = f"Computed, not sent: {AFTER}, {of}"
    return Table.of(title, _COLUMNS, [_row(name, kept.rank, facts, count) for name, count in rows.items()])


def _row(name: str, rank: int, facts: dict[str, int], rows: int) -> Row:
    """Return the sizes for a feature matrix of so many rows, all modalities together."""
    share = coordinate_share(rank, rows)
    features_bytes = 4 * rows * int(facts["features"]) * int(facts["modalities"])
    return (
        name,
        count_cell(rows),
        bytes_cell(features_bytes),
        bytes_cell(share * features_bytes),
        percent_cell(share),
        Cell("yes" if share <= SAVES_FOUR else units.DASH, share <= SAVES_FOUR),
    )
