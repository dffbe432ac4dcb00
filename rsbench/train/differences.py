"""Rounds of local steps, and an exchange of parameter differences after each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch

from rsbench.cell import CellSpec
from rsbench.compressors import Compressor
from rsbench.loaders.batches import Batch
from rsbench.measure.heartbeat import beat
from rsbench.measure.step_timer import RoundTimer, StepTimer
from rsbench.rounds import Rounds
from rsbench.tasks import Networks
from rsbench.train.exchange import Losses, Phase, Rates, Stats, loaded
from rsbench.train.network import TrainedNetwork
from rsbench.train.open_steps import OpenStep


class Differences:
    """Rounds of local steps, after each of which the difference of all networks is exchanged.

    Args:
        networks: of the task, on the device.
        compressor: not registered.
        cell: what runs.
        samples: training samples of this rank.
        losses: of a batch.
        rates: learning rates.
    """

    def __init__(
        self, networks: Networks, compressor: Compressor, cell: CellSpec, samples: int, losses: Losses, rates: Rates
    ) -> None:
        self.compressor, self._losses, self._rates = compressor, losses, rates
        self._networks = {name: TrainedNetwork.local(name, network, cell) for name, network in networks.items()}
        self._models = dict(networks)
        self._rounds = Rounds(
            networks,
            [network.optimizer for network in self._networks.values()],
            compressor,
            cell.synchronization,
            samples=samples,
            seed=cell.derived_seed,
            bucket_cap_mb=cell.bucket_cap_mb,
        )
        self._dense_bytes = sum(network.gradient_bytes for network in self._networks.values())

    def launch(self, step: int, steps: int, batches: Iterator[Batch]) -> list[tuple[OpenStep, Stats]]:
        """Launch one local step, and the end of the round if it is the last."""
        for name, network in self._networks.items():
            network.set_rate(self._rates(step, name))
        clock = self.compressor.hook.clock
        phases, found = list[Phase](), list[torch.Tensor]()
        timer = StepTimer(clock)
        losses = self._losses(self._models, loaded(batches, step))
        timer.end_of("data")
        beat(f"compute step {step + 1}")
        for name, loss in losses:
            self._networks[name].step(loss, timer)
            phases.append((timer, ()))
            found.append(loss)
            timer = StepTimer(clock)
            timer.end_of("data")
        stats = self._end_of_step(phases, is_last=step + 1 == steps)
        return [(OpenStep.launched(step, self._rates(step, ""), phases, found, clock), stats)]

    def _end_of_step(self, phases: list[Phase], *, is_last: bool) -> Stats:
        """Count the step; if it ends the round, add the exchange's phase and return what was sent."""
        rounds = self._rounds
        if not is_last and rounds.local_steps + 1 < rounds.sync.every:
            rounds.step()
            return None
        timer = RoundTimer(self.compressor.hook.clock)
        timer.end_of("data")
        beat("exchange what the round changed")
        if not rounds.step(timer.end_of):
            rounds.finish(timer.end_of)  # the run ends within a round
        timer.end_of("end")
        buffers = rounds.buffer_traffic
        calls, _ = buffers.take()
        self.compressor.hook.timeline[-1].calls += calls  # after the last bucket's own, for the model of links
        phases.append((timer, self.compressor.hook.timeline))
        sent = self.compressor.step_stats()
        sent["payload_bytes"] += buffers.payload_bytes
        sent["wire_bytes"] += round(buffers.wire_bytes)
        return {**sent, "dense_bytes": self._dense_bytes}

    def agree(self) -> None:
        """Do nothing: a round's end averages the buffers."""

    @property
    def buffer_bytes(self) -> int:
        """Bytes of averaged buffers so far, which are a part of the rounds' payload."""
        return self._rounds.buffer_bytes

    @property
    def bucket_count(self) -> int:
        """Buckets of the difference."""
        return len(self.compressor.hook.timeline)

    def state_dict(self) -> dict[str, Any]:
        """Return the rounds, the local optimizers and the compressor."""
        rounds = self._rounds.state_dict()
        return {
            "compressors": rounds.pop("compressor"),
            "rounds": rounds,
            "optimizers": {name: network.optimizer.state_dict() for name, network in self._networks.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        self._rounds.load_state_dict({**state["rounds"], "compressor": state["compressors"]})
        for name, network in self._networks.items():
            network.optimizer.load_state_dict(state["optimizers"][name])
