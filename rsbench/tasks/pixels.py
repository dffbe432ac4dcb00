"""Multi-modal pixel classification: one label a pixel, patches of two modalities around it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import nn

from rsbench.datasets.partition import TrainingSamples
from rsbench.datasets.pixels.dataset import check_patch
from rsbench.datasets.pixels.prepared import Pixels
from rsbench.errors import RsbenchError
from rsbench.loaders.batches import Batch, OneInput, Reader
from rsbench.loaders.patches import Patches
from rsbench.models import own, patchnets
from rsbench.recipe.model_text import model_label
from rsbench.tasks import evaluate
from rsbench.tasks.base import Networks
from rsbench.tasks.classification import Classification
from rsbench.tasks.maps import draw_classes

MAP = "map.png"


class PixelClassification(Classification):
    """Patches of a hyperspectral cube and another modality; small networks on both or one of them."""

    name = "pixels"
    input_words = ("the hyperspectral cube", "the other modality")
    data: Pixels

    @classmethod
    def models(cls) -> list[str]:
        """Return the names of the networks on patches."""
        return list(patchnets.NETWORKS)

    @classmethod
    def build(
        cls, model: str, inputs: Mapping[str, int], *, image_size: int, weights: str | None = None
    ) -> dict[str, nn.Module]:
        """Build a network on patches, with random weights only, or an own one."""
        if own.is_own(model):
            check_patch(image_size)
            return {"": _own(model, inputs, image_size, weights)}
        if weights is not None:
            raise RsbenchError(f"--weights {weights}: {model} has no published weights; leave that option out.")
        check_patch(image_size)
        channels = {"bands": inputs["hsi_bands"], "channels": inputs["aux_channels"]}
        return {"": patchnets.build(model, classes=inputs["classes"], side=image_size, **channels)}

    @classmethod
    def example(cls, inputs: Mapping[str, int], *, image_size: int, samples: int) -> Batch:
        """Return patches [B, bands, P, P] and [B, channels, P, P], labels [B]."""
        sides = (image_size, image_size)
        hsi, aux = (torch.empty(samples, inputs[name], *sides) for name in ("hsi_bands", "aux_channels"))
        return hsi, aux, torch.zeros(samples, dtype=torch.int64)

    def open(self) -> Pixels:
        """Return the converted scene."""
        return Pixels.load(self.folder)

    def make_reader(self, train: NDArray[np.int64]) -> Patches:
        """Return what reads patches, scaled by the training pixels of this cell's split."""
        return Patches(self.data, train, self.cell.image_size, self.device)

    def training_reader(self, rank: int) -> Reader:
        """Return what reads patches that train: of one modality only where each client has one, rank mod 2.

        Raises:
            RsbenchError: the network reads one modality only, so that some clients would train on nothing.
        """
        if self.cell.partitioning.kind != "modality":
            return self.reader
        if not own.is_own(self.cell.model) and not patchnets.network_class(self.cell.model).reads_both:
            raise RsbenchError(
                f"--partition modality leaves workers without the modality that {self.cell.model} reads: choose a "
                f"--model that reads both ({', '.join(patchnets.of_both())})."
            )
        return OneInput(self.reader, rank % 2)

    @property
    def training_samples(self) -> TrainingSamples:
        """The training pixels with their classes, and the scene's height and width."""
        labels_HW = self.data.labels()
        labels = labels_HW.reshape(-1)[self.train].astype(np.int64) - 1
        height, width = labels_HW.shape
        return TrainingSamples(
            positions=self.train, labels=labels, classes=len(self.data.class_names), shape=(height, width)
        )

    def partition_facts(self) -> dict[str, Any]:
        """Return what the record says of the clients, with each one's modality where it has one only."""
        facts, names = super().partition_facts(), ("HSI", self.data.aux_name)
        if self.cell.partitioning.kind == "modality":
            facts["partition"]["modalities"] = [names[rank % 2] for rank in range(self.cell.workers)]
        return facts

    @property
    def inputs(self) -> dict[str, int]:
        """The numbers of classes, bands and channels; 0 channels where the cube stands alone."""
        bands, channels = self.data.hsi().shape[2], self.data.aux().shape[2]
        return {**super().inputs, "hsi_bands": bands, "aux_channels": channels}

    def test(self, networks: Networks) -> dict[str, Any]:
        """Score the test pixels, and keep the answers for the map."""
        self._tested = self.answers(networks, self.parts.test)
        return evaluate.scores(self._tested, len(self.data.class_names))

    def facts(self) -> dict[str, Any]:
        """Return a record's ``dataset`` section, with the modalities and what weakens the split."""
        data = self.data
        warnings = [*data.warnings, *self.parts.warnings]
        margin = data.blocks.margin
        if 2 * (self.cell.image_size // 2) > margin:
            warnings.append(
                f"Patches of {self.cell.image_size} px overlap between blocks; the margin of {margin} px is made for "
                f"{margin + 1} px."
            )
        modalities = ["HSI", data.aux_name] if data.aux_name else ["HSI"]
        return {**super().facts(), "modalities": modalities, "warnings": warnings}

    def draw(self, networks: Networks, folder: Path) -> list[dict[str, str]]:
        """Draw predicted and true classes of all labelled pixels."""
        truth_HW = self.data.labels()
        others = np.setdiff1d(np.flatnonzero(truth_HW), self.parts.test, assume_unique=True)
        predicted_HW = np.zeros_like(truth_HW)
        predicted_HW.flat[self.parts.test] = self._tested["predicted"] + 1
        if len(others):
            predicted_HW.flat[others] = self.answers(networks, others)["predicted"] + 1
        title = f"{self.data.title}, {model_label(self.cell.model)}, {self.cell.compressor}: predicted and true classes"
        if dist.get_rank() == 0:
            draw_classes(folder / MAP, predicted_HW, truth_HW, self.data.class_names, title)
        return [{"file": MAP, "title": title}]


def _own(model: str, inputs: Mapping[str, int], side: int, weights: str | None) -> nn.Module:
    """Build an own model: for both modalities apart if its callable takes ``aux_channels``, else for both stacked."""
    bands, channels = inputs["hsi_bands"], inputs["aux_channels"]
    sizes = {"num_classes": inputs["classes"], "image_size": side}
    if own.takes_two_inputs(model):
        return own.build(model, {**sizes, "in_channels": bands, "aux_channels": channels}, weights=weights)
    network = own.build(model, {**sizes, "in_channels": bands + channels}, weights=weights)
    network.register_forward_pre_hook(_stacked)
    return network


def _stacked(network: nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor]:
    """Return the bands of the cube and the channels of the other modality as one input [B, bands + channels, P, P]."""
    return (torch.cat(inputs, dim=1),)
