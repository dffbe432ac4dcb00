"""Anomaly detectors on the scene as it is, and on what each method leaves of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rsbench import units
from rsbench.recipe.bsdm import is_bsdm
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.methods import Method
from rsbench.reports.analysis.statistics.differences import Spread, spread
from rsbench.reports.document.table import Cell, Column, Notes, Row, Table
from rsbench.reports.tables.columns import EMPTY, METHOD, score_cell
from rsbench.results.schema import Record

_LOSS: Final = (
    Column(title="Loss", better="lower", key="test_loss"),
    Column(title="Loss / noise variance", better="lower", key="loss_share"),
)


def detectors_table(comparison: Comparison, notes: Notes) -> Table | None:
    """Return one row for the scene as it is and one a method, one column a detector; None for other tasks."""
    methods = [method for method in comparison.trained if any(map(_detectors, method.chosen))]
    if not methods:
        return None
    names = list(dict.fromkeys(name for method in methods for one in method.chosen for name in _detectors(one)))
    metric = comparison.metric
    raw = {baseline.name: baseline.test(metric.name) for baseline in comparison.baselines}
    rows: list[Row] = [("scene as it is", *(score_cell(metric, raw.get(name)) for name in names), EMPTY, EMPTY)]
    for method in methods:
        areas = (_over_seeds(_detectors(one).get(name) for one in method.chosen) for name in names)
        rows.append((method.label, *(score_cell(metric, area) for area in areas), *_loss_cells(method)))
    _explain(methods[0].chosen[0], notes)
    columns = (METHOD, *(Column(title=name, better="higher", key=_key(name)) for name in names), *_LOSS)
    return Table.of(f"Detectors before and after background suppression, {metric.heading}", columns, rows)


def _detectors(record: Record) -> dict[str, float]:
    """Return detector -> area under (Pf, Pd) of what was left; nothing for other tasks and unfinished cells."""
    test = (record["accuracy"] or {}).get("test") or {}
    found = test.get("detectors")
    return {name: one["auc_pd_pf"] for name, one in found.items()} if isinstance(found, dict) else {}


def _over_seeds(values: Iterable[float | None]) -> Spread | None:
    """Return values of records over the seeds that have one."""
    return spread([float(value) for value in values if value is not None])


def _loss_cells(method: Method) -> tuple[Cell, Cell]:
    """Return the loss over all pixels and its share of the noise's variance; a dash for a method without noise."""
    tests = [record["accuracy"]["test"] for record in method.chosen]
    losses, shares = (_over_seeds(test.get(name) for test in tests) for name in ("loss", "loss_share"))
    return _number(losses, 5), _number(shares, 3)


def _number(over_seeds: Spread | None, decimals: int) -> Cell:
    """Return ``0.781 ± 0.002``."""
    if over_seeds is None:
        return EMPTY
    sd = "" if over_seeds.sd is None else f" ± {over_seeds.sd:.{decimals}f}"
    return Cell(f"{over_seeds.mean:.{decimals}f}{sd}", over_seeds)


def _explain(record: Record, notes: Notes) -> None:
    """Add what the scores are, and what was fixed before the run."""
    said = record["dataset"].get("suppression")
    if not isinstance(said, dict):
        return
    fixed = ", ".join(f"{title} = {said[name]}" for name, title in (("k", "K"), ("t", "t")) if name in said)
    words = f" with {said['mode']} weights and {fixed}, all fixed before the run" if fixed else ""
    step = record["dataset"].get("pixels_per_step")
    paper = ", where the paper takes the whole image" if is_bsdm(record["cell"]["model"]) else ""
    notes.mark(
        f"Rows of the tables are scored by {said.get('score', units.DASH)}{words}; a step takes {step:,} pixels "
        f"drawn at random{paper}. Marks choose nothing: learning rates follow the loss of pixels that do not train."
    )
    if said.get("noise_variance") is not None:
        notes.mark("A loss of the noise's variance is that of a network that predicts the noise's mean.")


def _key(name: str) -> str:
    """Return ``local_rx`` for ``local RX``."""
    return name.lower().replace(" ", "_")
