"""Background learning without processes: what is mixed in, what is scored, what learns."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rsbench.cell import CellSpec
from rsbench.compressors import parse
from rsbench.datasets import get
from rsbench.datasets.targets.synthetic_htd import SyntheticHTD
from rsbench.errors import RsbenchError
from rsbench.loaders.spectra import Spectra
from rsbench.models import autoencoder
from rsbench.tasks.maps import draw_scores
from rsbench.tasks.targets import TargetDetection
from rsbench.train.network import CompressedNetwork

CPU = torch.device("cpu")


def test_half_of_the_pixels_get_up_to_half_a_target() -> None:
    fill = autoencoder.random_fill(20_000, CPU, torch.Generator().manual_seed(0))
    assert fill.shape == (20_000, 1)
    some = fill[fill > 0]
    assert len(some) / 20_000 == pytest.approx(0.5, abs=0.02)
    assert some.max() <= 0.5 and some.mean() == pytest.approx(0.25, abs=0.01)


def test_mixing_is_linear() -> None:
    x, d = torch.rand(3, 5), torch.rand(5)
    mixed = autoencoder.implant(x, d, torch.tensor([[0.0], [0.25], [1.0]]))
    torch.testing.assert_close(mixed, torch.stack([x[0], 0.75 * x[1] + 0.25 * d, d]))


def test_scores_find_the_direction_from_background_to_target() -> None:
    torch.manual_seed(0)
    y, d = torch.randn(4, 30), torch.randn(30)
    fill = torch.tensor([[0.0], [0.1], [0.4], [-0.4]])
    x = autoencoder.implant(y, d, fill)
    score = autoencoder.detect(x, y, d, torch.full((4,), 0.2))
    torch.testing.assert_close(score, (1 - np.exp(-2)) * torch.tensor([0.0, 1, 1, 0]), rtol=1e-5, atol=1e-6)


def test_coarse_scores_suppress_background_smoothly() -> None:
    y, d = torch.zeros(5, 3), torch.ones(3)
    coarse = torch.tensor([-0.3, 0.0, 0.05, 0.1, 1.0])
    score = autoencoder.detect(0.1 * d.expand(5, 3), y, d, coarse)
    np.testing.assert_allclose(score, 1 - np.exp(-10 * np.maximum(coarse.numpy(), 0)), rtol=1e-4)


def test_networks_share_the_encoder_and_losses_come_in_order() -> None:
    networks = autoencoder.build(12)
    assert networks["encoder"] is networks["autoencoder"].encoder
    batch = TargetDetection.example({"bands": 12}, image_size=1, samples=4)
    assert [tuple(part.shape) for part in batch] == [(4, 12), (12,)]
    batch = torch.rand(4, 12), torch.rand(12)
    assert [name for name, _ in autoencoder.losses(networks, batch)] == list(networks)


def test_training_teaches_to_return_the_background() -> None:
    """Background on two dimensions: after some steps the returned spectrum holds less target than the given one."""
    torch.manual_seed(1)
    basis, target = torch.randn(2, 12), torch.randn(12)
    networks = autoencoder.build(12)
    optimizers = {
        name: torch.optim.Adam(network.parameters(), lr=3e-3 * autoencoder.RATE_FACTORS.get(name, 1))
        for name, network in networks.items()
    }
    for _ in range(150):
        batch = torch.randn(64, 2) @ basis, target
        for name, loss in autoencoder.losses(networks, batch):
            optimizers[name].zero_grad()
            loss.backward()
            optimizers[name].step()
    y = torch.randn(200, 2) @ basis
    with torch.no_grad():
        _, returned = networks["autoencoder"](autoencoder.implant(y, target, torch.full((200, 1), 0.4)))
    given = (0.4 * (target - y)).square().mean()
    assert (returned - y).square().mean() < 0.3 * given


@pytest.mark.parametrize("bands", [72, 200])
def test_gcc_halves_the_bytes_of_all_three_networks(bands: int) -> None:
    shapes = {
        f"{name}.{key}": tuple(p.shape)
        for name, net in autoencoder.build(bands).items()
        for key, p in net.named_parameters()
    }
    gcc, none = parse("gcc"), parse("none")
    assert gcc.total_payload_bytes(shapes, 1000) < 0.55 * none.total_payload_bytes(shapes, 1000)


def test_other_models_and_weights_are_refused() -> None:
    with pytest.raises(RsbenchError, match=r"no model 'aea' for target detection.*aae"):
        TargetDetection.build("aea", {"bands": 4}, image_size=1)
    with pytest.raises(RsbenchError, match="leave them out"):
        TargetDetection.build("aae", {"bands": 4}, image_size=1, weights="DEFAULT")


def test_spectra_are_scaled_and_read_in_the_order_of_the_disk(tmp_path: Path) -> None:
    scene = get("synthetic-htd").prepare(tmp_path, tmp_path, 1)
    spectra, target = Spectra(scene, CPU).read(np.array([9, 3, 5]), None)
    pixels = scene.scene().reshape(-1, 64)[[3, 5, 9]].astype(float)
    np.testing.assert_allclose(spectra, (pixels - scene.mean) / scene.std, atol=1e-4)
    np.testing.assert_allclose(target, (np.array(scene.target) - scene.mean) / scene.std, rtol=1e-4, atol=1e-5)
    everything, _ = Spectra(scene, CPU).read(np.arange(scene.pixels), None)
    torch.testing.assert_close(everything.mean(0), torch.zeros(64), atol=1e-3, rtol=0)
    torch.testing.assert_close(everything.std(0, correction=0), torch.ones(64), atol=1e-3, rtol=0)


@pytest.mark.parametrize(("side", "drawn"), [(40, 320), (320, 320), (900, 300)])
def test_single_pixels_stay_visible_at_any_size(side: int, drawn: int, tmp_path: Path) -> None:
    scores = np.zeros((side, side))
    scores[side // 3, side // 2] = 1
    draw_scores(tmp_path / "map.png", {"a": scores, "b": scores * 0})
    with Image.open(tmp_path / "map.png") as page:
        assert page.size == (12 + 2 * (drawn + 12), drawn + 18 + 24)
        first = np.asarray(page)[30 : 30 + drawn, 12 : 12 + drawn].astype(int).sum(2)
        assert (first > 600).sum() == max(1, drawn // side) ** 2


def cell(**changes: object) -> CellSpec:
    """A cell of target detection."""
    asked = {"compressor": "none", "ratio": None, "lr": 0.01, "seed": 0, "workers": 1, "device": "cpu", "epochs": 1}
    data = {"dataset": "x", "dataset_fingerprint": "", "model": "aae", "image_size": 1, "split": "official"}
    return CellSpec.from_dict({**asked, **data, "batch_size": 4, "optimizer": "adam", **changes})


@pytest.mark.usefixtures("alone")
def test_diverged_weights_give_a_loss_that_says_so(tmp_path: Path) -> None:
    scene = get("synthetic-htd").prepare(tmp_path, tmp_path, 1)
    task = TargetDetection(cell(), scene.folder, CPU)
    networks = task.build("aae", task.inputs, image_size=1)
    for parameter in networks["encoder"].parameters():
        parameter.detach().fill_(float("nan"))
    for found in (task.validate(networks), task.test(networks)):
        assert found is not None and np.isnan(found["loss"])


@pytest.mark.usefixtures("alone")
def test_too_few_pixels_to_rank_do_not_validate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = dataclasses.replace(SyntheticHTD.recipe, height=5, width=6, targets=4)
    monkeypatch.setattr(SyntheticHTD, "recipe", recipe)
    scene = SyntheticHTD().prepare(tmp_path, tmp_path, 1)
    found = []
    for seed in range(12):
        task = TargetDetection(cell(seed=seed), scene.folder, CPU)
        assert len(task.val) == 2
        found.append(task.validate(task.build("aae", task.inputs, image_size=1)))
    assert None in found and all(np.isfinite(list(one.values())).all() for one in found if one is not None)


@pytest.mark.usefixtures("alone")
def test_adam_leaves_no_momentum_to_the_compressor() -> None:
    compressor = parse("dgc")
    member = CompressedNetwork(
        "", autoencoder.build(8)["discriminator"], compressor, cell(momentum=0.9), CPU, alone=True
    )
    assert compressor.momentum == 0
    assert {group["weight_decay"] for group in member.optimizer.param_groups} == {cell().weight_decay}
