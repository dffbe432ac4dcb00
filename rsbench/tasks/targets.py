"""Hyperspectral target detection by background learning."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import nn

from rsbench import roc
from rsbench.cell import CellSpec
from rsbench.datasets.targets.prepared import TargetScene
from rsbench.datasets.targets.source import refuse_percentages
from rsbench.errors import RsbenchError, did_you_mean
from rsbench.loaders.batches import Batch
from rsbench.loaders.pinned import on_device
from rsbench.loaders.spectra import Spectra
from rsbench.models import autoencoder
from rsbench.tasks.base import Networks
from rsbench.tasks.detection import SceneDetection
from rsbench.tasks.maps import draw_scores
from rsbench.tasks.runs import Runs


class TargetDetection(SceneDetection):
    """Learn the background of one scene, score every pixel of it."""

    name = "targets"
    sought = "target"
    split_words = "background by coarse detection trains and validates, all pixels test"
    scene: TargetScene
    input_words = ("the scene", "the target's spectrum")
    rate_factors = autoencoder.RATE_FACTORS

    def __init__(self, cell: CellSpec, folder: Path, device: torch.device) -> None:
        super().__init__(cell, folder, device)
        refuse_percentages(cell.split)
        self.scene = TargetScene.load(folder)
        self.train, self.val = self.scene.background(cell.derived_seed)
        self.reader = Spectra(self.scene, device)
        self._map_HW: NDArray[np.float32] | None = None

    @classmethod
    def models(cls) -> list[str]:
        """Return the one name: that of the adversarial auto-encoder."""
        return [autoencoder.NAME]

    @classmethod
    def build(
        cls, model: str, inputs: Mapping[str, int], *, image_size: int, weights: str | None = None
    ) -> dict[str, nn.Module]:
        """Build the three networks of the auto-encoder, with random weights only."""
        if model != autoencoder.NAME:
            raise RsbenchError(
                f"There is no model {model!r} for target detection, which trains three networks of its own and takes "
                f"no other.{did_you_mean(model, cls.models())}"
            )
        if weights is not None:
            raise RsbenchError(f"--weights {weights}: {model} is made for each scene and has none; leave them out.")
        return autoencoder.build(inputs["bands"])

    @classmethod
    def example(cls, inputs: Mapping[str, int], *, image_size: int, samples: int) -> Batch:
        """Return spectra [N, B] and the target [B]."""
        return torch.empty(samples, inputs["bands"]), torch.empty(inputs["bands"])

    @classmethod
    def losses(
        cls, networks: Networks, batch: Batch, *, label_smoothing: float = 0.0
    ) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield the losses of the three networks; there are no labels to smooth."""
        return autoencoder.losses(networks, batch)

    def validate(self, networks: Networks) -> dict[str, float] | None:
        """Score background pixels that do not train: their loss, and the areas with the target mixed into half of them.

        No marks are needed for that: it may choose a learning rate. None where so few validate that the target falls
        into all of them or none.
        """
        rng = torch.Generator().manual_seed(self.cell.derived_seed)
        fill = autoencoder.random_fill(len(self.val), torch.device("cpu"), rng)
        mixed = fill[:, 0].numpy() > 0
        if mixed.all() or not mixed.any():
            return None
        scores, loss = self._score(networks, self.val, fill)
        if not math.isfinite(loss):  # diverged: there is nothing to rank
            return {"loss": loss}
        areas = roc.scores(scores[mixed], scores[~mixed])
        del areas["roc"]
        return {"loss": loss, **areas}

    def test(self, networks: Networks) -> dict[str, Any]:
        """Score all pixels by the areas under the three curves, with the halo of the scene's marks."""
        every = np.arange(self.scene.pixels)
        scores, loss = self._score(networks, every, torch.zeros(len(every), 1))
        if not math.isfinite(loss):
            return {"loss": loss}
        truth_HW = self.scene.truth()
        self._map_HW = scores.reshape(truth_HW.shape)
        areas = roc.scores(*roc.sides(self._map_HW, truth_HW, self.scene.halo))
        return {**areas, "loss": loss, "samples": len(every)}

    def _score(
        self, networks: Networks, positions: NDArray[np.int64], fill_N1: torch.Tensor
    ) -> tuple[NDArray[np.float32], float]:
        """Score pixels with some target mixed in, all ranks together; each takes a run of them.

        Returns:
            Scores in the order of ``positions``, which ascend, and the mean loss against the pixels without target.
        """
        runs = Runs(len(positions), self.device)
        scores, loss = runs.room(), torch.zeros(1, dtype=torch.float64, device=self.device)
        network = networks["autoencoder"]
        network.eval()
        with torch.inference_mode():
            for part in runs.chunks():
                chunk, chunk_loss = self._score_chunk(network, positions[part], on_device(fill_N1[part], self.device))
                scores[runs.within(part)] = chunk
                loss += chunk_loss
        network.train()
        return runs.gathered(scores), runs.mean(loss)

    def _score_chunk(
        self, network: nn.Module, positions: NDArray[np.int64], fill_N1: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return scores [n] and the sum of the losses."""
        clean, target = self.reader.read(positions, None)
        spectra = autoencoder.implant(clean, target, fill_N1)
        _, background = network(spectra)
        coarse = on_device(torch.from_numpy(self.scene.scores("cem").reshape(-1)[positions]), self.device)
        coarse = coarse + fill_N1[:, 0] * (1 - coarse)  # CEM is linear and answers the target with 1
        scores = autoencoder.detect(spectra, background, target, coarse)
        return scores, (background - clean).square().mean(1).double().sum()

    def facts(self) -> dict[str, Any]:
        """Return a record's ``dataset`` section, with the scene's shape and targets."""
        return {**super().facts(), "targets": self.scene.targets, "target_origin": self.scene.target_origin}

    def baselines(self) -> dict[str, dict[str, float]]:
        """Return the areas of CEM, ACE and RX."""
        return {name.upper(): areas for name, areas in self.scene.baselines.items()}

    def draw(self, networks: Networks, folder: Path) -> list[dict[str, str]]:
        """Draw the detection map beside the truth and the classical detectors' maps."""
        if self._map_HW is None or dist.get_rank() > 0:
            return []
        maps: dict[str, NDArray[Any]] = {"truth": self.scene.truth(), self.cell.compressor: self._map_HW}
        maps |= {name.upper(): self.scene.scores(name) for name in self.scene.DETECTORS}
        draw_scores(folder / "detection.png", maps)
        return [{"file": "detection.png", "title": "Detection scores, from the least to the largest of each map"}]
