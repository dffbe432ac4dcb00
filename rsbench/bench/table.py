"""What ``rsbench bench`` shows: the exchange, compression alone, steps between densities, and the closing sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rsbench.bench.density_steps import largest_steps
from rsbench.bench.machine import warning
from rsbench.bench.measured import Measured, RowSamples, Spread
from rsbench.bench.rows import REFERENCE, Row
from rsbench.units import DASH, bytes_text, count_text, ms_text, significant

if TYPE_CHECKING:
    from rsbench.reports.document.table import Column, Report, Table

LONGEST_METHOD: Final = 44
"""Characters of a compressor's text in a table."""


def report(measured: Measured) -> Report:
    """Return what formats draw: tables, notes and a closing sentence."""
    from rsbench.reports.document.table import Report, Section  # late: start-up

    timed = [one for one in measured.rows if one.exchange_s() is not None]
    tables = [_exchange_table(measured, timed)]
    if any("compress" in one.rounds for one in timed):
        tables.append(_compression_table(measured, timed))
    steps = largest_steps(measured)
    if steps:
        tables.append(_steps_table(measured, steps))
    section = Section(
        title=f"{measured.order['model']}: time of a step's backward and exchange",
        facts=facts(measured),
        tables=tuple(tables),
        notes=_notes(measured),
        conclusion=_conclusion(measured, timed),
    )
    failures = [f"{_name(measured, one.row)} failed: {one.failed}." for one in measured.rows if one.failed]
    rough = warning(measured.machine, measured.order["workers"] * max(measured.order["threads"]))
    problems = tuple([*failures, *([rough] if rough else [])])
    return Report(title="", sections=(section,), problems=problems, methods=tables[0], cells=tables[0])


def facts(measured: Measured) -> tuple[str, ...]:
    """Return on what, and how, it was measured."""
    order, machine, seen = measured.order, measured.machine, measured.facts
    elements = seen.get("elements", 0)
    vectors = f" ({machine['vectors']}, {machine['vector_bits']} bit)" if machine["vectors"] else ""
    turbo = {True: ", turbo on", False: ", turbo off", None: ""}[machine["turbo"]]
    loops = "loops compiled by numba"
    if seen.get("kernels") != "compiled":
        loops = "loops of torch operations (pip install 'rsbench[fast]': compression several times as fast)"
    copies = [spread for one in measured.rows if (spread := one.spread("exchange", "copy_s"))]
    copy = f"{ms_text(min(spread.median for spread in copies))} ms" if copies else "not timed"
    threads = " and ".join(str(count) for count in order["threads"])
    views = "" if order["bucket_views"] else " Gradients are no bucket views."
    torch, cores, rounds = seen.get("torch", "?"), count_text(machine["cores"], "core"), order["repeats"]
    if machine["threads"] > machine["cores"]:
        cores += f" of {machine['threads']} threads"
    return (
        f"{machine['cpu']}{vectors}, {cores}{turbo}; torch {torch}; {loops}.",
        f"{elements:,} made-up gradients, {bytes_text(4 * elements)}; {order['workers']} gloo processes of {threads} "
        f"compute {'thread' if threads == '1' else 'threads'}; {count_text(rounds, 'round')} over all rows.{views}",
        f"copy_ of as many bytes: {copy}. Medians over the steps of all rounds, each step at its slowest rank; in "
        "parentheses the middle half, from the 25th to the 75th percentile.",
    )


def _name(measured: Measured, row: Row) -> str:
    """Return a row's method, and whose code it is where two trees are compared."""
    name = row.method
    if row.kind == "floor" and "memory" in name and measured.facts.get("kernels") != "compiled":
        name += ", torch operations"
    if row.kind == "compressor" and len(name) > LONGEST_METHOD:
        name = f"{name[: LONGEST_METHOD // 2]}…{name[1 - LONGEST_METHOD // 2 :]}"
    if measured.order["against"] is None or row.kind != "compressor":
        return name
    return f"{name} ({row.tree or 'this'})"


def spread_text(spread: Spread | None) -> str:
    """Return ``0.87 (0.85-0.91)``."""
    return f"{spread.median:.2f} ({spread.low:.2f}-{spread.high:.2f})" if spread else DASH


def _median(spread: Spread | None) -> str:
    """Return ``0.87``."""
    return f"{spread.median:.2f}" if spread else DASH


def _ms(spread: Spread | None) -> str:
    """Return the median in milliseconds, of seconds."""
    return ms_text(None if spread is None else spread.median)


def density_text(density: float | None) -> str:
    """Return a density as users write it."""
    return DASH if density is None else f"{density:.3g}"


def _leading(measured: Measured) -> tuple[Column, ...]:
    """Return the columns that tell rows apart."""
    from rsbench.reports.document.table import Column  # late: start-up

    threads = [Column(title="Threads")] if len(measured.order["threads"]) > 1 else []
    return Column(title="Method", align="left"), Column(title="Density"), *threads


def _of_row(measured: Measured, row: Row) -> tuple[str, ...]:
    """Return a row's cells in the columns of :func:`_leading`."""
    threads = [str(row.threads)] if len(measured.order["threads"]) > 1 else []
    return _name(measured, row), density_text(row.density), *threads


def _exchange_table(measured: Measured, timed: Sequence[RowSamples]) -> Table:
    """Return backward + exchange of all rows."""
    from rsbench.reports.document.table import Column, Table  # late: start-up

    against = measured.order["against"] is not None
    has_memory = any("memory" in one.rounds for one in timed)
    gradient_bytes = 4 * measured.facts["elements"] if timed else 0

    def cells(one: RowSamples) -> tuple[str, ...]:
        payload, memory = one.payload_bytes(), measured.memory_share(one)
        return (
            *_of_row(measured, one.row),
            _ms(one.exchange_s()),
            spread_text(measured.of_plain_ddp(one)),
            *([_beside_other(measured, one)] if against else []),
            DASH if payload is None else bytes_text(payload),
            f"{significant(gradient_bytes / payload)}x" if payload else DASH,
            *([DASH if memory is None else f"{memory[0]:.2f} of {memory[1]:.2f}"] if has_memory else []),
        )

    leading = _leading(measured)
    columns = (
        *leading,
        Column(title="Exchange", unit="ms", better="lower"),
        Column(title="/ plain DDP", better="lower"),
        *([Column(title="this / other", better="lower")] if against else []),
        Column(title="Payload", better="lower"),
        Column(title="Ratio", better="higher"),
        *([Column(title="Memory", better="lower")] if has_memory else []),
    )
    title = "Backward + exchange, rounds interleaved"
    return Table(title=title, columns=columns, rows=tuple(map(cells, timed)), leading=len(leading))


def _beside_other(measured: Measured, one: RowSamples) -> str:
    """Return a row's time as a multiple of the other tree's, a dash where that has none."""
    names = {other.row.tree for other in measured.rows} - {""}
    if one.row.tree or one.row.kind != "compressor":
        return DASH
    other = measured.find(one.row.method, one.row.density, threads=one.row.threads, tree=min(names)).exchange_s()
    mine = one.exchange_s()
    return f"{mine.median / other.median:.2f}" if mine and other else DASH


def _compression_table(measured: Measured, timed: Sequence[RowSamples]) -> Table:
    """Return compression alone, in units of a copy of the same bytes beside it."""
    from rsbench.reports.document.table import Column, Table  # late: start-up

    leading = _leading(measured)
    columns = (
        *leading,
        Column(title="Compress + encode", unit="ms", better="lower"),
        Column(title="/ copy_", better="lower"),
        Column(title="Decode", unit="ms", better="lower"),
        Column(title="/ copy_", key="decode_per_copy", better="lower"),
    )
    cells = (
        (
            *_of_row(measured, one.row),
            _ms(one.spread("compress", "compress_s")),
            spread_text(one.per_copy("compress_s")),
            _ms(one.spread("compress", "decode_s")),
            _median(one.per_copy("decode_s")),
        )
        for one in timed
        if "compress" in one.rounds
    )
    title = "Compression alone, one process"
    return Table(title=title, columns=columns, rows=tuple(cells), leading=len(leading))


def _steps_table(measured: Measured, steps: Sequence[tuple[RowSamples, RowSamples, float]]) -> Table:
    """Return for each method where its time rises most from one density to the next."""
    from rsbench.reports.document.table import Column, Table  # late: start-up

    method, _, *threads = _leading(measured)
    columns = (
        *(method, *threads),
        Column(title="Largest step", better="lower"),
        Column(title="From density"),
        Column(title="To"),
    )

    def cells(low: RowSamples, high: RowSamples, step: float) -> tuple[str, ...]:
        name, to, *threads = _of_row(measured, high.row)
        return name, *threads, f"{step:+.0%}", density_text(low.row.density), to

    rows = tuple(cells(*step) for step in steps)
    return Table(title="Largest rise of the exchange between neighbouring densities", columns=columns, rows=rows)


def _notes(measured: Measured) -> tuple[str, ...]:
    """Return what columns and rows mean."""
    notes = []
    if measured.order["floors"]:
        notes.append(
            "memory traffic only: a floor, which no method of its kind goes below. One loop over the gradients adds to "
            "what is kept and leaves zeros; nothing is chosen, an empty message is gathered. noop sends nothing at all."
        )
    if any("memory" in one.rounds for one in measured.rows):
        notes.append(
            "Memory: growth of the resident peak over plain DDP's, of its bound, as shares of the gradients' bytes; "
            "bound: u and v (v alone for error feedback), 15 %, W + 1 messages."
        )
    return tuple(notes)


def _conclusion(measured: Measured, timed: Sequence[RowSamples]) -> str:
    """Return which methods are quicker than plain DDP, and which the run has not told apart from it."""
    if not any(one.row.method == REFERENCE for one in timed):
        return "Plain DDP was not timed, so there is nothing to compare with."
    compressed = [one for one in timed if one.row.kind == "compressor" and one.row.method not in ("noop", "none")]
    if not compressed:
        return "No compressor but none and noop was timed."
    quicker, alike = [], []
    for one in compressed:
        own, dense = one.exchange_s(), measured.find(REFERENCE, threads=one.row.threads).exchange_s()
        if own and dense and own.overlaps(dense):
            alike.append(_with_ratio(measured, one))
        elif own and dense and own.median < dense.median:
            quicker.append(_with_ratio(measured, one))
    sentences = [
        f"On this machine's loopback quicker than plain DDP: {', '.join(quicker)}."
        if quicker
        else "On this machine's loopback no method is quicker than plain DDP.",
        *([f"Not told apart from it (middle halves overlap): {', '.join(alike)}."] if alike else []),
        "On slower links fewer bytes save more.",
    ]
    return " ".join(sentences)


def _with_ratio(measured: Measured, one: RowSamples) -> str:
    """Return a row in words with its multiple of plain DDP: ``topk at 0.001 0.57x``."""
    row = one.row
    density = "" if row.density is None else f" at {density_text(row.density)}"
    threads = f" on {count_text(row.threads, 'thread')}" if len(measured.order["threads"]) > 1 else ""
    return f"{_name(measured, row)}{density}{threads} {_median(measured.of_plain_ddp(one))}x"
