"""Triton's kernels by its interpreter (TRITON_INTERPRET=1), on small tensors of the CPU, against the hook's operations.

Writes name of a check -> "" or what went wrong, as JSON.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from buckets import Case, compress, decode, drawn, same_messages
from no_host_reads import Counting

from rsbench.compressors.blocks.layout import dense, elements, kernel_slices, tiles
from rsbench.compressors.device.bucket import DeviceKernels
from rsbench.compressors.device.triton_passes import TritonPasses
from rsbench.compressors.message.checksum import Checksum
from rsbench.compressors.selection.scores import L2, MEAN, Score, nsi

ELEMENTS = Case(
    [elements((7, 30)), dense((7,)), elements((2, 34_000)), elements((4, 5)), elements((20, 30)), elements((9, 9))],
    [5, 1, 3, 20, 200, 1],
)
"""Gaps, a tensor always sent whole, gaps with fillers, one sent whole at its density, a bitmap, one element."""
BLOCKS = Case(
    [kernel_slices((8, 9, 3, 3), 3), tiles((7, 20), 3), dense((9,)), kernel_slices((3, 2, 5, 5), 3)], [11, 3, 1, 2]
)
NSI = nsi(0.8, "std", "l2")
CPU = torch.device("cpu")


def alike(case: Case, score: Score, rule: str, kind: str, run: int) -> None:
    """Two steps are those of the plain operations: messages, memory and averages."""
    calls = DeviceKernels(case.memory(rule), score, 0.3, TritonPasses(run))
    other, rng, message = case.memory(rule), torch.Generator().manual_seed(3), case.message()
    bucket, sent = torch.zeros(case.numel), []
    plan = calls.plan(message, case.tensors(bucket), bucket)
    assert plan is not None
    for step in range(2):
        g = drawn(rng, case.numel, kind)
        bucket.copy_(g)
        mine, right = message.allocate(CPU), message.allocate(CPU)
        calls.begin_step(remembers=step == 1)
        status, served = calls.compress(plan, bucket, mine)
        compress(case, other, score, 0.3, g, right)
        assert status == 0
        assert len(served) == len(case.layouts)
        assert not bucket.any()
        assert same_messages(message, mine, right)
        for name, held in calls._memory.flat.items():
            assert torch.equal(held, other.flat[name])
        sent.append(mine)
    messages, averages = torch.stack(sent), torch.zeros(case.numel)
    assert not calls.decode(plan, bucket, messages).any()
    decode(case, messages, averages)
    assert torch.equal(bucket, averages)


def not_finite(rule: str) -> None:
    """The first tensor is named; the memory takes nothing in, and what was sent comes back."""
    calls, message, bucket = DeviceKernels(BLOCKS.memory(rule), MEAN, 0.3, TritonPasses(512)), BLOCKS.message(), None
    bucket = torch.ones(BLOCKS.numel)
    plan = calls.plan(message, BLOCKS.tensors(bucket), bucket)
    assert plan is not None
    calls.compress(plan, bucket, message.allocate(CPU))
    calls.begin_step(remembers=True)
    before = {kind: flat.clone() for kind, flat in calls._memory.flat.items()}
    bucket.fill_(1.0)[650] = float("-inf")
    bucket[-1] = float("nan")
    status, _ = calls.compress(plan, bucket, message.allocate(CPU))
    calls.take_back()
    assert (int(status), status.dtype) == (2, torch.int32)
    assert not bucket.any()
    assert all(torch.equal(flat, before[kind]) for kind, flat in calls._memory.flat.items())


def checksums() -> None:
    """They are those of the message."""
    for case in (ELEMENTS, BLOCKS):
        message, bucket = case.message(), torch.ones(case.numel)
        rng = torch.Generator().manual_seed(0)
        bytes_ = torch.randint(0, 256, (3, message.payload_bytes), generator=rng, dtype=torch.uint8)
        right = torch.stack([message.checksum_by(one) for one in bytes_])
        DeviceKernels(case.memory("feedback"), MEAN, 0.3, TritonPasses(64)).plan(message, case.tensors(bucket), bucket)
        assert not isinstance(message.checksum_by, Checksum)
        assert torch.equal(message.checksum_by(bytes_), right)
        assert torch.equal(message.checksum_by(bytes_[1]), right[1])


def damaged() -> None:
    """Indices that cannot be leave a message out, and nothing else."""
    calls, message, bucket = (
        DeviceKernels(BLOCKS.memory("feedback"), MEAN, 0.3, TritonPasses(512)),
        BLOCKS.message(),
        None,
    )
    bucket = drawn(torch.Generator().manual_seed(0), BLOCKS.numel, "normal")
    plan, body = calls.plan(message, BLOCKS.tensors(bucket), bucket), message.allocate(CPU)
    assert plan is not None
    calls.compress(plan, bucket, body)
    broken = body.clone()
    broken[message.slots[0].indices] = 255
    assert calls.decode(plan, bucket, torch.stack([broken, body])).tolist() == [1, 0]
    right = torch.zeros(BLOCKS.numel)
    decode(BLOCKS, torch.stack([body, body]), right)
    for (name, mine), (_, other) in zip(BLOCKS.tensors(bucket), BLOCKS.tensors(right), strict=True):
        assert torch.equal(2 * mine, other), name


def launches() -> None:
    """At most 30 kernels of Triton and of torch a bucket, whatever is in it."""
    layouts = [*ELEMENTS.layouts, *BLOCKS.layouts]
    case, launched = Case(layouts, [*ELEMENTS.counts, *BLOCKS.counts]), []

    class Counted(TritonPasses):
        @staticmethod
        def _launch(kernel: object, programs: int, *given: object, **constants: object) -> None:
            launched.append(programs > 0)

    calls = DeviceKernels(case.memory("momentum"), NSI, 0.3, Counted())
    message, bucket = case.message(), torch.ones(case.numel)
    plan, body = calls.plan(message, case.tensors(bucket), bucket), message.allocate(CPU)
    assert plan is not None
    calls.compress(plan, bucket, body)
    calls.decode(plan, bucket, torch.stack([body, body]))
    launched.clear()
    with Counting() as counting:
        body = message.allocate(CPU)
        status, _ = calls.compress(plan, bucket, body)
        message.seal(body, status, 1)
    number = len(launched) + len(counting.kernels)
    assert number <= LAUNCHES, f"{number}: {counting.kernels}"
    launched.clear()
    every = torch.stack([body, body])
    with Counting() as counting:
        message.faults(every)
        calls.decode(plan, bucket, every)
    number = len(launched) + len(counting.kernels)
    assert number <= DECODING, f"{number}: {counting.kernels}"


LAUNCHES, DECODING = 30, 20
CHECKS: dict[str, Callable[[], None]] = {
    "elements, feedback": lambda: alike(ELEMENTS, MEAN, "feedback", "ties", 1 << 15),
    "elements, nesterov": lambda: alike(ELEMENTS, MEAN, "nesterov", "normal", 1 << 15),
    "blocks, mean": lambda: alike(BLOCKS, MEAN, "momentum", "ties", 512),
    "blocks, l2": lambda: alike(BLOCKS, L2, "feedback", "normal", 256),
    "blocks, nsi": lambda: alike(BLOCKS, NSI, "nesterov", "normal", 512),
    "blocks, variance": lambda: alike(BLOCKS, nsi(0.3, "var", "none"), "momentum", "sparse", 512),
    "not finite, feedback": lambda: not_finite("feedback"),
    "not finite, momentum": lambda: not_finite("momentum"),
    "damaged": damaged,
    "checksums": checksums,
    "launches": launches,
}


def attempt(check: Callable[[], None]) -> str:
    try:
        check()
    except Exception:
        return traceback.format_exc()
    return ""


if __name__ == "__main__":
    print(json.dumps({name: attempt(check) for name, check in CHECKS.items()}))
