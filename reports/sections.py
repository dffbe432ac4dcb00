"""Sections that several settings have in common: links, models or partitions side by side, and more workers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rsbench import units
from rsbench.links.worker_links import parse_worker_links
from rsbench.metrics import Metric
from rsbench.reports.analysis import numbers
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.context import commands
from rsbench.reports.analysis.fedfusion_ranks import rank_sentences
from rsbench.reports.analysis.groups import (
    PartitionRow,
    by_partition,
    by_workers,
    group_by,
    joined,
    model_gaps,
    partition_gaps,
    speed_up,
)
from rsbench.reports.analysis.interval_words import about_words
from rsbench.reports.analysis.methods import Method
from rsbench.reports.analysis.predictions import Predicted, median_error, predictions
from rsbench.reports.analysis.settings import Setting, data_title, distinct
from rsbench.reports.analysis.statistics.differences import Difference
from rsbench.reports.document.table import Notes, Section
from rsbench.reports.tables.across.models import model_differences_table, models_table
from rsbench.reports.tables.across.predicted_steps import errors_table, predicted_steps_table, signed_percent
from rsbench.reports.tables.across.scaling import scaling_table
from rsbench.reports.tables.partitions import across_partitions_table


def sections_on_links(comparisons: Sequence[Comparison]) -> list[Section]:
    """Return one section for each group of settings that differ in their emulated link only: the model's error."""
    finished = [comparison for comparison in comparisons if comparison.finished]
    return _sections("link", finished, _links_title, _links_section)


def sections_across(comparisons: Sequence[Comparison]) -> list[Section]:
    """Return one section for each group of settings that differ in their model, their workers or their link only."""
    finished = [comparison for comparison in comparisons if comparison.finished]
    return [
        *sections_on_links(finished),
        *_sections("model", finished, _models_title, _models_section),
        *_sections("partition", finished, _partitions_title, _partitions_section),
        *_sections("workers", finished, _scaling_title, _scaling_section),
    ]


def _sections(
    field: str,
    comparisons: Sequence[Comparison],
    title: Callable[[Setting], str],
    make: Callable[[str, Setting, list[Comparison]], Section | None],
) -> list[Section]:
    """Return a section for each group of settings that agree in all but a field, where it has something to show."""
    groups = group_by(field, comparisons)
    whole = [joined(group) for group in groups]
    titles = distinct([title(setting) for setting in whole], whole, besides=field)
    made = (make(*of_one) for of_one in zip(titles, whole, groups, strict=True))
    return [section for section in made if section is not None]


def _links_title(setting: Setting) -> str:
    """Return ``Predicted and measured steps: Houston 2013, fusion, 2 workers on cpu``."""
    workers = units.count_text(setting.cell["workers"], "worker")
    return f"Predicted and measured steps: {data_title(setting)}, {setting.model}, {workers} on {setting.device}"


def _links_section(title: str, setting: Setting, group: list[Comparison]) -> Section | None:
    """Return the model's error on emulated links, None where no records without one allow a prediction."""
    every, notes = predictions(group), Notes()
    if not every:
        return None
    tables = (predicted_steps_table(every, notes), errors_table(every))
    return Section(
        title=title,
        facts=(
            f"Hardware: {setting.hardware}; predictions are from the records without emulated links alone.",
            *commands(setting.records),
        ),
        tables=tuple(table for table in tables if table is not None),
        notes=tuple(notes.texts),
        conclusion=_error_words(every),
    )


def _error_words(every: Sequence[Predicted]) -> str:
    """Return by how much the model errs, and where most."""
    counted = [one for one in every if one.counts]
    if not counted:
        return (
            "In no undisturbed row exchange is a third of the step or more, so they say little of the model of links."
        )
    worst, median = max(counted, key=lambda one: abs(one.error)), median_error(counted) or 0.0
    return (
        f"Where exchange is a third of the step or more, the model errs by {100 * median:.1f} % "
        f"(median of {units.count_text(len(counted), 'row')}), at most by {signed_percent(worst.error)} %: "
        f"{worst.label} at {parse_worker_links(worst.link).title}."
    )


def _models_title(setting: Setting) -> str:
    """Return ``Models side by side: Houston 2013, 2 workers on cpu``."""
    return f"Models side by side: {data_title(setting)}, {setting.place}"


def _models_section(title: str, setting: Setting, group: list[Comparison]) -> Section:
    """Return every model's rows in one table, and the models' differences under the reference."""
    metric, gaps, notes = group[0].metric, model_gaps(group), Notes()
    notes.mark("Differences to none are to that of the same model, as in the model's own section.")
    if len(gaps) > 1:
        about = about_words(group[0], {f"{one} against {other}": gap for (one, other), gap in gaps.items()})
        notes.mark(
            f"Between models: intervals hold together for {len(gaps)} comparisons, ~ where one holds zero. {about}"
        )
    return Section(
        title=title,
        facts=(f"Hardware: {setting.hardware}.", *commands(setting.records)),
        tables=(models_table(group), *([model_differences_table(gaps, metric)] if gaps else [])),
        notes=tuple(notes.texts),
        conclusion=" ".join([_best_model(group, gaps, metric), *rank_sentences(group)]),
    )


def _best_model(group: Sequence[Comparison], gaps: Mapping[tuple[str, str], Difference], metric: Metric) -> str:
    """Return which model scores highest under the reference, and by how much."""
    means = {
        comparison.setting.model: score.mean
        for comparison in group
        if comparison.reference is not None and (score := comparison.reference.test(metric.name)) is not None
    }
    if len(means) < 2:
        return "Fewer than two models have a finished run of none, so they are not compared."
    best = max(means, key=lambda model: means[model])
    by = ", ".join(
        f"{numbers.points_text(metric, gap.mean)} above {other}{' ~' if gap.is_unclear else ''}"
        for (one, other), gap in gaps.items()
        if one == best
    )
    highest = f"{metric.heading} {numbers.score_text(metric, means[best], unit=True)}"
    words = f"Under none {best} has the highest mean: {highest}{f', {by}' if by else ''}."
    better = [one for (one, other) in gaps if other == best]
    if better:
        words += f" Over the seeds in common with it {' and '.join(better)} scores higher: the seeds are not the same."
    if any(gap.count == 1 for gap in gaps.values()):
        words += " Differences cannot be judged from one common seed."
    return words


def _partitions_title(setting: Setting) -> str:
    """Return ``Across partitions: EuroSAT, smallvgg, 2 workers on cpu``."""
    workers = units.count_text(setting.cell["workers"], "worker")
    return f"Across partitions: {data_title(setting)}, {setting.cell['model']}, {workers} on {setting.device}"


def _partitions_section(title: str, setting: Setting, group: list[Comparison]) -> Section:
    """Return each method's metric under each partition, and what that costs against the first one."""
    ordered, notes = by_partition(group), Notes()
    gaps = partition_gaps(ordered)
    if gaps:
        about = about_words(group[0], {f"{label} under {text}": gap for (label, text), gap in gaps.items()})
        together = f"intervals hold together for {len(gaps)} comparisons, ~ where one holds zero"
        notes.mark(f"Between partitions: {together}. {about}")
    notes.mark("Each method stands at its own learning rate in each partition.")
    return Section(
        title=title,
        facts=(f"Hardware: {setting.hardware}.", *commands(setting.records)),
        tables=(across_partitions_table(ordered, gaps),),
        notes=tuple(notes.texts),
        conclusion=" ".join(_partition_words(ordered, other, gaps) for other in ordered[1:]),
    )


def _partition_words(group: Sequence[Comparison], other: Comparison, gaps: Mapping[PartitionRow, Difference]) -> str:
    """Return which method loses most and which least under a partition."""
    metric, text = other.metric, other.setting.partition
    found = sorted((gap.mean, label) for (label, under), gap in gaps.items() if under == text)
    if not found:
        return f"No method has a seed in common under {text} and {group[0].setting.partition}."
    ends = [f"{numbers.signed_text(metric, mean)} ({label})" for mean, label in dict.fromkeys((found[0], found[-1]))]
    unit = f" {numbers.gap_unit(metric)}" if numbers.gap_unit(metric) else ""
    if all(gap.count == 1 for (_, under), gap in gaps.items() if under == text):
        return (
            f"Against {group[0].setting.partition}, {text} changes {metric.heading} by {' to '.join(ends)}{unit}, "
            "which cannot be judged from one common seed."
        )
    below = sum(gap.is_below for (_, under), gap in gaps.items() if under == text)
    return (
        f"Against {group[0].setting.partition}, {text} changes {metric.heading} by {' to '.join(ends)}{unit}; "
        f"the interval lies below zero in {below} of {units.count_text(len(found), 'row')}."
    )


def _scaling_title(setting: Setting) -> str:
    """Return ``Scaling: Houston 2013, fusion on cpu``."""
    return f"Scaling: {data_title(setting)}, {setting.model} on {setting.device}"


def _scaling_section(title: str, setting: Setting, group: list[Comparison]) -> Section:
    """Return speed by workers and method."""
    ordered = sorted(group, key=lambda comparison: int(comparison.setting.cell["workers"]))
    rows, sample = by_workers(ordered, "images_per_s"), group[0].task.sample
    return Section(
        title=title,
        facts=(
            f"Hardware: {setting.hardware}; the batch is the same for each worker, so that it grows with them.",
            *commands(setting.records),
        ),
        tables=(scaling_table(rows, sample),),
        notes=(),
        conclusion=_scaling_words(rows, setting, sample),
    )


def _scaling_words(rows: Mapping[str, Mapping[int, Method]], setting: Setting, sample: str) -> str:
    """Return each method's speed-up at its most workers."""
    clauses = []
    for label, row in rows.items():
        most = max(row)
        if most > min(row):
            faster, efficiency = speed_up(row, most)
            clauses.append(f"{label} {units.ratio_text(faster, 2)} on {most} ({100 * efficiency:.0f} % efficiency)")
    if not clauses:
        return "No method has finished on more than one number of workers."
    fewest = units.count_text(min(min(row) for row in rows.values()), "worker")
    words = f"{sample.capitalize()}s/s against {fewest}: {', '.join(clauses)}."
    record = setting.records[0]
    if record["cell"]["device"] == "cpu" and (record["provenance"].get("nnodes") or 1) == 1:
        words += " All workers share one machine's cores, so this is not how separate machines scale."
    return words
