"""What a model must be for a communication hook to see all of its gradients; what cannot work is refused by name."""

from __future__ import annotations

import torch
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors.hooks.registration import has_hook, logging_data
from rsbench.errors import RsbenchError

_EMBEDDINGS = (torch.nn.Embedding, torch.nn.EmbeddingBag)
"""The modules that can be asked for sparse gradients."""


def trainable(model: DistributedDataParallel) -> dict[str, torch.nn.Parameter]:
    """Return name -> parameter of those that require a gradient and that DDP is not told to ignore."""
    named = model.module.named_parameters()
    return {n: p for n, p in named if p.requires_grad and n not in model.parameters_to_ignore}


def fit_model(model: torch.nn.Module) -> DistributedDataParallel:
    """Return the DDP model of what a user registers with, which may be compiled.

    Raises:
        RsbenchError: it is no DDP model, or one whose gradients no hook of ours could compress.
    """
    wrapped = _wrapped(model)
    parameters = trainable(wrapped)
    sparse = {id(m.weight) for m in wrapped.module.modules() if isinstance(m, _EMBEDDINGS) and m.sparse}
    if wrapped._use_python_reducer:
        raise RsbenchError(
            "torch._dynamo.config.optimize_ddp is 'python_reducer', which calls no communication hook; set it to True "
            "before the model is wrapped."
        )
    if has_hook(wrapped):
        raise RsbenchError(
            "This model has a communication hook already, and DDP takes one only; wrap the network anew for another."
        )
    if not parameters:
        raise RsbenchError("No parameter of this model requires a gradient, so there is nothing to compress.")
    for name, parameter in parameters.items():
        if id(parameter) in sparse:
            raise RsbenchError(
                f"Parameter {name!r} gets sparse gradients, which cannot be compressed; build its embedding with "
                "sparse=False."
            )
    late = {id(p) for p in wrapped._delay_all_reduce_params}
    for name, parameter in wrapped.module.named_parameters():
        if id(parameter) in late:
            raise RsbenchError(
                f"Parameter {name!r} is in delay_all_reduce_named_params, whose gradients no communication hook sees; "
                "wrap the model without that argument."
            )
    _refuse_several_devices(parameters)
    _refuse_changed_since_wrapping(wrapped, parameters)
    return wrapped


def _wrapped(model: torch.nn.Module) -> DistributedDataParallel:
    inner = getattr(model, "_orig_mod", model)  # of torch.compile(ddp)
    if isinstance(inner, DistributedDataParallel):
        return inner
    kind = type(inner).__name__
    if isinstance(inner, torch.nn.Module) and any(isinstance(m, DistributedDataParallel) for m in inner.modules()):
        raise RsbenchError(
            f"{kind} holds a DistributedDataParallel but is none; register with the DistributedDataParallel inside it."
        )
    raise RsbenchError(
        f"{kind} is not wrapped: wrap it in torch.nn.parallel.DistributedDataParallel first, and register with what "
        "that returns."
    )


def _refuse_several_devices(parameters: dict[str, torch.nn.Parameter]) -> None:
    first = next(iter(parameters.values())).device
    for name, parameter in parameters.items():
        if parameter.device != first:
            raise RsbenchError(
                f"Parameter {name!r} is on {parameter.device} and others are on {first}; a compressor needs all of a "
                "model on one device."
            )


def _refuse_changed_since_wrapping(model: DistributedDataParallel, parameters: dict[str, torch.nn.Parameter]) -> None:
    """Refuse a parameter that was frozen, unfrozen or added between wrapping and registering."""
    facts = logging_data(model)
    sizes = sum(p.nbytes for p in parameters.values())
    if (facts["num_parameter_tensors"], facts["total_parameter_size_bytes"]) == (len(parameters), sizes):
        return
    averaged = {id(p) for bucket in model.reducer._get_zeros_like_grad_buckets() for p in bucket.parameters()}
    for name, parameter in model.module.named_parameters():
        if (name in parameters) != (id(parameter) in averaged) and name not in model.parameters_to_ignore:
            verb = "unfrozen or added" if name in parameters else "frozen"
            raise RsbenchError(
                f"Parameter {name!r} was {verb} after DistributedDataParallel wrapped the model; set requires_grad "
                "before wrapping, or wrap again."
            )
