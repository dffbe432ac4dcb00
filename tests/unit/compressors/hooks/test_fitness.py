"""Models whose gradients no hook could compress: refused by the parameter's name when a compressor is registered."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel

from rsbench.compressors import COMPRESSORS, TopK, parse
from rsbench.errors import RsbenchError


def network(*layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 6), *layers)


def changed(before: bool) -> DistributedDataParallel:
    """A model of which one layer is frozen, or unfrozen, between wrapping and registering."""
    net = network(nn.Linear(6, 2))
    net[1].requires_grad_(before)
    model = DistributedDataParallel(net)
    net[1].requires_grad_(not before)
    return model


def replaced() -> DistributedDataParallel:
    model = DistributedDataParallel(network(nn.Linear(6, 2)))
    model.module[1] = nn.Linear(6, 3)
    return model


def delayed() -> DistributedDataParallel:
    net = network(nn.Linear(6, 2))
    late = [("1.weight", net[1].weight)]
    return DistributedDataParallel(net, delay_all_reduce_named_params=late, param_to_hook_all_reduce=net[0].weight)


def all_frozen() -> DistributedDataParallel:
    model = DistributedDataParallel(network())
    model.requires_grad_(False)
    return model


UNFIT: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "sparse embedding": (
        lambda: DistributedDataParallel(network(nn.Embedding(5, 3, sparse=True))),
        r"Parameter '1\.weight' gets sparse gradients, .* build its embedding with sparse=False",
    ),
    "sparse bag": (
        lambda: DistributedDataParallel(nn.EmbeddingBag(5, 3, sparse=True)),
        "Parameter 'weight' gets sparse gradients",
    ),
    "frozen": (lambda: changed(True), r"Parameter '1\.weight' was frozen after DistributedDataParallel wrapped"),
    "unfrozen": (lambda: changed(False), r"Parameter '1\.weight' was unfrozen or added after"),
    "replaced": (replaced, r"Parameter '1\.weight' was unfrozen or added after"),
    "delayed": (delayed, r"Parameter '1\.weight' is in delay_all_reduce_named_params"),
    "all frozen": (all_frozen, "No parameter of this model requires a gradient"),
    "bare": (network, "Sequential is not wrapped: wrap it in torch.nn.parallel.DistributedDataParallel"),
    "DataParallel": (lambda: nn.DataParallel(network()), "DataParallel is not wrapped"),
    "average": (
        lambda: AveragedModel(DistributedDataParallel(network())),
        "AveragedModel holds a DistributedDataParallel but is none; register with the DistributedDataParallel inside",
    ),
}


@pytest.mark.parametrize("what", UNFIT)
@pytest.mark.parametrize("text", ["none", "dgc"])
def test_it_is_refused_with_the_parameters_name(text: str, what: str) -> None:
    make, words = UNFIT[what]
    with pytest.raises(RsbenchError, match=words):
        parse(text).register(make())


@pytest.mark.parametrize("text", COMPRESSORS)
def test_sparse_gradients_are_refused_by_every_compressor(text: str) -> None:
    with pytest.raises(RsbenchError, match=r"'1\.weight' gets sparse gradients"):
        parse(text).register(UNFIT["sparse embedding"][0]())


def test_a_sparse_embedding_that_is_frozen_is_none() -> None:
    net = network(nn.Embedding(5, 3, sparse=True))
    net[1].requires_grad_(False)
    compressor = TopK()
    compressor.register(DistributedDataParallel(net))
    assert set(compressor.hook.parameters) == {"0.weight", "0.bias"}


def test_parameters_that_ddp_is_told_to_ignore_are_ignored() -> None:
    net = network(nn.Linear(6, 2))
    DistributedDataParallel._set_params_and_buffers_to_ignore_for_model(net, ["0.bias"])
    model, compressor = DistributedDataParallel(net), TopK(density=0.5)
    compressor.register(model)
    model(torch.ones(1, 4)).sum().backward()
    assert set(compressor.step_stats()["density"]) == {"0.weight", "1.weight", "1.bias"}


@pytest.mark.parametrize("text", ["none", "topk", "gcc"])
def test_a_compiled_model_trains_as_the_plain_one(text: str) -> None:
    found = []
    for compiled in (False, True):
        torch.manual_seed(0)
        model: nn.Module = DistributedDataParallel(network(nn.Linear(6, 2)))
        if compiled:
            model = torch.compile(model, backend="eager")
        compressor = parse(text)
        compressor.register(model)
        for step in range(3):
            model(torch.full((1, 4), float(step))).square().sum().backward()
        assert compressor.hook.step == 3
        found.append([p.grad for p in model.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))
