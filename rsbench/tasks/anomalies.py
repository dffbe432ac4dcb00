"""Hyperspectral anomaly detection by background suppression."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import nn

from rsbench import roc
from rsbench.cell import CellSpec
from rsbench.datasets.anomalies.detectors import OfRows, detect
from rsbench.datasets.anomalies.prepared import AnomalyScene
from rsbench.datasets.anomalies.source import refuse_percentages
from rsbench.errors import RsbenchError
from rsbench.loaders.batches import Batch
from rsbench.loaders.pinned import on_device
from rsbench.measure.heartbeat import beat
from rsbench.models import autoencoder
from rsbench.models.anomalies.names import BY_NAME, suppression_of, trains
from rsbench.tasks.base import Networks
from rsbench.tasks.detection import SceneDetection
from rsbench.tasks.maps import draw_scores
from rsbench.tasks.runs import Runs

LABELS: Final = {"rx": "RX", "local_rx": "local RX", "pca_residual": "PCA residual"}
"""Detector -> what tables call it."""
OWN, LEFT = "own", "left"
"""Names of two maps beside the detectors': the method's own scores, and how far what is left is from its mean."""


class AnomalyDetection(SceneDetection):
    """Learn the background of one scene, suppress it, and score every pixel of what is left."""

    name = "anomalies"
    input_words = ("the scene", "the noise")
    rate_factors = autoencoder.RATE_FACTORS
    sought = "anomaly"
    split_words = "all pixels but a few train, those few validate, all test; marks choose nothing"
    scene: AnomalyScene

    def __init__(self, cell: CellSpec, folder: Path, device: torch.device) -> None:
        super().__init__(cell, folder, device)
        refuse_percentages(cell.split)
        self.scene = AnomalyScene.load(folder)
        self.train, self.val = self.scene.background(cell.derived_seed)
        self.method = suppression_of(cell.model)
        self.reader = self.method.reader(self.scene, device, cell.derived_seed)
        self._maps: dict[str, NDArray[np.float32]] = {}

    @classmethod
    def models(cls) -> list[str]:
        """Return the names of the methods."""
        return list(BY_NAME)

    @classmethod
    def build(
        cls, model: str, inputs: Mapping[str, int], *, image_size: int, weights: str | None = None
    ) -> dict[str, nn.Module]:
        """Build the networks of a method, with random weights only."""
        method = suppression_of(model)
        if weights is not None:
            raise RsbenchError(f"--weights {weights}: {model} is made for each scene and has none; leave them out.")
        return method.build(model, inputs["bands"])

    @classmethod
    def example(cls, inputs: Mapping[str, int], *, image_size: int, samples: int) -> Batch:
        """Return spectra and noise, each [N, B], and the noise's mean and std [2]; some methods take spectra alone."""
        return torch.empty(samples, inputs["bands"]), torch.empty(samples, inputs["bands"]), torch.empty(2)

    @classmethod
    def losses(
        cls, networks: Networks, batch: Batch, *, label_smoothing: float = 0.0
    ) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield the losses of a step; there are no labels to smooth."""
        return trains(networks).losses(networks, batch)

    def validate(self, networks: Networks) -> dict[str, float] | None:
        """Return the loss of the pixels that do not train; without marks there is nothing else to compare."""
        runs = Runs(len(self.val), self.device)
        loss = torch.zeros(1, dtype=torch.float64, device=self.device)
        with _evaluation(networks):
            for part in runs.chunks():
                batch = self.reader.read(self.val[part], None)
                loss += self.method.loss(networks, batch).double() * len(batch[0])
        return {"loss": runs.mean(loss)}

    def test(self, networks: Networks) -> dict[str, Any]:
        """Suppress the background of all pixels and score what is left by the areas under the three curves."""
        left_NB, loss = self._suppress(networks)
        if not math.isfinite(loss):
            return {"loss": loss}
        scores, truth_HW = self._detect(left_NB), self.scene.truth()
        self._maps = {name: one.reshape(truth_HW.shape) for name, one in scores.items()}
        areas = {name: roc.scores(*roc.sides(one, truth_HW, self.scene.halo)) for name, one in self._maps.items()}
        self._maps[LEFT] = np.linalg.norm(left_NB - left_NB.mean(0), axis=1).reshape(truth_HW.shape)
        own = areas.pop(OWN)
        detectors = {
            LABELS[name]: {key: value for key, value in one.items() if key != "roc"} for name, one in areas.items()
        }
        return {**own, "loss": loss, "samples": len(left_NB), "detectors": detectors, "loss_share": self._share(loss)}

    def _share(self, loss: float) -> float | None:
        """Return the loss as a share of the noise's variance, None for a method without noise."""
        variance = self.method.noise_variance(self.reader)
        return None if variance is None else loss / variance

    def _suppress(self, networks: Networks) -> tuple[NDArray[np.float32], float]:
        """Return what is left of all pixels, [N, B], and their mean loss, all ranks together."""
        every = np.arange(self.scene.pixels)
        runs = Runs(len(every), self.device)
        left, loss = runs.room(self.scene.bands), torch.zeros(1, dtype=torch.float64, device=self.device)
        with _evaluation(networks):
            for part in runs.chunks():
                batch = self.reader.read(every[part], None)
                left[runs.within(part)] = self.method.suppress(networks, batch)
                loss += self.method.loss(networks, batch).double() * len(batch[0])
        return runs.gathered(left), runs.mean(loss)

    def _detect(self, left_NB: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Return detector -> its scores [N] of what is left, and :data:`OWN` -> the method's own, on all ranks.

        Raises:
            RsbenchError: what is left is not finite.
        """
        if not np.isfinite(left_NB).all():
            raise RsbenchError(
                f"{self.cell.model} made values that are no number when it suppressed the background: lower --lr "
                f"(it was {self.cell.lr:g}), or k in the model's text."
            )
        beat("run the detectors on what is left of the scene")
        found = detect(left_NB, self.scene.height, self.scene.width, self._share_rows)
        found[OWN] = self.method.score(left_NB, found)
        every = on_device(torch.from_numpy(np.stack(list(found.values()))), self.device)
        dist.broadcast(every, 0)
        return dict(zip(found, every.cpu().numpy(), strict=True))

    def _share_rows(self, height: int, of_rows: OfRows) -> NDArray[np.float32]:
        """Return the scores of all rows of pixels, of which each rank computes a run."""
        runs = Runs(height, self.device, chunk=1)
        mine = runs.room(self.scene.width)
        for part in runs.chunks():
            scores = of_rows(range(part.start, part.stop)).astype(np.float32)
            mine[runs.within(part)] = on_device(torch.from_numpy(scores), self.device)
        return runs.gathered(mine).ravel()

    def facts(self) -> dict[str, Any]:
        """Return a record's ``dataset`` section, with the scene's anomalies and what the method does."""
        return {
            **super().facts(),
            "anomalies": self.scene.anomalies,
            "pixels_per_step": min(self.cell.batch_size * self.cell.workers, len(self.train)),
            "suppression": {
                **self.method.facts(self.cell.model),
                "noise_variance": self.method.noise_variance(self.reader),
            },
        }

    def baselines(self) -> dict[str, dict[str, float]]:
        """Return the areas of the detectors on the scene as it is."""
        return {LABELS[name]: self.scene.baselines[name] for name in self.scene.DETECTORS}

    def draw(self, networks: Networks, folder: Path) -> list[dict[str, str]]:
        """Draw the truth, RX before and after suppression, and how far what is left is from its mean."""
        if not self._maps or dist.get_rank() > 0:
            return []
        maps: dict[str, NDArray[Any]] = {"truth": self.scene.truth(), "RX of the scene": self.scene.scores("rx")}
        maps |= {"RX after": self._maps["rx"], "what is left": self._maps[LEFT]}
        draw_scores(folder / "suppression.png", maps)
        title = f"Background suppression, {self.cell.compressor}: from the least to the largest of each map"
        return [{"file": "suppression.png", "title": title}]


@contextmanager
def _evaluation(networks: Networks) -> Iterator[None]:
    """Evaluate networks within: no gradients, no dropout."""
    for network in networks.values():
        network.eval()
    with torch.inference_mode():
        yield
    for network in networks.values():
        network.train()
