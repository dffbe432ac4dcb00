"""Sums over the steps of a run: bytes, densities, times."""

from __future__ import annotations

import dataclasses
import statistics
from array import array
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from rsbench.links.wire import wire_bytes
from rsbench.measure.step_times import FIELDS, StepTimes, skipped_steps, summarize

_SUMS: Final = ("_since_exchange", "_wire", "_dense", "_one_d", "_buckets", "_density", "_sent_share")
"""Attributes of :class:`RunTotals` that are numbers, or densities by tensor."""


class RunTotals:
    """Sums of what each step reports; they give a record's ``traffic`` and ``time`` sections.

    Args:
        workers: world size W, for the modelled wire bytes of the dense exchange.
        steady_from_step: first step after any warm-up of the density.
    """

    def __init__(self, workers: int, steady_from_step: int = 0) -> None:
        self._workers, self._steady_from = workers, steady_from_step
        self._payload: list[int] = []
        self._local_steps: list[int] = []
        self._phase_starts = [0]
        self._since_exchange = 0
        self._wire = self._dense = self._one_d = self._buckets = 0
        self._density: dict[str, float] = {}
        self._sent_share = 0.0
        self._times: list[StepTimes] = []
        self._rows = array("d")

    def add(self, stats: Mapping[str, Any] | None, times: StepTimes) -> bool:
        """Count one local step; return whether the densities changed.

        Args:
            stats: the keys of :meth:`rsbench.compressors.Compressor.step_stats`, of the exchange that ended the step;
                None where workers go on alone.
            times: of the step.
        """
        self._times.append(times)
        self._since_exchange += 1
        if stats is None:
            return False
        local_steps, self._since_exchange = self._since_exchange, 0
        self._payload.append(stats["payload_bytes"])
        self._local_steps.append(local_steps)
        self._wire += stats["wire_bytes"]
        self._dense += stats["dense_bytes"] * local_steps
        self._buckets += stats["buckets"] * local_steps
        self._one_d += stats["one_d_bytes"]
        self._sent_share += stats["mean_density"]
        changed: bool = stats["density"] != self._density
        self._density = dict(stats["density"])
        return changed

    def begin_phase(self) -> None:
        """Count the next steps as those of another phase, which has a warm-up of its own."""
        self._phase_starts.append(len(self._payload))

    def _after_warmup(self) -> list[int]:
        """Return the payload bytes of the exchanges that are in no phase's warm-up."""
        ends = [*self._phase_starts[1:], len(self._payload)]
        return [
            payload
            for start, end in zip(self._phase_starts, ends, strict=True)
            for payload in self._payload[start + max(skipped_steps(end - start), self._steady_from) : end]
        ]

    def waits_s(self, steps: int) -> list[float]:
        """Return how long this rank waited in each of the last steps."""
        return [times.wait_s for times in self._times[-steps:]]

    def tell_skew(self, skew_s: Sequence[float]) -> None:
        """Take out of the last steps' waiting what was not for the link, see :mod:`rsbench.measure.across_ranks`."""
        first = len(self._times) - len(skew_s)
        for index, skew in enumerate(skew_s, start=first):
            times = self._times[index]
            self._times[index] = dataclasses.replace(times, wait_s=times.wait_s - skew, skew_s=skew)

    @property
    def payload_bytes_total(self) -> int:
        """The payload bytes of all steps so far."""
        return sum(self._payload)

    @property
    def dense_bytes_total(self) -> int:
        """The bytes that dense gradients of all steps so far would have had."""
        return self._dense

    @property
    def wire_bytes_total(self) -> int:
        """The modelled wire bytes of all steps so far."""
        return self._wire

    @property
    def density_per_tensor(self) -> dict[str, float]:
        """The densities of the last step, by tensor."""
        return dict(self._density)

    # --- checkpoints -----------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return all sums, as numbers and arrays; times whose skew is told stay as they are."""
        known = len(self._rows) // len(FIELDS)
        for times in self._times[known:]:
            self._rows.extend(getattr(times, name) for name in FIELDS)
        series = {"payload": self._payload, "local_steps": self._local_steps, "phase_starts": self._phase_starts}
        return {
            "times": np.array(self._rows),
            **{name: np.array(values, dtype=np.int64) for name, values in series.items()},
            "sums": {name: getattr(self, name) for name in _SUMS},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave, arrays or tensors."""
        self._rows = array("d", state["times"].tolist())
        rows = zip(*[iter(self._rows)] * len(FIELDS), strict=True)
        self._times = [StepTimes(**dict(zip(FIELDS, row, strict=True))) for row in rows]
        self._payload, self._local_steps = state["payload"].tolist(), state["local_steps"].tolist()
        self._phase_starts = state["phase_starts"].tolist() if "phase_starts" in state else [0]
        for name in _SUMS:
            setattr(self, name, state["sums"][name])

    # --- a record's sections ---------------------------------------------------------------------------------------

    def traffic(self) -> dict[str, Any]:
        """Return bytes over the whole run; ratios are None where nothing was sent, or no step was steady.

        Steps are local steps. The dense reference exchanges at every one of them.
        """
        total, steps, exchanges = sum(self._payload), len(self._times), len(self._payload)
        dense_wire = wire_bytes("all_reduce", self._dense, self._workers, calls=self._buckets)
        after_warmup = self._after_warmup()
        steady = statistics.median(after_warmup) if after_warmup else None
        if steady is not None and exchanges < steps:
            steady *= exchanges / steps
        return {
            "payload_bytes_total": total,
            "dense_bytes_total": self._dense,
            "wire_bytes_total": self._wire,
            "dense_wire_bytes_total": dense_wire,
            "payload_bytes_per_step": total / steps if steady is None else steady,
            "compression_ratio": self._dense / total if total else None,
            "steady_ratio": self._dense / steps / steady if steady else None,
            "wire_ratio": dense_wire / self._wire if self._wire else None,
            "density": self._sent_share / exchanges,
            "density_per_tensor": self._density,
            "one_d_share": self._one_d / total if total else None,
            "steps": steps,
            "exchanges": exchanges,
            "local_steps": max(self._local_steps),
            "payload_bytes_per_exchange": total / exchanges,
        }

    def time(self, images_per_step: float) -> dict[str, Any]:
        """Return the median step time, the mean of its parts, and images per second over all workers.

        Where workers exchange less often than at every step, the times are means over the local steps of an exchange,
        so that its cost is shared out over them.
        """
        summary = summarize(self._times, self._local_steps)
        return {
            **summary,
            "images_per_s": images_per_step / summary["step_time_s"],
            "s_per_sample": summary["step_time_s"] / images_per_step,
        }
