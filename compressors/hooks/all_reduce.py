"""Hooks that send whole gradients (or nothing): none, fp16, noop."""

import torch
from torch._C._distributed_c10d import GradBucket

from rsbench.compressors.hooks.base import Hook
from rsbench.measure.collectives import all_reduce


class AllReduceHook(Hook):
    """The average by one all-reduce of the bucket; bit-equal to plain DDP at 1, 2 and 3 ranks.

    ``mul_(1/W)`` before the sum as DDP does it; ``div_(W)`` differs in the last bit at W = 3.
    """

    def exchange(self, bucket: GradBucket) -> torch.futures.Future[torch.Tensor]:
        """Start the all-reduce of the bucket in its own dtype, 4 bytes an element for float32."""
        return all_reduce(bucket.buffer().mul_(1.0 / self.workers), self.traffic, self.group)

    def finish(self, bucket: GradBucket, arrived: torch.Tensor) -> torch.Tensor:
        """Return the sum of what each rank had divided."""
        return arrived


class HalfAllReduceHook(AllReduceHook):
    """The average by an all-reduce in float16, 2 bytes an element."""

    def exchange(self, bucket: GradBucket) -> torch.futures.Future[torch.Tensor]:
        """Start the all-reduce; dividing before the cast, so that a sum cannot overflow sooner than a gradient."""
        half = bucket.buffer().mul_(1.0 / self.workers).to(torch.float16)
        return all_reduce(half, self.traffic, self.group)

    def finish(self, bucket: GradBucket, arrived: torch.Tensor) -> torch.Tensor:
        """Return the sum in the bucket's dtype."""
        buffer: torch.Tensor = bucket.buffer()
        return buffer.copy_(arrived)

    def sent_bytes(self, name: str) -> int:
        """Return the bytes of a tensor in float16."""
        return 2 * int(self.parameters[name].numel())


class SilentHook(Hook):
    """No exchange: every rank keeps its own gradient."""

    def exchange(self, bucket: GradBucket) -> torch.futures.Future[torch.Tensor]:
        """Return at once."""
        future: torch.futures.Future[torch.Tensor] = torch.futures.Future()
        future.set_result(bucket.buffer())
        return future

    def finish(self, bucket: GradBucket, arrived: torch.Tensor) -> torch.Tensor:
        """Return this rank's own gradient."""
        return arrived

    def sent_bytes(self, name: str) -> int:
        """Return 0: nothing is sent."""
        return 0

    def densities(self) -> dict[str, float]:
        """Return 0 for every tensor."""
        return dict.fromkeys(self.parameters, 0.0)
