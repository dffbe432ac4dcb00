"""What rsbench's compressors are timed against: Top-k and DGC written plainly, as one would first write them.

Elementwise, one tensor at a time, exact ``torch.topk``, numbers as int64, two collectives a tensor. PyTorch's own hooks
stand beside them in :mod:`rsbench.bench.worker`.
"""

import torch
import torch.distributed as dist
from torch._C._distributed_c10d import GradBucket


class PlainTopK:
    """Top-k with error feedback: v <- v + g; send the k largest |v| by two all-gathers; v <- 0 there.

    Args:
        density: share of a tensor's elements that is sent.
        momentum: 0, or m of DGC's momentum correction with masking.
    """

    def __init__(self, density: float, momentum: float = 0.0) -> None:
        self.density, self.momentum = density, momentum
        self.payload_bytes = 0
        self._u: dict[int, torch.Tensor] = {}
        self._v: dict[int, torch.Tensor] = {}

    def run(self, state: None, bucket: GradBucket) -> torch.futures.Future[torch.Tensor]:
        """The hook: waits for every collective, as plain code does."""
        workers = dist.get_world_size()
        if bucket.index() == 0:
            self.payload_bytes = 0
        for parameter, gradient in zip(bucket.parameters(), bucket.gradients(), strict=True):
            flat = gradient.reshape(-1)
            if gradient.dim() < 2:
                dist.all_reduce(flat)
                flat.div_(workers)
                self.payload_bytes += 4 * flat.numel()
                continue
            v = self._accumulate(id(parameter), flat)
            k = max(1, round(self.density * flat.numel()))
            index = torch.topk(v.abs(), k, sorted=False).indices
            values = v[index]
            v[index] = 0.0
            if self.momentum:
                self._u[id(parameter)][index] = 0.0
            every_index = index.new_empty(workers * k)
            every_value = values.new_empty(workers * k)
            dist.all_gather_single(every_index, index)
            dist.all_gather_single(every_value, values)
            flat.zero_().index_add_(0, every_index, every_value).div_(workers)
            self.payload_bytes += 12 * k
        future: torch.futures.Future[torch.Tensor] = torch.futures.Future()
        future.set_result(bucket.buffer())
        return future

    def _accumulate(self, key: int, gradient: torch.Tensor) -> torch.Tensor:
        v = self._v.setdefault(key, torch.zeros_like(gradient))
        if not self.momentum:
            return v.add_(gradient)
        u = self._u.setdefault(key, torch.zeros_like(gradient))
        return v.add_(u.mul_(self.momentum).add_(gradient))
