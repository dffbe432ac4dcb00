"""The hook of ``exchange=oktopk``: a sparse reduce-scatter by regions, then an all-gather of the best sums."""

import dataclasses
import math
from collections.abc import Iterator, Sequence

import torch
from torch._C._distributed_c10d import GradBucket
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors.blocks.tensor_ops import RowBlocks
from rsbench.compressors.hooks.counts import CountsHook, Parts
from rsbench.compressors.hooks.region_plan import Part, RegionPlan
from rsbench.compressors.hooks.residual import flat_average
from rsbench.compressors.memory.error_feedback import Indices
from rsbench.compressors.message.message import OK, Message
from rsbench.compressors.selection.scores import MAGNITUDE
from rsbench.compressors.selection.selectors import highest_of_all
from rsbench.measure import collectives


@dataclasses.dataclass
class _Sent:
    """What this rank sent of a compressed tensor: indices of blocks (None: all of it), and what rounding left out."""

    index: Indices
    error: torch.Tensor | None


@dataclasses.dataclass
class _InFlight:
    """A bucket between its hook call and its callback: its step (1-based), plan, what was sent, faults, all sums."""

    step: int
    plan: RegionPlan
    sent: dict[str, _Sent]
    faults: torch.Tensor
    gathered: torch.Tensor


class RegionsHook(CountsHook):
    """Each rank adds up what all ranks send of its region, and the best of these sums go to all ranks.

    Ok-Topk (Li & Hoefler, PPoPP 2022) with fixed capacities, since collectives of unequal sizes abort. Regions are
    dealt out block by block (:mod:`rsbench.compressors.density.regions`) instead of cut at boundaries that the ranks
    agree on, so each rank chooses the best blocks of every part of a tensor instead of the best of the tensor, and no
    message overflows. Sums are chosen in the same number as what one rank sends. As in the paper, what was sent leaves
    the memory where its sum was chosen only; the rest waits. Sums travel in float32.

    An all-to-all is awaited in the hook, in bucket order; the all-gather overlaps the backward pass. Payload is what
    goes into the first: as of an all-reduce, the second half counts on the wire alone. Tensors are served
    one by one by operations of torch, by the scores of all their blocks. Not run on a GPU by us so far.
    """

    def __init__(self, model: DistributedDataParallel, identity: str, parts: Parts) -> None:
        super().__init__(model, identity, parts)
        self._plans: dict[tuple[bool, tuple[str, ...]], RegionPlan] = {}
        self._in_flight: dict[int, _InFlight] = {}

    def forget_plans(self) -> None:
        """Drop the plans of messages, since the counts change."""
        self._plans.clear()

    def _plan(self, names: Sequence[str]) -> RegionPlan:
        """Return the plan of a bucket of these tensors, made once for each renewal of the counts."""
        key = self.is_high, tuple(names)
        if key not in self._plans:
            ordered = [n for n in self.layouts if n in set(names)]
            self._plans[key] = RegionPlan({n: self.layouts[n] for n in ordered}, self.counts, self.dtypes, self.workers)
        return self._plans[key]

    # --- sending -----------------------------------------------------------------------------------------------

    def exchange(self, bucket: GradBucket) -> torch.futures.Future[torch.Tensor]:
        """Send every rank its part of the bucket's best blocks, add up the own region, and start to gather the sums."""
        tensors = self.tensors(bucket)
        plan, step = self._plan([n for n, _ in tensors]), self.step + 1
        status = self.status_of(bucket.buffer(), tensors)
        sound = None if isinstance(status, int) else status == OK
        joined, buffers = plan.allocate(self.device)
        sent: dict[str, _Sent] = {}
        if sound is not None or status == OK:
            sent = {n: self._write(n, g.reshape(-1), plan, buffers, sound) for n, g in tensors}
        for message, buffer in zip(plan.messages, buffers, strict=True):
            message.seal(buffer, status, step)
        own = plan.messages[self.rank]
        came = own.room(self.device, self.workers)
        sizes = [message.payload_bytes for message in plan.messages]
        collectives.wait(collectives.all_to_all(joined, sizes, came, self.traffic, self.group), self.traffic)
        by_rank = came.view(self.workers, -1)
        faults = own.faults(by_rank)
        sums = torch.zeros(plan.room // 4, dtype=torch.int32, device=self.device).view(torch.uint8)
        self._add_up(plan, by_rank, faults, sums[: plan.results[self.rank].payload_bytes], step)
        gathered = torch.empty(self.workers * plan.room // 4, dtype=torch.int32, device=self.device).view(torch.uint8)
        self._in_flight[bucket.index()] = _InFlight(step, plan, sent, faults, gathered)
        self.watch_resting(bucket)
        return collectives.all_gather(sums, gathered, self.traffic, self.group, counted_bytes=0)

    def _write(
        self,
        name: str,
        gradient: torch.Tensor,
        plan: RegionPlan,
        buffers: Sequence[torch.Tensor],
        sound: torch.Tensor | None,
    ) -> _Sent:
        """Take a flat gradient in, and write the best blocks of each part into the message to the part's rank."""
        layout, flat = self.layouts[name], gradient
        if layout.compressed:
            residual, gradient = self.begin(name, gradient, sound)
            flat = residual.accumulate(gradient)
        if layout.whole(self.counts[name]):
            return self._write_whole(name, flat, plan, buffers)
        blocks = self.blocks[name]
        score = self.parts.score if layout.block > 1 else MAGNITUDE
        scores = score(flat, blocks).nan_to_num_(nan=math.inf)
        every, read = [], []
        for part in plan.parts[name]:
            local = part.every if part.slot.whole else highest_of_all(scores[part.places], part.slot.count)
            every.append(part.blocks(local))
            chosen, message = blocks.gather(flat, every[-1]), plan.messages[part.rank]
            message.write(buffers[part.rank], part.slot, chosen.view(-1) if part.slot.whole else chosen, local)
            if part.slot.dtype != torch.float32:
                read.append(message.read(buffers[part.rank], part.slot)[0].view(chosen.shape))
        index = torch.cat(every)
        return _Sent(index, blocks.gather(flat, index) - torch.cat(read) if read else None)

    def _write_whole(self, name: str, flat: torch.Tensor, plan: RegionPlan, buffers: Sequence[torch.Tensor]) -> _Sent:
        """Write all elements of a tensor."""
        error = None if self.dtypes[name] == torch.float32 else torch.empty_like(flat)
        for part in plan.parts[name]:
            message, buffer = plan.messages[part.rank], buffers[part.rank]
            message.write(buffer, part.slot, flat[part.places], None)
            if error is not None:
                error[part.places] = flat[part.places] - message.read(buffer, part.slot)[0]
        return _Sent(None, error)

    # --- the own region ----------------------------------------------------------------------------------------

    def _add_up(
        self, plan: RegionPlan, by_rank: torch.Tensor, faults: torch.Tensor, sums: torch.Tensor, step: int
    ) -> None:
        """Write the best averages of this rank's region, and which rank's message was damaged on its way here."""
        message, result = plan.messages[self.rank], plan.results[self.rank]
        broken = faults[:, 0] != 0
        told = torch.where(broken.any(), 1 + broken.to(torch.int32).argmax(), OK)
        if self.reads_late:
            by_rank.masked_fill_(faults[:, :1] != 0, 0)
        if self.reads_late or not faults.any():
            for name, part in plan.of_rank[self.rank]:
                total = torch.zeros(part.slot.layout.numel, device=self.device)
                rows = RowBlocks(part.slot.layout.blocks, part.slot.layout.block)
                for sent in by_rank:
                    values, local = message.read(sent, part.slot)
                    share = values.float().mul(1.0 / self.workers)
                    total.add_(share) if local is None else rows.add(total, local, share)
                self._write_best(result, sums, name, part, total, rows)
        result.seal(sums, told if self.reads_late else int(told), step)

    def _write_best(
        self, result: Message, sums: torch.Tensor, name: str, part: Part, total: torch.Tensor, rows: RowBlocks
    ) -> None:
        """Write the best of a part's averages ``total``."""
        if part.result.whole:
            result.write(sums, part.result, total, None)
            return
        score = self.parts.score if self.layouts[name].block > 1 else MAGNITUDE
        local = highest_of_all(score(total, rows).nan_to_num_(nan=math.inf), part.result.count)
        result.write(sums, part.result, rows.gather(total, local), local)

    # --- the sums ----------------------------------------------------------------------------------------------

    def finish(self, bucket: GradBucket, arrived: torch.Tensor) -> torch.Tensor:
        """Put the averages in their places, and clear what has reached them."""
        flight = self._in_flight.pop(bucket.index())
        tensors, plan = self.tensors(bucket), flight.plan
        buffer: torch.Tensor = bucket.buffer()
        rows = [
            row[: result.payload_bytes]
            for row, result in zip(flight.gathered.view(self.workers, -1), plan.results, strict=True)
        ]
        faults = self._all_faults(flight, rows)
        if self.reads_late:
            for row, fault in zip(rows, faults, strict=True):
                row.masked_fill_(fault[:1] != 0, 0)
        if self.refused(faults, [n for n, _ in tensors], flight.step):
            return buffer.fill_(math.inf)
        buffer.zero_()
        for name, gradient in tensors:
            reached = []
            with flat_average(gradient) as flat:
                for part, values, index in self._averages(name, plan, rows):
                    if self.layouts[name].whole(self.counts[name]):
                        flat[part.places] = values
                    else:
                        self.blocks[name].add(flat, index, values)
                    reached.append(index)
            if self.layouts[name].compressed and name in flight.sent:
                self._clear(name, flight.sent[name], torch.cat(reached))
        return self.poisoned(buffer, faults)

    def _all_faults(self, flight: _InFlight, rows: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return faults by rank: a message damaged on its way to any rank, and statuses."""
        of_sums = torch.stack([r.faults(row) for r, row in zip(flight.plan.results, rows, strict=True)])
        named = torch.zeros(self.workers + 1, dtype=torch.int32, device=self.device)
        named.index_fill_(0, of_sums[:, 1].long().clamp(0, self.workers) * (of_sums[:, 0] == 0), 1)
        return torch.stack([of_sums[:, 0] | named[1:], flight.faults[:, 1]], dim=1)

    def _averages(
        self, name: str, plan: RegionPlan, rows: Sequence[torch.Tensor]
    ) -> Iterator[tuple[Part, torch.Tensor, torch.Tensor]]:
        """Yield the parts of a tensor with their averages, [k, block] or [n], and the indices of their blocks."""
        for part in plan.parts[name]:
            values, local = plan.results[part.rank].read(rows[part.rank], part.result)
            if local is None and part.result.layout.compressed:
                values = values.view(-1, part.result.layout.block)
            yield part, values, part.blocks(part.every if local is None else local)

    def _clear(self, name: str, sent: _Sent, reached: torch.Tensor) -> None:
        """Clear what was sent of a tensor where its sum was chosen."""
        v = self.memory.state()["v"][name]
        if sent.index is None:
            self.clear_sent(name, None, v, sent.error, mask=self.masks(name))
            return
        chosen = torch.isin(sent.index, reached, assume_unique=True)
        index = sent.index[chosen]
        error = None if sent.error is None else sent.error[chosen]
        self.clear_sent(name, index, self.blocks[name].gather(v, index), error, mask=self.masks(name))
