"""The loggers of a cell, in the worker of rank 0: what one of them raises is told once and costs the cell nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from rsbench.console import harmless
from rsbench.loggers.base import Logger, RunFacts
from rsbench.loggers.names import known

MOST_CHARACTERS = 200
"""Of an exception's text in a warning."""


class GuardedLoggers:
    """Hands samples on to loggers, and drops a logger that raises.

    Args:
        runs: name of a logger -> what it is told of the cell.
    """

    def __init__(self, runs: Mapping[str, RunFacts]) -> None:
        self._loggers: dict[str, Logger] = {}
        self._runs, self._step = runs, 0

    def begin(self) -> list[str]:
        """Import, make and begin all loggers; return a sentence on each that raised."""
        return [problem for name in self._runs for problem in self._try(name, self._begin_one, "began")]

    def write(self, kind: str, values: Mapping[str, Any]) -> list[str]:
        """Hand the numbers of a step or an epoch on; return a sentence on each logger that raised.

        Args:
            kind: of the sample; all but ``step`` and ``epoch`` are left out.
            values: what is no finite number is left out.
        """
        if kind not in ("step", "epoch"):
            return []
        self._step = int(values.get("step", self._step))
        scalars = numbers(kind, values)
        return self._all(lambda name: self._loggers[name].log(self._step, scalars), "took numbers")

    def end(self, result: Mapping[str, float] | None) -> list[str]:
        """End all loggers; return a sentence on each that raised."""
        problems = self._all(lambda name: self._loggers[name].end(result), "ended")
        self._loggers.clear()
        return problems

    def _begin_one(self, name: str) -> None:
        """Import, make and begin a logger."""
        module, _, path = known()[name].target.partition(":")
        kind = getattr(import_module(module), path)
        if not (isinstance(kind, type) and issubclass(kind, Logger)):
            raise TypeError(f"{path} is no subclass of rsbench.loggers.base.Logger")
        logger = kind()
        logger.begin(self._runs[name])
        self._loggers[name] = logger

    def _all(self, call: Callable[[str], None], did: str) -> list[str]:
        """Call something for each logger."""
        return [problem for name in list(self._loggers) for problem in self._try(name, call, did)]

    def _try(self, name: str, call: Callable[[str], None], did: str) -> Sequence[str]:
        """Call something for a logger; where it raises, drop the logger and return a sentence on it."""
        try:
            call(name)
        except (Exception, SystemExit) as error:  # other packages' code may do anything
            self._loggers.pop(name, None)
            return [
                f'the logger "{harmless(name)}" failed when it {did} ({_words(error)}); '
                "the cell goes on without it, and samples.jsonl has all its numbers."
            ]
        return []


def numbers(prefix: str, values: Mapping[str, Any]) -> dict[str, float]:
    """Return the finite numbers among some values, as ``prefix/name``; flags are no numbers."""
    return {
        f"{prefix}/{name}": value
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }


def _words(error: BaseException) -> str:
    """Return an exception in one line."""
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return harmless(" ".join(text.split())[:MOST_CHARACTERS])
