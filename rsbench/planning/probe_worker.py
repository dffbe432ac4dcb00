"""What only torch knows, told as JSON by a short helper process.

``python -m rsbench.planning.probe_worker '{"ask": ...}'``.

:mod:`rsbench.planning.probe` starts it, so that the command line itself never imports torch.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import torch
import torch.distributed as dist
from torch.utils.flop_counter import FlopCounterMode

from rsbench.errors import RsbenchError
from rsbench.loaders.batches import Batch
from rsbench.measure.buffers import averaged_buffers
from rsbench.models import own, trial
from rsbench.recipe.model_text import PACKAGES, parse_model, short_model
from rsbench.tasks import TASKS, Task

SAMPLES = 2
"""In the step that is looked at; batch norm needs two."""


def model_facts(
    *, task: str, model: str, inputs: dict[str, int], image_size: int, weights: str | None, source: str | None = None
) -> dict[str, Any]:
    """Return the shapes of a model's parameters and what a step takes, from the meta device.

    Raises:
        RsbenchError: unknown model, or images too small for it.
    """
    kind = TASKS[task]
    if own.is_own(model):
        return {"name": short_model(model), **_own_facts(kind, model, inputs, image_size, weights)}
    try:
        facts = _measured(kind, model, inputs, image_size)
    except (RuntimeError, AssertionError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RsbenchError(
            f"{model} cannot take {image_size} x {image_size} images ({reason}); choose another --image-size, such as "
            "the 224 that most models are made for."
        ) from error
    if weights is not None:
        kind.build(model, inputs, image_size=image_size, weights=weights)
    return {"name": model, **facts}


def _measured(kind: type[Task], model: str, inputs: dict[str, int], image_size: int) -> dict[str, Any]:
    """Build and run a step without memory; some (RegNet) read numbers while they are built and need the CPU."""

    def measured() -> dict[str, Any]:
        networks = kind.build(model, inputs, image_size=image_size)
        return _step_facts(kind, networks, kind.example(inputs, image_size=image_size, samples=SAMPLES))

    try:
        with torch.device("meta"):
            return measured()
    except NotImplementedError:
        return measured()


def _own_facts(
    kind: type[Task], model: str, inputs: dict[str, int], image_size: int, weights: str | None
) -> dict[str, Any]:
    """Run a step of an own model on the CPU, and return its facts; networks of known packages need no memory.

    Raises:
        RsbenchError: one sentence on what its code does wrong.
    """

    def tried() -> dict[str, Any]:
        network = trial.check_repeats(
            model, lambda: kind.build(model, inputs, image_size=image_size, weights=weights)[""]
        )
        *seen, labels = kind.example(inputs, image_size=image_size, samples=SAMPLES)
        seen = [torch.randn_like(each) for each in seen]
        trial.check(model, network, seen, kind.wanted(inputs, image_size=image_size, samples=SAMPLES))
        with own.blamed(model):
            return _step_facts(kind, {"": network}, (*seen, labels))

    if parse_model(model).place in PACKAGES:
        with suppress(RsbenchError), torch.device("meta"):
            return tried()
    return tried()


def _step_facts(kind: type[Task], networks: Mapping[str, torch.nn.Module], batch: Batch) -> dict[str, Any]:
    """Return shapes of what is trained, buffers, and a sample's share of one training step."""
    kept: dict[int, int] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in weights:
            kept[storage._cdata] = storage.nbytes()
        return tensor

    counter = FlopCounterMode(display=False)
    weights = {p.untyped_storage()._cdata for network in networks.values() for p in network.parameters()}
    with counter, torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        for _, loss in kind.losses(networks, batch):
            loss.backward()  # type: ignore[no-untyped-call]
    return {
        "networks": {
            name: {key: list(p.shape) for key, p in network.named_parameters() if p.requires_grad}
            for name, network in networks.items()
        },
        "repeated": _repeated(networks),
        "buffer_bytes": [size for size in map(_buffer_bytes, networks.values()) if size],
        "activation_bytes": sum(kept.values()) / SAMPLES,
        "flops": counter.get_total_flops() / SAMPLES,
    }


def _repeated(networks: Mapping[str, torch.nn.Module]) -> list[str]:
    """Return ``network.tensor`` of the parameters that an earlier network has, too."""
    seen: set[int] = set()
    repeated = []
    for name, network in networks.items():
        mine = dict(network.named_parameters())
        repeated += [f"{name}.{key}" for key, parameter in mine.items() if id(parameter) in seen]
        seen |= set(map(id, mine.values()))
    return repeated


def _buffer_bytes(network: torch.nn.Module) -> int:
    """Return the bytes of the buffers that ranks average."""
    return sum(buffer.nbytes for buffer in averaged_buffers(network))


def device_facts() -> dict[str, Any]:
    """Return the devices and backends of this machine."""
    count = torch.cuda.device_count()
    return {
        "cuda_count": count,
        "names": [torch.cuda.get_device_name(i) for i in range(count)],
        "memory_bytes": [torch.cuda.get_device_properties(i).total_memory for i in range(count)],
        "nccl": dist.is_nccl_available(),
        "gloo": dist.is_gloo_available(),
        "torch_version": torch.__version__,
        "cuda_version": torch.version.cuda,
        "capabilities": [".".join(map(str, torch.cuda.get_device_capability(i))) for i in range(count)],
        "architectures": torch.cuda.get_arch_list() if torch.version.cuda else [],
    }


_ANSWERS: dict[str, Callable[..., Any]] = {
    "model_facts": model_facts,
    "devices": device_facts,
    "model_names": lambda: {name: task.models() for name, task in TASKS.items()},
}


def main() -> None:
    """Answer one question; a user's error comes back as ``{"error": sentence}``.

    What own code prints goes to standard error, so that standard output holds the answer alone.
    """
    reply = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    question = json.loads(sys.argv[1])
    try:
        answer = {"answer": _ANSWERS[question.pop("ask")](**question)}
    except RsbenchError as error:
        answer = {"error": str(error)}
    sys.stdout.flush()
    reply.write(json.dumps(answer))
    reply.flush()
    os._exit(0)  # own code may have left threads behind


if __name__ == "__main__":
    main()
