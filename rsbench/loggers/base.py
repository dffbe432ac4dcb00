"""What a logger is: a class derived from :class:`Logger`, in the entry points ``rsbench.loggers`` of a package."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """The cell that a logger is made for.

    Attributes:
        key: of the cell: the same settings have the same key in every result folder.
        label: short name for people, such as ``ucm21 smallvgg rsdgc 100x lr 0.05 seed 0, 2 workers``.
        config: the cell's settings by name, such as ``{"dataset": "ucm21", "lr": 0.05, ...}``; values are JSON's.
        folder: for the logger's files, which become part of the cell; it need not exist.
    """

    key: str
    label: str
    config: Mapping[str, Any]
    folder: Path


class Logger(ABC):
    """Where a cell's numbers go beside ``samples.jsonl``.

    One object is made for each cell, without arguments, in the worker of rank 0 alone. The calls come in the order
    below, from one thread, between training steps: a call that waits makes the run longer, though not the step times
    that are recorded. An exception of any call is told to the user once; the cell trains on without the logger.
    """

    @abstractmethod
    def begin(self, run: RunFacts) -> None:
        """Start a run."""

    @abstractmethod
    def log(self, step: int, scalars: Mapping[str, float]) -> None:
        """Take the numbers of a step or of an epoch's end.

        Args:
            step: counted from 0; an epoch's numbers come with its last step. After a restart the steps that were
                done before come again, from 0.
            scalars: finite numbers by name, ``step/loss`` or ``epoch/oa``: times in seconds (``step/step_time_s``),
                payloads in bytes (``step/payload_bytes``), scores as fractions of 1.
        """

    @abstractmethod
    def end(self, result: Mapping[str, float] | None) -> None:
        """End the run.

        Args:
            result: numbers of the finished cell by name, such as ``test/oa`` or ``traffic/compression_ratio``; None
                where the cell did not finish.
        """
