"""The closing sentences: which method to use on which link, said from the data and no further than it goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rsbench import units
from rsbench.links.worker_links import parse_worker_links
from rsbench.reports.analysis import numbers
from rsbench.reports.analysis.comparison import NOTICEABLE, WORTH_NAMING, Comparison
from rsbench.reports.analysis.methods import Method
from rsbench.reports.costs.link_model import SpeedRange, fastest_by_speed
from rsbench.reports.costs.step_model import StepCosts
from rsbench.results.schema import Record

QUIET: Final = 1.2
"""Factor between the methods' forward times, the same work, from which the machine is called busy."""

EQUAL_BYTES: Final = 1.05
"""Matching leaves wire bytes a little apart: up to this factor they are no reason to prefer a method."""


def conclude(comparison: Comparison) -> str:
    """Return what to use on which link, what not to trust, and last what was fastest on this machine's loopback.

    On emulated links or several machines what was measured there comes first.
    """
    reference = comparison.reference
    if not comparison.trained:
        return _nothing_trained(comparison)
    if reference is None:
        return "There is no finished run of none to compare with: add --compressor none."
    others = [method for method in comparison.trained if method is not reference]
    if not others:
        return "Only none has finished, so there is nothing to compare it with."
    lower = [method for method in others if comparison.is_lower(method)]
    accepted = [reference, *(method for method in others if not comparison.is_lower(method))]
    measured = _fastest_here(accepted, lower, comparison, reference)
    sentences = [
        _fastest_by_link(accepted, comparison, reference),
        _most_accurate(accepted, comparison, reference),
        _left_out(lower, comparison),
        _doubts(comparison, reference, others),
        _busy_machine(comparison.trained),
    ]
    sentences = [measured, *sentences] if _is_on_a_link(reference) else [*sentences, measured]
    return " ".join(sentence for sentence in sentences if sentence)


def _nothing_trained(comparison: Comparison) -> str:
    """Return why there is nothing to conclude."""
    if comparison.finished:
        return "Only what does not train has finished, so there is nothing to conclude: add --compressor none."
    if any(record["status"] == "done" for record in comparison.setting.records):
        return "Only learning rates have been tried yet, so there is nothing to conclude."
    return "No cell is done yet, so there is nothing to conclude."


def _fastest_here(
    accepted: Sequence[Method], lower: Sequence[Method], comparison: Comparison, reference: Method
) -> str:
    """Return which accepted method has the shortest measured step on this machine."""
    steps_s = _steps_s(accepted)
    if reference.label not in steps_s:
        return ""
    best = min(steps_s, key=lambda label: steps_s[label])
    where = f"Measured {_place(reference)}:"
    shortest = "the shortest step"
    if any(step_s < steps_s[best] for step_s in _steps_s(lower).values()):
        shortest += " of those not left out below"
    best_ms, none_ms = units.ms_text(steps_s[best]), units.ms_text(steps_s[reference.label])
    if best == reference.label:
        return f"{where} do not compress, none has {shortest} ({none_ms} ms)."
    method = next(method for method in accepted if method.label == best)
    if steps_s[best] > (1 - NOTICEABLE) * steps_s[reference.label]:
        return (
            f"{where} {method.saving} does not pay, {best} takes {best_ms} ms a step, none {none_ms} ms, less than "
            f"{100 * NOTICEABLE:.0f} % apart."
        )
    faster = comparison.speed_up(method)
    return (
        f"{where} {best} has {shortest}, {best_ms} ms against {none_ms} ms of none "
        f"({units.ratio_text(faster, 2)} as fast)."
    )


def _steps_s(methods: Sequence[Method]) -> dict[str, float]:
    """Return label -> measured step time in seconds where it is known."""
    return {method.label: step_s for method in methods if (step_s := method.step_s)}


def _is_on_a_link(reference: Method) -> bool:
    """Return whether the workers talked over a link, emulated or between machines, and not over loopback."""
    record = reference.chosen[0]
    return bool(record["cell"].get("link")) or (record["provenance"].get("nnodes") or 1) > 1


def _place(reference: Method) -> str:
    """Return where the measured step times hold."""
    record = reference.chosen[0]
    if record["cell"].get("link"):
        return f"on emulated links ({parse_worker_links(record['cell']['link']).title})"
    nodes = record["provenance"].get("nnodes") or 1
    if nodes > 1:
        return f"on the network between these {nodes} machines"
    return "on this machine's loopback" if record["cell"]["device"] == "cpu" else "on this machine"


def _fastest_by_link(accepted: Sequence[Method], comparison: Comparison, reference: Method) -> str:
    """Return which accepted method has the shortest modelled step at which link speed."""
    if not (reference.mean("traffic", "wire_bytes_total") or 0):
        return "With one worker nothing is sent, so no link makes compression pay."
    by_label = {method.label: method for method in accepted}
    ranges = _ranges(accepted, comparison)
    if not ranges:
        return "Step times are missing, so nothing can be said of other links."
    doubt = next((doubt for method in accepted if (doubt := comparison.doubt(method))), "")
    if doubt:
        return f"Nothing is said of links, because {doubt}: run it again on an idle machine."
    clauses = "; ".join(f"{_range_text(span)} {_advice(by_label[span.name], comparison)}" for span in ranges)
    known = all(costs.knows_calls for costs in _costs(accepted, comparison))
    model = (
        "a step modelled with its exchange overlapped as DDP does it, without latency"
        if known
        else "a step modelled as its non-communication time + its wire bytes / the link speed"
    )
    steps_s = _steps_s(accepted)
    # The model knows links, not this machine's loopback: there it may name another method than the clock.
    other = steps_s and ranges[-1].name != min(steps_s, key=lambda label: steps_s[label])
    caution = " On links as fast as the one measured here, trust the measurement." if other else ""
    return f"By the link of a worker ({model}): {clauses}.{caution}"


def _ranges(accepted: Sequence[Method], comparison: Comparison) -> list[SpeedRange]:
    """Return the accepted methods with the shortest modelled step by link speed."""
    return fastest_by_speed(_worth_listing(_costs(accepted, comparison)))


def _costs(methods: Sequence[Method], comparison: Comparison) -> list[StepCosts]:
    """Return what the methods' steps cost, where that is known."""
    costs = map(comparison.costs, methods)
    return [cost for cost in costs if cost is not None]


def _worth_listing(every: Sequence[StepCosts]) -> list[StepCosts]:
    """Return the methods that no other beats with about the same bytes and less computing."""

    def is_beaten(costs: StepCosts) -> bool:
        return any(
            other is not costs
            and other.wire_bytes_per_step <= EQUAL_BYTES * costs.wire_bytes_per_step
            and other.compute_s < costs.compute_s
            for other in every
        )

    return [costs for costs in every if not is_beaten(costs)]


def _range_text(span: SpeedRange) -> str:
    """Return ``below 120 Mbit/s``, ``from 1 to 120 Mbit/s``, ``above 120 Mbit/s`` or ``at every link speed``."""
    above = units.link_speed_text(span.above_bits_per_s) if span.above_bits_per_s else ""
    if span.below_bits_per_s is None:
        return f"above {above}" if above else "at every link speed"
    below = units.link_speed_text(span.below_bits_per_s)
    return f"from {above} to {below}" if above else f"below {below}"


def _advice(method: Method, comparison: Comparison) -> str:
    """Return ``use rsdgc 100x (OA 1.2 points above none ~, 100x fewer bytes)``."""
    if method is comparison.reference:
        return "do not compress"
    fewer = f"{units.ratio_text(method.mean('traffic', 'compression_ratio'))} fewer payload bytes"
    if method.sync.kind != "steps":
        fewer += f", an exchange in {method.sync.every:,} steps"
    return f"use {method.label} ({_accuracy_words(method, comparison)}, {fewer})"


def _accuracy_words(method: Method, comparison: Comparison) -> str:
    """Return the difference in words; ``~`` when it cannot be told from zero."""
    metric, gap = comparison.metric, comparison.gap(method)
    if gap is None:
        return f"{metric.heading} not comparable"
    where = "above" if gap.mean >= 0 else "below"
    unclear = " ~" if gap.is_unclear else ""
    return f"{metric.heading} {numbers.points_text(metric, abs(gap.mean))} {where} none{unclear}"


def _most_accurate(accepted: Sequence[Method], comparison: Comparison, reference: Method) -> str:
    """Return the method with the best metric where that is another one than those advised, over several seeds."""
    gaps = {method.label: comparison.gap(method) for method in accepted}
    gains = {label: gap.mean for label, gap in gaps.items() if gap is not None and gap.low is not None}
    if not gains:
        return ""
    gains[reference.label] = 0.0
    advised = [gains[span.name] for span in _ranges(accepted, comparison) if span.name in gains]
    label = max(gains, key=lambda name: gains[name])
    if not advised or gains[label] - max(advised) < WORTH_NAMING:
        return ""
    best = f"The highest {comparison.metric.heading} is that of {label}"
    if label == reference.label:
        return f"{best} itself."
    method = next(method for method in accepted if method.label == label)
    return f"{best} ({_accuracy_words(method, comparison)}){_when_faster(method, comparison)}."


def _when_faster(method: Method, comparison: Comparison) -> str:
    """Return ``, by the model faster than none below 570 Mbit/s``."""
    point = comparison.break_even(method)
    if point is None or point.doubt:
        return ""
    if point.bits_per_s is None:
        return f", by the model {point.case} faster than none"
    return f", by the model faster than none {point.case} {units.link_speed_text(point.bits_per_s)}"


def _left_out(lower: Sequence[Method], comparison: Comparison) -> str:
    """Return which methods are left out of the advice for their accuracy, with the numbers."""
    if not lower:
        return ""
    losses = ", ".join(_loss_text(method, comparison) for method in lower)
    metric = comparison.metric
    over = numbers.threshold_text(metric, comparison.tolerated_loss)
    return f"Left out because {metric.heading} is clearly lower, or over {over} lower on average: {losses}."


def _loss_text(method: Method, comparison: Comparison) -> str:
    """Return ``topk 100x (-5.2 points [-7.0, -3.4])``; ``~`` where the interval holds zero."""
    metric, gap = comparison.metric, comparison.gap(method)
    if gap is None:
        return method.label
    unit = f" {numbers.gap_unit(metric)}".rstrip()
    unclear = " ~" if gap.is_unclear else ""
    mean, interval = numbers.signed_text(metric, gap.mean), numbers.interval_text(metric, gap)
    return f"{method.label} ({mean}{unit}{interval}{unclear})"


def _doubts(comparison: Comparison, reference: Method, others: Sequence[Method]) -> str:
    """Return what the accuracies here cannot tell."""
    metric = comparison.metric
    score = reference.test(metric.name)
    if score is None:
        return "The accuracy of none is unknown, so nothing is said on accuracy."
    chance = _chance(reference.chosen[0])
    if score.mean < min(2 * chance, (1 + chance) / 2):
        guess = f"{units.significant(100 * chance, 2)} %" if metric.percent else f"{chance:g}"
        reached = numbers.score_text(metric, score.mean, unit=True)
        return (
            f"None itself reaches {reached} {metric.heading} where guessing gives {guess}: training was too short to "
            "judge accuracy."
        )
    pairs = [gap.count for method in others if (gap := comparison.gap(method)) is not None]
    if max(pairs, default=0) == 1:
        return "Accuracy differences cannot be judged from one seed: add --seeds 0,1,2."
    if max(pairs, default=0) == 2:
        return "Intervals from two seeds are very wide: add --seeds 0,1,2,3,4."
    if pairs and min(pairs) == 1:
        return "Rows with one seed in common with none say nothing certain on accuracy."
    return ""


def _chance(record: Record) -> float:
    """Return what guessing gives: half the area under a ROC curve, or the share of the most frequent test class.

    The share is counted, because a part of a data set may lack classes.
    """
    confusion = record["accuracy"]["test"].get("confusion")
    if confusion is None:
        return 0.5
    rows = [sum(row) for row in confusion]
    return max(rows, default=0) / max(1, sum(rows)) or 1 / max(1, len(record["dataset"]["classes"]))


def _busy_machine(trained: Sequence[Method]) -> str:
    """Return a warning when the forward pass, the same work for all, took unequally long."""
    forward = {method.label: method.mean("time", "forward_s") for method in trained}
    known = {label: seconds for label, seconds in forward.items() if seconds and seconds > 0}
    if len(known) < 2:
        return ""
    least, most = min(known, key=lambda label: known[label]), max(known, key=lambda label: known[label])
    if known[most] <= QUIET * known[least]:
        return ""
    return (
        f"Times are rough: forward took {units.ms_text(known[least])} ms under {least} and "
        f"{units.ms_text(known[most])} ms under {most}, though it is the same work, so the machine was busy with "
        "something else."
    )
