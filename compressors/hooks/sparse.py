"""The hook of every compressor that selects: accumulate, score, select, one all-gather per bucket, decode."""

import dataclasses
import math
from typing import Any

import torch
from torch._C._distributed_c10d import GradBucket
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors.hooks import whole_buckets
from rsbench.compressors.hooks.counts import CountsHook, Parts
from rsbench.compressors.hooks.one_by_one import OneByOne
from rsbench.compressors.hooks.residual import damaged
from rsbench.compressors.hooks.whole_buckets import BucketKernels
from rsbench.compressors.message.message import OK, Message
from rsbench.measure import collectives


@dataclasses.dataclass
class _InFlight:
    """A bucket between its hook call and its callback: its step (1-based), plans (of kernels, or None), messages."""

    step: int
    message: Message
    plan: Any
    gathered: torch.Tensor


class SparseHook(CountsHook):
    """The best blocks of each tensor in one fixed-capacity all-gather per bucket; the rest stays in the memory.

    Every rank decodes all messages in rank order, so that all ranks add in the same order and end bit-equal.

    Attributes:
        bucket_kernels: what serves whole buckets; None where tensors are served one by one.
    """

    def __init__(self, model: DistributedDataParallel, identity: str, parts: Parts) -> None:
        super().__init__(model, identity, parts)
        self._quantizer = parts.quantizer(self.rank) if parts.quantizer else None
        self._one_by_one = OneByOne(self, self._quantizer)
        self.bucket_kernels: BucketKernels | None = None
        if not parts.clip_norm:
            given = self.selector, parts.score, parts.masking_density, self._quantizer
            self.bucket_kernels = whole_buckets.choose(
                parts.kernels, self.memory, *given, self.device, lambda: self.step + 1
            )
        self.kernels = "compiled" if self.bucket_kernels is not None and self.bucket_kernels.compiled else "eager"
        self._messages: dict[tuple[bool, tuple[str, ...]], tuple[Message, Any]] = {}
        self._in_flight: dict[int, _InFlight] = {}

    def begin_step(self) -> None:
        """Begin it for the kernels too."""
        super().begin_step()
        if self.bucket_kernels is not None:
            self.bucket_kernels.begin_step(remembers=self.scaler is not None)

    def forget_plans(self) -> None:
        """Drop the plans of messages, since the counts change."""
        self._messages.clear()

    # --- exchange ----------------------------------------------------------------------------------------------

    def exchange(self, bucket: GradBucket) -> torch.futures.Future[torch.Tensor]:
        """Encode the bucket's tensors into one message and gather the messages of all ranks."""
        message, plan = self._plans(bucket)
        buffer = message.allocate(self.device)
        flight = _InFlight(self.step + 1, message, plan, message.room(self.device, self.senders))
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
        return self.gather(buffer, flight.gathered)

    def gather(self, message: torch.Tensor, into: torch.Tensor) -> torch.futures.Future[torch.Tensor]:
        """Start to gather all messages, shape [L] -> [senders * L]."""
        return collectives.all_gather(message, into, self.traffic, self.group)

    def _plans(self, bucket: GradBucket) -> tuple[Message, Any]:
        """Return the plans of a bucket of these tensors, made once for each renewal of the counts."""
        names = self._names(bucket)
        key = self.is_high, names
        if key not in self._messages:
            message = Message(
                [self.layouts[n] for n in names],
                [self.counts[n] for n in names],
                [self.dtypes[n] for n in names],
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
        by_rank = flight.gathered.view(self.senders, -1)
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
            raise damaged(self.sender(int(bad) - 1), flight.step)
        return buffer

    def _decode(self, flight: _InFlight, bucket: GradBucket, by_rank: torch.Tensor) -> torch.Tensor | int:
        """Add all messages, in the order of their senders, averaged; return what the kernels' ``decode`` returns."""
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
