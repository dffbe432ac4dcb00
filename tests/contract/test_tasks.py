"""What holds for every task of the table, on a small generated data set of each."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import task_data
import torch
from numpy.typing import NDArray
from PIL import Image
from rank_threads import in_ranks
from torch import nn

from rsbench.compressors import parse
from rsbench.loaders.batches import Batch
from rsbench.measure.log import RunLog
from rsbench.metrics import facts_of
from rsbench.planning import job, probe, probe_worker
from rsbench.planning.job import LocatedDataset
from rsbench.results import schema
from rsbench.results.folder import CellFolder
from rsbench.tasks import TASKS, Networks, Task
from rsbench.train.loop import Training

CPU = torch.device("cpu")
OF_A_TEST = {"loss", "samples"}
"""What every test gives beside its metrics and details."""


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have questions about models answered here instead of in a process that imports torch once more."""
    answers: dict[str, Callable[..., Any]] = probe_worker._ANSWERS
    monkeypatch.setattr(probe, "_ask_cached", lambda question: answers[question.pop("ask")](**question))


@pytest.fixture(scope="module", params=TASKS)
def small(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> task_data.Small:
    return task_data.prepared(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture
def kind(small: task_data.Small) -> type[Task]:
    return TASKS[small.dataset.task]


@pytest.fixture
def task(small: task_data.Small, kind: type[Task]) -> Task:
    return kind(small.cell(), small.folder, CPU)


def networks_of(kind: type[Task], small: task_data.Small, **changes: Any) -> dict[str, nn.Module]:
    cell = small.cell()
    torch.manual_seed(3)
    return kind.build(cell.model, small.survey.inputs, image_size=small.image_size, **changes)


def shapes_and_dtypes(batch: Batch) -> list[tuple[tuple[int, ...], torch.dtype]]:
    return [(tuple(tensor.shape), tensor.dtype) for tensor in batch]


def test_an_example_is_as_the_reader_reads(small: task_data.Small, kind: type[Task], task: Task) -> None:
    example = kind.example(small.survey.inputs, image_size=small.image_size, samples=5)
    for rng in (None, torch.Generator().manual_seed(0)):
        assert shapes_and_dtypes(task.reader.read(task.train[:5], rng)) == shapes_and_dtypes(example)


def test_what_a_plan_knows_is_what_the_prepared_data_hold(small: task_data.Small, task: Task) -> None:
    assert task.inputs == small.survey.inputs
    for seed in (0, 1):
        cell = small.cell(seed=seed)
        known = small.survey.train_samples(cell.split, cell.derived_seed)
        assert (
            known
            == len(type(task)(cell, small.folder, CPU).train)
            == type(task)(cell, small.folder, CPU).facts()["train"]
        )


def test_a_loss_reaches_its_network_and_no_other(kind: type[Task], task: Task, small: task_data.Small) -> None:
    networks = networks_of(kind, small)
    every = {id(p): p for network in networks.values() for p in network.parameters()}
    named = []
    for name, loss in kind.losses(networks, task.reader.read(task.train[:8], None)):
        loss.backward()
        reached = {number for number, parameter in every.items() if parameter.grad is not None}
        assert reached == {id(p) for p in networks[name].parameters() if p.requires_grad}, name
        named.append(name)
        for parameter in every.values():
            parameter.grad = None
    assert named == list(networks), "one loss a network, in their order"


def test_networks_are_drawn_from_torchs_global_generator(kind: type[Task], small: task_data.Small) -> None:
    random.seed(0)
    np.random.seed(0)
    own_states = random.getstate(), np.random.get_state()[1].tolist()
    first = flat(networks_of(kind, small))
    assert own_states == (random.getstate(), np.random.get_state()[1].tolist()), "no other generator is drawn from"
    random.seed(1)
    np.random.seed(1)
    assert torch.equal(flat(networks_of(kind, small)), first)
    torch.manual_seed(4)
    other = kind.build(small.cell().model, small.survey.inputs, image_size=small.image_size)
    assert not torch.equal(flat(other), first)


def flat(networks: Networks) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for network in networks.values() for p in network.parameters()])


def test_networks_are_built_and_run_without_memory(kind: type[Task], small: task_data.Small) -> None:
    with torch.device("meta"):
        networks = networks_of(kind, small)
        for _, loss in kind.losses(networks, kind.example(small.survey.inputs, image_size=small.image_size, samples=2)):
            assert loss.is_meta and loss.shape == ()
    assert all(tensor.is_meta for network in networks.values() for tensor in network.state_dict().values())


def test_a_probed_model_is_the_one_that_is_built(kind: type[Task], small: task_data.Small) -> None:
    facts = probe.model_facts(small.dataset.task, small.cell().model, small.survey.inputs, small.image_size)
    built = networks_of(kind, small)
    assert facts.networks == {
        name: {key: tuple(p.shape) for key, p in network.named_parameters() if p.requires_grad}
        for name, network in built.items()
    }
    assert facts.flops > 0 and facts.activation_bytes > 0


class Noted:
    """A reader that keeps which samples were asked for."""

    def __init__(self, reader: Any) -> None:
        self._reader, self.seen = reader, set[int]()

    def read(self, positions: NDArray[np.int64], rng: torch.Generator | None) -> Batch:
        self.seen |= set(positions.tolist())
        batch: Batch = self._reader.read(positions, rng)
        return batch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)


def read_by(task: Task, deed: Callable[[], object]) -> set[int]:
    """Return the positions that are read meanwhile."""
    whole, task.reader = task.reader, Noted(task.reader)
    try:
        deed()
        return task.reader.seen
    finally:
        task.reader = whole


def test_what_trains_does_not_validate_and_what_tests_is_apart_or_all(
    kind: type[Task], task: Task, small: task_data.Small
) -> None:
    networks, facts = networks_of(kind, small), task.facts()
    steps = -(-facts["train"] // task_data.BATCH_SIZE)
    trained = read_by(task, lambda: list(task.batches(rank=0, workers=1, steps=steps).epoch(0)))
    validated = in_ranks(1, lambda rank: read_by(task, lambda: task.validate(networks)))[0]
    tested = in_ranks(1, lambda rank: read_by(task, lambda: task.test(networks)))[0]
    assert trained == set(task.train.tolist())
    assert (len(trained), len(validated), len(tested)) == (facts["train"], facts["val"], facts["test"])
    assert not trained & validated
    if facts_of(small.dataset.task).tests_all:
        assert trained | validated <= tested
    else:
        assert not tested & (trained | validated)


def test_any_number_of_ranks_finds_the_same(kind: type[Task], small: task_data.Small) -> None:
    networks = networks_of(kind, small)

    def scores(workers: int) -> list[Any]:
        def of_rank(rank: int) -> Any:
            mine = copy.deepcopy(networks)
            task = kind(small.cell(workers=workers), small.folder, CPU)
            return task.validate(mine), task.test(mine)

        return in_ranks(workers, of_rank)

    ((validated, tested),) = scores(1)
    metrics = facts_of(small.dataset.task)
    names = {metric.name for metric in metrics.metrics}
    assert validated is not None and "loss" in validated
    if validated.keys() != names | {"loss"}:  # where validation has no marks
        assert validated.keys() == {"loss"} and metrics.validated_by_loss
    of_samples = {"correct"} if small.dataset.task == "scenes" else set()  # what intervals over images are made from
    assert tested.keys() == names | set(metrics.details) | OF_A_TEST | of_samples
    for workers in (2, 3):
        for found in scores(workers):
            for mine, alone in zip(found, (validated, tested), strict=True):
                assert_alike(mine, alone)


def assert_alike(found: Any, wanted: Any) -> None:
    """Check that values are equal and floats almost, since sums over ranks are rounded in another order."""
    assert type(found) is type(wanted)
    if isinstance(wanted, dict):
        assert found.keys() == wanted.keys()
        assert_alike(list(found.values()), [wanted[name] for name in found])
    elif isinstance(wanted, list | tuple):
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            assert_alike(one, other)
    else:
        assert found == (pytest.approx(wanted, rel=1e-5) if isinstance(wanted, float) else wanted)


def test_a_cell_trains_as_planned_and_its_record_is_accepted(
    small: task_data.Small, kind: type[Task], tmp_path: Path, make_record: Callable[..., dict[str, Any]]
) -> None:
    located = {small.dataset.name: LocatedDataset(dataset=small.dataset, survey=small.survey)}
    (planned,) = job.solve([small.cell(epochs=2)], located)
    assert planned.task == kind.name

    def trained(rank: int) -> dict[str, Any]:
        log = RunLog(CellFolder(tmp_path).samples)
        return Training(planned.spec, parse(planned.compressor), kind, small.folder, CPU, log).run(tmp_path)

    (sections,) = in_ranks(1, trained)
    samples = [json.loads(line) for line in CellFolder(tmp_path).samples.read_text().splitlines()]
    steps = sum(sample["kind"] == "step" for sample in samples)
    assert planned.steps == steps == sections["traffic"]["steps"]
    assert sections["runtime"]["steps_per_epoch"] == planned.steps_per_epoch == planned.steps // 2
    assert sections["traffic"]["payload_bytes_total"] == planned.estimate.total_payload_bytes
    schema.check(make_record() | {"cell": planned.spec.to_dict()} | sections)

    pictures = sections["accuracy"]["pictures"]
    assert bool(pictures) == (kind.draw is not Task.draw)
    for picture in pictures:
        with Image.open(tmp_path / picture["file"]) as page:
            assert min(page.size) > 50 and len(page.convert("RGB").getcolors(1 << 24)) > 2
        assert picture["title"]
