"""What a tensor's step leaves for the threshold of its next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FIRST_AIM = 0.95
"""Aim of a tensor's first step."""


class Hint(NamedTuple):
    """What a tensor's step leaves for the threshold of the next.

    Attributes:
        a: weight of the first statistic in the score.
        b: weight of the second.
        lowest: score of the k-th block.
        aim: the next threshold as a share of ``lowest``.
    """

    a: float
    b: float
    lowest: float
    aim: float


_NO_HINT = Hint(-1.0, 0.0, 0.0, FIRST_AIM)


class Hints:
    """The :class:`Hint` of each tensor, one row a tensor so that compiled loops can read and renew them.

    Attributes:
        rows: float64, shape [N, 4]; a first number below 0 says that there is none.
        places: tensor name -> its row.
    """

    def __init__(self) -> None:
        self.rows: NDArray[np.float64] = np.empty((0, len(Hint._fields)))
        self.places: dict[str, int] = {}

    def reserve(self, names: Iterable[str]) -> None:
        """Make rows for tensors that have none."""
        new = [name for name in names if name not in self.places]
        if not new:
            return
        first = len(self.places)
        self.places.update((name, first + i) for i, name in enumerate(new))
        self.rows = np.concatenate([self.rows, np.full((len(new), len(Hint._fields)), _NO_HINT)])

    def get(self, name: str) -> Hint | None:
        """Return a tensor's hint, None where there is none yet."""
        at = self.places.get(name)
        return None if at is None or self.rows[at, 0] < 0 else Hint(*self.rows[at].tolist())

    def set(self, name: str, hint: Hint) -> None:
        """Renew a tensor's hint."""
        self.reserve([name])
        self.rows[self.places[name]] = hint

    def load(self, state: Mapping[str, Sequence[float]]) -> None:
        """Replace all hints by saved ones."""
        self.rows[:] = _NO_HINT
        for name, hint in state.items():
            self.set(name, Hint(*hint))
