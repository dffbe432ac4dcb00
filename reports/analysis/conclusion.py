"""The closing sentences: which method to use on which link, said from the data and no further than it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rsbench import units
from rsbench.links.worker_links import parse_worker_links
from rsbench.metrics import facts_of
from rsbench.recipe.prune import parse_prune
from rsbench.reports.analysis import numbers
from rsbench.reports.analysis.comparison import NOTICEABLE, WORTH_NAMING, Comparison
from rsbench.reports.analysis.link_answer import (
    LinkAdvice,
    accuracy_words,
    advice_sentence,
    advise,
)
from rsbench.reports.analysis.methods import REFERENCE, Method
from rsbench.reports.analysis.on_link import accepted_methods, known_costs
from rsbench.results.schema import Record

QUIET: Final = 1.2
"""Factor between the methods' forward times, the same work, from which the machine is called busy."""

MOST_NAMED: Final = 4
"""Rows that a sentence names; of more, those that lose the least."""


def conclude(comparison: Comparison) -> str:
    """Return what to use on which link, what not to trust, and last what was fastest on this machine's loopback.

    On emulated links or several machines what was measured there comes first.
    """
    reference = comparison.reference
    if not comparison.trained:
        return _nothing_trained(comparison)
    if reference is None:
        return _nothing_to_compare_with(comparison)
    others = [method for method in comparison.advisable if method is not reference]
    judged = [method for method in comparison.trained if method is not reference]
    if not judged:
        return "Only none has finished, so there is nothing to compare it with."
    distrust = (
        _doubts(comparison, reference, judged),
        _busy_machine([method for method in comparison.trained if method.has_whole_batches]),
    )
    if not others:
        return " ".join(filter(None, distrust))
    lower = [method for method in others if comparison.is_lower(method)]
    accepted, advice = accepted_methods(comparison), advise(comparison)
    measured = _fastest_here(accepted, lower, comparison, reference)
    sentences = [
        _by_link(advice, comparison),
        _most_accurate(advice, accepted, comparison, reference),
        _left_out(lower, comparison),
        *distrust,
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


def _nothing_to_compare_with(comparison: Comparison) -> str:
    """Return which row is missing, and what is to be added to the command."""
    records = comparison.setting.records
    if comparison.advisable == comparison.trained:
        return "There is no finished run of none to compare with: add --compressor none."
    has_dense = any(record["cell"]["compressor"] == REFERENCE for record in records)
    has_whole = any(parse_prune(record["cell"].get("prune")).keeps_all for record in records)
    lacking = [
        *([] if has_dense else ["none to --compressor"]),
        *([] if has_whole else ["none to --prune"]),
    ]
    what = f"add {' and '.join(lacking)}" if lacking else "run its cell"
    return f"There is no finished run of none on all samples to compare with: {what}."


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
        shortest += " of the methods that are kept"
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


def _fastest(steps_s: Mapping[str, float], reference: Method | None) -> str:
    """Return the label of the shortest measured step, the reference's where it is not noticeably longer."""
    fastest = min(steps_s, key=lambda label: steps_s[label], default="")
    reference_s = steps_s.get(reference.label) if reference else None
    if reference and reference_s and steps_s[fastest] > (1 - NOTICEABLE) * reference_s:
        return reference.label
    return fastest


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


def _by_link(advice: LinkAdvice, comparison: Comparison) -> str:
    """Return which accepted method to use at which link speed, and how that is known."""
    sentence = advice_sentence(advice, comparison)
    if not advice.ranges:
        return sentence
    accepted = accepted_methods(comparison)
    known = all(costs.knows_calls for costs in known_costs(accepted, comparison))
    model = (
        "with its exchange overlapped as DDP does it, without latency"
        if known
        else "as its non-communication time + its wire bytes / the link speed"
    )
    sentence += f" Link speeds are those of one worker; a step there is modelled {model}."
    if len(advice.ranges) > 1:
        sentence += f" Less than {100 * NOTICEABLE:.0f} % of a step is no reason to compress."
    if any(gap is not None and gap.is_unclear for gap in (comparison.gap(one.method) for one in advice.ranges)):
        sentence += " A difference with ~ cannot be told from zero: its 95 % interval holds zero."
    fastest = _fastest(_steps_s(accepted), comparison.reference)
    # The model knows links, not this machine's loopback: there it may name another method than the clock.
    other = fastest and advice.ranges[-1].method.label != fastest
    return sentence + (" On links as fast as the one measured here, trust the measurement." if other else "")


def _most_accurate(advice: LinkAdvice, accepted: Sequence[Method], comparison: Comparison, reference: Method) -> str:
    """Return the method with the best metric where that is another one than those advised, over several seeds."""
    gaps = {method.label: comparison.gap(method) for method in accepted}
    gains = {label: gap.mean for label, gap in gaps.items() if gap is not None and gap.low is not None}
    if not gains:
        return ""
    gains[reference.label] = 0.0
    advised = [gains[one.method.label] for one in advice.ranges if one.method.label in gains]
    label = max(gains, key=lambda name: gains[name])
    if gains[label] - max(advised, default=0.0) < WORTH_NAMING:
        return ""
    best = f"The highest {comparison.metric.heading} is that of {label}"
    if label == reference.label:
        return f"{best} itself."
    method = next(method for method in accepted if method.label == label)
    return f"{best} ({accuracy_words(method, comparison)}){_when_faster(method, comparison)}."


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
    named = lower if len(lower) <= MOST_NAMED else sorted(lower, key=lambda row: -_loss(row, comparison))[:MOST_NAMED]
    losses = ", ".join(_loss_text(method, comparison) for method in named)
    if len(lower) > MOST_NAMED:
        losses += f" and {units.count_text(len(lower) - MOST_NAMED, 'row')} with larger losses"
    metric = comparison.metric
    over = numbers.threshold_text(metric, comparison.tolerated_loss)
    return f"Left out because {metric.heading} is clearly lower, or over {over} lower on average: {losses}."


def _loss(method: Method, comparison: Comparison) -> float:
    """Return the mean difference to the reference, 0 where it is not known."""
    gap = comparison.gap(method)
    return 0.0 if gap is None else gap.mean


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
            f"None itself reaches {reached} {metric.heading} where guessing gives {guess}: training was too short, or "
            "the data are too few, to judge accuracy."
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
    """Return what guessing gives, by the classes of the test samples: a part of a data set may lack some."""
    confusion = record["accuracy"]["test"].get("confusion") or []
    guess = facts_of(record["dataset"]["task"]).guess([sum(row) for row in confusion])
    return guess or 1 / max(1, len(record["dataset"]["classes"]))


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
