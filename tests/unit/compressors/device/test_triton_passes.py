"""Triton's kernels by its interpreter, on small tensors of the CPU, against the hook's operations."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from buckets import Case, compress, decode, drawn, same_messages

from rsbench.compressors.blocks.layout import dense, elements, kernel_slices, tiles
from rsbench.compressors.device.bucket import DeviceKernels
from rsbench.compressors.selection.scores import L2, MEAN, Score, nsi

pytest.importorskip("triton", reason="Triton is not installed")

ELEMENTS = Case(
    [elements((7, 30)), dense((7,)), elements((2, 34_000)), elements((4, 5)), elements((20, 30)), elements((9, 9))],
    [5, 1, 3, 20, 200, 1],
)
"""A bitmap, a tensor always sent whole, gaps with fillers, one sent whole at its density, a bitmap, one element."""
BLOCKS = Case(
    [kernel_slices((8, 9, 3, 3), 3), tiles((7, 20), 3), dense((9,)), kernel_slices((3, 2, 5, 5), 3)], [11, 3, 1, 2]
)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def triton_passes() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_INTERPRET", "1")
        yield importlib.import_module("rsbench.compressors.device.triton_passes").TritonPasses


@pytest.mark.parametrize(
    ("case", "score", "rule", "kind", "run"),
    [
        (ELEMENTS, MEAN, "feedback", "ties", 16384),
        (ELEMENTS, MEAN, "nesterov", "normal", 16384),
        (BLOCKS, MEAN, "momentum", "ties", 64),
        (BLOCKS, L2, "feedback", "normal", 64),
        (BLOCKS, nsi(0.8, "std", "l2"), "nesterov", "normal", 64),
        (BLOCKS, nsi(0.3, "var", "none"), "momentum", "sparse", 128),
    ],
)
def test_messages_memory_and_averages_are_those_of_the_plain_operations(
    triton_passes: Any, case: Case, score: Score, rule: str, kind: str, run: int
) -> None:
    calls = DeviceKernels(case.memory(rule), score, 0.3, triton_passes(run))
    other, rng, message = case.memory(rule), torch.Generator().manual_seed(3), case.message()
    bucket, sent = torch.zeros(case.numel), []
    plan = calls.plan(message, case.tensors(bucket), bucket)
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
    messages, right = torch.stack(sent), torch.zeros(case.numel)
    assert not calls.decode(plan, bucket, messages).any()
    decode(case, messages, right)
    assert torch.equal(bucket, right)


@pytest.mark.parametrize("rule", ["feedback", "momentum", "nesterov"])
def test_what_is_not_finite_is_named_and_not_taken_in(triton_passes: Any, rule: str) -> None:
    case = BLOCKS
    calls, message, bucket = (
        DeviceKernels(case.memory(rule), MEAN, 0.3, triton_passes(64)),
        case.message(),
        torch.ones(case.numel),
    )
    plan = calls.plan(message, case.tensors(bucket), bucket)
    calls.begin_step(remembers=True)
    calls.compress(plan, bucket, message.allocate(CPU))
    calls.begin_step(remembers=True)
    before = {kind: flat.clone() for kind, flat in calls._memory.flat.items()}
    bucket.fill_(1.0)[650] = float("-inf")
    bucket[-1] = float("nan")
    status, _ = calls.compress(plan, bucket, message.allocate(CPU))
    calls.take_back()
    assert (status, status.dtype) == (2, torch.int32)
    assert not bucket.any()
    assert all(torch.equal(flat, before[kind]) for kind, flat in calls._memory.flat.items())


def test_a_bucket_takes_at_most_30_launches(triton_passes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels of Triton, and operations of torch that start one."""
    from no_host_reads import Counting

    launched: list[str] = []
    case = Case(
        [*ELEMENTS.layouts[:2], *BLOCKS.layouts, elements((2, 34_000)), elements((4, 5))], [5, 1, *BLOCKS.counts, 3, 20]
    )
    monkeypatch.setattr(
        triton_passes, "_launch", staticmethod(lambda kernel, *given, **options: launched.append(kernel.fn.__name__))
    )
    calls = DeviceKernels(case.memory("momentum"), nsi(0.8, "std", "l2"), 0.3, triton_passes(64))
    message, bucket = case.message(), torch.ones(case.numel)
    plan, body = calls.plan(message, case.tensors(bucket), bucket), message.allocate(CPU)
    calls.compress(plan, bucket, body)
    launched.clear()
    with Counting() as counting:
        calls.compress(plan, bucket, body)
    print(counting.kernels, launched)
    assert len(launched) + len(counting.kernels) <= 30
