"""The hook of every compressor that selects: accumulate, score, select, one all-gather per bucket, decode."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch._C._distributed_c10d import GradBucket
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors.blocks.layout import Layout
from rsbench.compressors.density.allocation import share_of, uniform_counts
from rsbench.compressors.density.policies import Policy
from rsbench.compressors.density.turns import Turns, budget_bytes, turns
from rsbench.compressors.hooks import whole_buckets
from rsbench.compressors.hooks.one_by_one import OneByOne
from rsbench.compressors.hooks.ranked_counts import Room, ranked_on_cpu, ranked_on_device
from rsbench.compressors.hooks.residual import ResidualHook, damaged
from rsbench.compressors.hooks.whole_buckets import BucketKernels
from rsbench.compressors.memory.error_feedback import NoMemory
from rsbench.compressors.message import values as value_formats
from rsbench.compressors.message.message import OK, Message, value_dtype
from rsbench.compressors.message.quantizers import Quantizer
from rsbench.compressors.selection.scores import Score
from rsbench.compressors.selection.selectors import Selector
from rsbench.measure import collectives


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
    """A bucket between its hook call and its callback: its step (1-based), plans (of kernels, or None), messages."""

    step: int
    message: Message
    plan: Any
    gathered: torch.Tensor


class SparseHook(ResidualHook):
    """The best blocks of each tensor in one fixed-capacity all-gather per bucket; the rest stays in the memory.

    Every rank decodes all messages in rank order, so that all ranks add in the same order and end bit-equal.

    Attributes:
        parts: what distinguishes this compressor from others.
        selector: what chooses blocks.
        bucket_kernels: what serves whole buckets; None where tensors are served one by one.
        counts: tensor name -> blocks that are sent.
    """

    def __init__(self, model: DistributedDataParallel, identity: str, parts: Parts) -> None:
        super().__init__(model, identity, parts.layout, parts.memory)
        self.parts = parts
        asked = value_formats.DTYPES[parts.values]
        self._dtypes = {n: value_dtype(self.layouts[n], asked, p.dtype) for n, p in self.parameters.items()}
        self.selector = parts.selector(self.device, self.rank)
        self._quantizer = parts.quantizer(self.rank) if parts.quantizer else None
        given = self.selector, parts.score, parts.masking_density
        self._one_by_one = OneByOne(self, *given, parts.clip_norm, self._quantizer)
        self.bucket_kernels: BucketKernels | None = None
        if not parts.clip_norm:
            self.bucket_kernels = whole_buckets.choose(
                parts.kernels, self.memory, *given, self._quantizer, self.device, lambda: self.step + 1
            )
        self.kernels = "compiled" if self.bucket_kernels is not None and self.bucket_kernels.compiled else "eager"
        self.counts: dict[str, int] = {}
        self._messages: dict[tuple[bool, tuple[str, ...]], tuple[Message, Any]] = {}
        self._in_flight: dict[int, _InFlight] = {}
        self._counted_density = -1.0
        self._turns: Turns | None = None
        self._is_high, self._owed_bytes = False, 0

    # --- counts of blocks --------------------------------------------------------------------------------------

    def begin_step(self) -> None:
        """Renew the counts where the schedule or the policy asks for it; take turns where a budget is to be held."""
        super().begin_step()
        if self.bucket_kernels is not None:
            self.bucket_kernels.begin_step(remembers=self.scaler is not None)
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
            floors = [share_of(self.parts.floor * density, layout.blocks) for layout in layouts]
            room = Room(layouts, counts, floors, self._most(layouts), budget)
            weights = [self.parameters[n].detach() for n in self.compressed]
            by_rank_0 = ranked_on_device if self.reads_late else ranked_on_cpu
            counts = by_rank_0(self.parts.policy, weights, density, room, self.traffic, self.group)
            self._set_compressed(counts)
        self._is_high = False
        self._turns = turns(layouts, counts, self._most(layouts), budget) if self.parts.extra else None

    def _most(self, layouts: Sequence[Layout]) -> list[int]:
        return [share_of(self.parts.ceiling, layout.blocks) for layout in layouts]

    def _set_compressed(self, counts: Sequence[int]) -> None:
        self.counts.update(zip(self.compressed, counts, strict=True))

    # --- exchange ----------------------------------------------------------------------------------------------

    def exchange(self, bucket: GradBucket) -> torch.futures.Future[torch.Tensor]:
        """Encode the bucket's tensors into one message and gather the messages of all ranks."""
        message, plan = self._plans(bucket)
        buffer = message.allocate(self.device)
        flight = _InFlight(self.step + 1, message, plan, message.room(self.device, self.workers))
        served: dict[int, bool] = {}
        status: torch.Tensor | int = OK
        if plan is not None and self.bucket_kernels is not None:
            status, served = self.bucket_kernels.compress(plan, bucket.buffer(), buffer)
        if len(served) < len(message.slots) or not all(served.values()):
            tensors = self.tensors(bucket)
            if isinstance(status, int) and status == OK and len(served) < len(tensors):
                status = self.status_of(bucket.buffer(), tensors)
            sound = None if isinstance(status, int) else status == OK
            if sound is not None or status == OK:
                self._one_by_one.compress(message, buffer, tensors, served, flight.step, sound)
        message.seal(buffer, status, flight.step)
        self._in_flight[bucket.index()] = flight
        self.watch_resting(bucket)
        return collectives.all_gather(buffer, flight.gathered, self.traffic, self.group)

    def _plans(self, bucket: GradBucket) -> tuple[Message, Any]:
        """Return the plans of a bucket of these tensors, made once for each renewal of the counts."""
        names = self._names(bucket)
        key = self._is_high, names
        if key not in self._messages:
            message = Message(
                [self.layouts[n] for n in names],
                [self.counts[n] for n in names],
                [self._dtypes[n] for n in names],
                self._quantizer,
            )
            plan, kernels = None, self.bucket_kernels
            if kernels is not None and not (self._may_rest if kernels.can_take_back else self.may_come_back):
                plan = kernels.plan(message, self.tensors(bucket), bucket.buffer())
            self._messages[key] = message, plan
        return self._messages[key]

    def _names(self, bucket: GradBucket) -> tuple[str, ...]:
        return tuple(self.names[id(p)] for p in bucket.parameters())

    def finish(self, bucket: GradBucket, arrived: torch.Tensor) -> torch.Tensor:
        """Decode all ranks' messages into the bucket; where faults are read late, a damaged one counts as zeros."""
        flight = self._in_flight.pop(bucket.index())
        by_rank = flight.gathered.view(self.workers, -1)
        faults = flight.message.faults(by_rank)
        buffer: torch.Tensor = bucket.buffer()
        if self.reads_late:
            by_rank.masked_fill_(faults[:, :1] != 0, 0)
            faults[:, 0] |= self._decode(flight, bucket, by_rank)
            self.refused(faults, self._names(bucket), flight.step)
            return self.poisoned(buffer, faults)
        if self.refused(faults, self._names(bucket), flight.step):
            return buffer.fill_(math.inf)
        if bad := self._decode(flight, bucket, by_rank):
            raise damaged(int(bad) - 1, flight.step)
        return buffer

    def _decode(self, flight: _InFlight, bucket: GradBucket, by_rank: torch.Tensor) -> torch.Tensor | int:
        """Add all messages, in rank order, divided by the world size; return what the kernels' ``decode`` returns."""
        served: tuple[int, ...] = ()
        bad: torch.Tensor | int = 0
        if flight.plan is not None and self.bucket_kernels is not None:
            served = flight.plan.positions
            bad = self.bucket_kernels.decode(flight.plan, bucket.buffer(), by_rank)
        if len(served) < len(flight.message.slots):
            self._one_by_one.decode(flight.message, by_rank, self.tensors(bucket), served)
        return bad

    def take_back(self) -> None:
        """Put back all that this step sent, by whichever way."""
        super().take_back()
        if self.bucket_kernels is not None:
            self.bucket_kernels.take_back()

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
