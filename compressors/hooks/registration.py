"""What DDP holds of a compressor: its hook; in a copy of the model, a sentence that asks for a new one.

No ``from __future__ import annotations`` here: DDP refuses :meth:`Registration.run` if its annotations are text.
"""

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch._C._distributed_c10d import GradBucket
from torch.nn.parallel import DistributedDataParallel

from rsbench.errors import RsbenchError

Run = Callable[[None, GradBucket], torch.futures.Future[torch.Tensor]]
"""What starts the exchange of a bucket: :meth:`rsbench.compressors.hooks.base.Hook.run`."""


class Registration:
    """The link between a model and its hook, which copies of the model lose.

    ``copy.deepcopy``, ``torch.save`` and ``AveragedModel`` copy a DDP model without its reducer, and so without its
    hook. A copy would then average whole gradients, and nobody would see it. So a copy takes this object along, without
    hook or process group, and its backward pass raises until a compressor is registered with it. Forward passes,
    ``state_dict()`` and averaging of weights work at once.

    Args:
        name: of the compressor.
        model: that it serves.
    """

    def __init__(self, name: str, model: DistributedDataParallel) -> None:
        self._name = name
        self._model: weakref.ref[DistributedDataParallel] | None = weakref.ref(model)
        self._hook: Run | None = None
        self._failed = False

    def __getstate__(self) -> dict[str, Any]:
        return {"_name": self._name, "_model": None, "_hook": None, "_failed": False}

    def serves(self, model: torch.nn.Module) -> bool:
        """Return whether this is the registration of that very model, not of one that it was copied from."""
        return self._model is not None and self._model() is model

    def run(self, state: None, bucket: GradBucket) -> torch.futures.Future[torch.Tensor]:
        """Hand a bucket to the hook; DDP calls this for each one.

        Raises:
            RsbenchError: the model is a copy that nobody has registered a compressor with.
        """
        if self._hook is None:
            self._failed = True
            raise RsbenchError(
                f"This model is a copy of one with the compressor {self._name}, and a copy has none; before its first "
                "backward pass, register a new compressor with the copy: compressor.register(copy)."
            )
        return self._hook(state, bucket)

    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def before_forward(self, model: DistributedDataParallel, inputs: Any) -> None:
        """Put the sentence in the hook's place, when a copy runs forward for a backward pass.

        Raises:
            RsbenchError: the copy is shallow, so that its backward pass would spoil the original's.
        """
        current = _registration(model)
        if not torch.is_grad_enabled() or current is None or current.serves(model):
            return
        if current._model is not None:
            raise RsbenchError(
                f"This model is a shallow copy, with the same parameters, of one with the compressor {current._name}; "
                "use that one, or copy.deepcopy it and register a new compressor with the copy."
            )
        _place(current._name, model)

    @property
    def in_use(self) -> bool:
        """Whether buckets go to a hook."""
        return self._hook is not None

    def take(self, hook: Run) -> None:
        """Hand buckets to this hook from now on.

        Raises:
            RsbenchError: a backward pass has failed for want of a hook, after which DDP cannot go on.
        """
        if self._failed:
            raise RsbenchError(
                "This copy of a model has run a backward pass without a compressor, after which DDP cannot go on; copy "
                "the model anew and register before the first backward pass."
            )
        self._hook = hook


def _registration(model: DistributedDataParallel) -> Registration | None:
    """Return what a model holds of a compressor, which may be a copy of another model's; None without one."""
    owners = (getattr(hook, "__self__", None) for hook, _ in model._comm_hooks)
    return next((owner for owner in owners if isinstance(owner, Registration)), None)


def _place(name: str, model: DistributedDataParallel) -> Registration:
    """Register a new registration, without a hook yet, in place of what came along from another model."""
    fresh = Registration(name, model)
    model._comm_hooks = []  # not cleared: a shallow copy shares the list
    model.register_comm_hook(None, fresh.run)
    return fresh


def register(name: str, model: DistributedDataParallel, hook: Run) -> None:
    """Make DDP call a hook for each bucket.

    Args:
        name: of the compressor.
        model: one that :func:`rsbench.compressors.hooks.fitness.fit_model` has let pass.
        hook: of a hook built for this model.
    """
    current = _registration(model)
    if current is None:
        current = _place(name, model)
        model.register_forward_pre_hook(current.before_forward)
    elif not current.serves(model):
        current = _place(name, model)  # the copied hook before forward passes serves on
    current.take(hook)


def has_hook(model: DistributedDataParallel) -> bool:
    """Return whether gradients of this model go through a communication hook already, ours or another's."""
    current = _registration(model)
    if current is None:
        return bool(model._comm_hooks) or bool(logging_data(model).get("comm_hook"))
    return current.serves(model) and current.in_use


def logging_data(model: DistributedDataParallel) -> dict[str, Any]:
    """Return the facts that DDP keeps of itself."""
    facts: dict[str, Any] = model._get_ddp_logging_data()  # type: ignore[no-untyped-call]
    return facts
