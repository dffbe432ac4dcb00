"""What rsbench's compressors are timed against: PyTorch's own hooks, and Top-k and DGC as one would first write them.

The latter work elementwise, one tensor at a time, by exact ``torch.topk``, with numbers as int64 and two collectives a
tensor.
"""

import torch
import torch.distributed as dist
from torch._C._distributed_c10d import GradBucket
from torch.distributed.algorithms.ddp_comm_hooks import default_hooks, powerSGD_hook
from torch.nn.parallel import DistributedDataParallel

from rsbench.bench.rows import ALLREDUCE_HOOK, FP16_HOOK, PLAIN_DGC, PLAIN_TOPK, POWERSGD_HOOK
from rsbench.measure.older_torch import all_gather_single

MOMENTUM = 0.9


class PlainTopK:
    """Top-k with error feedback: v <- v + g; send the k largest of |v| by two all-gathers; v <- 0 there.

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
        """Average one bucket in place; as plain code does, it waits for every collective."""
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
            all_gather_single(every_index, index)
            all_gather_single(every_value, values)
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


def register_hook(name: str, density: float | None, model: DistributedDataParallel) -> PlainTopK | None:
    """Register a hook by the name that its row has; return a :class:`PlainTopK`, whose bytes are counted, or None.

    Args:
        name: as rows call it.
        density: share of a tensor's elements that Top-k and DGC send.
        model: what it serves.
    """
    if name in (PLAIN_TOPK, PLAIN_DGC):
        assert density is not None
        plain = PlainTopK(density, MOMENTUM if name == PLAIN_DGC else 0.0)
        model.register_comm_hook(None, plain.run)
        return plain
    if name == POWERSGD_HOOK:
        state = powerSGD_hook.PowerSGDState(None, matrix_approximation_rank=1, start_powerSGD_iter=2)
        model.register_comm_hook(state, powerSGD_hook.powerSGD_hook)
    else:
        hooks = {ALLREDUCE_HOOK: default_hooks.allreduce_hook, FP16_HOOK: default_hooks.fp16_compress_hook}
        model.register_comm_hook(None, hooks[name])
    return None
