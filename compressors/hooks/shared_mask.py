"""The hook of GCC's default exchange: one mask for all ranks, so that what is kept can be summed by an all-reduce."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.distributed as dist
from torch._C._distributed_c10d import GradBucket
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors.blocks.index_codings import coding_for
from rsbench.compressors.blocks.layout import Layout
from rsbench.compressors.hooks.residual import ResidualHook
from rsbench.compressors.memory.error_feedback import Indices, NoMemory
from rsbench.compressors.selection.centroid import distances
from rsbench.compressors.selection.selectors import highest_of_all
from rsbench.errors import RsbenchError
from rsbench.measure import collectives


@dataclasses.dataclass
class _InFlight:
    """A bucket between its hook call and its callback: its step (1-based), kept blocks, values, and statuses."""

    step: int
    kept: dict[str, torch.Tensor | None]
    values: dict[str, torch.Tensor]
    faults: torch.Tensor | None


class SharedMaskHook(ResidualHook):
    """The sum of the kept blocks only; rank ``t mod W`` chooses in step t which those are in step t + 1.

    Per bucket an all-reduce of the kept values and a broadcast of the next masks, in this order on all ranks; the masks
    are made and sent while the sum is under way, and awaited in the next step. Before the first masks have come every
    tensor is sent whole. With a residual, 8 bytes more a bucket say whether the gradients were finite. Without one, inf
    and nan pass on where they are kept and vanish where they are dropped. Not run on a GPU by us so far.

    Args:
        model: the wrapped network.
        identity: of the compressor.
        layout: shape -> layout of the tensor.
        kept: blocks of a layout that are kept.
        memory: builds the residual from the compressed parameters.
    """

    def __init__(
        self,
        model: DistributedDataParallel,
        identity: str,
        layout: Callable[[tuple[int, ...]], Layout],
        kept: Callable[[Layout], int],
        memory: Callable[[dict[str, torch.Tensor]], NoMemory],
    ) -> None:
        super().__init__(model, identity, layout, memory)
        self.counts = {n: kept(lay) for n, lay in self.layouts.items()}
        sizes = {n: lay.index_bytes(self.counts[n]) for n, lay in self.layouts.items()}
        self._mask_bytes = {n: size for n, size in sizes.items() if size}
        self._masks: dict[str, torch.Tensor] = {}
        self._coming: list[tuple[dist.Work, dict[str, torch.Tensor]]] = []
        self._density: dict[str, float] = {}
        self._in_flight: dict[int, _InFlight] = {}

    # --- masks -------------------------------------------------------------------------------------------------

    def _receive_masks(self) -> None:
        """Wait for the masks of this step, which were sent in the step before."""
        coming, self._coming = self._coming, []
        for work, masks in coming:
            collectives.wait(work, self.traffic)
            self._masks.update(masks)

    def _share_masks(self, accumulated: dict[str, torch.Tensor]) -> None:
        """Start to tell all ranks what is kept of these tensors (flat float32) in the next step."""
        names = [n for n in accumulated if n in self._mask_bytes]
        if not names:
            return
        sizes = [self._mask_bytes[n] for n in names]
        buffer = torch.zeros(sum(sizes) // 4, dtype=torch.int32, device=self.device).view(torch.uint8)
        masks = dict(zip(names, torch.split(buffer, sizes), strict=True))
        maker = self.step % self.workers
        if maker == self.rank:
            for name, mask in masks.items():
                layout = self.layouts[name]
                index = highest_of_all(distances(accumulated[name], layout), self.counts[name])
                coding_for(len(index), layout.blocks).encode(index, layout.blocks, mask)
        self._coming.append((collectives.start_broadcast(buffer, self.traffic, self.group, source=maker), masks))

    def _kept(self, name: str) -> torch.Tensor | None:
        """Return the indices of the blocks that are sent in this step; None for the whole tensor."""
        if name not in self._masks:
            return None
        count, blocks = self.counts[name], self.layouts[name].blocks
        return coding_for(count, blocks).decode(self._masks[name], count, blocks)

    # --- exchange ----------------------------------------------------------------------------------------------

    def begin_step(self) -> None:
        """Wait for the masks."""
        super().begin_step()
        self._receive_masks()

    def exchange(self, bucket: GradBucket) -> torch.futures.Future[torch.Tensor]:
        """Start the sum of what is kept, then make and send the next masks."""
        tensors = self.tensors(bucket)
        told = self.share_status(bucket, tensors) if self.memory.state() else None
        kept = {name: self._kept(name) for name, _ in tensors}
        accumulated = {name: self._accumulate(name, gradient.reshape(-1)) for name, gradient in tensors}
        sizes = [self._elements(name, index) for name, index in kept.items()]
        message = torch.empty(sum(sizes), dtype=bucket.buffer().dtype, device=self.device)
        values = dict(zip(kept, torch.split(message, sizes), strict=True))
        for name, index in kept.items():
            self._take(name, accumulated[name], index, values[name])
        summed = collectives.all_reduce(message.mul_(1.0 / self.workers), self.traffic, self.group)
        self._share_masks(accumulated)
        if told is not None:
            for name in accumulated.keys() & set(self.compressed):
                self._clear(name, kept[name], accumulated[name])
        self._density.update((name, len(values[name]) / self.layouts[name].numel) for name in kept)
        self._in_flight[bucket.index()] = _InFlight(self.step + 1, kept, values, None if told is None else told[1])
        self.watch_resting(bucket)
        return summed if told is None else collectives.both(summed, told[0])

    def _accumulate(self, name: str, gradient: torch.Tensor) -> torch.Tensor:
        """Return what of a tensor waits to be sent now, flat; float32 where it is compressed."""
        if not self.layouts[name].compressed:
            return gradient
        gradient = gradient.float()
        return self.memory.begin(name, gradient).accumulate(gradient)

    def _take(self, name: str, flat: torch.Tensor, index: torch.Tensor | None, into: torch.Tensor) -> None:
        """Copy what is sent of a flat tensor into the message."""
        if index is None:
            into.copy_(flat)
            return
        rows = flat.view(-1, self.layouts[name].block)
        if flat.dtype == into.dtype:
            torch.index_select(rows, 0, index, out=into.view(len(index), -1))
        else:
            into.copy_(rows.index_select(0, index).view(-1))

    def _elements(self, name: str, index: torch.Tensor | None) -> int:
        """Return how many values of a tensor are sent."""
        layout = self.layouts[name]
        return layout.numel if index is None else len(index) * layout.block

    def _clear(self, name: str, index: Indices, v: torch.Tensor) -> None:
        """Clear what is sent; what rounding to 16 bits left out stays in v."""
        chosen = v if index is None else self.blocks[name].gather(v, index)
        dtype = self.parameters[name].dtype
        self.clear_sent(name, index, chosen, None if dtype == torch.float32 else chosen - chosen.to(dtype).float())

    def finish(self, bucket: GradBucket, arrived: torch.Tensor) -> torch.Tensor:
        """Put the sums in their places, zeros where nothing was kept."""
        flight = self._in_flight.pop(bucket.index())
        tensors = self.tensors(bucket)
        buffer: torch.Tensor = bucket.buffer()
        if flight.faults is not None and self.refused(flight.faults, [n for n, _ in tensors], flight.step):
            return buffer.fill_(math.inf)
        buffer.zero_()
        for name, gradient in tensors:
            index, values = flight.kept[name], flight.values[name]
            if index is None:
                gradient.copy_(values.view(gradient.shape))
                continue
            flat = gradient.view(-1) if gradient.is_contiguous() else gradient.new_zeros(gradient.numel())
            flat.view(-1, self.layouts[name].block).index_copy_(0, index, values.view(len(index), -1))
            if not gradient.is_contiguous():
                gradient.copy_(flat.view(gradient.shape))
        return buffer if flight.faults is None else self.poisoned(buffer, flight.faults)

    # --- what users ask for ------------------------------------------------------------------------------------

    def densities(self) -> dict[str, float]:
        """Return the share of each tensor's elements that the last step sent."""
        return dict(self._density)

    def state_dict(self) -> dict[str, Any]:
        """Add the masks of the next step."""
        self._receive_masks()
        return {**super().state_dict(), "masks": {name: mask.cpu().clone() for name, mask in self._masks.items()}}

    def refuse_other_state(self, state: Mapping[str, Any]) -> None:
        """Refuse a state of another run, or without all masks; before the first step there are none."""
        super().refuse_other_state(state)
        missing = set(self._mask_bytes) - set(state.get("masks", {})) if state["step"] else set()
        if missing:
            raise RsbenchError(
                f"The saved compressor state lacks the mask of tensor {min(missing)!r}; it was cut short or edited."
            )

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore masks and memory, unless the state is of another run."""
        super().load_state_dict(state)
        self._receive_masks()
        self._masks = {name: mask.clone().to(self.device) for name, mask in state["masks"].items()}
