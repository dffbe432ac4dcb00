"""The interface of every compressor. Torch is imported only when a compressor is put to work."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from rsbench.compressors.base import options
from rsbench.compressors.base.parameter_groups import split_group
from rsbench.compressors.base.planned_collective import PlannedCollective
from rsbench.compressors.blocks.layout import Layout, dense
from rsbench.compressors.density import allocation
from rsbench.errors import RsbenchError
from rsbench.references import Reference

if TYPE_CHECKING:
    import torch
    from torch.nn.parallel import DistributedDataParallel

    from rsbench.compressors.hooks.base import Hook


Shapes = Mapping[str, Sequence[int]]
"""Tensor name -> shape."""
BUCKET_CAP_MB = 25.0
"""The default bucket size of DistributedDataParallel, in MiB."""


@dataclasses.dataclass(kw_only=True, eq=False)
class Compressor:
    """A gradient compressor as a DDP communication hook.

    A subclass is a dataclass of options that names itself, declares which laws hold for it, and builds its hook.
    Every option is keyword-only and checked by the constructor, which raises
    :class:`~rsbench.errors.RsbenchError`.

    Attributes:
        name: the word on the command line.
        title: the words in a table.
        source: paper or reference of the method.
        references: the works to cite; none where there is no paper.
        trains: False when training with it is not meant to converge (``noop``).
        keeps_residual: what is not sent stays in a residual on the rank.
        collective: ``all_reduce``, ``all_gather`` or ``none``.
        setting: the option that brings it to a compression ratio that is asked for; empty where none does.
        setting_range: the coarsest and the finest setting; bytes rise from one to the other.
        coarsest_words: what the coarsest setting sends, for sentences.
        setting_is_coarse: settings are so few that a ratio may be far from any of them; the next higher one is taken.
        draws_at_random: what is sent depends on draws, which follow from ``draw_seed`` and :attr:`seed`.

    Of a compressor with an option that changes them, an object's ``keeps_residual`` and ``collective`` are its own; the
    class says what holds by default.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    source: ClassVar[str]
    references: ClassVar[tuple[Reference, ...]] = ()
    trains: ClassVar[bool] = True
    keeps_residual: ClassVar[bool] = False
    collective: ClassVar[str] = "all_reduce"
    setting: ClassVar[str] = ""
    setting_range: ClassVar[tuple[float, float]] = (0.0, 0.0)
    coarsest_words: ClassVar[str] = ""
    setting_is_coarse: ClassVar[bool] = False
    draws_at_random: ClassVar[bool] = False
    bytes_per_element: ClassVar[float] = 4.0

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            setattr(self, field.name, options.validate(self.name, field, getattr(self, field.name)))
        self._hook: Hook | None = None
        self._momentum: float | None = None
        self._seed = 0
        self._workers = 2
        self.setting_given = False

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_hook": None}  # a copy serves no model: process groups cannot be copied

    # --- description -------------------------------------------------------------------------------------------

    @classmethod
    def options(cls) -> list[options.Option]:
        """Return the options with type, default, range and help."""
        return options.describe(cls)

    @classmethod
    def doc(cls) -> str:
        """Return one line for listings."""
        return (cls.__doc__ or cls.title).strip().partition("\n")[0]

    @property
    def text(self) -> str:
        """Canonical ``name:key=value,...`` with the options that differ from their default, sorted."""
        given = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        shown = [
            f"{f.name}={options.write(given[f.name])}"
            for f in sorted(dataclasses.fields(self), key=lambda f: f.name)
            if given[f.name] != f.default or (f.name == self.setting and self.setting_given)
        ]
        return self.name + (":" + ",".join(shown) if shown else "")

    @property
    def identity(self) -> str:
        """All options with their values: what two runs must share to exchange messages or states."""
        values = [f"{f.name}={options.write(getattr(self, f.name))}" for f in dataclasses.fields(self)]
        return self.name + ":" + ",".join([*values, f"seed={self._seed}"] if self.draws_at_random else values)

    @property
    def seed(self) -> int:
        """The seed that :meth:`register` was given."""
        return self._seed

    @property
    def steady_from_step(self) -> int:
        """First step of the steady state, after any warm-up of the density."""
        return 0

    def replace(self, **changes: Any) -> Self:
        """Return a fresh compressor with some options changed; it is not registered anywhere."""
        fresh = dataclasses.replace(self, **changes)
        fresh.setting_given = self.setting_given or self.setting in changes
        fresh._workers = self.workers
        return fresh

    def with_density(self, density: float) -> Self:
        """Return a fresh compressor of another density (share of elements sent, 0 < r <= 1)."""
        return self.replace(density=density)

    def with_setting(self, value: float) -> Self:
        """Return a fresh compressor of the finest setting up to a value within :attr:`setting_range`."""
        return self.replace(**{self.setting: value})

    @property
    def coarsest(self) -> Self:
        """A fresh compressor that sends the least that a ratio may choose; of one that is not open, a copy."""
        return self.with_setting(self.setting_range[0]) if self.is_open else self.replace()

    @property
    def is_open(self) -> bool:
        """Whether a ratio may choose the setting, since nobody gave one."""
        return bool(self.setting) and not self.setting_given

    def with_extra(self, extra: float) -> Self:
        """Return a compressor that sends a share of one more block a tensor beyond its density; most cannot."""
        return self

    @property
    def largest_density(self) -> float:
        """Density that no tensor exceeds, whatever is asked for."""
        return 1.0

    # --- bytes, from shapes alone ------------------------------------------------------------------------------

    @property
    def workers(self) -> int:
        """World size that bytes are planned for: the model's once registered, before as :meth:`for_workers` says."""
        return self._workers if self._hook is None else self._hook.workers

    def for_workers(self, workers: int) -> Self:
        """Return a fresh compressor whose bytes are planned for so many workers; 2 where nobody says."""
        fresh = self.replace()
        fresh._workers = workers
        return fresh

    def layout(self, shape: Sequence[int]) -> Layout:
        """Return how a tensor of this shape is cut; the default sends it whole."""
        return dense(shape)

    def payload_bytes(self, shapes: Shapes, step: int, bucket_cap_mb: float = BUCKET_CAP_MB) -> int:
        """Return the payload bytes of training step ``step`` for a model with these tensors.

        Args:
            shapes: of the parameters that require a gradient.
            step: 0-based step (warm-up and renewal of densities depend on it).
            bucket_cap_mb: bucket size of DistributedDataParallel in MiB, for the headers.
        """
        elements = sum(self.layout(shape).numel for shape in shapes.values())
        return round(self.bytes_per_element * elements)

    def total_payload_bytes(self, shapes: Shapes, steps: int, bucket_cap_mb: float = BUCKET_CAP_MB) -> int:
        """Return the payload bytes of a whole run of so many steps: the first, which has one bucket, and the others."""
        first, later = (self.payload_bytes(shapes, step, bucket_cap_mb) for step in (0, 1))
        return min(steps, 1) * first + max(0, steps - 1) * later

    def uncertain_bytes(self, shapes: Shapes, steps: int) -> int:
        """Return by how much a run may miss :meth:`total_payload_bytes`, whatever its weights and gradients."""
        return 0

    def total_wire_bytes(self, shapes: Shapes, steps: int, workers: int, bucket_cap_mb: float = BUCKET_CAP_MB) -> float:
        """Return the wire bytes of one of so many workers over a run."""
        return sum(planned.wire_bytes(workers) for planned in self.collectives(shapes, steps, bucket_cap_mb))

    def collectives(
        self, shapes: Shapes, steps: int, bucket_cap_mb: float = BUCKET_CAP_MB
    ) -> Sequence[PlannedCollective]:
        """Return what a run hands to collectives, of each kind all calls together; one a bucket by default."""
        if self.collective == "none":
            return []
        total = self.total_payload_bytes(shapes, steps, bucket_cap_mb)
        return [PlannedCollective(self.collective, total, self._buckets(shapes, steps, bucket_cap_mb))]

    def _buckets(self, shapes: Shapes, steps: int, bucket_cap_mb: float) -> int:
        """Return the buckets of a whole run."""
        layouts = [self.layout(shape) for shape in shapes.values()]
        first, later = (allocation.bucket_count(layouts, bucket_cap_mb, step) for step in (0, 1))
        return first * min(steps, 1) + later * max(0, steps - 1)

    def for_run(self, *, steps_per_epoch: int) -> Self:
        """Return this compressor with the options set that follow from a run's length; most have none."""
        return self

    # --- use ---------------------------------------------------------------------------------------------------

    def make_hook(self, model: DistributedDataParallel) -> Hook:
        """Build the hook; called once by :meth:`register`."""
        raise NotImplementedError

    def register(
        self, model: DistributedDataParallel, *, scaler: torch.amp.GradScaler | None = None, seed: int = 0
    ) -> None:
        """Register this compressor as the communication hook of ``model``.

        Copies of the model (``copy.deepcopy``, ``torch.save``, ``AveragedModel``) have no hook: they serve to evaluate
        and to average weights, and their backward pass raises until a compressor is registered with them. A compressor
        is copied without its model.

        A collective call: every rank registers, and all must have the same options. Of a model with
        ``find_unused_parameters=True``, a tensor that no rank used in a step keeps ``grad = None``; what its residual
        sent in that step comes back to it, unless gradients are zeroed instead of set to None and are no bucket views.

        Args:
            model: the wrapped network.
            scaler: the GradScaler that scales the loss, if there is one: gradients are unscaled before they are
                accumulated, and after an overflow on any rank every rank gets inf, so that the scaler skips the step.
                The bucket that overflowed is not accumulated; what the others accumulated stays in their residuals,
                and what they sent comes back to them.
            seed: of this run's random draws, the same on all ranks; repeats with another seed draw anew. The option
                ``draw_seed`` of a compressor that draws tells apart runs of one seed.

        Raises:
            RsbenchError: this compressor serves another model already, or the model is one whose gradients it cannot
                compress: not wrapped, with another hook, with sparse gradients, or changed after it was wrapped.
        """
        if self._hook is not None:
            raise RsbenchError(
                f"This {self.name} compressor is registered with a model already; make one compressor per model."
            )
        from rsbench.compressors.hooks import fitness, registration  # late: start-up

        wrapped = fitness.fit_model(model)
        self._seed = seed
        hook = self.make_hook(wrapped)
        registration.register(self.name, wrapped, hook.run)
        hook.scaler = scaler if self.keeps_residual and scaler is not None and scaler.is_enabled() else None
        self._hook = hook

    def owns_momentum(self, shape: Sequence[int]) -> bool:
        """Return whether momentum of a tensor of this shape lives in the compressor, not in the optimizer."""
        return False

    @property
    def momentum(self) -> float | None:
        """Momentum handed over by :meth:`param_groups`; None before."""
        return self._momentum

    def param_groups(
        self,
        module: torch.nn.Module | Sequence[Mapping[str, Any]],
        *,
        lr: float,
        momentum: float | None = None,
        weight_decay: float | None = None,
    ) -> list[dict[str, Any]]:
        """Return parameter groups for an optimizer: momentum lives in exactly one place per tensor.

        For ``torch.optim.SGD`` with momentum: tensors whose momentum the compressor keeps get ``momentum=0`` and
        ``weight_decay / (1 - momentum)``, since SGD sends weight decay through its momentum, which multiplies it by
        1 / (1 - m) in the long run. Such groups raise when another kind of optimizer takes them. For Adam and all
        others leave ``momentum`` out; weight decay is then handed on as it is.

        Args:
            module: the network, bare or wrapped in DistributedDataParallel; or groups as the optimizer takes them,
                ``{"params": [...], "lr": ..., "weight_decay": ...}``, whose keys override the ones below.
            lr: learning rate.
            momentum: SGD's, 0 <= m < 1, the same for all; None is none of the compressor's.
            weight_decay: as the optimizer's; None leaves it to the optimizer's own argument or default.

        Raises:
            RsbenchError: momentum out of range, or given in a group.
        """
        told = momentum or 0.0
        if not 0 <= told < 1:
            raise RsbenchError(f"momentum={momentum} is out of range; allowed: 0 <= momentum < 1.")
        if self._momentum not in (None, told):
            raise RsbenchError(
                f"This {self.name} compressor was told momentum={self._momentum:g} before and now {told:g}; "
                "give one momentum for all tensors."
            )
        self._momentum = told
        asked: dict[str, Any] = {"lr": lr}
        asked |= {} if weight_decay is None else {"weight_decay": weight_decay}
        asked |= {} if momentum is None else {"momentum": momentum}
        given = module if isinstance(module, Sequence) else [{"params": module.parameters()}]
        groups: list[dict[str, Any]] = []
        for group in given:
            if "momentum" in group:
                raise RsbenchError("A parameter group has its own momentum; give one momentum to param_groups for all.")
            groups += split_group({**asked, **group}, told, self.name, self.owns_momentum, nesterov=self.looks_ahead)
        return groups

    @property
    def looks_ahead(self) -> bool:
        """Whether momentum is Nesterov's."""
        return False

    @property
    def hook(self) -> Hook:
        """The registered hook.

        Raises:
            RsbenchError: :meth:`register` has not been called.
        """
        if self._hook is None:
            raise RsbenchError(f"This {self.name} compressor is not registered; call register(ddp_model) first.")
        return self._hook

    def step_stats(self) -> dict[str, Any]:
        """Return what the last finished step sent.

        Returns:
            ``payload_bytes`` (int, this rank's bytes handed to collectives), ``wire_bytes`` (int, modelled),
            ``dense_bytes`` (int, bytes of the gradients), ``density`` (tensor name -> share of its elements sent,
            edge tiles counted full), ``mean_density`` (share of all elements), ``one_d_bytes`` (int, bytes of tensors
            of fewer than two dimensions), ``buckets`` (int, of DDP).

        Raises:
            RsbenchError: no step has run yet.
        """
        return self.hook.step_stats()

    def state_dict(self) -> dict[str, Any]:
        """Return this rank's state, plain tensors and numbers that ``torch.load(weights_only=True)`` reads."""
        return self.hook.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave on the same rank.

        Raises:
            RsbenchError: the state is of another compressor, model, rank or world size; the sentence says which.
        """
        self.hook.load_state_dict(state)
