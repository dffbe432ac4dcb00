"""The exact choice of elements against a sort of all magnitudes, where a threshold could go wrong."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

loops = pytest.importorskip(
    "rsbench.compressors.kernels.element_loops", reason="numba is not installed", exc_type=ImportError
)
take_in = pytest.importorskip(
    "rsbench.compressors.kernels.take_in", reason="numba is not installed", exc_type=ImportError
)

F = np.float32
UNTOUCHED = 77777
INF, NAN = float("inf"), float("nan")
NO_HINT = (-1.0, 0.0, 0.0, 0.95)
KINDS = ("normal", "ties", "zero", "minus zero", "denormal", "huge", "outlier", "one bin", "wide")


def drawn(rng: np.random.Generator, n: int, kind: str) -> NDArray[np.float32]:
    x = rng.standard_normal(n).astype(F)
    return {
        "normal": x,
        "outlier": np.where(np.arange(n) == n // 2, F(3e38), x),
        "ties": (np.round(2 * x) / 8).astype(F),
        "zero": np.zeros(n, F),
        "minus zero": np.where(x > 0, F(-0.0), F(0)),
        "denormal": (x * F(1e-42)).astype(F),
        "huge": np.copysign(F(2e38), x),
        "one bin": (1 + rng.integers(0, 9000, n) * 2.0**-23).astype(F),
        "wide": (x * F(10.0 ** rng.integers(-6, 7))).astype(F),
    }[kind]


class Tensor:
    """Memory and lists of one tensor with values around them that must stay as they are."""

    def __init__(self, n: int, k: int, start: int) -> None:
        self.k, self.around = k, [np.full(n + start + 40, UNTOUCHED, F) for _ in range(3)]
        self.inside = slice(start, start + n)
        self.g, self.u, self.v = (array[self.inside] for array in self.around)
        self.u[:] = self.v[:] = 0
        self.room = loops.room_for(k, n)
        self.lists = np.full((2, self.room + 64), UNTOUCHED, np.int32)
        self.bins, self.few = np.empty(loops.BINS, np.int64), np.empty(loops.FEW + 1, np.int32)
        self.hint = np.array(NO_HINT)

    def step(self, mode: int, g: NDArray[np.float32]) -> NDArray[np.int32]:
        """Take a gradient in, check what must hold after any step; return what is sent."""
        self.g[:] = g
        values = np.full(self.k + 1, UNTOUCHED, F)
        index, patterns = self.lists[:, : self.room]
        assert loops.send_elements(
            self.k, self.hint, mode, F(0.5), self.g, self.u, self.v, values, True, self.bins, self.few, index, patterns
        )
        sent: NDArray[np.int32] = index[: self.k].copy()
        assert not self.g.any()
        assert not self.v[sent].any()
        assert not self.u[sent].any()
        assert values[self.k] == UNTOUCHED
        assert (self.lists[:, self.room :] == UNTOUCHED).all()
        assert all((np.delete(array, self.inside) == UNTOUCHED).all() for array in self.around)
        whole = self.v.copy()
        whole[sent] = values[: self.k]
        assert np.array_equal(sent, highest(whole, self.k))
        return sent


def highest(values: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Return the first k by magnitude, of equal ones the lowest positions; nan counts as inf."""
    magnitudes = np.nan_to_num(np.abs(values), nan=INF, posinf=INF)
    return np.sort(np.argsort(-magnitudes, kind="stable")[:k])


@pytest.mark.parametrize("mode", [take_in.ADD, take_in.MOMENTUM, take_in.NESTEROV])
@pytest.mark.parametrize("kind", KINDS)
def test_the_choice_is_that_of_a_sort(kind: str, mode: int) -> None:
    rng = np.random.default_rng(0)
    for n in (2, 31, 32, 33, 2047, 2048, 2049, 4097, 40_001):
        for k in {1, n // 500 or 1, n // 10 or 1, n - 1} if n < 5000 else {40, 2000}:
            tensor = Tensor(n, k, int(rng.integers(17)))
            for _ in range(3):
                tensor.step(mode, drawn(rng, n, kind))
                tensor.step(mode, drawn(rng, n, "wide"))


@pytest.mark.parametrize("then", KINDS)
@pytest.mark.parametrize(
    "hint",
    [
        *((1.0, 0.0, lowest, 0.9) for lowest in (NAN, INF, -INF, -3.0, 1e300, 3.4e38, 1e-320)),
        *((1.0, 0.0, 1.0, aim) for aim in (NAN, INF, -5.0, 0.0, 1e-300)),
        (1.0, 0.0, 0.0, INF),
        (NAN, NAN, NAN, NAN),
    ],
)
def test_no_hint_misleads_the_choice(hint: tuple[float, ...], then: str) -> None:
    """States are read from files, and sums that overflow leave inf: a threshold of nan once led out of the tensor."""
    rng = np.random.default_rng(1)
    tensor = Tensor(4097, 40, 3)
    for _ in range(4):  # sums reach inf, and inf - inf is nan
        tensor.step(take_in.MOMENTUM, drawn(rng, 4097, "huge"))
    tensor.hint[:] = hint
    tensor.step(take_in.MOMENTUM, drawn(rng, 4097, then))
    tensor.step(take_in.MOMENTUM, drawn(rng, 4097, "huge"))
    assert not np.isnan(tensor.hint).any()
    assert 0 <= tensor.hint[3] < 1.5


def test_the_next_threshold_is_a_share_of_the_score_whatever_came_before() -> None:
    assert loops.next_aim(0.0, 2.0, 1.0, 400, 100, 0.01) == pytest.approx(2**-0.5, abs=1e-12)
    for before in (NAN, INF, -1.0, 0.0, 1e-320, 1.0):
        for kth in (0.0, 1e-45, 1.0, INF, NAN):
            assert 0.6 <= loops.next_aim(before, kth, 0.5, 300, 100, 0.01) < 1.5
