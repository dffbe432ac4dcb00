"""Asks a short helper process what only torch knows; answers about models are cached per version of torch."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import importlib.metadata
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

import rsbench
from rsbench import __version__
from rsbench.atomic import write_atomically
from rsbench.console import harmless
from rsbench.errors import RsbenchError
from rsbench.metrics import facts_of
from rsbench.models.origin import may_change, shipped_sizes, source_of
from rsbench.parent_death import end_with_parent
from rsbench.paths import cache_root
from rsbench.recipe.sync import Sync

TIME_LIMIT_S: Final = 300.0
"""How long a helper process may think: an own model that hangs must not hang the command line."""


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
        RsbenchError: unknown model or weights, images too small for it, or an own model that cannot be trained.
    """
    question: dict[str, Any] = {
        "ask": "model_facts",
        "task": task,
        "model": model,
        "inputs": dict(inputs),
        "image_size": image_size,
        "weights": weights,
    }
    source = source_of(model)
    if source is not None:
        question |= {"source": source}
    with _explained(model, source):
        answer = _ask(question) if may_change(source) or weights is not None else _ask_cached(question)
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


def tasks_of(model: str) -> list[str]:
    """Return the tasks that have a model of ours, whatever its options; none for other models."""
    name = model.strip().partition(":")[0]
    if name not in shipped_sizes():
        return []
    return [task for task, names in model_names().items() if name in names]


def words_of(tasks: Sequence[str]) -> str:
    """Return ``a model of change detection``."""
    return f"a model of {' and '.join(facts_of(task).title for task in tasks)}"


def _ask_cached(question: dict[str, Any]) -> Any:
    versions = [__version__, _source_stamp(), *(importlib.metadata.version(name) for name in ("torch", "torchvision"))]
    key = hashlib.sha256(json.dumps([versions, question], sort_keys=True).encode()).hexdigest()[:24]
    path = cache_root() / "facts" / f"{key}.json"
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


@contextlib.contextmanager
def _explained(model: str, source: str | None) -> Iterator[None]:
    """Say of a helper process that gave no answer because of own code what that code did.

    Raises:
        RsbenchError: in place of :class:`_NoAnswer`.
    """
    try:
        yield
    except _NoAnswer as silent:
        if source is None:
            raise
        raise RsbenchError(f"{model} {silent.of_own_code}") from None


class _NoAnswer(RsbenchError):
    """A helper process ended or was ended without an answer.

    Args:
        ask: what it was asked for.
        why: the last that it said, or how it ended.
        of_own_code: the rest of a sentence on an own model that did this.
    """

    def __init__(self, ask: str, why: str, of_own_code: str) -> None:
        super().__init__(f"torch could not be asked for {ask} ({why}); run `rsbench doctor`.")
        self.of_own_code = of_own_code


def _ask(question: dict[str, Any]) -> Any:
    command = [sys.executable, "-m", "rsbench.planning.probe_worker", json.dumps(question)]
    ended = _run(command)
    if ended.status is None:
        late = (
            f"gave no answer within {TIME_LIMIT_S:g} s: it must build its network and take one step on two samples in "
            "that time on the CPU; look for an endless loop, a download or a question to the user."
        )
        raise _NoAnswer(question["ask"], f"no answer within {TIME_LIMIT_S:g} s", late)
    try:
        reply = json.loads(ended.printed.splitlines()[-1])
    except (IndexError, ValueError):
        raise _NoAnswer(
            question["ask"],
            ended.last_line or "no output",
            f"ended the process that looked at it ({ended.how}); let it return a model.",
        ) from None
    if "error" in reply:
        raise RsbenchError(reply["error"])
    return reply["answer"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Ended:
    """How a process ended.

    Attributes:
        status: its exit status, negative for a signal; None if it took too long.
        printed: its standard output.
        errors: its standard error.
    """

    status: int | None
    printed: str
    errors: str

    @property
    def last_line(self) -> str:
        """The last line of its standard error, made harmless; empty where it printed nothing."""
        return harmless((self.errors.strip().splitlines() or [""])[-1][:200])

    @property
    def how(self) -> str:
        """Its exit status or signal, and the last line that it printed."""
        status = self.status or 0
        names = {one.value: one.name for one in signal.Signals}
        end = f"exit status {status}" if status >= 0 else f"killed by {names.get(-status, f'signal {-status}')}"
        return f"{end}; last line printed: {self.last_line}" if self.last_line else f"{end}; it printed nothing"


def _run(command: list[str]) -> _Ended:
    """Run a process, and end whatever it started when it ends, is late, or the user interrupts.

    What it prints goes to files: a process that it leaves behind would keep pipes open.
    """
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONSAFEPATH": "1"},
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=errors,
            start_new_session=True,
            preexec_fn=end_with_parent(os.getpid()),  # noqa: PLW1509 - it allocates nothing
        )
        status: int | None = None
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                status = process.wait(TIME_LIMIT_S)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return _Ended(status=status, printed=_text(printed), errors=_text(errors))


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="backslashreplace")
