"""From cells to jobs: find the data, learn the model's shapes, solve for the bytes, write what a worker reads."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rsbench import results
from rsbench.errors import RsbenchError
from rsbench.plan import DatasetDefaults
from rsbench.spec import CellSpec

if TYPE_CHECKING:
    from rsbench.budget import Estimate
    from rsbench.datasets.base import SceneDataset, Source

JOB_NAME = "job.json"


@dataclass(frozen=True, kw_only=True)
class Found:
    """A data set that stands on disk.

    Attributes:
        dataset: its facts.
        source: its pictures, not yet decoded.
        fingerprint: of names and sizes.
        part: words for an incomplete release, else None.
    """

    dataset: SceneDataset
    source: Source
    fingerprint: str
    part: str | None

    @property
    def defaults(self) -> DatasetDefaults:
        """What cells take from the data set."""
        return DatasetDefaults(
            fingerprint=self.fingerprint, epochs=self.dataset.epochs, image_size=self.dataset.image_size
        )

    def train_images(self, split: str, seed: int) -> int:
        """Return how many images train, without decoding any."""
        import numpy as np

        from rsbench.datasets import split as splits

        labels = np.array([picture.label for picture in self.source.pictures], dtype=np.int64)
        if split != "official":
            return len(splits.drawn(splits.parse_percent(split), labels, seed).train)
        if self.source.lists is not None:
            return len(splits.official(self.source.lists, self.source.lists_note, labels, seed).train)
        return len(splits.drawn(splits.DEFAULT_PERCENT, labels, seed).train)


def find_datasets(names: Iterable[str], data_root: Path, *, strict: bool) -> dict[str, Found]:
    """Find each data set below the data root.

    Args:
        names: of the data sets.
        data_root: folder that holds them.
        strict: refuse incomplete releases.

    Raises:
        RsbenchError: unknown, missing, or incomplete and ``strict``.
    """
    from rsbench import datasets

    found: dict[str, Found] = {}
    for name in names:
        dataset = datasets.get(name)
        source = dataset.locate(data_root)
        part = dataset.part(source)
        if part and strict:
            raise RsbenchError(
                f"{dataset.title} at {source.where} is incomplete ({part}) and --strict-data was asked for: complete it"
                f' ("rsbench data fetch {name} --data-root {data_root}") or leave that option out.'
            )
        found[name] = Found(dataset=dataset, source=source, fingerprint=source.fingerprint(), part=part)
    return found


@dataclass(frozen=True, kw_only=True)
class Job:
    """A cell that is ready to run.

    Attributes:
        spec: the cell as asked for.
        compressor: canonical text after matching, with the density that gives the asked ratio.
        train_images: in this cell's split.
        steps_per_epoch: optimizer steps.
        estimate: bytes and memory that it will take.
    """

    spec: CellSpec
    compressor: str
    train_images: int
    steps_per_epoch: int
    estimate: Estimate

    @property
    def steps(self) -> int:
        """Optimizer steps of the whole run."""
        steps = self.spec.epochs * self.steps_per_epoch
        return steps if self.spec.max_steps is None else min(steps, self.spec.max_steps)


def solve(specs: Sequence[CellSpec], found: Mapping[str, Found]) -> list[Job]:
    """Match bytes for every cell; nothing is launched when one is out of reach.

    Args:
        specs: the cells.
        found: their data sets.

    Raises:
        RsbenchError: a world size above the number of training images, an unknown model, a ratio out of reach.
    """
    from rsbench import budget, compressors, probe

    images: dict[tuple[str, str, int], int] = {}
    jobs: list[Job] = []
    for spec in specs:
        data = found[spec.dataset]
        place = (spec.dataset, spec.split, spec.seed)
        if place not in images:
            images[place] = data.train_images(spec.split, spec.seed)
        if spec.workers > images[place]:
            raise RsbenchError(
                f"{spec.workers} workers are more than the {images[place]} training images of {spec.dataset} with the"
                f" split {spec.split}: every worker needs at least one, so ask for fewer workers."
            )
        steps_per_epoch = spec.steps_per_epoch(images[place])
        total = spec.epochs * steps_per_epoch
        steps = total if spec.max_steps is None else min(total, spec.max_steps)
        facts = probe.model_facts(spec.model, len(data.source.class_names), spec.image_size, weights=spec.weights)
        compressor = compressors.parse(spec.compressor)
        if spec.ratio is not None:
            compressor = budget.match_bytes(
                compressor,
                facts,
                ratio=spec.ratio,
                match=spec.match,
                workers=spec.workers,
                steps=steps,
                steps_per_epoch=steps_per_epoch,
            )
        estimate = budget.estimate(
            compressor, facts, workers=spec.workers, steps=steps, steps_per_epoch=steps_per_epoch
        )
        jobs.append(
            Job(
                spec=spec,
                compressor=compressor.text,
                train_images=images[place],
                steps_per_epoch=steps_per_epoch,
                estimate=estimate,
            )
        )
    return jobs


def derived_seeds(spec: CellSpec) -> dict[str, int]:
    """Return the seeds of split, weights and batches: by data set and repeat, never by compressor."""
    seeds = {"split": spec.seed}
    for use in ("weights", "batches"):
        digest = hashlib.sha256(f"{use} {spec.dataset} {spec.seed}".encode()).digest()
        seeds[use] = int.from_bytes(digest[:4], "big") >> 1
    return seeds


def write_job(
    folder: Path, job: Job, *, scenes: Path, argv: Sequence[str], provenance: Mapping[str, Any], threads: int = 1
) -> None:
    """Clear what an earlier try left in the cell's folder and write ``job.json``.

    Args:
        folder: the cell's; made if missing.
        job: what to run.
        scenes: folder of the prepared data set.
        argv: the user's command.
        provenance: of this command.
        threads: compute threads of a worker.

    Raises:
        RsbenchError: the folder cannot be written.
    """
    content = {
        "cell": job.spec.to_dict(),
        "compressor": job.compressor,
        "scenes": str(scenes.resolve()),
        "steps_per_epoch": job.steps_per_epoch,
        "threads": threads,
        "argv": list(argv),
        "seeds": derived_seeds(job.spec),
        "provenance": dict(provenance),
    }
    temporary = folder / f".{JOB_NAME}.{os.getpid()}.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for pattern in ("record.json", "samples.jsonl", "error-rank*.json", "rank*.log", "launcher.log"):
            for old in folder.glob(pattern):
                old.unlink()
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        os.replace(temporary, folder / JOB_NAME)
    except OSError as error:
        raise results.folder_error(error, folder) from error


def failed_record(
    job: Job, *, status: str, reason: str, started_utc: str, wall_s: float, provenance: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the record of a cell that gave no numbers."""
    from rsbench import compressors

    compressor = compressors.parse(job.compressor)
    return {
        "schema": results.SCHEMA,
        "key": job.spec.key,
        "status": status,
        "reason": reason,
        "started_utc": started_utc,
        "wall_s": wall_s,
        "cell": job.spec.to_dict(),
        "compressor": {
            "name": compressor.name,
            "text": job.compressor,
            "trains": compressor.trains,
            "matched": job.spec.ratio is not None,
        },
        **dict.fromkeys(("dataset", "model", "traffic", "time", "accuracy", "memory")),
        "provenance": dict(provenance),
    }
