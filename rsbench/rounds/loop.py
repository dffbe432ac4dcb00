"""The public class of rounds, for any training loop.

``Rounds(net, optimizer, RSDGC(density=0.01), "rounds:8")`` and one call a step; see docs/rounds.md.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors import Compressor
from rsbench.compressors.base.compressor import BUCKET_CAP_MB
from rsbench.compressors.base.differences import check_differences
from rsbench.errors import RsbenchError
from rsbench.measure.buffers import average_buffers
from rsbench.measure.collectives import Traffic
from rsbench.measure.gather import gather_json
from rsbench.measure.older_torch import no_buffer_sync
from rsbench.recipe.sync import Sync
from rsbench.rounds.carrier import DifferenceCarrier, trained
from rsbench.rounds.fitness import refuse_other_optimizers, refuse_wrapped, rounds_of, stepped_by

STATE_FORMAT: Final = 1
Mark = Callable[[str], None]
"""Is called with ``forward`` when an exchange has taken the difference, with ``backward`` when it has averaged it, with
``optimizer`` after the outer step: the phases of a training step that they stand for."""


def _unmarked(phase: str) -> None:
    """Do nothing at a mark."""


class Rounds:
    """Local steps on bare networks, and an exchange of the parameter difference after every so many of them.

    At the end of a round, parameters go back to where it began, and ``begin - now`` goes through the compressor as a
    gradient would: error feedback lives on the difference, bytes are counted where they are handed over. The average
    is what the outer step takes: subtracted (FedAvg, local SGD, FedProx), or by SGD with Nesterov's momentum (DiLoCo).
    Floating-point buffers (batch norm's statistics) are averaged, too. All ranks make the same calls.

    Args:
        networks: one bare network, not wrapped in DistributedDataParallel, or several by name; they may share
            parameters. Rank 0's weights go to all ranks.
        optimizers: the local optimizers, of all parameters that train. They own momentum, in every compressor.
        compressor: not registered yet, as :class:`rsbench.compressors.TopK`; what carries the differences.
        sync: as ``--sync`` takes it: ``rounds:8``, ``rounds:8:nesterov:outer_lr=0.5``, ``diloco:50``.
        samples: training samples of this rank, by which it counts in the average; None counts all ranks alike.
        seed: of the compressor's draws, the same on all ranks.
        bucket_cap_mb: bucket size of DistributedDataParallel in MiB.
        group: process group; None is the default one.

    Attributes:
        sync: how often, and with which outer step.
        compressor: registered; ``compressor.step_stats()`` says what the last exchange sent.
        buffer_traffic: what the last round's average of buffers handed over.
        buffer_bytes: of all rounds together.
        done: rounds that have ended.

    Raises:
        RsbenchError: ``sync`` is no rounds, a network is wrapped already, or the compressor cannot carry differences.
    """

    def __init__(
        self,
        networks: nn.Module | Mapping[str, nn.Module],
        optimizers: torch.optim.Optimizer | Sequence[torch.optim.Optimizer],
        compressor: Compressor,
        sync: str | Sync,
        *,
        samples: int | None = None,
        seed: int = 0,
        bucket_cap_mb: float = BUCKET_CAP_MB,
        group: dist.ProcessGroup | None = None,
    ) -> None:
        self.sync = rounds_of(sync)
        self.networks = {"": networks} if isinstance(networks, nn.Module) else dict(networks)
        refuse_wrapped(self.networks)
        check_differences(compressor)
        self.compressor, self._group = compressor, group
        self._optimizers = [optimizers] if isinstance(optimizers, torch.optim.Optimizer) else list(optimizers)
        self._module = DifferenceCarrier(self.networks)
        self._parameters = trained(self._module)
        refuse_other_optimizers(self._optimizers, self._parameters)
        self._exchange = DistributedDataParallel(
            self._module, bucket_cap_mb=bucket_cap_mb, process_group=group, **no_buffer_sync()
        )
        compressor.param_groups(self._module, lr=1.0, momentum=0.0)
        compressor.register(self._exchange, seed=seed)
        self._outer = torch.optim.SGD(
            self._parameters.values(),
            lr=self.sync.outer_lr,
            momentum=self.sync.outer_momentum,
            nesterov=self.sync.outer_momentum > 0,
        )
        self._share = self._share_of(samples)
        self._begin = {name: p.detach().clone() for name, p in self._parameters.items()}
        self._steps = 0
        self.done = 0
        self.buffer_traffic, self.buffer_bytes = Traffic(dist.get_world_size(group)), 0
        if self.sync.mu:
            pull = weakref.WeakMethod(self._pull_to_begin)  # an optimizer may live longer than these rounds
            for optimizer in self._optimizers:
                optimizer.register_step_pre_hook(lambda one, args, kwargs: (pull() or _unpulled)(one))

    # --- in a training loop ------------------------------------------------------------------------------------

    def step(self, mark: Mark = _unmarked) -> bool:
        """Count a local step, after the optimizer's; the last of a round exchanges.

        Args:
            mark: is told the phases of an exchange.

        Returns:
            Whether a round has ended, so that all ranks have the same parameters.

        Raises:
            NotFiniteError: a compressor with error feedback was handed inf or nan on some rank; every rank raises, on
                GPUs at the next exchange.
            RsbenchError: a parameter was frozen or unfrozen since.
        """
        self._steps += 1
        return self.finish(mark) if self._steps >= self.sync.every else False

    def finish(self, mark: Mark = _unmarked) -> bool:
        """End the round now, however many steps it had; call it after training, on all ranks.

        Returns:
            Whether there was anything to exchange: False right after a round's end.
        """
        if self._steps == 0:
            return False
        self._refuse_other_parameters()
        self._steps = 0
        differences = self._go_back()
        mark("forward")
        self.compressor.hook.backward(self._exchange(differences))
        mark("backward")
        self._outer_step()
        mark("optimizer")
        self.done += 1
        return True

    @property
    def local_steps(self) -> int:
        """Local steps since the round began."""
        return self._steps

    def _refuse_other_parameters(self) -> None:
        """Refuse a parameter that was frozen or unfrozen since, before anything is changed."""
        changed = sorted(trained(self._module).keys() ^ self._parameters.keys())
        if changed:
            verb = "frozen" if changed[0] in self._parameters else "unfrozen or added"
            raise RsbenchError(
                f"Parameter {changed[0]!r} was {verb} after Rounds was made; set requires_grad before, or make Rounds "
                "anew at a round's end."
            )

    @torch.no_grad()
    def _go_back(self) -> list[torch.Tensor]:
        """Put the round's begin into the parameters; return what the local steps took away from it, by weight."""
        differences = []
        for name, parameter in self._parameters.items():
            difference = self._begin[name] - parameter
            differences.append(difference if self._share == 1 else difference.mul_(self._share))
            parameter.copy_(self._begin[name])
            parameter.grad = None
        return differences

    @torch.no_grad()
    def _outer_step(self) -> None:
        """Step by the averaged difference, average the buffers, and begin the next round."""
        self._outer.step()
        for name, parameter in self._parameters.items():
            self._begin[name].copy_(parameter)
            parameter.grad = None
        self.buffer_traffic = Traffic(dist.get_world_size(self._group))  # anew: it holds on to what it waited for
        for network in self.networks.values():
            average_buffers(network, self.buffer_traffic, self._group, share=self._share)
        self.buffer_bytes += self.buffer_traffic.payload_bytes
        if self.sync.state == "reset":
            for optimizer in self._optimizers:
                optimizer.state.clear()

    @torch.no_grad()
    def _pull_to_begin(self, optimizer: torch.optim.Optimizer) -> None:
        """Add mu times the distance from the round's begin to the gradients (FedProx, Li et al. 2020)."""
        scale = getattr(optimizer, "grad_scale", None)  # of a GradScaler, which a fused optimizer unscales itself
        stepped = stepped_by(optimizer)
        for name, parameter in self._parameters.items():
            if parameter.grad is not None and id(parameter) in stepped:
                away = parameter - self._begin[name]
                parameter.grad.add_(away if scale is None else away.mul_(scale), alpha=self.sync.mu)

    def _share_of(self, samples: int | None) -> float:
        """Return the factor of this rank's difference, ``n_k W / n``: 1 where all ranks have equally many samples."""
        every: list[int | None] = gather_json(samples, group=self._group)
        known = [count for count in every if type(count) is int and count >= 0]
        if every == [None] * len(every):
            return 1.0
        if len(known) < len(every) or not sum(known):
            raise RsbenchError(
                f"The ranks gave {every} as samples: give each rank's training samples, 0 or more, or None on all."
            )
        return 1.0 if self.sync.weights == "equal" else known[dist.get_rank(self._group)] * len(every) / sum(known)

    # --- checkpoints -------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return this rank's state, plain tensors and numbers that ``torch.load(weights_only=True)`` reads.

        It holds where the round began and where this rank's networks are, the outer momentum and the compressor's
        residual; save it beside the local optimizers, one file a rank, at a round's end or within one.
        """
        return {
            "format": STATE_FORMAT,
            "sync": self.sync.text,
            "share": self._share,
            "steps": self._steps,
            "done": self.done,
            "buffer_bytes": self.buffer_bytes,
            "begin": dict(self._begin),
            "now": {name: tensor.detach().clone() for name, tensor in self._now().items()},
            "outer": self._outer.state_dict(),
            "compressor": self.compressor.state_dict(),
        }

    def _now(self) -> dict[str, torch.Tensor]:
        """Return name -> what trains, and all buffers, as they are on this rank."""
        return {**self._parameters, **dict(self._module.named_buffers())}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave on the same rank, parameters and buffers of its networks included.

        Local optimizers are restored apart, before or after.

        Raises:
            RsbenchError: the state is of other rounds, or the compressor refuses its part; nothing is changed then.
        """
        mine = {"format": STATE_FORMAT, "sync": self.sync.text, "share": self._share}
        found: dict[str, Any] = {key: state.get(key) for key in mine}
        for part, tensors in (("begin", self._begin), ("now", self._now())):
            mine[f"the names in {part}"] = sorted(tensors)
            found[f"the names in {part}"] = sorted(state.get(part, {}))
        for key, value in mine.items():
            if found[key] != value:
                raise RsbenchError(
                    f"The saved state of the rounds has {key} {found[key]!r}, and here it is {value!r}; resume with "
                    "what it was saved with, or start without it."
                )
        self.compressor.load_state_dict(state.get("compressor", {}))
        self._outer.load_state_dict(state["outer"])
        with torch.no_grad():
            for part, tensors in (("begin", self._begin), ("now", self._now())):
                for name, tensor in tensors.items():
                    tensor.copy_(state[part][name])
        self._steps, self.done = int(state["steps"]), int(state["done"])
        self.buffer_bytes = int(state.get("buffer_bytes", 0))


def _unpulled(optimizer: torch.optim.Optimizer) -> None:
    """Leave the gradients of an optimizer whose rounds are gone."""
