"""Where a loss or a gradient is not finite, the inputs are looked at before the learning rate is blamed."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from rsbench.cell import CellSpec
from rsbench.errors import NotFiniteError, RsbenchError
from rsbench.tasks import Task

P = ParamSpec("P")
R = TypeVar("R")


class _Run(Protocol):
    """A run that has a cell and a task."""

    @property
    def cell(self) -> CellSpec:
        """What runs."""

    @property
    def task(self) -> Task:
        """What reads the samples."""


Trains = TypeVar("Trains", bound=_Run)


def inputs_first(run: Callable[Concatenate[Trains, P], R]) -> Callable[Concatenate[Trains, P], R]:
    """Return the method, which explains a number that is not finite by the inputs where those are strange."""

    def explained(training: Trains, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return run(training, *args, **kwargs)
        except NotFiniteError as error:
            found = training.task.strange_input()
            if found is None:
                raise
            raise RsbenchError(
                f"{error.what}, because of the inputs: {found}. `rsbench data check {training.cell.dataset}` says "
                "which values stand out; mend them."
            ) from error

    return wraps(run)(explained)
