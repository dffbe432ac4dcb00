"""Messages of any layouts and densities average to what they mean; and a decoder that is lied to."""

from __future__ import annotations

from typing import cast

import pytest
import torch
from fuzz import QUICK, run_for
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from layouts import densities, layouts, modest

from rsbench.compressors.blocks.layout import Layout, dense, elements
from rsbench.compressors.blocks.tensor_ops import blocks_of
from rsbench.compressors.density.allocation import HEADER_BYTES, uniform_counts
from rsbench.compressors.message.message import Message
from rsbench.errors import RsbenchError

_CHECKSUM_WORD = 2


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


def test_the_decoder_names_what_is_wrong() -> None:
    message, buffer, _ = sealed([elements((100, 100))], 0.01, 0)
    slot = message.slots[0]
    buffer[slot.indices] = 255
    with pytest.raises(RsbenchError, match="damaged"):
        message.read(buffer, slot)


@pytest.fixture
def one_message() -> tuple[Message, torch.Tensor]:
    message = Message([dense((1500,))], [1], [torch.float32])
    buffer = message.allocate(torch.device("cpu"))
    message.write(buffer, message.slots[0], torch.randn(1500, generator=torch.Generator().manual_seed(0)), None)
    message.seal(buffer, 0, 1)
    return message, buffer


@pytest.mark.parametrize("bit", range(32))
def test_no_single_bit_can_flip_unseen(one_message: tuple[Message, torch.Tensor], bit: int) -> None:
    message, buffer = one_message
    words, flip = buffer.view(torch.int32), -(2**31) if bit == 31 else 1 << bit
    unseen = []
    for place in range(1, words.numel()):
        words[place] ^= flip
        if place != _CHECKSUM_WORD and not message.faults(buffer)[0]:
            unseen.append(place)
        words[place] ^= flip
    assert unseen == []
    assert message.faults(buffer).tolist() == [0, 0], "all are restored"


@pytest.mark.parametrize("missing", [1, 2, 4, 4096])
def test_a_message_that_was_cut_short_is_broken(one_message: tuple[Message, torch.Tensor], missing: int) -> None:
    message, buffer = one_message
    assert message.faults(buffer[:-missing]).tolist() == [1, 0]


@pytest.mark.parametrize("missing", [-8, -4, -1, 1, 4, 1 << 20])
def test_a_message_of_another_length_is_refused_as_a_whole(missing: int) -> None:
    message, buffer, _ = sealed([elements((100, 100)), dense((7,))], 0.01, 0)
    other = torch.zeros(buffer.numel() - missing) if missing < buffer.numel() else torch.zeros(0)
    assert message.faults(other.to(torch.uint8))[0]
    for slot in message.slots:
        with pytest.raises(RsbenchError, match=rf"has {other.numel()} bytes where the plan has {buffer.numel()}"):
            message.read(other.to(torch.uint8), slot)


def check_bytes(example: object) -> None:
    """Arbitrary bytes of any length: whether they are of the plan is told, and reading them is that or one error."""
    cuts, density, seed, length, fill = cast("tuple[list[Layout], float, int, int, bytes]", example)
    message = Message(cuts, uniform_counts(cuts, density), [torch.float16 if c.scaled else torch.float32 for c in cuts])
    rng = torch.Generator().manual_seed(seed)
    buffer = torch.randint(0, 256, (max(0, message.payload_bytes + length),), generator=rng).to(torch.uint8)
    start = torch.tensor(list(fill[: buffer.numel()]), dtype=torch.uint8)
    buffer[: start.numel()] = start
    assert message.faults(buffer).shape == (2,)
    for slot in message.slots:
        try:
            values, index = message.read(buffer, slot)
        except RsbenchError:
            continue
        assert values.numel() <= slot.layout.blocks * slot.layout.block, "no more memory than the plan says"
        assert index is None or (int(index.min()) >= 0 and int(index.max()) < slot.layout.blocks)


any_bytes = st.tuples(
    st.lists(layouts(), min_size=1, max_size=4),
    densities,
    st.integers(0, 2**31),
    st.sampled_from([0, 0, 0, 0, -4, 4, -1, 3, -(10**9), 4096]),
    st.binary(max_size=64),
)


def test_some_arbitrary_bytes_are_read_or_refused() -> None:
    QUICK(given(any_bytes)(check_bytes))()


@pytest.mark.long
def test_arbitrary_bytes_for_a_minute() -> None:
    assert run_for(60.0, any_bytes, check_bytes) > 500


def test_a_count_of_none_has_no_stray_index() -> None:
    message = Message([elements((4, 9))], [0], [torch.float32])
    values, index = message.read(message.allocate(torch.device("cpu")), message.slots[0])
    assert values.numel() == 0 and index is not None and index.numel() == 0


def test_a_negative_index_is_named_as_it_stands() -> None:
    message, buffer, _ = sealed([elements((100, 100))], 0.001, 0)
    buffer[message.slots[0].indices] = 255  # steps that carry no block
    with pytest.raises(RsbenchError, match="names block -1 of a tensor that has 10000"):
        message.read(buffer, message.slots[0])
