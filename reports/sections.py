"""Sections that several settings have in common: models side by side, and the same work on more workers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import combinations

from rsbench import units
from rsbench.metrics import Metric
from rsbench.reports.analysis import numbers
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.context import commands
from rsbench.reports.analysis.methods import Method
from rsbench.reports.analysis.settings import VARIED, Setting, data_title, distinct, workers
from rsbench.reports.analysis.statistics import Difference, corrected, paired_difference
from rsbench.reports.document.table import Cell, Column, Notes, Section, Table
from rsbench.reports.tables.main import gap_column, score_column

Found = tuple[Setting, Comparison]

_METHOD = Column(title="Method", align="left", key="method")
_MODEL = Column(title="Model", align="left", key="model")


def sections_across(settings: Sequence[Found]) -> list[Section]:
    """Return one section for each group of settings that differ in their model only, or in their workers only."""
    finished = [found for found in settings if any(method.chosen for method in found[1].methods)]
    return [
        *_sections(finished, "model", _models_section),
        *_sections(finished, "workers", _scaling_section),
    ]


def _sections(
    settings: Sequence[Found], axis: str, make: Callable[[str, Setting, list[Found]], Section]
) -> list[Section]:
    """Return a section for each group of two or more settings that agree in all but ``axis``."""
    groups: dict[str, list[Found]] = {}
    for setting, comparison in settings:
        cell = {name: value for name, value in setting.records[0]["cell"].items() if name not in (*VARIED, axis)}
        groups.setdefault(json.dumps([cell, setting.hardware], sort_keys=True), []).append((setting, comparison))
    members = [
        group for group in groups.values() if len({setting.records[0]["cell"][axis] for setting, _ in group}) > 1
    ]
    joined = [
        Setting(
            records=tuple(record for setting, _ in group for record in setting.records), hardware=group[0][0].hardware
        )
        for group in members
    ]
    plain = [_title(axis, setting) for setting in joined]
    named = distinct(plain, joined, besides=axis)
    return [make(title, setting, group) for title, setting, group in zip(named, joined, members, strict=True)]


def _title(axis: str, setting: Setting) -> str:
    """Return ``Models side by side: Houston 2013, 2 workers on cpu``."""
    cell = setting.records[0]["cell"]
    if axis == "model":
        return f"Models side by side: {data_title(setting)}, {workers(cell['workers'])} on {cell['device']}"
    return f"Scaling: {data_title(setting)}, {cell['model']} on {cell['device']}"


def _models_section(title: str, setting: Setting, group: list[Found]) -> Section:
    """Return every model's rows in one table, and the models' differences under the reference."""
    notes = Notes()
    metric = group[0][1].metric
    pairs = _pairs(group, metric)
    tables = [_models_table(group, metric), *([_pairs_table(pairs, metric)] if pairs else [])]
    notes.mark("Differences to none are to that of the same model, as in the model's own section.")
    if len(pairs) > 1:
        notes.mark(f"Between models: ~ by paired t tests after Holm's correction for {len(pairs)} comparisons.")
    return Section(
        title=title,
        facts=(f"Hardware: {setting.hardware}.", *commands(setting.records)),
        tables=tuple(tables),
        notes=tuple(notes.texts),
        conclusion=_best_model(group, pairs, metric),
    )


def _models_table(group: Sequence[Found], metric: Metric) -> Table:
    """Return rows of model x method with the metric and the difference to the same model's reference."""
    rows = []
    for setting, comparison in group:
        model = str(setting.records[0]["cell"]["model"])
        for method in comparison.trained:
            found, gap = method.test(metric.name), comparison.gap(method)
            ratio = method.mean("traffic", "compression_ratio")
            rows.append(
                (
                    model,
                    method.label,
                    Cell(numbers.spread_text(metric, found), found),
                    Cell(numbers.gap_text(metric, gap), gap),
                    Cell(units.ratio_text(ratio), ratio),
                    Cell(str(len(method.chosen)), len(method.chosen)),
                )
            )
    ratio_column = Column(title="Ratio", better="higher", key="compression_ratio")
    columns = (_MODEL, _METHOD, score_column(metric), gap_column(metric, "none"), ratio_column, Column(title="Seeds"))
    return Table.of("Models side by side", columns, rows)


def _pairs(group: Sequence[Found], metric: Metric) -> dict[tuple[str, str], Difference]:
    """Return (higher, lower) -> the paired difference of two models under the reference, over common seeds."""
    scores = {}
    for setting, comparison in group:
        if comparison.reference is not None:
            scores[str(setting.records[0]["cell"]["model"])] = comparison.reference.test_by_seed(metric.name)
    found: dict[tuple[str, str], Difference | None] = {}
    for one, other in combinations(scores, 2):
        gap = paired_difference(scores[one], scores[other])
        if gap is not None and gap.mean < 0:
            found[other, one] = paired_difference(scores[other], scores[one])
        else:
            found[one, other] = gap
    return {pair: gap for pair, gap in corrected(found).items() if gap is not None}


def _pairs_table(pairs: dict[tuple[str, str], Difference], metric: Metric) -> Table:
    """Return one row a pair of models, the higher one first."""
    rows = [
        (
            Cell(f"{one} minus {other}", [one, other]),
            Cell(numbers.gap_text(metric, gap), gap),
            Cell(str(gap.count), gap.count),
        )
        for (one, other), gap in pairs.items()
    ]
    columns = (
        Column(title="Models", align="left"),
        Column(title=f"Difference in {metric.heading}", unit=numbers.gap_unit(metric), key=f"{metric.name}_difference"),
        Column(title="Common seeds"),
    )
    return Table.of("Paired differences between models under none", columns, rows)


def _best_model(group: Sequence[Found], pairs: dict[tuple[str, str], Difference], metric: Metric) -> str:
    """Return which model scores highest under the reference, and by how much."""
    means = {
        str(setting.records[0]["cell"]["model"]): found.mean
        for setting, comparison in group
        if comparison.reference is not None and (found := comparison.reference.test(metric.name)) is not None
    }
    if len(means) < 2:
        return "Fewer than two models have a finished run of none, so they are not compared."
    best = max(means, key=lambda model: means[model])
    gaps = {other: gap for (one, other), gap in pairs.items() if one == best}
    by = ", ".join(
        f"{numbers.points_text(metric, gap.mean)} above {other}{' ~' if gap.is_unclear else ''}"
        for other, gap in gaps.items()
    )
    score = f"{metric.heading} {numbers.score_text(metric, means[best], unit=True)}"
    words = f"Under none {best} has the highest mean: {score}{f', {by}' if by else ''}."
    better = [one for (one, other) in pairs if other == best]
    if better:
        words += f" Over the seeds in common with it {' and '.join(better)} scores higher: the seeds are not the same."
    if any(gap.count == 1 for gap in pairs.values()):
        words += " Differences cannot be judged from one common seed."
    return words


def _scaling_section(title: str, setting: Setting, group: list[Found]) -> Section:
    """Return speed by workers and method."""
    group = sorted(group, key=lambda found: int(found[0].records[0]["cell"]["workers"]))
    by_method: dict[str, dict[int, Method]] = {}
    for member, comparison in group:
        workers = int(member.records[0]["cell"]["workers"])
        for method in comparison.methods:
            if method.chosen and workers > 0 and method.mean("time", "images_per_s"):
                by_method.setdefault(method.label, {})[workers] = method
    sample = group[0][1].task.sample
    return Section(
        title=title,
        facts=(
            f"Hardware: {setting.hardware}; the batch is the same for each worker, so that it grows with them.",
            *commands(setting.records),
        ),
        tables=(_scaling_table(by_method, sample),),
        notes=(),
        conclusion=_scaling_words(by_method, setting, sample),
    )


def _scaling_table(by_method: dict[str, dict[int, Method]], sample: str) -> Table:
    """Return rows of method x workers; speed-up and efficiency are against the method's own fewest workers."""
    rows = []
    for label, by_workers in by_method.items():
        for count, method in by_workers.items():
            step_s, rate = method.mean("time", "step_time_s"), _rate(method)
            epoch_s = int(method.chosen[0]["dataset"]["train"]) / rate
            faster, efficiency = _speed_up(by_workers, count)
            rows.append(
                (
                    label,
                    Cell(str(count), count),
                    Cell(units.ms_text(step_s), step_s),
                    Cell(units.significant(rate), rate),
                    Cell(units.significant(epoch_s), epoch_s),
                    Cell(units.ratio_text(faster, 2), faster),
                    Cell(units.significant(100 * efficiency, 2), efficiency),
                )
            )
    columns = (
        _METHOD,
        Column(title="Workers"),
        Column(title="Step", unit="ms", better="lower", key="step_time_s"),
        Column(title=f"{sample.capitalize()}s/s", better="higher", key="samples_per_s"),
        Column(title="Epoch", unit="s", better="lower", key="epoch_s"),
        Column(title="Speed-up", better="higher"),
        Column(title="Efficiency", unit="%", better="higher"),
    )
    return Table.of(f"Scaling ({sample}s/s against the fewest workers of the same method)", columns, rows)


def _rate(method: Method) -> float:
    """Return samples per second of all workers together."""
    return method.mean("time", "images_per_s") or 0.0


def _speed_up(by_workers: dict[int, Method], count: int) -> tuple[float, float]:
    """Return how many times faster than the fewest workers, and that per worker added."""
    fewest = min(by_workers)
    faster = _rate(by_workers[count]) / _rate(by_workers[fewest])
    return faster, faster * fewest / count


def _scaling_words(by_method: dict[str, dict[int, Method]], setting: Setting, sample: str) -> str:
    """Return each method's speed-up at its most workers."""
    clauses = []
    for label, by_workers in by_method.items():
        fewest, most = min(by_workers), max(by_workers)
        if most > fewest:
            faster, efficiency = _speed_up(by_workers, most)
            clauses.append(f"{label} {units.ratio_text(faster, 2)} on {most} ({100 * efficiency:.0f} % efficiency)")
    if not clauses:
        return "No method has finished on more than one number of workers."
    fewest = min(min(by_workers) for by_workers in by_method.values())
    words = f"{sample.capitalize()}s/s against {workers(fewest)}: {', '.join(clauses)}."
    record = setting.records[0]
    if record["cell"]["device"] == "cpu" and (record["provenance"].get("nnodes") or 1) == 1:
        words += " All workers share one machine's cores, so this is not how separate machines scale."
    return words
