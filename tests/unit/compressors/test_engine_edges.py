"""Where a sum overflows, a bit flips or a schedule changes: nothing may be silent, and no rank may stand alone."""

from __future__ import annotations

import pytest
import torch
from engine import CAP_MB, gradients, put_to_work

from rsbench.compressors import values
from rsbench.compressors.counts import most_buckets
from rsbench.compressors.layout import dense
from rsbench.compressors.message import Message

_CHECKSUM_WORD = 2


@pytest.fixture
def sealed() -> tuple[Message, torch.Tensor]:
    message = Message([dense((1500,))], [1], [torch.float32])
    buffer = message.allocate(torch.device("cpu"))
    message.write(buffer, message.slots[0], torch.randn(1500, generator=torch.Generator().manual_seed(0)), None)
    message.seal(buffer, 0, 1)
    return message, buffer


@pytest.mark.parametrize("bit", range(32))
def test_no_single_bit_can_flip_unseen(sealed: tuple[Message, torch.Tensor], bit: int) -> None:
    message, buffer = sealed
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
def test_a_message_that_was_cut_short_is_broken(sealed: tuple[Message, torch.Tensor], missing: int) -> None:
    message, buffer = sealed
    assert message.faults(buffer[:-missing]).tolist() == [1, 0]


@pytest.mark.parametrize("selector", ["sampled", "exact"])
@pytest.mark.parametrize("text", ["rsdgc:score=nsi", "rsdgc:stat=var", "rsdgc:score=l2", "blocktopk:score=l2"])
def test_squares_that_overflow_stop_no_rank(text: str, selector: str) -> None:
    """1e25 is finite and its square is not: an exception here would leave the other ranks waiting."""
    net, model, compressor = put_to_work(f"{text},density=0.05,selector={selector}")
    model({n: 1e25 * torch.sign(torch.randn_like(p)) for n, p in net.named_parameters()}).backward()
    left = compressor.state_dict()["memory"]["v"]
    assert all(p.grad.isfinite().all() for p in net.parameters())
    assert all((net.get_parameter(n).grad != 0).any() and v.isfinite().all() for n, v in left.items())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("largest", [2.0**-126, 1.0, 2.0**126, 2.0**127, 3.3e38])
def test_a_scale_is_finite_for_every_finite_value(dtype: torch.dtype, largest: float) -> None:
    given, into, scale = torch.tensor([largest, -largest / 2, 0.0]), torch.zeros(3, dtype=dtype), torch.zeros(1)
    values.encode(given, into, scale)
    found = values.decode(into, scale)
    assert torch.allclose(found, given, rtol=2.0**-8, atol=0)
    assert torch.equal(found + (given - found), given)


@pytest.mark.parametrize("warmup", ["stages", "exponential"])
@pytest.mark.parametrize("policy", ["uniform", "global_rank"])
def test_renewals_during_the_warm_up_are_planned(policy: str, warmup: str) -> None:
    """A new density renews the counts of a dynamic policy, and their broadcast is traffic too."""
    net, model, compressor = put_to_work(f"rsdgc:density=0.05,warmup_steps=6,warmup={warmup},policy={policy}")
    shapes, rng = {n: tuple(p.shape) for n, p in net.named_parameters()}, torch.Generator().manual_seed(0)
    block = 4 * 9 + 8
    for step in range(8):
        model(gradients(net, rng)).backward()
        stats = compressor.step_stats()
        spare = 16 * (most_buckets(len(shapes), stats["dense_bytes"], CAP_MB) - len(compressor.hook.timeline))
        planned = compressor.payload_bytes(shapes, step, CAP_MB) - spare
        assert planned - (block if policy != "uniform" else 0) <= stats["payload_bytes"] <= planned, f"step {step}"
