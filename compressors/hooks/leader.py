"""The hook of ``exchange=shared``: one rank's choice for all ranks, so that the values can be summed."""

import dataclasses
import math

import torch
from torch._C._distributed_c10d import GradBucket
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors.blocks.index_codings import coding_for
from rsbench.compressors.hooks.counts import CountsHook, Parts
from rsbench.compressors.hooks.residual import flat_average
from rsbench.compressors.memory.error_feedback import Indices
from rsbench.compressors.message.message import OK
from rsbench.measure import collectives

Flats = dict[str, torch.Tensor]
"""Tensor name -> its elements, flat."""


@dataclasses.dataclass
class _InFlight:
    """A bucket between its hook call and its callback: its step (1-based), what is sent where, and statuses."""

    step: int
    index: dict[str, Indices]
    values: Flats
    faults: torch.Tensor


class LeaderHook(CountsHook):
    """The sum of the blocks that one rank chooses: in step t rank t mod W, from its own memory (its gradient included).

    CLT-k of Chen et al. (ScaleCom, NeurIPS 2020), over blocks as over elements. The leader broadcasts the indices;
    every rank sends what its memory holds there, in an all-reduce, and clears it. All wait for the leader's choice in
    the hook, so the exchange of a bucket overlaps the backward pass only from then on. 8 bytes more a bucket say
    whether the gradients were finite. Tensors are served one by one by operations of torch. Not run on a GPU by us so
    far.
    """

    def __init__(self, model: DistributedDataParallel, identity: str, parts: Parts) -> None:
        super().__init__(model, identity, parts)
        self._in_flight: dict[int, _InFlight] = {}

    def exchange(self, bucket: GradBucket) -> torch.futures.Future[torch.Tensor]:
        """Agree on the blocks, and start the sum of their values."""
        tensors = self.tensors(bucket)
        told, faults, status = self.share_status(bucket, tensors)
        sound = None if isinstance(status, int) else status == OK
        kept = bool(sound is not None or status == OK)
        index, flats = self._agree([(n, g.reshape(-1)) for n, g in tensors], sound, kept=kept)
        chosen = {n: self._at(n, index[n], v) for n, v in flats.items()}
        message = torch.empty(sum(v.numel() for v in chosen.values()), dtype=bucket.buffer().dtype, device=self.device)
        pieces = torch.split(message, [v.numel() for v in chosen.values()])
        values = {n: piece.view(chosen[n].shape) for n, piece in zip(chosen, pieces, strict=True)}
        for name, piece in values.items():
            piece.copy_(chosen[name])
            if kept and self.layouts[name].compressed:
                error = None if piece.dtype == torch.float32 else chosen[name] - piece.float()
                self.clear_sent(name, index[name], chosen[name], error, mask=self.masks(name))
        self._in_flight[bucket.index()] = _InFlight(self.step + 1, index, values, faults)
        self.watch_resting(bucket)
        summed = collectives.all_reduce(message.mul_(1.0 / self.workers), self.traffic, self.group)
        return collectives.both(summed, told)

    def _at(self, name: str, index: Indices, flat: torch.Tensor) -> torch.Tensor:
        """Return the values of some blocks of a tensor, or all."""
        return flat if index is None else self.blocks[name].gather(flat, index)

    # --- the leader --------------------------------------------------------------------------------------------

    def _agree(
        self, gradients: list[tuple[str, torch.Tensor]], sound: torch.Tensor | None, *, kept: bool
    ) -> tuple[dict[str, Indices], Flats]:
        """Take flat gradients in, unless this rank's are not finite; return the leader's choice and what waits here."""
        sizes = {n: size for n, _ in gradients if (size := self.layouts[n].index_bytes(self.counts[n]))}
        words = torch.zeros(sum(sizes.values()) // 4, dtype=torch.int32, device=self.device)
        fields = dict(zip(sizes, torch.split(words.view(torch.uint8), list(sizes.values())), strict=True))
        leader = self.step % self.workers
        if leader == self.rank:
            flats = self._lead(gradients, fields, sound) if kept else self._refuse_to_lead(gradients, fields)
            if fields:
                collectives.start_broadcast(words, self.traffic, self.group, source=leader)
        else:
            handle = collectives.start_broadcast(words, self.traffic, self.group, source=leader) if fields else None
            flats = {n: self._take_in(n, g, sound) if kept else g for n, g in gradients}
            if handle is not None:
                collectives.wait(handle, self.traffic)
        return {n: self._read(n, fields[n]) if n in fields else None for n, _ in gradients}, flats

    def _take_in(self, name: str, gradient: torch.Tensor, sound: torch.Tensor | None) -> torch.Tensor:
        """Return what of a tensor waits to be sent now; of one without a memory the gradient."""
        if not self.layouts[name].compressed:
            return gradient
        residual, gradient = self.begin(name, gradient, sound)
        return residual.accumulate(gradient)

    def _lead(self, gradients: list[tuple[str, torch.Tensor]], fields: Flats, sound: torch.Tensor | None) -> Flats:
        """Take the gradients in, and write the indices of the best blocks."""
        flats = {}
        for name, gradient in gradients:
            if name not in fields:
                flats[name] = self._take_in(name, gradient, sound)
                continue
            residual, taken_in = self.begin(name, gradient, sound)
            self._write(name, self.choose(name, residual, taken_in), fields[name])
            flats[name] = residual.v
        return flats

    def _refuse_to_lead(self, gradients: list[tuple[str, torch.Tensor]], fields: Flats) -> Flats:
        """Write the first blocks: nothing of this bucket is applied on any rank."""
        for name, field in fields.items():
            self._write(name, torch.arange(self.counts[name], device=self.device), field)
        return dict(gradients)

    def _write(self, name: str, index: torch.Tensor, field: torch.Tensor) -> None:
        coding_for(len(index), self.layouts[name].blocks).encode(index, self.layouts[name].blocks, field)

    def _read(self, name: str, field: torch.Tensor) -> torch.Tensor:
        count, blocks = self.counts[name], self.layouts[name].blocks
        return coding_for(count, blocks).decode(field, count, blocks)

    # --- the sum -----------------------------------------------------------------------------------------------

    def finish(self, bucket: GradBucket, arrived: torch.Tensor) -> torch.Tensor:
        """Put the sums in their places, zeros where nothing was sent."""
        flight = self._in_flight.pop(bucket.index())
        tensors = self.tensors(bucket)
        buffer: torch.Tensor = bucket.buffer()
        if self.refused(flight.faults, [n for n, _ in tensors], flight.step):
            return buffer.fill_(math.inf)
        buffer.zero_()
        for name, gradient in tensors:
            index, values = flight.index[name], flight.values[name].float()
            with flat_average(gradient) as flat:
                if index is None:
                    flat.copy_(values)
                else:
                    self.blocks[name].add(flat, index, values)
        return self.poisoned(buffer, flight.faults)
