"""Which cells count as done for one command, whoever ran them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from pathlib import Path

from rsbench.results import records
from rsbench.results.schema import Record


class Ledger:
    """The done cells of a result folder as one command sees them, asked anew each time.

    With ``--rerun``, numbers that stood there when the command was given do not count; those that another process
    records meanwhile do, for they are as new as was asked.

    Args:
        out: result folder; it need not exist.
        keys: of all cells of the command.
        rerun: take no notice of what was done before.
    """

    def __init__(self, out: Path, keys: Collection[str], *, rerun: bool) -> None:
        self._out, self.rerun = out, rerun
        found = records.find_done(out, keys) if rerun else {}
        self._before = {key: _digest(record) for key, record in found.items()}
        self._ours: set[str] = set()

    def done(self, keys: Collection[str]) -> dict[str, Record]:
        """Return the finished cells among the keys, by key."""
        found = records.find_done(self._out, keys)
        return {key: record for key, record in found.items() if key not in self._before or self._is_new(key, record)}

    def note(self, key: str) -> None:
        """Note that this command has run a cell to its end."""
        self._ours.add(key)

    def with_earlier_numbers(self, keys: Collection[str]) -> set[str]:
        """Return the cells among the keys that have only the numbers of before the command."""
        return set(records.find_done(self._out, keys)) - set(self.done(keys))

    def _is_new(self, key: str, record: Record) -> bool:
        return key in self._ours or self._before[key] != _digest(record)


def _digest(record: Record) -> str:
    """Return what tells two runs of a cell apart; a study may add its seed to where a record comes from."""
    numbers = {name: value for name, value in record.items() if name != "provenance"}
    return hashlib.sha256(json.dumps(numbers, sort_keys=True).encode()).hexdigest()
