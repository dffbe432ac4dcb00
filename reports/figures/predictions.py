"""What the trained models answered: confusion of classes, receiver operating characteristics, maps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rsbench.metrics import TASKS
from rsbench.reports.analysis.methods import Method
from rsbench.reports.document.figure import Axis, Heat, Lines, Mark, Panel, Picture, Series

MOST_CONFUSIONS: Final = 3
"""Methods whose confusion is shown: the reference and the two best."""
MOST_PICTURED: Final = 4
"""Methods whose maps are shown."""
MOST_NAMED: Final = 12
"""Classes up to which the matrix has names and numbers."""
MOST_ROC_POINTS: Final = 200
_CONFUSED: Final = 0.02
"""Share of a class from which taking it for another one is worth a word."""


def confusion_panel(ranked: Sequence[Method]) -> Panel | None:
    """Return who is taken for whom, for the reference and the best others; None where nobody counted.

    Args:
        ranked: reference first, then the best first.
    """
    counted = [method for method in ranked if _summed(method)]
    figures = [_confusion(method) for method in counted[:MOST_CONFUSIONS]]
    if not figures:
        return None
    note = (
        "Test samples of all seeds. Each row is a true class and adds up to 100 %; a perfect model fills the diagonal."
    )
    if len(counted) > MOST_CONFUSIONS:
        note += f" Shown are {figures[0].title} and the best of the others."
    return Panel(title="Which classes are confused", figures=tuple(figures), note=note, is_detail=True)


def _confusion(method: Method) -> Heat:
    """Return one method's confusion matrix, summed over seeds, each row divided by its sum."""
    summed = _summed(method)
    count = len(summed)
    shares = [[value / (sum(row) or 1) for value in row] for row in summed]
    names = [str(name) for name in method.chosen[0]["dataset"]["classes"]]
    names = names if len(names) == count else [str(number) for number in range(1, count + 1)]
    few = count <= MOST_NAMED
    return Heat(
        title=method.label,
        caption=_most_confused(shares, names),
        rows=tuple(f"{name} {number}" if few else str(number) for number, name in enumerate(names, start=1)),
        columns=tuple(str(number) for number in range(1, count + 1)),
        row_title="true class",
        column_title="predicted class",
        values=tuple(map(tuple, shares)),
        texts=tuple(tuple(f"{100 * share:.0f}" if share >= 0.005 else "" for share in row) for row in shares)
        if few
        else (),
        scale=("0 %", "100 %"),
    )


def _summed(method: Method) -> list[list[int]]:
    """Return the counts of all seeds, empty where there are none or they are of several sizes."""
    matrices = [_counts(record) for record in method.chosen]
    if len({len(matrix) for matrix in matrices}) != 1:
        return []
    return [[sum(values) for values in zip(*rows, strict=True)] for rows in zip(*matrices, strict=True)]


def _counts(record: Mapping[str, Any]) -> list[list[int]]:
    """Return a square confusion matrix, empty where there is none."""
    matrix = ((record["accuracy"] or {}).get("test") or {}).get("confusion") or []
    return matrix if all(len(row) == len(matrix) for row in matrix) else []


def _most_confused(shares: Sequence[Sequence[float]], names: Sequence[str]) -> str:
    """Return the three classes that are most often taken for another one."""
    pairs = [
        (share, names[row], names[column])
        for row, values in enumerate(shares)
        for column, share in enumerate(values)
        if row != column and share >= _CONFUSED
    ]
    if not pairs:
        return f"No class is taken for another one in {100 * _CONFUSED:.0f} % of its images or more."
    worst = sorted(pairs, key=lambda pair: -pair[0])[:3]
    return "Most often: " + "; ".join(f"{true} taken for {other} ({100 * share:.0f} %)" for share, true, other in worst)


def roc_panel(methods: Sequence[Method], marks: Mapping[str, Mark]) -> Panel | None:
    """Return detection against false alarms, for tasks that record it."""
    known = [(method, points) for method in methods if len(points := _roc(method)) > 1]
    floor = min((pf for _, points in known for pf, _ in points if pf > 0), default=None)
    if floor is None:
        return None
    series = []
    for method, points in known:
        thin = points[:: math.ceil(len(points) / MOST_ROC_POINTS)] + points[-1:]
        series.append(
            Series(
                mark=marks[method.label],
                x=tuple(max(pf, floor) for pf, _ in thin),
                y=tuple(pd for _, pd in thin),
                half=(None,) * len(thin),
                tip=method.label,
            )
        )
    figure = Lines(
        title="Detection against false alarms",
        caption=(
            "Receiver operating characteristic on the test pixels, first seed. Up and left is better; "
            f"false alarms below {floor:.1g} are drawn at the left edge."
        ),
        x=Axis(title="false-alarm probability Pf", log=True),
        y=Axis(title="detection probability Pd"),
        series=tuple(series),
    )
    return Panel(title="How targets are found", figures=(figure,), legend=tuple(one.mark for one in series))


def _roc(method: Method) -> list[tuple[float, float]]:
    """Return the first seed's pairs of false-alarm and detection probability; none where it has none."""
    test = ((method.chosen[0]["accuracy"] or {}).get("test")) or {}
    pairs = [pair for pair in test.get("roc") or [] if len(pair) == 2]
    return [(float(pf), float(pd)) for pf, pd in pairs if isinstance(pf, int | float) and isinstance(pd, int | float)]


def pictures_panel(ranked: Sequence[Method]) -> Panel | None:
    """Return the maps that the first seed of the reference and of the best others wrote beside their records."""
    pictures = []
    for method in ranked[:MOST_PICTURED]:
        record = method.chosen[0]
        for picture in (record["accuracy"] or {}).get("pictures") or []:
            title = f"{method.label}, seed {record['cell']['seed']}"
            pictures.append(
                Picture(title=title, caption=str(picture["title"]), path=Path(str(picture.get("path") or "")))
            )
    if not pictures:
        return None
    sample = TASKS[ranked[0].chosen[0]["dataset"]["task"]].sample
    left_out = len(ranked) - MOST_PICTURED
    note = f"As the runs wrote them; one {sample} a dot." if sample == "pixel" else ""
    if left_out > 0:
        note += f" Of {left_out} more methods the maps lie in the result folder."
    return Panel(title="Maps", figures=tuple(pictures), note=note.strip())
