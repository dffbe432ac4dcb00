"""What hooks that select share: the parts of a compressor, and how many blocks of each tensor a step sends."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors.blocks.layout import Layout
from rsbench.compressors.density.allocation import share_of, uniform_counts
from rsbench.compressors.density.policies import Policy
from rsbench.compressors.density.turns import Turns, budget_bytes, turns
from rsbench.compressors.hooks.ranked_counts import Room, ranked_on_cpu, ranked_on_device
from rsbench.compressors.hooks.residual import ResidualHook
from rsbench.compressors.memory.error_feedback import NoMemory, Residual, clip
from rsbench.compressors.message import values as value_formats
from rsbench.compressors.message.message import value_dtype
from rsbench.compressors.message.quantizers import Quantizer
from rsbench.compressors.selection.scores import MAGNITUDE, Score
from rsbench.compressors.selection.selectors import Selector


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parts:
    """What distinguishes one sparse compressor from another.

    Attributes:
        layout: shape -> layout of the tensor.
        score: importance of blocks.
        memory: builds the residual from the compressed parameters.
        selector: builds what chooses blocks, given device and rank.
        density_at: step -> asked density.
        extra: share of one more block of each tensor that is sent beyond the density; above 0 the steps hold their
            budget together, to within half a block.
        policy: dynamic shares of the layers, or None for the same density everywhere.
        floor: share of the asked density that every layer keeps under a dynamic policy.
        ceiling: density that no layer exceeds; the asked one does not either.
        update_steps: steps between renewals of a dynamic policy.
        masking_density: above this density of a tensor its momentum is not masked; below 0 it never is.
        clip_norm: local gradients are clipped to it, divided by sqrt(W); 0 does not clip.
        values: name of the format of values.
        kernels: ``auto``, ``compiled`` or ``eager`` loops on a CPU.
        quantizer: builds what writes all values of the tensors whose layout says so, given the rank.
    """

    layout: Callable[[tuple[int, ...]], Layout]
    score: Score
    memory: Callable[[dict[str, torch.Tensor]], NoMemory]
    selector: Callable[[torch.device, int], Selector]
    density_at: Callable[[int], float]
    extra: float = 0.0
    policy: Policy | None = None
    floor: float = 0.0
    ceiling: float = 1.0
    update_steps: int = 1
    masking_density: float = -1.0
    clip_norm: float = 0.0
    values: str = "fp32"
    kernels: str = "eager"
    quantizer: Callable[[int], Quantizer] | None = None


class CountsHook(ResidualHook):
    """A hook that sends some blocks of each tensor, as many on all ranks.

    Attributes:
        parts: what distinguishes this compressor from others.
        selector: what chooses blocks.
        counts: tensor name -> blocks that are sent.
        is_high: whether the step sends the larger of two neighbouring sizes.
        dtypes: tensor name -> dtype of its values in a message.
    """

    def __init__(self, model: DistributedDataParallel, identity: str, parts: Parts) -> None:
        super().__init__(model, identity, parts.layout, parts.memory)
        self.parts = parts
        asked = value_formats.DTYPES[parts.values]
        self.dtypes = {n: value_dtype(self.layouts[n], asked, p.dtype) for n, p in self.parameters.items()}
        self.selector = parts.selector(self.device, self.rank)
        self.counts: dict[str, int] = {}
        self._counted_density = -1.0
        self._turns: Turns | None = None
        self.is_high, self._owed_bytes = False, 0

    # --- counts of blocks --------------------------------------------------------------------------------------

    def forget_plans(self) -> None:
        """Drop what was planned for the counts, since they change."""

    def begin_step(self) -> None:
        """Renew the counts where the schedule or the policy asks for it; take turns where a budget is to be held."""
        super().begin_step()
        density = self.parts.density_at(self.step)
        due = self.parts.policy is not None and self.step % self.parts.update_steps == 0
        if due or density != self._counted_density:
            self._counted_density = density
            self.forget_plans()
            self._renew(density)
        if self._turns is not None:
            self.is_high = self._turns.is_high(self._owed_bytes)
            sent = self._turns.high_bytes if self.is_high else self._turns.low_bytes
            self._owed_bytes += self._turns.budget_bytes - sent
            self._set_compressed(self._turns.high if self.is_high else self._turns.low)

    def _renew(self, density: float) -> None:
        """Renew the counts at a density, and what is sent beyond them."""
        every = list(self.layouts)
        self.counts = dict(zip(every, uniform_counts([self.layouts[n] for n in every], density), strict=True))
        layouts, counts = [self.layouts[n] for n in self.compressed], [self.counts[n] for n in self.compressed]
        budget = budget_bytes(layouts, counts, self._most(layouts), self.parts.extra)
        if self.parts.policy is not None and self.compressed:
            floors = [share_of(self.parts.floor * density, layout.blocks) for layout in layouts]
            room = Room(layouts, counts, floors, self._most(layouts), budget)
            weights = [self.parameters[n].detach() for n in self.compressed]
            by_rank_0 = ranked_on_device if self.reads_late else ranked_on_cpu
            counts = by_rank_0(self.parts.policy, weights, density, room, self.traffic, self.group)
            self._set_compressed(counts)
        self.is_high = False
        self._turns = turns(layouts, counts, self._most(layouts), budget) if self.parts.extra else None

    def _most(self, layouts: Sequence[Layout]) -> list[int]:
        return [share_of(self.parts.ceiling, layout.blocks) for layout in layouts]

    def _set_compressed(self, counts: Sequence[int]) -> None:
        self.counts.update(zip(self.compressed, counts, strict=True))

    # --- gradients ---------------------------------------------------------------------------------------------

    def begin(self, name: str, gradient: torch.Tensor, sound: torch.Tensor | None) -> tuple[Residual, torch.Tensor]:
        """Return a compressed tensor's memory, and its flat gradient as the memory takes it in: clipped, float32.

        Args:
            name: of the tensor.
            gradient: clipped in place.
            sound: see :class:`~rsbench.compressors.memory.error_feedback.Residual`.
        """
        if self.parts.clip_norm:
            clip(gradient, self.parts.clip_norm, self.senders)
        gradient = gradient.float()
        return dataclasses.replace(self.memory.begin(name, gradient), sound=sound), gradient

    def choose(self, name: str, residual: Residual, gradient: torch.Tensor | None) -> torch.Tensor:
        """Take a gradient in, unless that is done (None), and return the indices of a tensor's best blocks, rising."""
        layout = self.layouts[name]
        score = self.parts.score if layout.block > 1 else MAGNITUDE
        return self.selector.choose(name, residual, gradient, layout, score, self.counts[name])

    def masks(self, name: str) -> bool:
        """Return whether what is sent of a tensor clears its momentum too."""
        layout = self.layouts[name]
        return layout.sent_elements(self.counts[name]) <= self.parts.masking_density * layout.numel

    # --- what users ask for ------------------------------------------------------------------------------------

    def densities(self) -> dict[str, float]:
        """Return the share of each tensor's elements in the last message (edge tiles counted full)."""
        return {n: lay.sent_elements(self.counts[n]) / lay.numel for n, lay in self.layouts.items()}

    def sent_bytes(self, name: str) -> int:
        """Return the bytes of a tensor in the last step's message."""
        return self.layouts[name].sparse_bytes(self.counts[name])

    def state_dict(self) -> dict[str, Any]:
        """Add the counts and the selector's hints."""
        state = super().state_dict()
        state["counts"] = dict(self.counts)
        state["counted_density"] = self._counted_density
        state["turns"] = dataclasses.asdict(self._turns) if self._turns is not None else None
        state["owed_bytes"] = self._owed_bytes
        state["selector"] = self.selector.state()
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore counts, hints and memory, unless the state is of another run."""
        super().load_state_dict(state)
        self.counts = dict(state["counts"])
        self._counted_density = float(state["counted_density"])
        self._turns = None if state["turns"] is None else Turns(**state["turns"])
        self._owed_bytes = int(state["owed_bytes"])
        self.forget_plans()
        self.selector.load(state["selector"])
