"""The hook of every compressor that selects: accumulate, score, select, one all-gather per bucket, decode."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch._C._distributed_c10d import GradBucket
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors.blocks.layout import Layout
from rsbench.compressors.density.allocation import share_of, share_out, uniform_counts
from rsbench.compressors.density.policies import Policy
from rsbench.compressors.density.turns import Turns, budget_bytes, turns
from rsbench.compressors.hooks.residual import ResidualHook, damaged
from rsbench.compressors.kernels.dispatch import choose_bucket_kernels
from rsbench.compressors.memory.error_feedback import NoMemory, clip
from rsbench.compressors.message import values as value_formats
from rsbench.compressors.message.message import OK, Message, Slot, value_dtype
from rsbench.compressors.message.quantizers import Quantizer
from rsbench.compressors.quantizer_kernels.dispatch import BucketCalls, choose_quantized_kernels
from rsbench.compressors.selection.scores import MAGNITUDE, Score
from rsbench.compressors.selection.selectors import Selector
from rsbench.measure import collectives

if TYPE_CHECKING:
    from rsbench.compressors.kernels.bucket import BucketPlan


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


@dataclasses.dataclass
class _InFlight:
    """A bucket between its hook call and its callback: its step (1-based), plans and messages."""

    step: int
    message: Message
    plan: "BucketPlan | None"
    gathered: torch.Tensor


class SparseHook(ResidualHook):
    """The best blocks of each tensor in one fixed-capacity all-gather per bucket; the rest stays in the memory.

    Every rank decodes all messages in rank order, so that all ranks add in the same order and end bit-equal.
    """

    def __init__(self, model: DistributedDataParallel, identity: str, parts: Parts) -> None:
        super().__init__(model, identity, parts.layout, parts.memory)
        self.parts = parts
        asked = value_formats.DTYPES[parts.values]
        self._dtypes = {n: value_dtype(self.layouts[n], asked, p.dtype) for n, p in self.parameters.items()}
        self.selector = parts.selector(self.device, self.rank)
        self._quantizer = parts.quantizer(self.rank) if parts.quantizer else None
        self._bucket_kernels: BucketCalls | None = None
        if self.device.type == "cpu" and not parts.clip_norm:
            self._bucket_kernels = choose_bucket_kernels(
                parts.kernels, self.memory, self.selector, parts.score, parts.masking_density
            ) or choose_quantized_kernels(self._quantizer, self.memory, lambda: self.step + 1)
        if self._bucket_kernels is not None:
            self.kernels = "compiled"
        self.counts: dict[str, int] = {}
        self._messages: dict[tuple[bool, tuple[str, ...]], tuple[Message, BucketPlan | None]] = {}
        self._in_flight: dict[int, _InFlight] = {}
        self._counted_density = -1.0
        self._turns: Turns | None = None
        self._is_high, self._owed_bytes = False, 0

    # --- counts of blocks --------------------------------------------------------------------------------------

    def begin_step(self) -> None:
        """Renew the counts where the schedule or the policy asks for it; take turns where a budget is to be held."""
        super().begin_step()
        density = self.parts.density_at(self.step)
        due = self.parts.policy is not None and self.step % self.parts.update_steps == 0
        if due or density != self._counted_density:
            self._counted_density = density
            self._messages.clear()
            self._renew(density)
        if self._turns is not None:
            self._is_high = self._turns.is_high(self._owed_bytes)
            sent = self._turns.high_bytes if self._is_high else self._turns.low_bytes
            self._owed_bytes += self._turns.budget_bytes - sent
            self._set_compressed(self._turns.high if self._is_high else self._turns.low)

    def _renew(self, density: float) -> None:
        """Renew the counts at a density, and what is sent beyond them."""
        every = list(self.layouts)
        self.counts = dict(zip(every, uniform_counts([self.layouts[n] for n in every], density), strict=True))
        layouts, counts = [self.layouts[n] for n in self.compressed], [self.counts[n] for n in self.compressed]
        budget = budget_bytes(layouts, counts, self._most(layouts), self.parts.extra)
        if self.parts.policy is not None and self.compressed:
            counts = self._shared_counts(self.parts.policy, layouts, counts, density, budget)
            self._set_compressed(counts)
        self._is_high = False
        self._turns = turns(layouts, counts, self._most(layouts), budget) if self.parts.extra else None

    def _most(self, layouts: Sequence[Layout]) -> list[int]:
        return [share_of(self.parts.ceiling, layout.blocks) for layout in layouts]

    def _set_compressed(self, counts: Sequence[int]) -> None:
        self.counts.update(zip(self.compressed, counts, strict=True))

    def _shared_counts(
        self, policy: Policy, layouts: list[Layout], counts: list[int], density: float, budget: int
    ) -> list[int]:
        """Return counts by rank 0's weights, broadcast so that capacities never differ between ranks."""
        if self.rank == 0:
            elements = policy.importance([self.parameters[n].detach() for n in self.compressed], layouts, density)
            floors = [share_of(self.parts.floor * density, layout.blocks) for layout in layouts]
            if all(map(math.isfinite, elements)):  # else uniform: the gradients' check stops all ranks
                cost = [e * (lay.value_bytes + 2 / lay.block) for e, lay in zip(elements, layouts, strict=True)]
                most = self._most(layouts)
                counts = share_out(layouts, cost, budget_bytes=budget, floor_counts=floors, most_counts=most)
        sent = torch.tensor(counts, dtype=torch.int32, device=self.device)
        collectives.broadcast(sent, self.traffic, self.group)
        shared: list[int] = sent.tolist()
        return shared

    # --- exchange ----------------------------------------------------------------------------------------------

    def exchange(self, bucket: GradBucket) -> torch.futures.Future[torch.Tensor]:
        """Encode the bucket's tensors into one message and gather the messages of all ranks."""
        tensors = self.tensors(bucket)
        message, plan = self._plans(tensors, bucket.buffer())
        buffer = message.allocate(self.device)
        flight = _InFlight(self.step + 1, message, plan, message.room(self.device, self.workers))
        served: dict[int, bool] = {}
        status: torch.Tensor | int = OK
        if plan is not None and self._bucket_kernels is not None:
            status, served = self._bucket_kernels.compress(plan, bucket.buffer(), buffer)
        if status == OK and len(served) < len(tensors):
            status = self.status_of(bucket.buffer(), tensors)
        if not isinstance(status, int) or status == OK:
            for position, ((name, gradient), slot) in enumerate(zip(tensors, message.slots, strict=True)):
                if not served.get(position):
                    new = None if position in served else gradient.reshape(-1)
                    self._compress(flight, buffer, slot, name, new)
                    gradient.zero_()  # the average comes here; while it is still in the cache
        message.seal(buffer, status, flight.step)
        self._in_flight[bucket.index()] = flight
        self.watch_resting(bucket)
        return collectives.all_gather(buffer, flight.gathered, self.traffic, self.group)

    def _plans(
        self, tensors: list[tuple[str, torch.Tensor]], buffer: torch.Tensor
    ) -> "tuple[Message, BucketPlan | None]":
        """Return the plans of the bucket with these tensors, made once for each renewal of the counts."""
        names = tuple(n for n, _ in tensors)
        key = self._is_high, names
        if key not in self._messages:
            message = Message(
                [self.layouts[n] for n in names],
                [self.counts[n] for n in names],
                [self._dtypes[n] for n in names],
                self._quantizer,
            )
            plan = None
            if self._bucket_kernels is not None and not self.may_come_back:
                plan = self._bucket_kernels.plan(message, tensors, buffer)
            self._messages[key] = message, plan
        return self._messages[key]

    def _compress(
        self, flight: _InFlight, buffer: torch.Tensor, slot: Slot, name: str, gradient: torch.Tensor | None
    ) -> None:
        """Accumulate a flat gradient, unless that is done (None); choose, write, clear."""
        chosen, index = self._choose(name, gradient, slot)
        if self._quantizer is not None:
            self._quantizer.begin(name, flight.step)
        flight.message.write(buffer, slot, chosen, index)
        if slot.layout.compressed and self.memory.state():
            sent = slot.layout.sent_elements(slot.count)
            mask = sent <= self.parts.masking_density * slot.layout.numel
            error = None if slot.dtype == torch.float32 else chosen - flight.message.read(buffer, slot)[0]
            self.clear_sent(name, index, chosen, error, mask=mask)

    def _choose(self, name: str, gradient: torch.Tensor | None, slot: Slot) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Accumulate a flat gradient; return the values to send and the indices of their blocks."""
        if gradient is not None:
            if not slot.layout.compressed:
                return gradient, None
            if self.parts.clip_norm:
                clip(gradient, self.parts.clip_norm, self.workers)
            gradient = gradient.float()
        residual = self.memory.begin(name, gradient)
        if slot.whole and gradient is not None:
            return residual.accumulate(gradient), None
        score = self.parts.score if slot.layout.block > 1 else MAGNITUDE
        index = self.selector.choose(name, residual, gradient, slot.layout, score, slot.count)
        return self.blocks[name].gather(residual.v, index), index

    def finish(self, bucket: GradBucket, arrived: torch.Tensor) -> torch.Tensor:
        """Decode all ranks' messages into the bucket, in rank order, each divided by the world size."""
        flight = self._in_flight.pop(bucket.index())
        tensors = self.tensors(bucket)
        by_rank = flight.gathered.view(self.workers, -1)
        faults = torch.stack([flight.message.faults(buffer) for buffer in by_rank])
        buffer: torch.Tensor = bucket.buffer()
        if self.refused(faults, [n for n, _ in tensors], flight.step):
            return buffer.fill_(math.inf)
        served: tuple[int, ...] = ()
        if flight.plan is not None and self._bucket_kernels is not None:
            served = flight.plan.positions
            bad = self._bucket_kernels.decode(flight.plan, buffer, by_rank)
            if bad:
                raise damaged(bad - 1, flight.step)
        for position, ((name, gradient), slot) in enumerate(zip(tensors, flight.message.slots, strict=True)):
            if position in served:
                continue
            direct = gradient.is_contiguous() and gradient.dtype == torch.float32
            flat = gradient.view(-1) if direct else gradient.new_zeros(gradient.numel(), dtype=torch.float32)
            for values, index in (flight.message.read(message, slot) for message in by_rank):
                if index is None:
                    flat.add_(values.mul(1.0 / self.workers))
                else:
                    self.blocks[name].add(flat, index, values.mul_(1.0 / self.workers))
            if not direct:
                gradient.copy_(flat.view(gradient.shape))
        return buffer

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
        self._messages.clear()
        self.selector.load(state["selector"])
