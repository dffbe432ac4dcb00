"""Parameter groups that know who keeps the momentum, and let no optimizer take them for something else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rsbench.errors import RsbenchError

_OF_SGD = frozenset(("momentum", "dampening", "nesterov", "weight_decay"))
"""The options of ``torch.optim.SGD`` by which it is told: a group that has them all has been taken by one like it."""
_OF_ALL = frozenset(("lr", "maximize", "foreach", "capturable", "differentiable", "fused"))


class OptimizerGroup(dict[str, Any]):
    """A parameter group whose momentum is kept in the optimizer: refused by those that know no momentum.

    An optimizer asks each group for each of its own options by ``setdefault``; this is where it is recognised.

    Args:
        group: as the optimizer takes it.
        compressor: its name.
        momentum: that ``param_groups`` was told.
    """

    def __init__(self, group: Mapping[str, Any], compressor: str, momentum: float) -> None:
        super().__init__(group)
        self.compressor, self.told = compressor, momentum
        self._meets_momentum = False

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Take over an optimizer's option that the group does not have.

        Raises:
            RsbenchError: the optimizer has options that SGD lacks, and no momentum before them.
        """
        self._meets_momentum = self._meets_momentum or key == "momentum" or self.keys() >= _OF_SGD
        if self.told and key not in _OF_SGD | _OF_ALL and not self._meets_momentum:
            self.refuse(key)
        return super().setdefault(key, default)

    def refuse(self, key: str) -> None:
        """Raise what an optimizer with an option that SGD lacks is told."""
        raise RsbenchError(
            f"These parameter groups are made for SGD with momentum={self.told:g}, and this optimizer, which has "
            f"{key!r}, is none: its weight decay and momentum would be wrong. For Adam and other optimizers leave "
            "momentum out: compressor.param_groups(net, lr=..., weight_decay=...)."
        )

    def copy(self) -> OptimizerGroup:
        """Return a shallow copy of the same kind, as optimizers that shard their groups take it."""
        return type(self)(self, self.compressor, self.told)

    __copy__ = copy

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        return dict, (dict(self),)  # a saved optimizer has plain groups


class CompressorGroup(OptimizerGroup):
    """A parameter group whose momentum m is kept in the compressor: only SGD may have it when m > 0.

    SGD sends weight decay through its momentum, which multiplies it by 1 / (1 - m) in the long run. Here the decay goes
    around the momentum, so it is multiplied beforehand, the optimizer's own default too.
    """

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Take over an optimizer's option that the group does not have.

        Raises:
            RsbenchError: the optimizer is not SGD although there is a momentum, or brings a momentum of its own.
        """
        if self.told and key not in _OF_SGD | _OF_ALL and not self.keys() >= _OF_SGD:
            self.refuse(key)
        if self.told and key == "weight_decay" and key not in self:
            default = default / (1 - self.told)
        if key == "momentum" and key not in self:
            self._refuse_momentum(default)
        if key in ("nesterov", "dampening") and default and key not in self:
            raise RsbenchError(
                f"{self.compressor} keeps the momentum of these parameters, so the optimizer's {key}={default} would "
                f"do nothing; leave it out (Nesterov's momentum is an option: {self.compressor}:nesterov=true)."
            )
        return super().setdefault(key, default)

    def __setitem__(self, key: str, value: Any) -> None:
        if key == "momentum":
            self._refuse_momentum(value)
        super().__setitem__(key, value)

    def _refuse_momentum(self, value: float) -> None:
        """Refuse a second momentum, of an optimizer's default or of a schedule.

        Raises:
            RsbenchError: it is not 0.
        """
        if value:
            raise RsbenchError(
                f"{self.compressor} keeps the momentum of these parameters, so the optimizer must not have one of "
                f"{value:g} too; give momentum to compressor.param_groups alone, and cycle_momentum=False to a "
                "schedule that changes it."
            )


def split_group(
    group: Mapping[str, Any], told: float, compressor: str, owns: Callable[[Sequence[int]], bool], *, nesterov: bool
) -> list[OptimizerGroup]:
    """Split a group in two, without empty ones: tensors whose momentum the compressor keeps, and the others.

    Args:
        group: as an optimizer takes it; its ``params`` are parameters or (name, parameter), those frozen are left out.
        told: momentum.
        compressor: its name.
        owns: says of a shape whether the compressor keeps the momentum.
        nesterov: whether momentum is Nesterov's.
    """
    kept: list[Any] = []
    plain: list[Any] = []
    for entry in group["params"]:
        parameter = entry[1] if isinstance(entry, tuple) else entry
        if parameter.requires_grad:
            (kept if owns(parameter.shape) else plain).append(entry)
    of_kept, of_plain = {**group, "params": kept}, {**group, "params": plain}
    if "momentum" in group:
        of_kept["momentum"] = 0.0
    if "weight_decay" in group:
        of_kept["weight_decay"] = group["weight_decay"] / (1 - told)
    if told and (kept or nesterov):
        of_plain["nesterov"] = nesterov
    groups = (
        CompressorGroup(of_kept, compressor, told),
        OptimizerGroup(of_plain, compressor, told),
    )
    return [entry for entry in groups if entry["params"]]
