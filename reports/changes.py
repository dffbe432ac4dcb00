"""Two sets of results side by side: what both have run, what changed, what only one has, what else differs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rsbench import units
from rsbench.judging import DEFAULT, Judging
from rsbench.metrics import Metric
from rsbench.reports.analysis import numbers
from rsbench.reports.analysis.comparison import NOTICEABLE, Comparison
from rsbench.reports.analysis.context import commands
from rsbench.reports.analysis.interval_words import about_words, method_words, together_words
from rsbench.reports.analysis.methods import Method
from rsbench.reports.analysis.settings import Setting, setting_titles, split_by_setting, work_of
from rsbench.reports.analysis.statistics.differences import Difference, simultaneous
from rsbench.reports.document.table import Cell, Column, Notes, Report, Section, Table
from rsbench.reports.raw.rows import cell_row, flat_table
from rsbench.reports.tables import HOW_TO_READ
from rsbench.reports.tables.columns import METHOD, bytes_cell, gap_cell, ms_cell, score_cell
from rsbench.results.provenance import hardware
from rsbench.results.schema import Record

SAME_BYTES: Final = 0.001
"""Share of the payload below which two payloads are called the same."""
_VERSIONS: Final[dict[str, Callable[[dict[str, Any]], Any]]] = {
    "rsbench": lambda provenance: provenance.get("rsbench"),
    "commit": lambda provenance: provenance.get("git_sha"),
    "torch": lambda provenance: (provenance.get("versions") or {}).get("torch"),
    "Python": lambda provenance: provenance.get("python"),
    "hardware": hardware,
}


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One row of both sets.

    Attributes:
        before: of A.
        after: of B.
        gap: B minus A over common seeds, corrected for the rows of its table.
    """

    before: Method
    after: Method
    gap: Difference | None

    def change(self, section: str, name: str) -> float | None:
        """Return by which share a field of the records has grown from A to B, None where it is unknown or was 0."""
        old, new = self.before.mean(section, name), self.after.mean(section, name)
        return None if old is None or new is None or not old else new / old - 1


def build_changes(
    before: Sequence[Record],
    after: Sequence[Record],
    names: tuple[str, str],
    problems: Sequence[str] = (),
    *,
    judging: Judging = DEFAULT,
) -> Report:
    """Return what two sets of records have in common and in what they differ.

    Args:
        before: checked records of A.
        after: checked records of B.
        names: of A and B, such as their folders.
        problems: sentences on records that could not be used.
        judging: which loss from A to B is tolerated, and what intervals are about.

    Returns:
        One section for each setting that both have, whatever the hardware, after one on the sets as a whole.
    """
    old, new = _by_work(before), _by_work(after)
    both = [work for work in old if work in new]
    every = old | {work: setting for work, setting in new.items() if work not in old}
    titles = dict(zip(every, setting_titles(list(every.values())), strict=True))
    sections, rows = [], []
    for work in both:
        section, pairs, metric = _section(
            titles[work], Comparison(old[work], judging=judging), Comparison(new[work], judging=judging)
        )
        sections.append(section)
        rows += [_flat_row(titles[work], pair, metric) for pair in pairs]
    cells = [
        {"set": letter, **cell_row(record)} for letter, records in (("A", before), ("B", after)) for record in records
    ]
    return Report(
        title="rsbench report: A beside B",
        sections=(_whole(old, new, names, titles), *sections),
        problems=tuple(problems),
        methods=flat_table("changes", rows),
        cells=flat_table("cells", cells),
        how_to_read=HOW_TO_READ,
    )


def _by_work(records: Sequence[Record]) -> dict[str, Setting]:
    """Return what was run -> its records, on whatever hardware."""
    return {work_of(setting.records[0]): setting for setting in split_by_setting(records, mix_hardware=True)}


def _whole(old: dict[str, Setting], new: dict[str, Setting], names: tuple[str, str], titles: dict[str, str]) -> Section:
    """Return the section on the sets: their names, versions and machines, and the settings of one only."""
    only = [_only(letter, one, other, titles) for letter, one, other in (("A", old, new), ("B", new, old))]
    common = sum(work in new for work in old)
    words = f"A and B have {units.count_text(common, 'setting')} in common."
    if not common:
        words = (
            "A and B have no setting in common: no data set, model, recipe and number of workers is in both, by the "
            "same rules."
        )
    columns = (Column(title="", align="left", key="what"), *(Column(title=letter, align="left") for letter in "AB"))
    records = [[record for setting in settings.values() for record in setting.records] for settings in (old, new)]
    rows = [(name, *(_distinct(of_set, read) for of_set in records)) for name, read in _VERSIONS.items()]
    counts = [f"{sum(record['status'] == 'done' for record in of_set)} of {len(of_set)}" for of_set in records]
    return Section(
        title="The two sets",
        facts=(f"A: {names[0]}", f"B: {names[1]}", *(text for texts in only for text in texts)),
        tables=(Table.of("Where they come from", columns, [("cells done", *counts), *rows]),),
        notes=(),
        conclusion=words,
    )


def _only(letter: str, one: dict[str, Setting], other: dict[str, Setting], titles: dict[str, str]) -> list[str]:
    """Return a line for each setting that only one set has."""
    return [
        f"Only in {letter}: {titles[work]} ({units.count_text(len(setting.records), 'cell')})."
        for work, setting in one.items()
        if work not in other
    ]


def _distinct(records: Sequence[Record], read: Callable[[dict[str, Any]], Any]) -> str:
    """Return the values that finished records hold, or all records where none is finished, each once."""
    done = [record for record in records if record["status"] == "done"] or records
    values = dict.fromkeys(str(value) for record in done if (value := read(record["provenance"])))
    return ", ".join(values) or units.DASH


def _section(title: str, before: Comparison, after: Comparison) -> tuple[Section, list[Pair], Metric]:
    """Return what changed in one setting."""
    old, new, metric = before.setting, after.setting, before.metric
    pairs = _pairs(before, after)
    notes = Notes()
    table = _table(pairs, metric, notes)
    facts = [
        *_missing("A", before, after),
        *_missing("B", after, before),
        *_unequal(old, new),
        *(f"A's {text[0].lower()}{text[1:]}" for text in commands(old.records)),
        *(f"B's {text[0].lower()}{text[1:]}" for text in commands(new.records)),
    ]
    if any(pair.gap is not None and pair.gap.p is not None for pair in pairs):
        gaps = {pair.after.label: pair.gap for pair in pairs}
        notes.mark(
            f"Intervals {together_words(gaps, 'in this table')} (95 %, {method_words(gaps)}), ~ where one holds zero. "
            f"{about_words(before, gaps)}"
        )
    section = Section(
        title=title,
        facts=tuple(facts),
        tables=(table,) if pairs else (),
        notes=tuple(notes.texts),
        conclusion=_sentences(pairs, before),
    )
    return section, pairs, metric


def _pairs(before: Comparison, after: Comparison) -> list[Pair]:
    """Return the finished rows of both sets."""
    news = {method.label: method for method in after.finished}
    both = [(method, news[method.label]) for method in before.finished if method.label in news]
    gaps = simultaneous({old.label: before.difference(new, old) for old, new in both if old.trains})
    return [Pair(before=old, after=new, gap=gaps.get(old.label)) for old, new in both]


def _missing(letter: str, one: Comparison, other: Comparison) -> list[str]:
    """Return which finished rows only one set has."""
    known = {method.label for method in other.finished}
    labels = [method.label for method in one.finished if method.label not in known]
    return [f"Finished in {letter} only: {', '.join(labels)}."] if labels else []


def _unequal(old: Setting, new: Setting) -> list[str]:
    """Return a warning where the sets come from different machines or code."""
    texts = []
    for name, read in _VERSIONS.items():
        values = [_distinct(setting.records, read) for setting in (old, new)]
        if values[0] != values[1]:
            caution = "; times tell of the machines too" if name == "hardware" else ""
            texts.append(f"Different {name}: {values[0]} in A, {values[1]} in B{caution}.")
    return texts


def _table(pairs: Sequence[Pair], metric: Metric, notes: Notes) -> Table:
    """Return one row a method of both sets."""
    unit = numbers.score_unit(metric)
    columns = (
        METHOD,
        *(Column(title=f"{metric.heading} {letter}", unit=unit, better="higher") for letter in "AB"),
        Column(title="B - A", unit=numbers.gap_unit(metric), better="higher", key=f"{metric.name}_difference"),
        *(Column(title=f"Step {letter}", unit="ms", better="lower") for letter in "AB"),
        Column(title="Step change", unit="%", better="lower"),
        *(Column(title=f"Payload/step {letter}", better="lower") for letter in "AB"),
    )
    return Table.of("What changed", columns, [_row(pair, metric, notes) for pair in pairs])


def _row(pair: Pair, metric: Metric, notes: Notes) -> tuple[Cell, ...]:
    """Return one method's accuracies, bytes and step times, marked where its learning rate changed."""
    sides = (pair.before, pair.after)
    label = pair.before.label
    if pair.before.rate != pair.after.rate:
        label += f" {notes.mark(f'Learning rate {pair.before.rate:g} in A, {pair.after.rate:g} in B.')}"
    slower = pair.change("time", "step_time_s")
    return (
        Cell(label, pair.before.label),
        *(score_cell(metric, side.test(metric.name) if side.trains else None) for side in sides),
        gap_cell(metric, pair.gap),
        *(ms_cell(side.step_s) for side in sides),
        Cell(units.DASH if slower is None else f"{100 * slower:+.0f}", slower),
        *(bytes_cell(side.mean("traffic", "payload_bytes_per_step")) for side in sides),
    )


def _sentences(pairs: Sequence[Pair], before: Comparison) -> str:
    """Return what changed in accuracy, bytes and time, in words."""
    if not pairs:
        return "No method has finished in both."
    metric = before.metric
    clear = [f"{pair.before.label} {numbers.gap_text(metric, pair.gap)}" for pair in pairs if _has_moved(pair)]
    unknown = [pair.before.label for pair in pairs if pair.gap is not None and pair.gap.p is None and pair.gap.mean]
    changed = _clause(f"{metric.heading} changed", clear, f"No change in {metric.heading} can be told from zero")
    changed += f"; one common seed cannot tell for {', '.join(unknown)}" if unknown else ""
    slower = _shares(pairs, "time", "step_time_s", NOTICEABLE)
    texts = [
        _without_gaps(pairs, metric) or changed,
        *_losses(pairs, before),
        _clause("Payload changed", _shares(pairs, "traffic", "payload_bytes_total", SAME_BYTES), "Payload is the same"),
        _clause("Step time changed", slower, f"No step time changed by {100 * NOTICEABLE:.0f} % or more"),
    ]
    return " ".join(f"{text}." for text in texts)


def _without_gaps(pairs: Sequence[Pair], metric: Metric) -> str:
    """Return why no accuracy can be compared where two sets have no seed in common, else nothing."""
    sides = ([pair.before for pair in pairs], [pair.after for pair in pairs])
    seeds = ({seed for one in side for seed in one.test_by_seed(metric.name)} for side in sides)
    a, b = (", ".join(map(str, sorted(each))) for each in seeds)
    if not (a and b) or any(pair.gap is not None for pair in pairs):
        return ""
    return f"{metric.heading} cannot be compared: A and B have no seed in common (A: {a}; B: {b})"


def _losses(pairs: Sequence[Pair], before: Comparison) -> list[str]:
    """Return a sentence on the rows that lost more on average than is tolerated, none where there is no such row."""
    metric, judging = before.metric, before.judging
    lost = [
        pair.before.label for pair in pairs if pair.gap is not None and judging.is_intolerable(metric, pair.gap.mean)
    ]
    over = numbers.threshold_text(metric, judging.tolerated_loss(metric))
    return [f"Over {over} lower on average in B: {', '.join(lost)}"] if lost else []


def _has_moved(pair: Pair) -> bool:
    """Return whether the accuracy changed beyond doubt."""
    return pair.gap is not None and pair.gap.p is not None and not pair.gap.is_unclear


def _clause(words: str, changes: Sequence[str], otherwise: str) -> str:
    """Return the changes after some words, another text where there are none."""
    return f"{words}: {', '.join(changes)}" if changes else otherwise


def _shares(pairs: Sequence[Pair], section: str, name: str, least: float) -> list[str]:
    """Return ``rsdgc 100x -14 %`` for each row that changed by so much."""
    changes = [(pair.before.label, pair.change(section, name)) for pair in pairs]
    return [f"{label} {100 * share:+.3g} %" for label, share in changes if share is not None and abs(share) >= least]


def _flat_row(title: str, pair: Pair, metric: Metric) -> dict[str, Any]:
    """Return one method's raw numbers."""
    gap = pair.gap
    row: dict[str, Any] = {"setting": title, "method": pair.before.label, "metric": metric.name}
    for letter, side in (("a", pair.before), ("b", pair.after)):
        score = side.test(metric.name)
        row |= {f"{letter}_lr": side.rate, f"{letter}_seeds": len(side.chosen)}
        row |= {f"{letter}_score": score and score.mean, f"{letter}_score_sd": score and score.sd}
        row |= {f"{letter}_payload_bytes_total": side.mean("traffic", "payload_bytes_total")}
        row |= {f"{letter}_step_time_s": side.step_s}
    row |= {"difference": gap and gap.mean, "difference_low": gap and gap.low, "difference_high": gap and gap.high}
    return row | {"paired_seeds": gap and gap.count, "p": gap and gap.p, "p_corrected": gap and gap.p_corrected}
