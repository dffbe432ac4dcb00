"""Anomaly detection without processes: what it refuses, validates by, tests and draws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rsbench import roc
from rsbench.cell import CellSpec
from rsbench.datasets import get
from rsbench.datasets.anomalies.detectors import detect
from rsbench.datasets.anomalies.prepared import AnomalyScene
from rsbench.errors import RsbenchError
from rsbench.metrics import TASKS
from rsbench.tasks.anomalies import LABELS, AnomalyDetection

CPU = torch.device("cpu")


def cell(**changes: object) -> CellSpec:
    """A cell of anomaly detection."""
    asked = {"compressor": "none", "ratio": None, "lr": 0.01, "seed": 0, "workers": 1, "device": "cpu", "epochs": 1}
    data = {"dataset": "x", "dataset_fingerprint": "", "model": "bsdm:k=2", "image_size": 1, "split": "official"}
    return CellSpec.from_dict({**asked, **data, "batch_size": 4, "optimizer": "adamw", **changes})


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> AnomalyScene:
    folder = tmp_path_factory.mktemp("scene")
    made = get("synthetic-had").prepare(folder, folder, 1)
    assert isinstance(made, AnomalyScene)
    return made


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("model", ["bsdm:k=2", "aae"])
def test_a_scene_is_scored_by_what_is_left_of_it(scene: AnomalyScene, model: str, tmp_path: Path) -> None:
    task = AnomalyDetection(cell(model=model), scene.folder, CPU)
    torch.manual_seed(0)
    networks = task.build(model, task.inputs, image_size=1)
    test = task.test(networks)
    every = np.arange(scene.pixels)
    batch = task.reader.read(every, None)
    with torch.no_grad():
        left = task.method.suppress(networks, batch).numpy()
        loss = float(task.method.loss(networks, batch))
    found = detect(left, scene.height, scene.width)
    own = found["rx"] if model != "aae" else np.linalg.norm(left, axis=1)
    truth = scene.truth()
    expected = roc.scores(*roc.sides(own.reshape(truth.shape), truth))
    assert test["auc_pd_pf"] == pytest.approx(expected["auc_pd_pf"], abs=1e-5)
    assert test["loss"] == pytest.approx(loss, rel=1e-4) and test["samples"] == scene.pixels
    assert test["detectors"].keys() == task.baselines().keys() == set(LABELS.values())
    for name, title in LABELS.items():
        area = roc.scores(*roc.sides(found[name].reshape(truth.shape), truth))["auc_pd_pf"]
        assert test["detectors"][title]["auc_pd_pf"] == pytest.approx(area, abs=1e-4)
        assert task.baselines()[title] == scene.baselines[name]
    [picture] = task.draw(networks, tmp_path)
    with Image.open(tmp_path / picture["file"]) as page:
        assert page.width > 4 * scene.width and "none" in picture["title"]


@pytest.mark.usefixtures("alone")
def test_the_loss_is_recorded_beside_the_noise(scene: AnomalyScene) -> None:
    task = AnomalyDetection(cell(), scene.folder, CPU)
    networks = task.build("bsdm:k=1", task.inputs, image_size=1)
    facts, test = task.facts(), task.test(networks)
    variance = facts["suppression"]["noise_variance"]
    assert test["loss_share"] == pytest.approx(test["loss"] / variance)
    assert (facts["suppression"]["k"], facts["pixels_per_step"]) == (2, 4)
    assert facts["anomalies"] == scene.truth().sum() and facts["classes"] == ["background", "anomaly"]
    other = AnomalyDetection(cell(model="aae"), scene.folder, CPU)
    assert other.facts()["suppression"]["noise_variance"] is None
    assert other.test(other.build("aae", other.inputs, image_size=1))["loss_share"] is None


@pytest.mark.usefixtures("alone")
def test_marks_play_no_part_in_validation(scene: AnomalyScene) -> None:
    task = AnomalyDetection(cell(), scene.folder, CPU)
    networks = task.build("bsdm", task.inputs, image_size=1)
    with torch.no_grad():
        expected = float(task.method.loss(networks, task.reader.read(task.val, None)))
    validated = task.validate(networks)
    assert validated is not None and validated == {"loss": pytest.approx(expected, rel=1e-5)}
    assert TASKS["anomalies"].validated_by_loss
    assert networks[""].training, "training goes on after it"
    assert not set(task.train) & set(task.val) and len(task.train) + len(task.val) == scene.pixels


@pytest.mark.usefixtures("alone")
def test_diverged_weights_give_a_loss_that_says_so(scene: AnomalyScene) -> None:
    task = AnomalyDetection(cell(), scene.folder, CPU)
    networks = task.build("bsdm", task.inputs, image_size=1)
    with torch.no_grad():
        next(networks[""].parameters()).fill_(float("nan"))
    for scores in (task.validate(networks), task.test(networks)):
        assert scores is not None and np.isnan(scores["loss"])


@pytest.mark.usefixtures("alone")
def test_passes_that_leave_no_numbers_get_a_sentence(scene: AnomalyScene) -> None:
    task = AnomalyDetection(cell(), scene.folder, CPU)
    left = np.full((scene.pixels, scene.bands), np.inf, dtype=np.float32)
    with pytest.raises(RsbenchError, match=r"no number when it suppressed the background: lower --lr \(it was 0.01\)"):
        task._detect(left)


@pytest.mark.usefixtures("alone")
def test_clients_have_stripes_of_the_scene(scene: AnomalyScene) -> None:
    task = AnomalyDetection(cell(workers=3, partition="blocks"), scene.folder, CPU)
    rows = [own // scene.width for own in task.clients]
    assert rows[0].max() <= rows[1].min() and rows[1].max() <= rows[2].min()
    assert sum(map(len, task.clients)) == len(task.train)


def test_weights_and_percentages_are_refused(scene: AnomalyScene) -> None:
    with pytest.raises(RsbenchError, match="leave them out"):
        AnomalyDetection.build("bsdm", {"bands": 4}, image_size=1, weights="DEFAULT")
    with pytest.raises(RsbenchError, match="--split 50/50 does not go with anomaly detection"):
        AnomalyDetection(cell(split="50/50"), scene.folder, CPU)
