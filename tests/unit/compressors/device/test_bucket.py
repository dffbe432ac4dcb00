"""Whole buckets by the device's path, on tensors of the CPU, against the hook's operations tensor by tensor."""

from __future__ import annotations

import pytest
import torch
from buckets import Case, compress, decode, drawn, same_messages
from no_host_reads import no_host_reads

from rsbench.compressors.blocks.layout import dense, elements, kernel_slices, tiles
from rsbench.compressors.device.bucket import DeviceKernels
from rsbench.compressors.device.passes import TorchPasses
from rsbench.compressors.selection.scores import L2, MEAN, Score, nsi

ELEMENTS = Case(
    [
        elements((30, 40)),
        dense((7,)),
        elements((5, 14_000)),
        elements((70, 60)),
        elements((4, 5)),
        elements((50, 50)),
    ],
    [9, 1, 3, 4, 20, 900],
)
"""int32 indices, gaps with fillers, a tensor sent whole, a bitmap."""
BLOCKS = Case(
    [
        kernel_slices((40, 30, 3, 3), 3),
        tiles((31, 50), 3),
        dense((9,)),
        tiles((7, 2000), 3),
        kernel_slices((9, 8, 5, 5), 3),
    ],
    [11, 30, 1, 700, 2],
)
MIXED = Case([elements((9,)), kernel_slices((40, 30, 3, 3), 3), elements((6, 3)), elements((500,))], [2, 600, 1, 100])
CPU = torch.device("cpu")


def kernels(case: Case, rule: str, score: Score, masking_density: float) -> DeviceKernels:
    return DeviceKernels(case.memory(rule), score, masking_density, TorchPasses())


@pytest.mark.parametrize("kind", ["normal", "sparse", "ties", "zero", "huge"])
@pytest.mark.parametrize("rule", ["feedback", "momentum", "nesterov"])
@pytest.mark.parametrize(
    ("case", "score"),
    [(ELEMENTS, MEAN), (BLOCKS, L2), (BLOCKS, MEAN), (BLOCKS, nsi(0.8, "std", "l2")), (MIXED, nsi(0.3, "var", "none"))],
)
def test_messages_memory_and_averages_are_those_of_the_plain_operations(
    case: Case, score: Score, rule: str, kind: str
) -> None:
    calls, other = kernels(case, rule, score, 0.3), case.memory(rule)
    rng, message = torch.Generator().manual_seed(3), case.message()
    bucket = torch.zeros(case.numel)
    plan = calls.plan(message, case.tensors(bucket), bucket)
    sent = []
    for _ in range(3):
        g = drawn(rng, case.numel, kind)
        bucket.copy_(g)
        mine, right = message.allocate(CPU), message.allocate(CPU)
        status, served = calls.compress(plan, bucket, mine)
        compress(case, other, score, 0.3, g, right)
        assert status == 0
        assert served == dict.fromkeys(range(len(case.layouts)), True)
        assert not bucket.any()
        assert same_messages(message, mine, right)
        for name, held in calls._memory.flat.items():
            assert torch.equal(held, other.flat[name])
        sent.append(mine)
    messages, right = torch.stack(sent), torch.zeros(case.numel)
    assert not calls.decode(plan, bucket, messages).any()
    decode(case, messages, right)
    assert torch.equal(bucket, right)


@pytest.mark.parametrize("remembers", [False, True])
@pytest.mark.parametrize("rule", ["feedback", "momentum"])
@pytest.mark.parametrize(("case", "score"), [(ELEMENTS, MEAN), (BLOCKS, nsi(0.8, "std", "l2")), (MIXED, MEAN)])
def test_nothing_is_read_on_the_host(
    monkeypatch: pytest.MonkeyPatch, case: Case, score: Score, rule: str, remembers: bool
) -> None:
    calls, message, bucket = kernels(case, rule, score, 0.3), case.message(), torch.randn(case.numel)
    plan, body = calls.plan(message, case.tensors(bucket), bucket), message.allocate(CPU)
    calls.remembers = remembers
    with no_host_reads(monkeypatch) as counting:
        calls.compress(plan, bucket, body)
        compressing = len(counting.kernels)
        calls.decode(plan, bucket, torch.stack([body, body]))
        calls.take_back()
    if case is ELEMENTS:  # blocks are scored tensor by tensor
        assert compressing <= 150
    assert len(counting.kernels) - compressing <= 80


def test_what_is_left_to_the_hook_stays_in_the_bucket() -> None:
    """A tensor with strides; the others are served."""
    calls, message = kernels(MIXED, "feedback", MEAN, 0.3), MIXED.message()
    bucket = torch.randn(MIXED.numel)
    tensors = MIXED.tensors(bucket)
    name, view = tensors[1]
    tensors[1] = name, view.as_strided(view.shape, (270, 1, 90, 30))
    plan, given = calls.plan(message, tensors, bucket), bucket.clone()
    assert plan is not None
    _, served = calls.compress(plan, bucket, message.allocate(CPU))
    assert served == {0: True, 2: True, 3: True}
    assert torch.equal(bucket[9:10_809], given[9:10_809])
    assert not bucket[:9].any()
    assert not bucket[10_809:].any()


def test_16_bits_other_orders_and_high_densities_of_large_tensors_are_not_served() -> None:
    calls, message, bucket = kernels(MIXED, "feedback", MEAN, 0.3), MIXED.message(), torch.zeros(MIXED.numel)
    half = bucket.bfloat16()
    assert calls.plan(message, MIXED.tensors(half), half) is None
    assert calls.plan(message, MIXED.tensors(bucket)[::-1], bucket) is None
    large = Case([elements((3000, 1000))], [300_000])
    bucket = torch.zeros(large.numel)
    assert kernels(large, "feedback", MEAN, 0.3).plan(large.message(), large.tensors(bucket), bucket) is None


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
@pytest.mark.parametrize(("place", "position"), [(0, 0), (1199, 0), (1200, 1), (-1, 5)])
@pytest.mark.parametrize("rule", ["feedback", "momentum", "nesterov"])
def test_what_is_not_finite_is_named_and_not_taken_in(value: float, place: int, position: int, rule: str) -> None:
    calls, message, bucket = kernels(ELEMENTS, rule, MEAN, 0.3), ELEMENTS.message(), torch.ones(ELEMENTS.numel)
    plan = calls.plan(message, ELEMENTS.tensors(bucket), bucket)
    calls.compress(plan, bucket, message.allocate(CPU))
    before = {kind: flat.clone() for kind, flat in calls._memory.flat.items()}
    calls.begin_step(remembers=True)
    bucket.fill_(1.0)[place] = value
    status, _ = calls.compress(plan, bucket, message.allocate(CPU))
    assert status == 1 + position
    assert not bucket.any()
    calls.take_back()
    assert all(torch.equal(flat, before[kind]) for kind, flat in calls._memory.flat.items())
