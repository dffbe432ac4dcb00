"""What can train in rounds; what cannot is refused in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from rsbench.errors import RsbenchError
from rsbench.recipe.sync import Sync, parse_sync


def rounds_of(sync: str | Sync) -> Sync:
    """Return the rounds that a text or a :class:`~rsbench.recipe.sync.Sync` stands for; others are refused."""
    if not isinstance(sync, str | Sync):
        raise RsbenchError(f"{sync!r} says no rounds: write a text such as 'rounds:8'.")
    parsed = parse_sync(sync) if isinstance(sync, str) else sync
    if not parsed.in_rounds:
        raise RsbenchError(
            f'"{parsed.text}" is no rounds: write rounds:8 or a preset such as diloco:50; to exchange gradients, '
            "register the compressor with a DistributedDataParallel instead."
        )
    if not parsed.every:
        raise RsbenchError(f'"{parsed.text}" says no length, which only rsbench compare can choose: write rounds:8.')
    return parsed


def stepped_by(optimizer: torch.optim.Optimizer) -> set[int]:
    """Return ``id(parameter)`` of all that an optimizer has."""
    return {id(p) for group in optimizer.param_groups for p in group["params"]}


def refuse_other_optimizers(optimizers: Sequence[torch.optim.Optimizer], trained: Mapping[str, nn.Parameter]) -> None:
    """Refuse optimizers whose parameters are not those that are exchanged: some would never agree, or never train."""
    stepped = set[int]().union(*map(stepped_by, optimizers))
    idle = [name for name, p in trained.items() if id(p) not in stepped]
    if idle:
        raise RsbenchError(f"No optimizer has the parameter {idle[0]!r}: hand over all optimizers, or freeze it.")
    exchanged = set(map(id, trained.values()))
    for group in (group for optimizer in optimizers for group in optimizer.param_groups):
        for parameter in group["params"]:
            if parameter.requires_grad and id(parameter) not in exchanged:
                raise RsbenchError(
                    f"An optimizer has a parameter of shape {tuple(parameter.shape)} that is in no network of these "
                    "rounds, so that ranks would never agree on it: hand over all networks, by name."
                )


def refuse_wrapped(networks: Mapping[str, nn.Module]) -> None:
    """Refuse networks that exchange by themselves, and names that would look like a path."""
    for name, network in networks.items():
        if "." in name:
            raise RsbenchError(f"A network is called {name!r}, but a name has no dot.")
        if any(isinstance(module, DistributedDataParallel) for module in network.modules()):
            raise RsbenchError(
                "Rounds train the bare network: DistributedDataParallel would exchange at every step as well; hand "
                "over the network inside it (model.module)."
            )
