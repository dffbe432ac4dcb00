"""Change detection without processes: every number of ranks counts alike, own models, pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist
from PIL import Image
from torch import nn

from rsbench.cell import CellSpec
from rsbench.datasets import get
from rsbench.errors import RsbenchError
from rsbench.metrics import facts_of
from rsbench.models.changes.base import ChangeNetwork, LogitsNetwork, Outputs
from rsbench.tasks import change_counts
from rsbench.tasks.changes import ChangeDetection

CPU = torch.device("cpu")
MODEL = "fc-siam-diff:width=1"
OWN = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, in_channels, maps=2):
        super().__init__()
        self.conv = nn.Conv2d(2 * in_channels, maps, 3, padding=1)

    def forward(self, before, after):
        return self.conv(torch.cat([before, after], 1))
"""


def cell(**changes: object) -> CellSpec:
    """A cell of change detection."""
    asked = {"compressor": "none", "ratio": None, "lr": 0.01, "seed": 0, "workers": 1, "device": "cpu", "epochs": 1}
    data = {"dataset": "x", "dataset_fingerprint": "", "model": MODEL, "image_size": 32, "split": "official"}
    return CellSpec.from_dict({**asked, **data, "batch_size": 4, "optimizer": "adam", **changes})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The synthetic pairs, prepared in tiles of 32 px."""
    cache = tmp_path_factory.mktemp("cache")
    return get("synthetic-changes").prepare(cache, cache, 32).folder


def built(task: ChangeDetection) -> dict[str, nn.Module]:
    """Networks from a fixed seed."""
    torch.manual_seed(0)
    return task.build(task.cell.model, task.inputs, image_size=32)


@pytest.fixture
def ranks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """What lets a task be one of several ranks, each of which adds to the sums of those before it."""

    def as_ranks(workers: int, run: Any) -> Any:
        sums: list[torch.Tensor] = []

        def add(flat: torch.Tensor) -> None:
            flat += sums[-1] if sums else 0
            sums.append(flat.clone())

        monkeypatch.setattr(dist, "get_world_size", lambda: workers)
        monkeypatch.setattr(dist, "all_reduce", add)
        for rank in range(workers):
            monkeypatch.setattr(dist, "get_rank", lambda rank=rank: rank)
            result = run()
        assert len(sums) == workers, "one all-reduce on each rank"
        return result

    yield as_ranks


def test_one_two_and_three_ranks_find_the_same(folder: Path, ranks: Any) -> None:
    task = ChangeDetection(cell(), folder, CPU)
    networks = built(task)
    alone, *others = (ranks(workers, lambda: task.test(networks)) for workers in (1, 2, 3))
    for other in others:
        assert other["loss"] == pytest.approx(alone["loss"], rel=1e-5), "sums of ranks are rounded in another order"
        assert {**other, "loss": 0} == {**alone, "loss": 0}
    labels = np.asarray(task.data.labels()[task.parts.test])
    assert np.array(alone["confusion"]).sum(1).tolist() == [(labels == 0).sum(), (labels == 1).sum()]
    assert alone["samples"] == len(task.parts.test) and alone["uncertainty"].keys() == {"entropy"}
    share = (labels == 1).sum() / (labels != 255).sum()
    assert task.baselines()["all change"]["f1"] == pytest.approx(2 * share / (1 + share))


def test_a_rank_without_a_tile_adds_nothing(folder: Path, ranks: Any) -> None:
    task = ChangeDetection(cell(), folder, CPU)
    networks = built(task)
    few = task.parts.test[:2]

    def confusion() -> list[list[int]]:
        found: list[list[int]] = task.count(networks, few, with_uncertainty=True).confusion.tolist()
        return found

    assert ranks(1, confusion) == ranks(3, confusion)


class Five(LogitsNetwork):
    """A network with two parts of its loss and an uncertainty of its own."""

    def __init__(self) -> None:
        super().__init__(3, 32)
        self.conv = nn.Conv2d(6, 2, 1)

    def forward(self, before_BCHW: torch.Tensor, after_BCHW: torch.Tensor) -> Outputs:
        """Return two logits."""
        return (self.conv(torch.cat([before_BCHW, after_BCHW], 1)),)

    def loss_parts(
        self, outputs: Outputs, labels_BHW: torch.Tensor, class_weights: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """Return the cross-entropy and a constant."""
        return {**super().loss_parts(outputs, labels_BHW, class_weights), "extra": outputs[0].sum() * 0 + 2}

    def uncertainty(self, outputs: Outputs) -> torch.Tensor:
        """Return one value everywhere."""
        return torch.full_like(self.probability(outputs), 0.5)


@pytest.mark.usefixtures("alone")
def test_parts_of_the_loss_and_the_networks_uncertainty_are_told(folder: Path) -> None:
    task = ChangeDetection(cell(), folder, CPU)
    scores = task.validate({"": Five()})
    assert scores is not None and scores["loss_extra"] == pytest.approx(2)
    assert scores["loss"] == pytest.approx(scores["loss_cross_entropy"] + 2)
    test = task.test({"": Five()})
    assert test["uncertainty"]["network"]["auroc"] == 0.5 and test["uncertainty"].keys() == {"network", "entropy"}
    plain = task.validate(built(task))
    assert plain is not None and not any(name.startswith("loss_") for name in plain)


@pytest.mark.usefixtures("alone")
def test_diverged_weights_give_a_loss_that_says_so(folder: Path) -> None:
    task = ChangeDetection(cell(), folder, CPU)
    networks = built(task)
    nn.init.constant_(networks[""].head.bias, float("nan"))
    assert np.isnan(task.test(networks)["loss"])


def test_label_smoothing_is_refused_and_clients_are_not_dealt_by_class(folder: Path) -> None:
    with pytest.raises(RsbenchError, match=r"--label-smoothing 0\.1: .*leave it out"):
        ChangeDetection(cell(label_smoothing=0.1), folder, CPU)
    with pytest.raises(RsbenchError, match="no classes"):
        _ = ChangeDetection(cell(workers=2, partition="classes:1"), folder, CPU).clients


@pytest.mark.parametrize("maps", [1, 2])
@pytest.mark.usefixtures("alone")
def test_an_own_model_of_one_or_two_logits_trains(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, maps: int
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"own_changes_{maps}.py").write_text(OWN)
    task = ChangeDetection(cell(model=f"own_changes_{maps}.py:Net:maps={maps}"), folder, CPU)
    networks = built(task)
    assert set(dict(networks[""].named_parameters())) == {"conv.weight", "conv.bias"}
    batch = task.reader.read(task.train[:4], None)
    optimizer = torch.optim.Adam(networks[""].parameters(), lr=0.05)
    losses = []
    for _ in range(8):
        ((_, loss),) = task.losses(networks, batch)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]
    test = task.test(networks)
    assert 0 <= test["oa"] <= 1 and not isinstance(networks[""], ChangeNetwork)


@pytest.mark.usefixtures("alone")
def test_pictures_show_whole_test_pictures_in_their_order(folder: Path, tmp_path: Path) -> None:
    task = ChangeDetection(cell(), folder, CPU)
    (drawn,) = task.draw(built(task), tmp_path)
    assert "6 test pictures" in drawn["title"] and "blue" in drawn["title"]
    with Image.open(tmp_path / drawn["file"]) as page:
        assert page.size[0] > 5 * 256 and page.size[1] > 6 * 256


def test_scores_name_the_metrics_of_the_task() -> None:
    scores = change_counts.scores_of(np.array([[5, 1], [2, 3]]))
    assert list(scores) == [metric.name for metric in facts_of("changes").metrics]
