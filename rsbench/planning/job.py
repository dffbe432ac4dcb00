"""From cells to jobs: find the data, learn the model's shapes, solve for the bytes, write what a worker reads."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from rsbench import cell, compressors, datasets
from rsbench.cell import CellSpec
from rsbench.datasets.base import DataNotFound, Dataset, Survey
from rsbench.errors import RsbenchError
from rsbench.links.wire import wire_bytes
from rsbench.planning import probe
from rsbench.planning.estimate import Estimate
from rsbench.planning.grid import DatasetDefaults
from rsbench.planning.phases import PlannedPhase, check_phases, match, planned_phases, rounds_of, score_exchanges
from rsbench.planning.probe import ModelFacts
from rsbench.planning.task_options import check_options
from rsbench.recipe.phases import Phase, phases_of
from rsbench.results.folder import CellFolder, write_file
from rsbench.results.schema import SCHEMA


@dataclass(frozen=True, kw_only=True)
class LocatedDataset:
    """A data set: its facts, and what a survey found.

    Attributes:
        dataset: its facts.
        survey: what was found, or what a complete release holds.
        is_on_disk: False where only that is known.
    """

    dataset: Dataset
    survey: Survey
    is_on_disk: bool = True

    @property
    def defaults(self) -> DatasetDefaults:
        """What cells take from the data set."""
        dataset = self.dataset
        return DatasetDefaults(
            fingerprint=self.survey.fingerprint,
            model=self.survey.model or dataset.model,
            optimizer=dataset.optimizer,
            lr=dataset.lr,
            epochs=dataset.epochs,
            batch_size=dataset.batch_size,
            image_size=dataset.image_size,
        )


def find_datasets(
    names: Iterable[str],
    data_root: Path,
    *,
    strict: bool,
    planned: bool = False,
    optional: Container[str] = (),
) -> dict[str, LocatedDataset]:
    """Find each data set below the data root.

    Args:
        names: of the data sets.
        data_root: folder that holds them.
        strict: refuse incomplete releases.
        planned: take what a release declares where a data set is missing.
        optional: names that are left out where they are missing.

    Raises:
        RsbenchError: unknown, missing, or incomplete and ``strict``.
    """
    located: dict[str, LocatedDataset] = {}
    missing: dict[str, RsbenchError] = {}
    for name in names:
        dataset = datasets.get(name)
        try:
            survey = dataset.survey(data_root)
        except RsbenchError as error:
            is_absent = isinstance(error, DataNotFound)
            declared = dataset.declared(data_root) if planned and is_absent else None
            if declared is not None:
                located[name] = LocatedDataset(dataset=dataset, survey=declared, is_on_disk=False)
            elif not (is_absent and name in optional):
                missing[name] = error
            continue
        if survey.part and strict:
            raise RsbenchError(
                f"{dataset.title} at {survey.where} is incomplete ({survey.part}) and --strict-data was asked for:"
                f' complete it ("rsbench data fetch {name} --data-root {data_root}") or leave that option out.'
            )
        located[name] = LocatedDataset(dataset=dataset, survey=survey)
    if missing:
        (_, first), *others = missing.items()
        absent = [name for name, error in others if isinstance(error, DataNotFound)]
        broken = [name for name, error in others if not isinstance(error, DataNotFound)]
        more = f" Also not found: {', '.join(absent)}." if absent else ""
        more += f" Not usable either: {', '.join(broken)}." if broken else ""
        there = f" To run what is there alone: {' '.join(f'--dataset {name}' for name in located)}." if located else ""
        raise RsbenchError(f"{first}{more}{there}") from first
    return located


@dataclass(frozen=True, kw_only=True)
class Job:
    """A cell that is ready to run.

    Attributes:
        spec: the cell as asked for, with the length of its rounds where the ratio chooses it.
        task: name of its data set's task.
        compressor: canonical text after matching, with the setting that gives the asked ratio.
        steps_per_epoch: optimizer steps in an epoch of the last phase.
        steps: optimizer steps of the whole run.
        estimate: bytes and memory that it will take.
        phases: what each phase takes; empty where there is one.
    """

    spec: CellSpec
    task: str
    compressor: str
    steps_per_epoch: int
    steps: int
    estimate: Estimate
    phases: tuple[PlannedPhase, ...] = ()

    @property
    def epochs(self) -> int:
        """Epochs that are begun within ``steps``."""
        if self.phases:
            return sum(phase.epochs for phase in self.phases)
        return -(-self.steps // self.steps_per_epoch)

    @property
    def score_bytes(self) -> int:
        """What one worker hands over to exchange scores, beside the payload."""
        return sum(phase.score_bytes for phase in self.phases)

    @property
    def sent_bytes(self) -> int:
        """What one worker hands over in the run: payload and scores."""
        return self.estimate.total_payload_bytes + self.score_bytes

    @property
    def wire_bytes(self) -> float:
        """What one worker sends in the run, headers included, as modelled: payload and scores."""
        scores = score_exchanges(self.phases)
        return self.estimate.wire_bytes + sum(
            wire_bytes(one.op, one.payload_bytes, self.spec.workers, calls=one.calls) for one in scores
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what other nodes need to run the same cell."""
        return {**asdict(self), "spec": self.spec.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Job:
        """Build a job from what ``to_dict`` gave on another node."""
        spec = CellSpec.from_dict(values["spec"])
        phases = tuple(PlannedPhase(**phase) for phase in values.get("phases", ()))
        return cls(**{**values, "spec": spec, "estimate": Estimate.from_dict(values["estimate"]), "phases": phases})


def solve(specs: Sequence[CellSpec], located: Mapping[str, LocatedDataset]) -> list[Job]:
    """Match bytes for every cell; nothing is launched when one is out of reach.

    Args:
        specs: the cells.
        located: their data sets.

    Raises:
        RsbenchError: a world size above the number of training images, an unknown model, a ratio out of reach, a
            partition, a choice of samples or an option that the task or its data cannot have.
    """

    @cache
    def samples(dataset: str, image_size: int, split: str, seed: int) -> int:
        return located[dataset].survey.sized(image_size).train_samples(split, seed)

    @cache
    def facts(model: str, dataset: str, image_size: int, weights: str | None) -> ModelFacts:
        task, inputs = located[dataset].dataset.task, located[dataset].survey.inputs
        try:
            return probe.model_facts(task, model, inputs, image_size, weights)
        except RsbenchError as error:
            raise _of_another_task(model, task) or error from None

    matched: dict[tuple[CellSpec, tuple[Phase, ...]], tuple[str, Estimate]] = {}
    jobs: list[Job] = []
    for spec in specs:
        data = located[spec.dataset]
        check_options(spec, task=data.dataset.task)
        spec.partitioning.check(task=data.dataset.task, inputs=data.survey.inputs, workers=spec.workers)
        spec.pruning.check(task=data.dataset.task, partition=spec.partition)
        train = samples(spec.dataset, spec.image_size, spec.split, spec.derived_seed)
        phases = phases_of(spec, train)
        model = facts(spec.model, spec.dataset, spec.image_size, spec.weights)
        spec = rounds_of(spec, phases, model)  # noqa: PLW2901
        check_phases(spec, phases)
        question = (replace(spec, seed=0, lr=1.0), phases)  # seeds and learning rates change no bytes
        if question not in matched:
            matched[question] = match(*question, model)
        text, estimate = matched[question]
        jobs.append(
            Job(
                spec=spec,
                task=data.dataset.task,
                compressor=text,
                steps_per_epoch=phases[-1].per_epoch,
                steps=sum(phase.steps for phase in phases),
                estimate=estimate,
                phases=planned_phases(spec, phases, text, model, classes=data.survey.inputs.get("classes", 0)),
            )
        )
    return jobs


def _of_another_task(model: str, task: str) -> RsbenchError | None:
    """Return what to do about a model of ours for other tasks; None for all others."""
    tasks = probe.tasks_of(model)
    if not tasks or task in tasks:
        return None
    of_task = [(not kind.synthetic, name) for name, kind in datasets.DATASETS.items() if kind.task == tasks[0]]
    _, example = min(of_task, key=lambda one: one[0])  # a generated one, else the first
    return RsbenchError(f"{model} is {probe.words_of(tasks)}: add --dataset, such as {example}.")


def write_job(
    folder: CellFolder,
    job: Job,
    *,
    data: Path,
    argv: Sequence[str],
    provenance: Mapping[str, Any],
    loggers: Sequence[str] = (),
    trace: bool = False,
    keep_weights: bool = False,
    checkpoints: Mapping[str, Any] | None = None,
    restarts: int = 0,
) -> None:
    """Write what the workers are to do.

    Args:
        folder: of this try at the cell; made if missing.
        job: what to run.
        data: folder of the prepared data set.
        argv: the user's command.
        provenance: of this command.
        loggers: names of loggers that get the numbers, too.
        trace: have a trace of some steps written.
        keep_weights: have the final weights written.
        checkpoints: where and how often to save, as :meth:`rsbench.planning.survival.Survival.order` gives it.
        restarts: how often this command has started the workers again.

    Raises:
        RsbenchError: the folder cannot be written.
    """
    content = {
        "cell": job.spec.to_dict(),
        "compressor": job.compressor,
        "task": job.task,
        "data": str(data.resolve()),
        "loggers": list(loggers),
        "trace": trace,
        "keep_weights": keep_weights,
        "checkpoints": checkpoints,
        "restarts": restarts,
        "steps_per_epoch": job.steps_per_epoch,
        "argv": list(argv),
        "provenance": dict(provenance),
    }
    write_file(folder.job, json.dumps(content, indent=1) + "\n")


def failed_record(
    job: Job, *, status: str, reason: str, started_utc: str, wall_s: float, provenance: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the record of a cell that gave no numbers."""
    compressor = compressors.parse(job.compressor)
    return {
        "schema": SCHEMA,
        "key": job.spec.key,
        "key_version": cell.KEY_VERSION,
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
