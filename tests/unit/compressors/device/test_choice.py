"""Hooks whose buckets take the device's path, on tensors of the CPU, against the plain operations."""

from __future__ import annotations

import pytest
import torch
from engine import Weights, gradients, put_to_work
from no_host_reads import no_host_reads
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors import Compressor
from rsbench.compressors.device import choice, plan
from rsbench.compressors.device.bucket import DeviceKernels
from rsbench.compressors.device.choice import choose_device_kernels
from rsbench.compressors.device.passes import TorchPasses
from rsbench.compressors.hooks.sparse import SparseHook
from rsbench.compressors.memory.error_feedback import ErrorFeedback, NoMemory
from rsbench.compressors.selection.scores import MAGNITUDE
from rsbench.compressors.selection.selectors import ExactSelector, RandomSelector
from rsbench.errors import NotFiniteError, RsbenchError

META = torch.device("meta")
CAP_MB = 25.0
TEXTS = (
    "topk:density=0.05",
    "dgc:density=0.1",
    "dgc:density=0.1,nesterov=true,one_d=select",
    "rsdgc:density=0.2",
    "rsdgc:density=0.1,neighborhood=tile,policy=uniform",
    "blocktopk:density=0.3,score=l2",
    "topk:density=1",
)


def as_on_a_device(compressor: Compressor) -> SparseHook:
    """Make a hook on CPUs go the way of a device."""
    hook = compressor.hook
    assert isinstance(hook, SparseHook)
    given = "auto", hook.memory, ExactSelector(), hook.parts.score, hook.parts.masking_density
    hook.bucket_kernels = choose_device_kernels(*given, META)
    assert isinstance(hook.bucket_kernels, DeviceKernels)
    hook.reads_late = True
    return hook


def at_work(text: str, *, device: bool, **options: object) -> tuple[Weights, DistributedDataParallel, Compressor]:
    net, model, compressor = put_to_work(f"{text},kernels=eager,selector=exact", cap_mb=CAP_MB, **options)  # type: ignore[arg-type]
    if device:
        as_on_a_device(compressor)
    return net, model, compressor


def step(net: Weights, model: DistributedDataParallel, given: dict[str, torch.Tensor]) -> list[torch.Tensor]:
    net.zero_grad()
    model(given).backward()
    return [p.grad.clone() for p in net.parameters() if p.grad is not None]


def memory(compressor: Compressor) -> dict[str, torch.Tensor]:
    state = compressor.state_dict()["memory"]
    return {f"{kind} of {n}": t for kind, tensors in state.items() for n, t in tensors.items()}


def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[n], other[n]) for n in one)


@pytest.mark.parametrize("text", TEXTS)
def test_training_is_the_same_by_both_ways_and_after_a_resumption(text: str) -> None:
    rng = torch.Generator().manual_seed(0)
    plain, mine = at_work(text, device=False), at_work(text, device=True)
    for turn in range(4):
        given = gradients(plain[0], rng)
        averages = step(*plain[:2], given), step(*mine[:2], given)
        assert all(map(torch.equal, *averages)), turn
        assert equal(memory(plain[2]), memory(mine[2]))
        if turn == 1:
            state = mine[2].state_dict()
            mine = at_work(text, device=True)
            mine[2].load_state_dict(state)


@pytest.mark.parametrize("served", ["all", "linear", "none"])
@pytest.mark.parametrize(
    "text",
    ["topk:density=0.05", "dgc:density=0.1", "dgc:density=0.1,nesterov=true", "rsdgc:density=0.2", "dgc:density=1"],
)
def test_a_step_that_a_scaler_skips_leaves_no_trace(text: str, served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By whichever way tensors go: those that kernels do not serve take nothing in either."""
    if served == "linear":
        monkeypatch.setattr(plan, "_in_reach", lambda slot: slot.layout.shape == (10, 31))
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0)
    net, model, compressor = at_work(text, device=True, scaler=scaler)
    if served == "none":
        compressor.hook.bucket_kernels = None  # type: ignore[union-attr]
    hook, rng = compressor.hook, torch.Generator().manual_seed(0)

    def scaled(given: dict[str, torch.Tensor]) -> list[torch.Tensor]:
        return step(net, model, {n: 2.0 * g for n, g in given.items()})

    for _ in range(2):
        scaled(gradients(net, rng))
    before = memory(compressor)
    bad = gradients(net, rng)
    bad["linear"][0, 0] = float("nan")
    assert all(g.isinf().all() for g in scaled(bad)), "the scaler sees it"
    assert len(hook._late) == 1
    assert equal(before, memory(compressor))
    good, other = gradients(net, rng), at_work(text, device=True, scaler=scaler)
    other[2].load_state_dict(compressor.state_dict())
    averages = scaled(good)
    net, model, compressor = other
    assert all(map(torch.equal, averages, scaled(good)))


@pytest.mark.parametrize("text", ["topk:density=0.05", "dgc:density=0.1", "rsdgc:density=0.2"])
def test_what_is_not_finite_is_said_one_step_late_and_taken_in_by_nobody(text: str) -> None:
    net, model, compressor = at_work(text, device=True)
    rng = torch.Generator().manual_seed(0)
    bad = gradients(net, rng)
    bad["point"][1, 1] = float("inf")
    assert all(g.isfinite().all() for g in step(net, model, bad))
    with pytest.raises(NotFiniteError, match=r"The gradient of 'point' on rank 0 is not finite .* in step 1"):
        compressor.hook.begin_step()  # type: ignore[union-attr]


@pytest.mark.parametrize("place", [0, 8, 16, 40, -1])
def test_a_damaged_message_adds_nothing_and_is_named_one_step_late(monkeypatch: pytest.MonkeyPatch, place: int) -> None:
    net, model, compressor = at_work("dgc:density=0.05", device=True)
    hook, rng = compressor.hook, torch.Generator().manual_seed(0)
    assert isinstance(hook, SparseHook)
    finish = hook.finish

    def damaged_finish(bucket: object, arrived: torch.Tensor) -> torch.Tensor:
        hook._in_flight[0].gathered[place] ^= 0x55
        return finish(bucket, arrived)  # type: ignore[arg-type]

    monkeypatch.setattr(hook, "finish", damaged_finish)
    assert not any(g.any() for g in step(net, model, gradients(net, rng)))
    with pytest.raises(RsbenchError, match="The message of rank 0 in step 1 is damaged"):
        hook.begin_step()


@pytest.mark.parametrize("text", ["topk:density=0.05", "dgc:density=0.1", "rsdgc:density=0.2,policy=uniform"])
@pytest.mark.parametrize("scales", [False, True])
def test_no_step_reads_on_the_host(monkeypatch: pytest.MonkeyPatch, text: str, scales: bool) -> None:
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0) if scales else None
    net, model, compressor = at_work(text, device=True, scaler=scaler)
    hook, rng = compressor.hook, torch.Generator().manual_seed(0)
    assert isinstance(hook, SparseHook)
    for _ in range(2):  # makes the plans, anew when DDP has found its order of buckets
        step(net, model, gradients(net, rng))
    exchange, finish, launches = hook.exchange, hook.finish, []

    def watched(call: object) -> object:
        def run(*given: object) -> object:
            with no_host_reads(monkeypatch) as counting:
                result = call(*given)  # type: ignore[operator]
            launches.append(len(counting.kernels))
            return result

        return run

    monkeypatch.setattr(hook, "exchange", watched(exchange))
    monkeypatch.setattr(hook, "finish", watched(finish))
    step(net, model, gradients(net, rng))
    assert len(launches) == 2


def test_a_renewal_reads_once_on_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    net, model, compressor = at_work("rsdgc:density=0.2,update_steps=2", device=True)
    hook, rng, reads = compressor.hook, torch.Generator().manual_seed(0), []
    step(net, model, gradients(net, rng))
    tolist = torch.Tensor.tolist
    for _ in range(3):
        with monkeypatch.context() as patch:
            patch.setattr(torch.Tensor, "tolist", lambda tensor: reads.append(tensor.shape) or tolist(tensor))
            for name in ("item", "numpy", "cpu", "__float__", "__int__", "__bool__"):
                patch.setattr(torch.Tensor, name, None)
            hook.begin_step()  # type: ignore[union-attr]
        step(net, model, gradients(net, rng))
    faults, ranking = (1, 2), (len(hook.compressed),)  # type: ignore[union-attr]
    assert [shape for shape in reads if shape != faults] == [ranking]


def test_the_try_out_is_of_numbers_that_kernels_could_get_wrong() -> None:
    status, *rest = choice._messages(TorchPasses(), torch.device("cpu"))
    assert status == 0
    assert sum(map(bool, rest[-2039:])) == 9 + 9 + 3, "a slice of nine, nine elements, three plain ones"


def test_who_is_served() -> None:
    feedback = ErrorFeedback({"w": torch.zeros(3)})
    for wanted in ("auto", "compiled"):
        assert choose_device_kernels(wanted, feedback, ExactSelector(), MAGNITUDE, 0.0, META) is not None
    for given in (
        ("eager", feedback, ExactSelector()),
        ("auto", NoMemory(), ExactSelector()),
        ("auto", feedback, RandomSelector("0")),
    ):
        assert choose_device_kernels(*given, MAGNITUDE, 0.0, META) is None
    assert choose_device_kernels("auto", feedback, ExactSelector(), MAGNITUDE, 0.0, torch.device("cpu")) is None
