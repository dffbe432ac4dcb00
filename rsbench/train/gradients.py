"""An exchange of gradients: at every step, or of the sum over some batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import torch
import torch.distributed as dist

from rsbench.cell import CellSpec
from rsbench.compressors import Compressor
from rsbench.loaders.batches import Batch
from rsbench.measure.buffers import average_buffers
from rsbench.measure.collectives import Traffic
from rsbench.measure.heartbeat import beat
from rsbench.measure.step_timer import StepTimer
from rsbench.tasks import Networks
from rsbench.train.exchange import Losses, Phase, Rates, Stats, loaded
from rsbench.train.network import CompressedNetwork, joined_stats, without_exchange
from rsbench.train.open_steps import OpenStep


class Gradients:
    """Gradients at every step, or the sum over some batches: each network has a compressor and an optimizer.

    Args:
        networks: of the task, on the device.
        compressor: not registered; every network gets one like it.
        cell: what runs.
        device: this rank's.
        losses: of a batch.
        rates: learning rates.
    """

    def __init__(
        self,
        networks: Networks,
        compressor: Compressor,
        cell: CellSpec,
        device: torch.device,
        losses: Losses,
        rates: Rates,
    ) -> None:
        self.compressor, self.buffer_bytes = compressor, 0
        self._every, self._losses, self._rates = cell.synchronization.every, losses, rates
        copies = [compressor, *(compressor.replace() for _ in range(len(networks) - 1))]
        self._networks = {
            name: CompressedNetwork(name, network, own, cell, device, alone=len(networks) == 1)
            for (name, network), own in zip(networks.items(), copies, strict=True)
        }
        self._models = {name: network.model for name, network in self._networks.items()}

    def launch(self, step: int, steps: int, batches: Iterator[Batch]) -> list[tuple[OpenStep, Stats]]:
        """Launch the steps to the next exchange: of each network in turn all backward passes, then its step."""
        count = min(self._every, steps - step)
        numbers = range(step, step + count)
        for name, network in self._networks.items():
            network.set_rate(self._mean_rate(numbers, name))
        losses: dict[int, Iterator[tuple[str, torch.Tensor]]] = {}
        phases: list[list[Phase]] = [[] for _ in range(count)]
        found: list[list[torch.Tensor]] = [[] for _ in range(count)]
        clock = self.compressor.hook.clock
        for left in reversed(range(len(self._networks))):
            for index, number in enumerate(numbers):
                timer = StepTimer(clock)
                if index not in losses:
                    losses[index] = self._losses(self._models, loaded(batches, number))
                timer.end_of("data")
                beat(f"compute and exchange step {number + 1}")
                of_batch = losses[index] if left else losses.pop(index)  # whose batch is needed no more
                phase, loss = self._pass(of_batch, timer, share=1 / count, is_last=index == count - 1)
                phases[index].append(phase)
                found[index].append(loss.detach())
        stats: list[Stats] = [*[None] * (count - 1), joined_stats(self._networks.values())]
        rate = self._mean_rate(numbers, "")
        return [
            (OpenStep.launched(number, rate, phases[index], found[index], clock), stats[index])
            for index, number in enumerate(numbers)
        ]

    def _mean_rate(self, steps: Sequence[int], network: str) -> float:
        """Return the learning rate of one optimizer step for some batches: the mean of what the schedule gives them."""
        return sum(self._rates(number, network) for number in steps) / len(steps)

    def _pass(
        self, losses: Iterator[tuple[str, torch.Tensor]], timer: StepTimer, *, share: float, is_last: bool
    ) -> tuple[Phase, torch.Tensor]:
        """Run the next network forward and backward on a batch, and after the last one exchange and step."""
        with nullcontext() if is_last else without_exchange(self._networks.values()):
            name, loss = next(losses)
            network = self._networks[name]
            scaled = loss if share == 1 else loss * share
            if not is_last:
                network.accumulate(scaled, timer)
                return (timer, ()), loss
        network.step(scaled, timer)
        return (timer, network.compressor.hook.timeline), loss

    def agree(self) -> None:
        """Average the buffers of all networks."""
        traffic = Traffic(dist.get_world_size())
        for network in self._networks.values():
            average_buffers(network.network, traffic)
        self.buffer_bytes += traffic.payload_bytes

    @property
    def bucket_count(self) -> int:
        """Buckets of all networks."""
        return sum(len(network.compressor.hook.timeline) for network in self._networks.values())

    def state_dict(self) -> dict[str, Any]:
        """Return weights, optimizers and compressors, by network."""
        networks = self._networks.items()
        return {
            "weights": {name: network.network.state_dict() for name, network in networks},
            "optimizers": {name: network.optimizer.state_dict() for name, network in networks},
            "compressors": {name: network.compressor.state_dict() for name, network in networks},
            "buffer_bytes": self.buffer_bytes,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        for name, network in self._networks.items():
            network.compressor.load_state_dict(state["compressors"][name])
            network.network.load_state_dict(state["weights"][name])
            network.optimizer.load_state_dict(state["optimizers"][name])
        self.buffer_bytes = state["buffer_bytes"]
