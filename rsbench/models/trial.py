"""One training step of an own model on two samples, and what is wrong with it in one sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from rsbench.errors import RsbenchError
from rsbench.models.own import blamed

_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a task wants of an own model's output.

    Attributes:
        shapes: that it may have.
        words: what each number is.
        loss: a scalar that reaches all of it.
    """

    shapes: tuple[tuple[int, ...], ...]
    words: str
    loss: Callable[[torch.Tensor], torch.Tensor]

    @property
    def text(self) -> str:
        """``a tensor [2, 10] is wanted: one logit a class for each of 2 samples``."""
        return f"a tensor {' or '.join(str(list(shape)) for shape in self.shapes)} is wanted: {self.words}"


def wanted_classes(classes: int, samples: int) -> Wanted:
    """Return what classification wants: logits [N, classes]."""
    return Wanted(
        shapes=((samples, classes),),
        words=f"one logit a class for each of {samples} samples",
        loss=lambda logits: nn.functional.cross_entropy(logits, logits.new_zeros(len(logits), dtype=torch.int64)),
    )


def check(model: str, network: nn.Module, inputs: Sequence[torch.Tensor], wanted: Wanted) -> None:
    """Do nothing for a network that can be trained by several workers.

    On the meta device shapes and gradients are looked at, values are not.

    Args:
        model: as ``--model`` takes it, for the sentence.
        network: in training mode; its gradients are gone afterwards.
        inputs: of ``forward``, each [N, ...].
        wanted: what its output has to look like.

    Raises:
        RsbenchError: says what the network did wrong, and what to do.
    """
    _check_parameters(model, network)
    network.train()
    with blamed(model, f"in a forward pass on {_shapes(inputs)} "):
        logits = network(*inputs)
    _check_logits(model, logits, wanted, "in training")
    with blamed(model, "in a backward pass "):
        torch.autograd.backward(wanted.loss(logits))
    _check_gradients(model, network)
    network.zero_grad(set_to_none=True)
    network.eval()
    with blamed(model, f"in evaluation on {_shapes(inputs)} "), torch.no_grad():
        logits = network(*inputs)
    _check_logits(model, logits, wanted, "in evaluation")
    network.train()


def check_repeats(model: str, make: Callable[[], nn.Module]) -> nn.Module:
    """Return a network, unless a second one from the same seed begins with other weights.

    Raises:
        RsbenchError: workers would begin with different weights.
    """
    torch.manual_seed(0)
    network = make()
    torch.manual_seed(0)
    first, second = network.state_dict(), make().state_dict()
    odd = [name for name, value in first.items() if name not in second or not _equal(value, second[name])]
    if odd or len(first) != len(second):
        raise RsbenchError(
            f"{model} gives other weights when it is called again with the same seed ({_listed(odd)}), so workers "
            "would not start alike: draw from torch's global generator only, and build a new network in each call."
        )
    return network


def _equal(one: torch.Tensor, other: torch.Tensor) -> bool:
    if nn.parameter.is_lazy(one) or nn.parameter.is_lazy(other):
        return True  # refused by check() with a sentence of its own
    alike = one.shape == other.shape and one.dtype == other.dtype
    return alike and (one.is_meta or bool(torch.equal(one, other)))


def _check_parameters(model: str, network: nn.Module) -> None:
    """Refuse a network without parameters to train, or with such that cannot be exchanged."""
    named = dict(network.named_parameters())
    lazy = [name for name, parameter in named.items() if nn.parameter.is_lazy(parameter)]
    if lazy:
        raise RsbenchError(
            f"{model} has parameters without a shape ({_listed(lazy)}): run one forward pass in the callable, or give "
            "lazy layers their sizes."
        )
    if not any(parameter.requires_grad for parameter in named.values()):
        frozen = "all its parameters have requires_grad=False" if named else "it has no parameters"
        raise RsbenchError(f"{model} has nothing to train: {frozen}; leave some of them trainable.")
    other = [name for name, p in named.items() if p.requires_grad and p.dtype != torch.float32]
    if other:
        raise RsbenchError(
            f"{model} has parameters of type {str(named[other[0]].dtype).removeprefix('torch.')} ({_listed(other)}); "
            "rsbench exchanges float32 gradients: return model.float(), and ask for --bf16 to compute in bfloat16."
        )


def _check_logits(model: str, logits: object, wanted: Wanted, when: str) -> None:
    """Refuse outputs that are no finite logits of the wanted shape."""
    if not isinstance(logits, torch.Tensor):
        raise RsbenchError(f"{model} returned a {type(logits).__name__} {when}, but {wanted.text}.")
    if tuple(logits.shape) not in wanted.shapes:
        raise RsbenchError(f"{model} returned a tensor {list(logits.shape)} {when}, but {wanted.text}.")
    if not logits.is_floating_point():
        raise RsbenchError(f"{model} returned {logits.dtype} {when}, but {wanted.text}, in floating point.")
    if not logits.is_meta and not bool(logits.isfinite().all()):
        raise RsbenchError(
            f"{model} returned inf or nan {when}, with its initial weights and inputs of mean 0 and deviation 1; look "
            "for a division by zero, a log or a missing initialization."
        )
    if when == "in training" and not logits.requires_grad:
        raise RsbenchError(
            f"{model} returned outputs without a gradient: its forward pass detaches them; leave out detach(), "
            "torch.no_grad() and conversions to NumPy."
        )


def _check_gradients(model: str, network: nn.Module) -> None:
    """Refuse parameters that DDP would wait for in vain, and gradients that no compressor takes."""
    trained = {name: p.grad for name, p in network.named_parameters() if p.requires_grad}
    without = [name for name, gradient in trained.items() if gradient is None]
    if without:
        count = f"{len(without)} of {len(trained)} parameters get"
        raise RsbenchError(
            f"{model}: {count} no gradient in a step ({_listed(without)}), and distributed training would wait for "
            "them: use them in forward, remove them, or set their requires_grad to False."
        )
    sparse = [name for name, gradient in trained.items() if gradient is not None and gradient.layout != torch.strided]
    if sparse:
        raise RsbenchError(f"{model} has sparse gradients ({_listed(sparse)}); build its embeddings with sparse=False.")
    odd = [name for name, g in trained.items() if g is not None and not g.is_meta and not bool(g.isfinite().all())]
    if odd:
        raise RsbenchError(
            f"{model} has gradients of inf or nan in its first step ({_listed(odd)}); look for a square root or a "
            "division at 0."
        )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _shapes(inputs: Sequence[torch.Tensor]) -> str:
    return " and ".join(str(list(each.shape)) for each in inputs)
