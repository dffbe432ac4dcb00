"""Before the first step ranks compare what they are about to do: ranks that differ would train on nonsense."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

import rsbench
from rsbench.cell import CellSpec
from rsbench.datasets.io.prepared_folder import content_digests
from rsbench.errors import RsbenchError
from rsbench.measure.gather import gather_json
from rsbench.models.origin import source_of
from rsbench.tasks import Networks, Task


def digest(*parts: Any) -> str:
    """Return the first 16 hexadecimal digits of a SHA-256 over texts, bytes and arrays."""
    sha = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes | memoryview) else repr(part).encode()
        sha.update(len(data).to_bytes(8, "little"))
        sha.update(data)
    return sha.hexdigest()[:16]


def weights_digest(networks: Mapping[str, nn.Module]) -> str:
    """Return a digest of all parameters and buffers, by name, bit for bit."""
    parts: list[Any] = []
    for name, network in networks.items():
        for key, tensor in network.state_dict().items():
            raw = tensor.detach().cpu().contiguous().view(-1).view(torch.uint8)
            parts += [f"{name}.{key}", memoryview(raw.numpy())]
    return digest(*parts)


def package_digest() -> str:
    """Return a digest of rsbench's own source files."""
    root = Path(rsbench.__file__).parent
    files = sorted(path for path in root.rglob("*.py") if "__pycache__" not in path.parts)
    return digest(*(part for path in files for part in (str(path.relative_to(root)), path.read_bytes())))


def facts_of_run(
    cell: CellSpec, compressor: str, task: Task, folder: Path, built: Networks, samples: NDArray[np.int64]
) -> dict[str, str]:
    """Return what all ranks must have alike, before DDP hands rank 0's weights to the others.

    Args:
        cell: what runs.
        compressor: its text, with the density that was solved.
        task: bound to its data.
        folder: of the prepared data.
        built: networks with their initial weights.
        samples: positions of the samples that the first phase trains on, shape [n].
    """
    return {
        "the cell": digest(cell.to_dict(), compressor),
        "the data": digest(sorted(content_digests(folder).items())),
        "the split of the samples": digest(*(part.tobytes() for part in (task.train, *task.clients, samples))),
        "the initial weights": weights_digest(built),
        "the model's code": source_of(cell.model) or "rsbench's",
        "rsbench's files": package_digest(),
        "the version of torch": torch.__version__,
    }


def agree(facts: Mapping[str, str], *, lost: str = "nothing was trained") -> None:
    """Return when all ranks have the same facts; a collective call.

    Args:
        facts: what is compared, in a user's words -> its digest or value.
        lost: what does not happen where they differ, in words.

    Raises:
        RsbenchError: on every rank, the same sentence: which rank differs from rank 0, and in what.
    """
    every = gather_json(dict(facts))
    for rank, theirs in enumerate(every):
        odd = [what for what in every[0] if theirs.get(what) != every[0][what]]
        if odd:
            raise RsbenchError(
                f"Rank {rank} differs from rank 0 in {' and '.join(odd)}, so {lost}: give every rank the"
                " same command, files and version of rsbench."
            )


def agree_on_run(
    cell: CellSpec, compressor: str, task: Task, folder: Path, built: Networks, samples: NDArray[np.int64]
) -> None:
    """Return when all ranks are about to do the same, and with the code that was planned; a collective call.

    Args:
        cell: what runs.
        compressor: its text, with the density that was solved.
        task: bound to its data.
        folder: of the prepared data.
        built: networks with their initial weights.
        samples: positions of the samples that the first phase trains on, shape [n].

    Raises:
        RsbenchError: on every rank, the same sentence: ranks differ, or an own model's code has changed meanwhile.
    """
    agree(facts_of_run(cell, compressor, task, folder, built, samples))
    if source_of(cell.model) != cell.model_source:
        raise RsbenchError(
            f"The code of {cell.model} has changed since this cell was planned; run the command again to train the "
            "code as it is now."
        )


def agree_on_phase(built: Networks, samples: NDArray[np.int64]) -> None:
    """Return when all ranks are about to begin a later phase alike; a collective call.

    Args:
        built: networks that the phase begins with.
        samples: positions of the samples that it trains on, shape [n].

    Raises:
        RsbenchError: on every rank, the same sentence: ranks differ.
    """
    kept, weights = digest(samples.tobytes()), weights_digest(built)
    facts = {"the samples that were kept": kept, "the weights to begin with": weights}
    agree(facts, lost="training on the kept samples did not begin")
