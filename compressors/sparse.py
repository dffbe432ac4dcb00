"""The hook of every compressor that selects: accumulate, score, select, one all-gather per bucket, decode.

No ``from __future__ import annotations`` here: DDP refuses hooks whose annotations are text.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch._C._distributed_c10d import GradBucket
from torch.nn.parallel import DistributedDataParallel

from rsbench import comm
from rsbench.compressors.blocks import Blocks, blocks_of
from rsbench.compressors.counts import share_of, share_out, uniform_counts
from rsbench.compressors.hook import Hook
from rsbench.compressors.layout import Layout
from rsbench.compressors.memory import Memory
from rsbench.compressors.message import NOT_FINITE, OK, Message, Slot
from rsbench.compressors.policy import Policy
from rsbench.compressors.scores import Magnitude, Score
from rsbench.compressors.selection import top_indices
from rsbench.errors import RsbenchError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parts:
    """What distinguishes one sparse compressor from another.

    Attributes:
        layout: shape -> layout of the tensor.
        score: importance of blocks.
        memory: builds the residual from the compressed parameters.
        density_at: step -> asked density.
        policy: dynamic shares of the layers, or None for the same density everywhere.
        floor: share of the asked density that every layer keeps under a dynamic policy.
        update_steps: steps between renewals of a dynamic policy.
    """

    layout: Callable[[tuple[int, ...]], Layout]
    score: Score
    memory: Callable[[dict[str, torch.Tensor]], Memory]
    density_at: Callable[[int], float]
    policy: Policy | None = None
    floor: float = 0.0
    update_steps: int = 1


class SparseHook(Hook):
    """Send the best blocks of each tensor by one fixed-capacity all-gather per bucket; keep the rest.

    Every rank decodes all messages in rank order, so that all ranks add in the same order and end bit-equal.
    """

    def __init__(self, model: DistributedDataParallel, identity: str, parts: Parts) -> None:
        super().__init__(model, identity)
        self.parts = parts
        for name, parameter in self.parameters.items():
            if parameter.dtype != torch.float32:
                raise RsbenchError(
                    f"Parameter {name!r} is {str(parameter.dtype).removeprefix('torch.')}, but residuals are kept in "
                    "float32; keep the parameters in float32 and train under torch.autocast for speed."
                )
        self.layouts = {n: parts.layout(tuple(p.shape)) for n, p in self.parameters.items()}
        self.blocks: dict[str, Blocks] = {n: blocks_of(layout) for n, layout in self.layouts.items()}
        self.compressed = [n for n, layout in self.layouts.items() if layout.compressed]
        self.memory = parts.memory({n: self.parameters[n].detach() for n in self.compressed})
        self.counts: dict[str, int] = {}
        self._in_flight: dict[int, tuple[int, Message, torch.Tensor]] = {}
        self._counted_density = -1.0

    # --- counts of blocks --------------------------------------------------------------------------------------

    def begin_step(self) -> None:
        """Renew the counts of blocks where the schedule or the policy asks for it."""
        density = self.parts.density_at(self.step)
        due = self.parts.policy is not None and self.step % self.parts.update_steps == 0
        if not due and density == self._counted_density:
            return
        self._counted_density = density
        every = list(self.layouts)
        self.counts = dict(zip(every, uniform_counts([self.layouts[n] for n in every], density), strict=True))
        if self.parts.policy is not None and self.compressed:
            self._renew(self.parts.policy, density)

    def _renew(self, policy: Policy, density: float) -> None:
        """Counts from rank 0's weights, broadcast so that capacities can never differ between ranks."""
        layouts = [self.layouts[n] for n in self.compressed]
        counts = [self.counts[n] for n in self.compressed]
        if self.rank == 0:
            budget = sum(layout.sparse_bytes(c) for layout, c in zip(layouts, counts, strict=True))
            elements = policy.importance([self.parameters[n].detach() for n in self.compressed], layouts, density)
            cost = [e * lay.block_bytes / lay.block for e, lay in zip(elements, layouts, strict=True)]
            floors = [share_of(self.parts.floor * density, layout.blocks) for layout in layouts]
            if all(map(math.isfinite, cost)):  # else uniform: the gradients' check stops all ranks with one sentence
                counts = share_out(layouts, cost, budget_bytes=budget, floor_counts=floors)
        sent = torch.tensor(counts, dtype=torch.int32, device=self.device)
        comm.broadcast(sent, self.traffic, self.group)
        self.counts.update(zip(self.compressed, sent.tolist(), strict=True))

    # --- exchange ----------------------------------------------------------------------------------------------

    def exchange(self, bucket: GradBucket) -> torch.futures.Future[torch.Tensor]:
        """Encode the bucket's tensors into one message and gather the messages of all ranks."""
        tensors = self.tensors(bucket)
        message = Message([self.layouts[n] for n, _ in tensors], [self.counts[n] for n, _ in tensors])
        buffer = message.allocate(self.device)
        finite = torch.stack([g.sum(dtype=torch.float32) for _, g in tensors]).isfinite().tolist()
        message.write_header(buffer, [OK if ok else NOT_FINITE for ok in finite])
        for (name, gradient), slot, ok in zip(tensors, message.slots, finite, strict=True):
            if ok:
                self._encode(message, buffer, slot, name, gradient.reshape(-1))
        gathered = message.allocate(self.device, self.workers)
        self._in_flight[bucket.index()] = (self.step + 1, message, gathered)
        # NCCL and gloo both move bytes; the message is typed only here.
        return comm.all_gather(buffer.view(torch.uint8), gathered.view(torch.uint8), self.traffic, self.group)

    def _encode(self, message: Message, buffer: torch.Tensor, slot: Slot, name: str, gradient: torch.Tensor) -> None:
        values = message.values(buffer, slot)
        if not slot.layout.compressed:
            values.copy_(gradient)
            return
        v = self.memory.accumulate(name, gradient)
        if slot.whole:
            values.copy_(v)
            self.memory.forget_all(name)
            return
        blocks = self.blocks[name]
        score = self.parts.score if slot.layout.block > 1 else _magnitude
        index = top_indices(score(v, blocks), slot.count, self.step)
        message.indices(buffer, slot).copy_(index)
        values.copy_(blocks.gather(v, index))
        self.memory.forget(name, blocks, index)

    def finish(self, bucket: GradBucket, arrived: torch.Tensor) -> torch.Tensor:
        """Decode all ranks' messages into the bucket, in rank order, and divide by the world size."""
        number, message, gathered = self._in_flight.pop(bucket.index())
        tensors = self.tensors(bucket)
        by_rank = gathered.view(self.workers, message.words)
        self._refuse_not_finite(message, by_rank, [n for n, _ in tensors], number)
        for (name, gradient), slot in zip(tensors, message.slots, strict=True):
            flat = gradient.view(-1) if gradient.is_contiguous() else gradient.new_zeros(gradient.numel())
            flat.zero_()
            for words in by_rank:
                values = message.values(words, slot)
                if slot.whole:
                    flat.add_(values)
                else:
                    self.blocks[name].add(flat, message.indices(words, slot).long(), values)
            flat.mul_(1.0 / self.workers)
            if not gradient.is_contiguous():
                gradient.copy_(flat.view(gradient.shape))
        buffer: torch.Tensor = bucket.buffer()
        return buffer

    def _refuse_not_finite(self, message: Message, by_rank: torch.Tensor, names: list[str], number: int) -> None:
        """Raise the same sentence on every rank; ``number`` is the 1-based step that the messages belong to."""
        for rank, buffer in enumerate(by_rank):
            statuses = message.statuses(buffer)
            if any(statuses):
                name = names[statuses.index(NOT_FINITE)]
                raise RsbenchError(
                    f"The gradient of {name!r} on rank {rank} is not finite (inf or nan) in step {number}; "
                    "lower the learning rate, or train in bfloat16 instead of float16 with a GradScaler."
                )

    # --- what users ask for ------------------------------------------------------------------------------------

    def densities(self) -> dict[str, float]:
        """Share of each tensor's elements in the last step's message (edge tiles counted full)."""
        return {n: lay.sent_elements(self.counts[n]) / lay.numel for n, lay in self.layouts.items()}

    def one_d_bytes(self) -> int:
        """Bytes of tensors of fewer than two dimensions, headers included."""
        return sum(8 + lay.sparse_bytes(self.counts[n]) for n, lay in self.layouts.items() if len(lay.shape) < 2)

    def state_dict(self) -> dict[str, Any]:
        """Adds the counts and the memory's tensors (copies, on the CPU)."""
        state = super().state_dict()
        state["counts"] = dict(self.counts)
        state["counted_density"] = self._counted_density
        state["memory"] = {
            kind: {name: t.detach().cpu().clone() for name, t in tensors.items()}
            for kind, tensors in self.memory.state().items()
        }
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore counts and memory in place.

        Raises:
            RsbenchError: the state is of another run.
        """
        self.refuse_other_state(state)
        for kind, tensors in self.memory.state().items():
            missing = set(tensors) - set(state.get("memory", {}).get(kind, {}))
            if missing:
                raise RsbenchError(
                    f"The saved compressor state lacks {kind!r} of tensor {min(missing)!r}; it was cut short or edited."
                )
        super().load_state_dict(state)
        self.counts = dict(state["counts"])
        self._counted_density = float(state["counted_density"])
        for kind, tensors in self.memory.state().items():
            for name, tensor in tensors.items():
                tensor.copy_(state["memory"][kind][name])


_magnitude = Magnitude()
