"""How large models are, and how far their gradients can be compressed; figures of ours are shipped."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any, Final

from rsbench import compressors
from rsbench.compressors.base.compressor import BUCKET_CAP_MB
from rsbench.metrics import facts_of
from rsbench.models.origin import SHIPPED, shipped_sizes
from rsbench.planning import probe, run_bytes

COMPRESSOR: Final = "topk"
"""Whose largest ratio is told: with one element of each matrix, and all of the smaller tensors."""
WORKERS: Final = 2
SMALL_IMAGES: Final[Mapping[str, int]] = {"smallvgg": 64}
"""Models of small pictures -> their side in pixels."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModelSize:
    """How large a model is.

    Attributes:
        parameters: elements that are exchanged in a step.
        largest_ratio: the compression ratio, in payload bytes, up to which ``topk`` reaches.
    """

    parameters: int
    largest_ratio: float

    @property
    def gradient_bytes(self) -> int:
        """Bytes of a step's gradients in float32."""
        return 4 * self.parameters


def image_size_for(task: str, model: str) -> int:
    """Return the side, in pixels, of the pictures or patches that a model is sized for."""
    return SMALL_IMAGES.get(model, facts_of(task).sized_at)


def shipped(model: str) -> ModelSize | None:
    """Return the shipped figures of a model of ours; None where there are none."""
    values = shipped_sizes().get(model)
    return None if values is None else ModelSize(**values)


def measured(task: str, model: str) -> ModelSize:
    """Return a model's figures from its shapes, which a helper process tells.

    Args:
        task: name of the task.
        model: as ``--model`` takes it.

    Raises:
        RsbenchError: there is no such model, or it cannot be trained.
    """
    return size_of(probe.model_facts(task, model, facts_of(task).sized_for, image_size_for(task, model)))


def size_of(facts: probe.ModelFacts) -> ModelSize:
    """Return the figures that follow from a model's shapes."""
    compressor = compressors.parse(COMPRESSOR).for_workers(WORKERS).coarsest
    least = run_bytes.payload_bytes(compressor, facts, 1, BUCKET_CAP_MB)
    return ModelSize(parameters=facts.parameters, largest_ratio=round(facts.dense_bytes / least, 1))


def write_shipped(sizes: Mapping[str, ModelSize]) -> None:
    """Write the file of figures that is shipped, one model a line."""
    lines: list[str] = [f"{json.dumps(name)}: {json.dumps(_plain(size))}" for name, size in sizes.items()]
    SHIPPED.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _plain(size: ModelSize) -> dict[str, Any]:
    return dataclasses.asdict(size)


def ratio_text(ratio: float) -> str:
    """Return the largest whole ratio that can be asked for, as ``1,234x``."""
    return f"{math.floor(ratio):,}x"
