"""Properties over shapes, strides, dtypes, densities, bucket sizes and world sizes; and a decoder that is lied to."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors import parse
from rsbench.compressors.blocks.layout import Layout, dense, elements, kernel_slices, tiles
from rsbench.compressors.blocks.tensor_ops import blocks_of
from rsbench.compressors.density.allocation import HEADER_BYTES, message_bytes, share_out, uniform_counts
from rsbench.compressors.message.message import Message
from rsbench.errors import RsbenchError

modest = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
sides = st.integers(1, 13)
shapes = st.one_of(
    st.tuples(sides, sides),
    st.tuples(sides, sides, sides),
    st.tuples(sides, sides, st.just(3), st.just(3)),
    st.tuples(sides),
)
densities = st.floats(1e-4, 1.0)


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    shape = draw(shapes)
    if len(shape) == 1:
        return draw(st.sampled_from([dense, elements]))(shape)
    made = draw(st.sampled_from([elements(shape), tiles(shape, 2), tiles(shape, 3), kernel_slices(shape, 3)]))
    return made.with_values(2, scaled=True) if draw(st.booleans()) else made


@modest
@given(layouts())
def test_bytes_rise_with_the_count_and_can_be_asked_backwards(layout: Layout) -> None:
    sizes = [layout.sparse_bytes(count) for count in range(1, layout.blocks + 1)]
    assert sizes == sorted(sizes)
    assert all(size <= layout.whole_bytes <= layout.dense_bytes for size in sizes)
    for count in {1, (layout.blocks + 1) // 2, layout.blocks}:
        most = layout.most_blocks(sizes[count - 1])
        assert sizes[most - 1] == sizes[count - 1]
        assert layout.most_blocks(sizes[0] - 1) == 0


@modest
@given(st.lists(layouts(), min_size=1, max_size=6), densities, st.data())
def test_shares_stay_within_the_budget(cuts: list[Layout], density: float, data: st.DataObject) -> None:
    budget = sum(lay.sparse_bytes(c) for lay, c in zip(cuts, uniform_counts(cuts, density), strict=True))
    weights = data.draw(st.lists(st.floats(0, 1e6), min_size=len(cuts), max_size=len(cuts)))
    found = share_out(cuts, weights, budget_bytes=budget, floor_counts=[1] * len(cuts))
    assert sum(lay.sparse_bytes(c) for lay, c in zip(cuts, found, strict=True)) <= budget
    assert all(1 <= count <= lay.blocks for count, lay in zip(found, cuts, strict=True))
    assert message_bytes(cuts, found) <= sum(lay.dense_bytes for lay in cuts) + 2 * HEADER_BYTES


def sealed(cuts: list[Layout], density: float, seed: int) -> tuple[Message, torch.Tensor, list[torch.Tensor]]:
    """A plan, one message of it, and the dense tensors that it stands for."""
    counts = uniform_counts(cuts, density)
    message = Message(cuts, counts, [torch.float16 if lay.scaled else torch.float32 for lay in cuts])
    buffer, rng, meant = message.allocate(torch.device("cpu")), torch.Generator().manual_seed(seed), []
    for slot in message.slots:
        v, target = torch.randn(slot.layout.numel, generator=rng), torch.zeros(slot.layout.numel)
        if slot.whole:
            message.write(buffer, slot, v, None)
            target += message.read(buffer, slot)[0]
        else:
            index = torch.randperm(slot.layout.blocks, generator=rng)[: slot.count].sort().values
            message.write(buffer, slot, blocks_of(slot.layout).gather(v, index), index)
            blocks_of(slot.layout).add(target, index, message.read(buffer, slot)[0])
        assert torch.allclose(target[target != 0], v[target != 0], rtol=1e-2, atol=1e-3)
        meant.append(target)
    message.seal(buffer, 0, 1)
    return message, buffer, meant


def decoded(message: Message, buffer: torch.Tensor) -> list[torch.Tensor]:
    found = []
    for slot in message.slots:
        values, index = message.read(buffer, slot)
        target = torch.zeros(slot.layout.numel)
        if index is None:
            target += values
        else:
            blocks_of(slot.layout).add(target, index, values)
        found.append(target)
    return found


@modest
@given(st.lists(layouts(), min_size=1, max_size=5), densities, st.integers(1, 3), st.integers(0, 2**31))
def test_messages_of_all_ranks_average_to_what_they_mean(
    cuts: list[Layout], density: float, workers: int, seed: int
) -> None:
    sums = [torch.zeros(lay.numel) for lay in cuts]
    meant = [torch.zeros(lay.numel) for lay in cuts]
    for rank in range(workers):
        message, buffer, tensors = sealed(cuts, density, seed + rank)
        assert buffer.numel() == message.payload_bytes <= sum(lay.dense_bytes for lay in cuts) + HEADER_BYTES
        assert message.faults(buffer).tolist() == [0, 0]
        for total, tensor in zip(sums, decoded(message, buffer), strict=True):
            total.add_(tensor / workers)
        for total, tensor in zip(meant, tensors, strict=True):
            total.add_(tensor / workers)
    assert all(map(torch.equal, sums, meant))


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(layouts(), min_size=1, max_size=4), densities, st.data())
def test_a_message_that_was_changed_is_an_error_and_never_a_wrong_tensor(
    cuts: list[Layout], density: float, data: st.DataObject
) -> None:
    message, buffer, meant = sealed(cuts, density, 7)
    changes = st.tuples(st.integers(0, buffer.numel() - 1), st.integers(0, 255))
    changed = buffer.clone()
    for at, value in data.draw(st.lists(changes, min_size=1, max_size=8)):
        changed[at] = value
    broken, status = message.faults(changed).tolist()
    try:
        found = decoded(message, changed)  # even where the fault is ignored: no other exception, no crash
    except RsbenchError:
        assert broken, "a sound checksum never hides a bad index"
        return
    if not broken and not status:
        assert all(map(torch.equal, found, meant)), "nothing but the step number differs"


@modest
@given(
    st.sampled_from(["topk", "dgc", "rsdgc", "rsdgc:policy=lamp", "blocktopk:score=l2", "randomk", "dgc:values=bf16"]),
    st.integers(1, 9),
    st.integers(1, 9),
    densities,
    st.sampled_from([0.0001, 0.001, 25.0]),
    st.sampled_from([torch.float32, torch.bfloat16, torch.float16]),
    st.booleans(),
    st.integers(0, 2**31),
)
def test_what_is_sent_and_what_is_kept_is_what_came_in(
    name: str, inputs: int, outputs: int, density: float, cap_mb: float, dtype: torch.dtype, last: bool, seed: int
) -> None:
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Conv2d(inputs, outputs, 3), nn.Conv2d(outputs, 7, 1), nn.Flatten(), nn.Linear(7, 11)).to(
        dtype
    )
    net = net.to(memory_format=torch.channels_last if last else torch.contiguous_format)
    model = DistributedDataParallel(net, bucket_cap_mb=cap_mb)
    compressor = parse(name).with_density(density)
    compressor.register(model)
    compressor.param_groups(net, lr=0.1, momentum=0.5)
    for _ in range(3):
        before = copy.deepcopy(compressor.state_dict()["memory"])
        local = torch.autograd.grad(
            net(torch.ones(1, inputs, 3, 3, dtype=dtype)).float().square().sum(), [*net.parameters()]
        )
        net.zero_grad()
        model(torch.ones(1, inputs, 3, 3, dtype=dtype)).float().square().sum().backward()
        after = compressor.state_dict()["memory"]
        for (tensor, parameter), gradient in zip(net.named_parameters(), local, strict=True):
            if tensor not in after["v"]:
                continue
            g = gradient.flatten().float()
            if "u" in before:
                g = 0.5 * before["u"][tensor] + g
            total = before["v"][tensor] + g
            # of 16-bit parameters the sum that DDP returns is rounded to their dtype once more
            slack = 1e-5 if dtype == torch.float32 else 2e-2
            error = (parameter.grad.flatten().float() + after["v"][tensor] - total).abs().max()
            assert error <= slack * max(1.0, float(total.abs().max()))


def test_the_decoder_names_what_is_wrong() -> None:
    message, buffer, _ = sealed([elements((100, 100))], 0.01, 0)
    slot = message.slots[0]
    buffer[slot.indices] = 255
    with pytest.raises(RsbenchError, match="damaged"):
        message.read(buffer, slot)
