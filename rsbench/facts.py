"""What only torch knows, told as JSON by a short helper process: ``python -m rsbench.facts '{"ask": ...}'``.

:mod:`rsbench.probe` starts it, so that the command line itself never imports torch.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist

from rsbench import models
from rsbench.errors import RsbenchError


def model_facts(*, model: str, classes: int, image_size: int, weights: str | None) -> dict[str, Any]:
    """Shapes of a model's parameters, found on the meta device.

    Raises:
        RsbenchError: unknown model, or images too small for it.
    """
    try:
        network = _with_shapes(model, classes, image_size)
    except (RuntimeError, AssertionError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RsbenchError(
            f"{model} cannot take {image_size} x {image_size} images ({reason}); choose another --image-size, such as "
            "the 224 that most models are made for."
        ) from error
    if weights is not None:
        models.build(model, classes=classes, image_size=image_size, weights=weights)
    return {
        "name": model,
        "shapes": {name: list(p.shape) for name, p in network.named_parameters()},
        "buffer_elements": sum(b.numel() for b in network.buffers() if b.is_floating_point()),
    }


def _with_shapes(model: str, classes: int, image_size: int) -> torch.nn.Module:
    """Build and run a network without memory; some (RegNet) read numbers while they are built and need the CPU."""
    try:
        with torch.device("meta"):
            network = models.build(model, classes=classes, image_size=image_size)
            network.eval()(torch.empty(2, 3, image_size, image_size))
    except NotImplementedError:
        network = models.build(model, classes=classes, image_size=image_size)
        with torch.inference_mode():
            network.eval()(torch.empty(2, 3, image_size, image_size))
    return network


def device_facts() -> dict[str, Any]:
    """Devices and backends of this machine."""
    count = torch.cuda.device_count()
    return {
        "cuda_count": count,
        "names": [torch.cuda.get_device_name(i) for i in range(count)],
        "memory_bytes": [torch.cuda.get_device_properties(i).total_memory for i in range(count)],
        "nccl": dist.is_nccl_available(),
        "gloo": dist.is_gloo_available(),
        "torch_version": torch.__version__,
        "cuda_version": torch.version.cuda,
    }


_ANSWERS: dict[str, Callable[..., Any]] = {
    "model_facts": model_facts,
    "devices": device_facts,
    "model_names": models.names,
}


def main() -> None:
    """Answer one question; a user's error comes back as ``{"error": sentence}``."""
    question = json.loads(sys.argv[1])
    try:
        answer = {"answer": _ANSWERS[question.pop("ask")](**question)}
    except RsbenchError as error:
        answer = {"error": str(error)}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
