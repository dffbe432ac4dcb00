"""What a benchmark has measured so far: samples by row, kept in a file as they come. Torch-free."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, Self

from rsbench.atomic import write_atomically
from rsbench.bench.rows import REFERENCE, Row
from rsbench.errors import RsbenchError

Part = Literal["exchange", "compress", "memory"]
"""Backward + exchange of all workers; the same in one process, for compression alone; memory of all workers."""

FORMAT: Final = 2
Numbers = Mapping[str, Sequence[float]]
"""Name of a number -> its values of one rank in one round."""


@dataclass(frozen=True)
class Spread:
    """A median with the middle half of its samples."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self | None:
        """Return median and quartiles, None of nothing."""
        if not values:
            return None
        low, median, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else [*values] * 3
        return cls(median, low, high)

    def over(self, unit: float) -> Spread:
        """Return all three in another unit."""
        return Spread(self.median / unit, self.low / unit, self.high / unit)

    def overlaps(self, other: Spread) -> bool:
        """Tell whether the middle halves have something in common."""
        return self.low <= other.high and other.low <= self.high


@dataclass(kw_only=True)
class RowSamples:
    """One row's samples.

    Attributes:
        row: what was timed.
        rounds: part -> for each round the numbers of each rank.
        failed: why there are no more, empty where nothing went wrong.
    """

    row: Row
    rounds: dict[str, list[list[Numbers]]] = field(default_factory=dict)
    failed: str = ""

    def add(self, part: Part, ranks: list[Numbers]) -> None:
        """Keep a round's samples."""
        self.rounds.setdefault(part, []).append(ranks)

    def exchange_s(self) -> Spread | None:
        """Return backward + exchange of the slowest rank of each step."""
        steps = [zip(*(rank["exchange_s"] for rank in ranks), strict=True) for ranks in self.rounds.get("exchange", [])]
        return Spread.of([max(ranks) for one in steps for ranks in one])

    def spread(self, part: Part, name: str) -> Spread | None:
        """Return a number over ranks, steps and rounds."""
        rounds = self.rounds.get(part, [])
        return Spread.of([value for ranks in rounds for rank in ranks for value in rank.get(name, ())])

    def per_copy(self, name: str) -> Spread | None:
        """Return a number of the part ``compress`` in units of the ``copy_`` beside it."""
        value, copy = self.spread("compress", name), self.spread("compress", "copy_s")
        return value.over(copy.median) if value and copy else None

    def payload_bytes(self) -> float | None:
        """Return the payload of a step."""
        found = self.spread("exchange", "payload_bytes")
        return None if found is None else found.median

    def peak_bytes(self) -> float | None:
        """Return the larger of the ranks' medians over rounds."""
        rounds = self.rounds.get("memory", [])
        ranks = [[value for one in rank for value in one["peak_bytes"]] for rank in zip(*rounds, strict=True)]
        return max(map(statistics.median, ranks), default=None)


@dataclass(kw_only=True)
class Measured:
    """A whole benchmark, at its end or in the middle.

    Attributes:
        order: the configuration.
        provenance: code, command, versions.
        machine: the processor, and the load while it was measured.
        rows: in the order of the tables.
        facts: ``elements``, ``torch`` and ``kernels``, as this tree's workers saw them.
        stopped: number of the signal that ended it, None without one.
    """

    order: dict[str, Any]
    provenance: dict[str, Any]
    machine: dict[str, Any]
    rows: list[RowSamples]
    facts: dict[str, Any] = field(default_factory=dict)
    stopped: int | None = None

    def find(
        self, method: str, density: float | None = None, *, threads: int | None = None, tree: str = ""
    ) -> RowSamples:
        """Return the samples of a row.

        Args:
            method: canonical text or name.
            density: None for methods that have none.
            threads: None for the first that was timed.
            tree: name of the other tree.

        Raises:
            KeyError: it is not in the plan.
        """
        for one in self.rows:
            same = (one.row.method, one.row.density, one.row.tree) == (method, density, tree)
            if same and threads in (None, one.row.threads):
                return one
        raise KeyError(method)

    def of_plain_ddp(self, one: RowSamples) -> Spread | None:
        """Return a row's backward + exchange as a multiple of plain DDP's median with as many threads."""
        dense = self.find(REFERENCE, threads=one.row.threads).exchange_s()
        spread = one.exchange_s()
        return spread.over(dense.median) if spread and dense else None

    def memory_share(self, one: RowSamples) -> tuple[float, float] | None:
        """Return what a method with residuals needs beyond plain DDP, and its bound, as shares of the gradients' bytes.

        The bound: u and v (v alone for error feedback), 15 %, and W + 1 messages.
        """
        dense = next((other.peak_bytes() for other in self.rows if other.row.method == REFERENCE), None)
        peak = one.peak_bytes()
        if peak is None or dense is None or not one.row.keeps_residual:
            return None
        gradient_bytes = 4 * self.facts["elements"]
        copies = 2 if one.row.method.startswith(("dgc", "rsdgc")) else 1
        messages = (self.order["workers"] + 1) * (one.payload_bytes() or 0.0)
        return (peak - dense) / gradient_bytes, copies + 0.15 + messages / gradient_bytes

    def text(self) -> str:
        """Return everything as JSON."""
        return json.dumps({"format": FORMAT, **asdict(self)}) + "\n"

    def keep(self, path: Path) -> None:
        """Write everything into a file, whole or not at all, or into a pipe or device.

        Raises:
            RsbenchError: it cannot be written.
        """
        try:
            if path.exists() and not path.is_file():
                path.write_text(self.text(), encoding="utf-8")
            else:
                write_atomically(path, self.text())
        except OSError as error:
            raise RsbenchError(f"{path} cannot be written: {error.strerror or error}.") from error

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return what :meth:`keep` wrote.

        Raises:
            RsbenchError: the file cannot be read or is something else.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content.pop("format") != FORMAT:
                raise ValueError("of another format")
            rows = [RowSamples(**{**one, "row": Row(**one["row"])}) for one in content.pop("rows")]
            return cls(**content, rows=rows)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise RsbenchError(f"{path} holds no samples that rsbench bench --json wrote ({error}).") from error
