"""``results.md``: what was found, as tables that say first whether all is well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

FACTS = {
    "card": "Card", "card_memory_mib": "Its memory, MiB", "driver": "Driver", "cuda": "CUDA", "nccl": "NCCL",
    "torch": "torch", "triton": "triton", "numba": "numba", "python": "Python", "cpu": "CPU", "cores": "Cores",
}  # fmt: skip
Lines = list[dict[str, Any]]


def write_table(results: dict[str, Any]) -> str:
    """Return the Markdown of all results."""
    machine, verdict = results["machine"], _verdict_of(results)
    on_cpu = results["device"] == "cpu"
    small = "No GPU was used: small versions on a CPU, whose times say nothing of GPUs." if on_cpu else ""
    if "broken" in machine:
        return f"# rsbench: check of a machine\n\n{verdict} {machine['broken']}.\n"
    lacks = ", ".join(machine["missing_packages"]) or "none"
    facts = [(label, machine[key]) for key, label in FACTS.items() if machine[key] is not None]
    blocks = [
        "# rsbench: check of a machine",
        " ".join(filter(None, (verdict, small))),
        _rows(("Fact", "Value"), [*facts, ("Missing packages", lacks)]),
        "## Parts",
        _rows(("Part", "Status", "Seconds", "Laws held", "Why"), map(_part_row, results["parts"])),
    ]
    for part in results["parts"]:
        blocks += _part(part)
    return "\n\n".join(blocks) + "\n"


def _rows(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [list(map(str, head)), ["---"] * len(head), *([str(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def _of(part: dict[str, Any], kind: str) -> Lines:
    return [line for line in part["findings"] if line["kind"] == kind]


def _verdict_of(results: dict[str, Any]) -> str:
    """Return the first sentence: whether all is well."""
    if not results["finished"]:
        return "**Not at its end:** what follows was found so far."
    if not results["passed"]:
        return "**FAILED.**"
    return "All laws held, and every part that was asked for and that this machine can run ran."


def _part_row(part: dict[str, Any]) -> tuple[Any, ...]:
    laws = _of(part, "law")
    held = f"{sum(line['ok'] for line in laws)} of {len(laws)}" if laws else ""
    return part["title"], part["status"], part["wall_s"], held, part["reason"]


def _part(part: dict[str, Any]) -> list[str]:
    """Return the blocks of a part: what broke, figures by subject, notes of laws, and what was left out."""
    laws, figures, skipped = (_of(part, kind) for kind in ("law", "figure", "skipped"))
    if not part["findings"]:
        return []
    blocks = [f"## {part['title']}"]
    broken = [line for line in laws if not line["ok"]]
    if broken:
        blocks += ["Broken:", _rows(("Law", "Of", "What"), [_cells(line) for line in broken])]
    if figures:
        blocks.append(_figures(figures))
    elif laws:  # beside figures a law says only that a method ran; those that did not stand above
        blocks.append(_laws(laws, skipped))
    told = [line for line in laws if line["ok"] and line["detail"]]
    if told:
        rows = _rows(("Law", "Of", "Found"), map(_cells, told))
        blocks.append(f"<details><summary>What was found</summary>\n\n{rows}\n\n</details>")
    if skipped:
        reasons: dict[tuple[str, str], list[str]] = {}
        for line in skipped:
            reasons.setdefault((line["name"], line["detail"]), []).append(line["subject"])
        rows = _rows(("Left out", "Why", "Of"), [(n, why, _all(of)) for (n, why), of in reasons.items()])
        blocks.append(rows)
    return blocks


def _all(subjects: list[str]) -> str:
    return ", ".join(subjects) if len(subjects) <= 6 else f"{len(subjects)} compressors"


def _cells(line: dict[str, Any]) -> tuple[str, str, str]:
    return line["name"], line["subject"], line["detail"]


def _figures(figures: Lines) -> str:
    """Return subjects as rows, names as columns."""
    columns = list(dict.fromkeys((line["name"], line["unit"]) for line in figures))
    rows: dict[str, dict[tuple[str, str], float]] = {}
    for line in figures:
        rows.setdefault(line["subject"], {})[line["name"], line["unit"]] = line["value"]
    head = ["", *(f"{name}, {unit}" if unit else name for name, unit in columns)]
    return _rows(head, [[subject, *(_number(found.get(c)) for c in columns)] for subject, found in rows.items()])


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.3g}"


def _laws(laws: Lines, skipped: Lines) -> str:
    """Return compressors as rows, laws as columns: held, BROKEN, or left out."""
    names = list(dict.fromkeys(line["name"] for line in [*laws, *skipped]))
    marks: dict[str, dict[str, str]] = {}
    for line in [*laws, *skipped]:
        mark = "-" if line["kind"] == "skipped" else "held" if line["ok"] else "BROKEN"
        marks.setdefault(line["subject"], {})[line["name"]] = mark
    return _rows(["", *names], [[s, *(found.get(name, "") for name in names)] for s, found in marks.items()])
