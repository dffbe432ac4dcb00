"""Asks a short helper process what only torch knows; answers about models are cached per version of torch."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import importlib.metadata
import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rsbench
from rsbench import __version__
from rsbench.atomic import write_atomically
from rsbench.errors import RsbenchError
from rsbench.parent_death import end_with_parent
from rsbench.paths import cache_root
from rsbench.recipe.sync import Sync


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """Shapes of a model's trained tensors, and what a step takes.

    Attributes:
        name: as ``--model`` takes it.
        networks: network -> tensor name -> shape; a sole network is called ``""``. A tensor that networks share
            stands under each, as it is exchanged for each.
        activation_bytes: kept for the backward pass, a sample.
        flops: floating-point operations of forward and backward pass, a sample.
        repeated: tensors, called as in ``shapes``, that an earlier network has, too.
        buffer_bytes: bytes of the buffers that are averaged, of each network that has some.
        exchanged_buffers: those of them that every exchange hands over beside the tensors.
    """

    name: str
    networks: dict[str, dict[str, tuple[int, ...]]]
    activation_bytes: float = 0.0
    flops: float = 0.0
    repeated: tuple[str, ...] = ()
    buffer_bytes: tuple[int, ...] = ()
    exchanged_buffers: tuple[int, ...] = ()

    def handed_over(self, sync: Sync) -> ModelFacts:
        """Return what an exchange hands over: gradients of each network, or in rounds differences once and buffers."""
        if not sync.in_rounds:
            return self
        once = {name: shape for name, shape in self.shapes.items() if name not in self.repeated}
        return dataclasses.replace(self, networks={"": once}, repeated=(), exchanged_buffers=self.buffer_bytes)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Tensor name -> shape over all networks, as ``network.tensor`` where there are several."""
        return {
            f"{network}.{name}" if network else name: shape
            for network, shapes in self.networks.items()
            for name, shape in shapes.items()
        }

    @property
    def parameters(self) -> int:
        """Number of elements that are exchanged in a step."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    @property
    def dense_bytes(self) -> int:
        """Bytes of all gradients in float32."""
        return 4 * self.parameters


@dataclasses.dataclass(frozen=True, kw_only=True)
class Devices:
    """What this machine can train on."""

    cuda_count: int
    names: list[str]
    memory_bytes: list[int]
    nccl: bool
    gloo: bool
    torch_version: str
    cuda_version: str | None
    capabilities: list[str] = dataclasses.field(default_factory=list)
    """Compute capability of each GPU, such as ``9.0``."""
    architectures: list[str] = dataclasses.field(default_factory=list)
    """What this torch has code for, such as ``sm_90``."""


def model_facts(
    task: str, model: str, inputs: Mapping[str, int], image_size: int, weights: str | None = None
) -> ModelFacts:
    """Return the shapes of a model for some data.

    Args:
        task: name of the task.
        model: as ``--model`` takes it.
        inputs: as :attr:`rsbench.datasets.Survey.inputs` gives them.
        image_size: side of pictures or patches, in pixels.
        weights: initial weights, which are looked at too; None for random ones.

    Raises:
        RsbenchError: unknown model or weights, or images too small for it.
    """
    question = {
        "ask": "model_facts",
        "task": task,
        "model": model,
        "inputs": dict(inputs),
        "image_size": image_size,
        "weights": weights,
    }
    answer = _ask_cached(question)
    networks = {
        network: {name: tuple(shape) for name, shape in shapes.items()}
        for network, shapes in answer.pop("networks").items()
    }
    repeated, buffers = (tuple(answer.pop(name, ())) for name in ("repeated", "buffer_bytes"))
    return ModelFacts(networks=networks, repeated=repeated, buffer_bytes=buffers, **answer)


def devices() -> Devices:
    """Return GPUs and backends, as torch sees them (about 3 s)."""
    return Devices(**_ask({"ask": "devices"}))


def gpu_count() -> int:
    """Return the number of GPUs that torch can use; at once 0 where the system has no GPU device file."""
    device_files = [*Path("/dev").glob("nvidia[0-9]*"), *Path("/dev").glob("kfd"), *Path("/dev").glob("dxg")]
    if sys.platform == "linux" and not device_files:  # NVIDIA, ROCm, WSL
        return 0
    return devices().cuda_count


def model_names() -> dict[str, list[str]]:
    """Return the names that ``--model`` takes, by task."""
    names: dict[str, list[str]] = _ask_cached({"ask": "model_names"})
    return names


def _ask_cached(question: dict[str, Any]) -> Any:
    versions = [__version__, _source_stamp(), *(importlib.metadata.version(name) for name in ("torch", "torchvision"))]
    key = hashlib.sha256(json.dumps([versions, question], sort_keys=True).encode()).hexdigest()[:24]
    path = cache_root() / "facts" / f"{key}.json"
    if question.get("weights") is not None:
        return _ask(question)  # a file of weights may change
    with contextlib.suppress(OSError, ValueError):
        return json.loads(path.read_text(encoding="utf-8"))
    answer = _ask(question)
    with contextlib.suppress(OSError):  # a cache that cannot be written costs time, nothing else
        write_atomically(path, json.dumps(answer))
    return answer


def _source_stamp() -> str:
    """Return what changes when a file of the package does: an editable install keeps its version meanwhile."""
    files = sorted(Path(rsbench.__file__).parent.glob("**/*.py"))
    stamps = "".join(f"{path.name}{path.stat().st_mtime_ns}" for path in files)
    return hashlib.sha256(stamps.encode()).hexdigest()[:12]


def _ask(question: dict[str, Any]) -> Any:
    environment = {**os.environ, "PYTHONSAFEPATH": "1"}
    command = [sys.executable, "-m", "rsbench.planning.probe_worker", json.dumps(question)]
    done = subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=end_with_parent(os.getpid()),
    )
    try:
        reply = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise RsbenchError(f"torch could not be asked for {question['ask']} ({last}); run `rsbench doctor`.") from None
    if "error" in reply:
        raise RsbenchError(reply["error"])
    return reply["answer"]
