"""Copies of a model with a hook: they work, and ask for a compressor of their own before they train."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable

import pytest
import torch
from engine import Weights, gradients, put_to_work
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel

from rsbench.compressors import COMPRESSORS, NoCompression, TopK, parse
from rsbench.errors import RsbenchError

NO_COMPRESSOR = "copy of one with the compressor {}, and a copy has none; before its first backward pass, register"


def through_a_file(model: DistributedDataParallel) -> DistributedDataParallel:
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    loaded: DistributedDataParallel = torch.load(file, weights_only=False)
    return loaded


def averaged(model: DistributedDataParallel) -> DistributedDataParallel:
    """The copy in an exponential moving average, after an update."""
    ema = AveragedModel(model)
    ema.update_parameters(model)
    assert isinstance(ema.module, DistributedDataParallel)
    return ema.module


WAYS: dict[str, Callable[[DistributedDataParallel], DistributedDataParallel]] = {
    "deepcopy": copy.deepcopy,
    "AveragedModel": averaged,
    "torch.save": through_a_file,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
}


def given(net: Weights, seed: int = 0) -> dict[str, torch.Tensor]:
    return gradients(net, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("text", COMPRESSORS)
def test_a_copy_trains_with_a_compressor_of_its_own(text: str, way: str) -> None:
    net, model, _ = put_to_work(text)
    model(given(net)).backward()
    copied = WAYS[way](model)
    with torch.no_grad():
        assert torch.equal(copied(given(net)), model(given(net)))
    copied(given(net))  # a forward pass that no backward pass follows, as people evaluate without no_grad
    own = parse(text)
    own.register(copied)
    own.param_groups(copied.module, lr=0.1, momentum=0.5)
    fresh, other, _ = put_to_work(text)
    for step in (1, 2):
        for trained in (copied, other):
            trained.zero_grad()
            trained(given(fresh, step)).backward()
    for name, parameter in fresh.named_parameters():
        assert torch.equal(copied.module.get_parameter(name).grad, parameter.grad), name


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("text", ["none", "topk", "powersgd"])
def test_a_copy_without_one_says_so_and_the_original_goes_on(text: str, way: str) -> None:
    net, model, compressor = put_to_work(text)
    copied = WAYS[way](model)
    with pytest.raises(RsbenchError, match=NO_COMPRESSOR.format(text)):
        copied(given(net)).backward()
    with pytest.raises(RsbenchError, match="copy the model anew and register before the first backward"):
        parse(text).register(copied)
    model(given(net)).backward()
    assert compressor.hook.step == 1


def test_a_copy_of_a_copy_says_so_too() -> None:
    net, model, _ = put_to_work("topk")
    second = copy.deepcopy(copy.deepcopy(model))
    with pytest.raises(RsbenchError, match=NO_COMPRESSOR.format("topk")):
        second(given(net)).backward()
    first = copy.deepcopy(model)
    NoCompression().register(first)
    third = copy.deepcopy(first)
    with pytest.raises(RsbenchError, match=NO_COMPRESSOR.format("none")):
        third(given(net)).backward()


def test_a_shallow_copy_is_refused_before_it_spoils_the_original() -> None:
    net, model, compressor = put_to_work("topk")
    with pytest.raises(RsbenchError, match="shallow copy, with the same parameters"):
        copy.copy(model)(given(net)).backward()
    model(given(net)).backward()
    model(given(net)).backward()
    assert compressor.hook.step == 2


def test_a_copy_with_a_static_graph_says_so() -> None:
    net, model, _ = put_to_work("topk", static_graph=True)
    copied = copy.deepcopy(model)
    with pytest.raises(RsbenchError, match=NO_COMPRESSOR.format("topk")):
        copied(given(net)).backward()


@pytest.mark.parametrize("text", COMPRESSORS)
@pytest.mark.parametrize("way", [copy.deepcopy, copy.copy, lambda c: pickle.loads(pickle.dumps(c))])
def test_a_compressor_is_copied_without_its_model(text: str, way: Callable[[object], TopK]) -> None:
    _, _, compressor = put_to_work(text)
    copied = way(compressor)
    assert copied.text == compressor.text
    assert copied.momentum == compressor.momentum
    with pytest.raises(RsbenchError, match="not registered"):
        _ = copied.hook
    copied.register(DistributedDataParallel(Weights()))
    assert compressor.hook is not copied.hook


def test_one_hook_a_model() -> None:
    _, model, _ = put_to_work("topk")
    with pytest.raises(RsbenchError, match="has a communication hook already"):
        NoCompression().register(model)
    builtin = DistributedDataParallel(Weights())
    builtin._register_builtin_comm_hook(torch.distributed.BuiltinCommHookType.ALLREDUCE)
    with pytest.raises(RsbenchError, match="has a communication hook already"):
        TopK().register(builtin)


def test_models_with_a_compressor_each_do_not_meet() -> None:
    (net, first, one), (_, second, two) = put_to_work("topk"), put_to_work("dgc")
    first(given(net)).backward()
    for step in range(2):
        second(given(net, step)).backward()
    assert (one.hook.step, two.hook.step) == (1, 2)
