"""The closing sentences: which method to use on which link, said from the data and no further than it goes."""

from __future__ import annotations

from collections.abc import Sequence

from rsbench.link import SpeedRange, break_even, fastest_by_speed
from rsbench.reports.methods import Method, reference_of
from rsbench.reports.units import milliseconds, signed_points, significant, speed, times
from rsbench.schema import Record
from rsbench.stats import Difference, paired_difference

TOLERATED_LOSS = 0.03
"""Fraction of OA (3 points): a larger mean loss is called lower even where the interval is wide or missing."""

NOTICEABLE = 0.05
"""Share of a step time below which two measured step times are called equal."""

WORTH_NAMING = 0.005
"""Fraction of OA (half a point) from which a method that is not advised is named for its accuracy."""

QUIET = 1.2
"""Factor between the methods' forward times, the same work, from which the machine is called busy."""

EQUAL_BYTES = 1.05
"""Matching leaves wire bytes a little apart: up to this factor they are no reason to prefer a method."""


def conclude(methods: Sequence[Method]) -> str:
    """Return the closing sentences for one setting.

    Args:
        methods: the rows of its tables.

    Returns:
        What to use at which link speed (modelled), what is fastest here (measured), and what not to trust.
    """
    reference = reference_of(methods)
    trained = [method for method in methods if method.chosen and method.trains]
    if not trained:
        return "No cell is done yet, so there is nothing to conclude."
    if reference is None:
        return "There is no finished run of none to compare with: add --compressor none."
    others = [method for method in trained if method is not reference]
    if not others:
        return "Only none has finished, so there is nothing to compare it with."
    lower = [method for method in others if is_lower(method, reference)]
    accepted = [reference, *(method for method in others if method not in lower)]
    sentences = [
        _by_link(accepted, reference),
        _most_accurate(accepted, reference),
        _here(accepted, reference),
        _warning(lower, reference),
        _trust(reference, others),
        _quiet(trained),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def difference(method: Method, reference: Method) -> Difference | None:
    """Return the paired difference in test OA over common seeds."""
    return paired_difference(method.test_by_seed("oa"), reference.test_by_seed("oa"))


def is_lower(method: Method, reference: Method) -> bool:
    """Return whether OA is below the reference's: the whole interval is, or the mean by over 3 points."""
    found = difference(method, reference)
    return found is not None and (found.is_below or found.mean < -TOLERATED_LOSS)


def _by_link(accepted: Sequence[Method], reference: Method) -> str:
    """Return which accepted method has the shortest modelled step at which link speed."""
    if not (reference.mean("traffic", "wire_bytes_total") or 0):
        return "With one worker nothing is sent, so no link makes compression pay."
    by_label = {method.label: method for method in accepted}
    ranges = _ranges(accepted)
    if not ranges:
        return "Step times are missing, so no link speed can be named."
    clauses = "; ".join(f"{_range_text(span)} {_advice(by_label[span.name], reference)}" for span in ranges)
    model = "modelled: a step is its non-communication time + its wire bytes / the link speed of a worker"
    return f"{clauses[0].upper()}{clauses[1:]} ({model})."


def _ranges(accepted: Sequence[Method]) -> list[SpeedRange]:
    """Return the accepted methods with the shortest modelled step by link speed."""
    costs = [method.cost for method in _worth_listing(accepted)]
    return fastest_by_speed([cost for cost in costs if cost is not None])


def _most_accurate(accepted: Sequence[Method], reference: Method) -> str:
    """Return the method with the highest OA where that is another one than those advised, over several seeds."""
    gains = {method.label: difference(method, reference) for method in accepted}
    known = {label: gain for label, gain in gains.items() if gain is not None and gain.low is not None}
    advised = [known[span.name].mean for span in _ranges(accepted) if span.name in known]
    if not known or not advised:
        return ""
    label = max(known, key=lambda name: known[name].mean)
    if known[label].mean - max(advised) < WORTH_NAMING:
        return ""
    method = next(method for method in accepted if method.label == label)
    return f"The highest OA is that of {label} ({_accuracy_words(method, reference)}){_when_faster(method, reference)}."


def _when_faster(method: Method, reference: Method) -> str:
    """Return ``, faster than none below 570 Mbit/s``."""
    if method is reference or method.cost is None or reference.cost is None:
        return ""
    point = break_even(method.cost, reference.cost)
    if point.bits_per_s is None:
        return f", {point.case} faster than none"
    return f", faster than none {point.case} {speed(point.bits_per_s)}"


def _worth_listing(accepted: Sequence[Method]) -> list[Method]:
    """Return the methods that no other beats with about the same bytes and less computing."""

    def is_beaten(method: Method) -> bool:
        cost = method.cost
        return cost is not None and any(
            other.cost is not None
            and other is not method
            and other.cost.wire_bytes <= EQUAL_BYTES * cost.wire_bytes
            and other.cost.compute_s < cost.compute_s
            for other in accepted
        )

    return [method for method in accepted if not is_beaten(method)]


def _range_text(span: SpeedRange) -> str:
    """Return ``below 120 Mbit/s``, ``from 1 to 120 Mbit/s``, ``above 120 Mbit/s`` or ``at every link speed``."""
    if span.below_bits_per_s is None:
        return f"above {speed(span.above_bits_per_s)}" if span.above_bits_per_s else "at every link speed"
    if not span.above_bits_per_s:
        return f"below {speed(span.below_bits_per_s)}"
    return f"from {speed(span.above_bits_per_s)} to {speed(span.below_bits_per_s)}"


def _advice(method: Method, reference: Method) -> str:
    """Return ``use rsdgc 100x (OA 1.2 points above none ~, 100x fewer bytes)``."""
    if method is reference:
        return "do not compress"
    fewer = method.mean("traffic", "compression_ratio")
    return f"use {method.label} ({_accuracy_words(method, reference)}, {times(fewer)} fewer payload bytes)"


def _accuracy_words(method: Method, reference: Method) -> str:
    """Return the difference in OA in words; ``~`` when it cannot be told from zero."""
    found = difference(method, reference)
    if found is None:
        return "OA not comparable"
    where = "above" if found.mean >= 0 else "below"
    unclear = " ~" if found.is_unclear else ""
    return f"OA {abs(100 * found.mean):.1f} points {where} none{unclear}"


def _here(accepted: Sequence[Method], reference: Method) -> str:
    """Return which accepted method has the shortest measured step on this machine."""
    measured = {method.label: method.mean("time", "step_time_s") for method in accepted}
    known = {label: seconds for label, seconds in measured.items() if seconds}
    if reference.label not in known:
        return ""
    none_s = known[reference.label]
    best = min(known, key=lambda label: known[label])
    where = _place(reference)
    if best == reference.label:
        return f"{where} do not compress: none has the shortest measured step ({milliseconds(none_s)} ms)."
    if known[best] > (1 - NOTICEABLE) * none_s:
        return (
            f"{where} compression does not pay: {best} takes {milliseconds(known[best])} ms a step, none "
            f"{milliseconds(none_s)} ms, less than {100 * NOTICEABLE:.0f} % apart."
        )
    return (
        f"{where} {best} has the shortest measured step: {milliseconds(known[best])} ms against "
        f"{milliseconds(none_s)} ms of none ({times(none_s / known[best], 2)} as fast)."
    )


def _place(reference: Method) -> str:
    """Return where the measured step times hold."""
    record = reference.chosen[0]
    nodes = record["provenance"].get("nnodes") or 1
    if nodes > 1:
        return f"On the network between these {nodes} machines"
    return "On this machine's loopback" if record["cell"]["device"] == "cpu" else "On this machine"


def _warning(lower: Sequence[Method], reference: Method) -> str:
    """Return which methods are left out of the advice for their accuracy, with the numbers."""
    if not lower:
        return ""
    losses = ", ".join(_loss_text(method, reference) for method in lower)
    return f"Left out because OA is clearly lower, or over 3 points lower on average: {losses}."


def _loss_text(method: Method, reference: Method) -> str:
    """Return ``topk 100x (-5.2 points [-7.0, -3.4])``."""
    found = difference(method, reference)
    if found is None:
        return method.label
    interval = ""
    if found.low is not None and found.high is not None:
        interval = f" [{signed_points(found.low)}, {signed_points(found.high)}]"
    return f"{method.label} ({signed_points(found.mean)} points{interval}{' ~' if found.is_unclear else ''})"


def _trust(reference: Method, others: Sequence[Method]) -> str:
    """Return what the accuracies here cannot tell."""
    oa = reference.test("oa")
    if oa is None:
        return "The accuracy of none is unknown, so nothing is said on accuracy."
    chance = _chance(reference.chosen[0])
    if oa.mean < min(2 * chance, (1 + chance) / 2):
        return (
            f"None itself reaches {100 * oa.mean:.1f} % OA where guessing gives {significant(100 * chance, 2)} %: "
            "training was too short to judge accuracy."
        )
    pairs = [found.count for method in others if (found := difference(method, reference)) is not None]
    if max(pairs, default=0) == 1:
        return "Accuracy differences cannot be judged from one seed: add --seeds 0,1,2."
    if max(pairs, default=0) == 2:
        return "Intervals from two seeds are very wide: add --seeds 0,1,2,3,4."
    if pairs and min(pairs) == 1:
        return "Rows with one seed in common with none say nothing certain on accuracy."
    return ""


def _chance(record: Record) -> float:
    """Return the OA of always guessing the most frequent class of the test images (a part may lack classes)."""
    rows = [sum(row) for row in record["accuracy"]["test"]["confusion"]]
    return max(rows, default=0) / max(1, sum(rows)) or 1 / max(1, len(record["dataset"]["classes"]))


def _quiet(trained: Sequence[Method]) -> str:
    """Return a warning when the forward pass, the same work for all, took unequally long."""
    forward = {method.label: method.mean("time", "forward_s") for method in trained}
    known = {label: seconds for label, seconds in forward.items() if seconds and seconds > 0}
    if len(known) < 2:
        return ""
    least, most = min(known, key=lambda label: known[label]), max(known, key=lambda label: known[label])
    if known[most] <= QUIET * known[least]:
        return ""
    return (
        f"Times are rough: forward took {milliseconds(known[least])} ms under {least} and {milliseconds(known[most])} "
        f"ms under {most}, though it is the same work, so the machine was busy with something else."
    )
