"""Change detection: two pictures of the same place, and a map of what changed between them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from rsbench.cell import CellSpec
from rsbench.datasets.changes.prepared import Changes
from rsbench.errors import RsbenchError
from rsbench.loaders.batches import Batch
from rsbench.loaders.pairs import Pairs
from rsbench.measure.clock import clock_for
from rsbench.measure.heartbeat import beat
from rsbench.measure.pace import Pace
from rsbench.models import own
from rsbench.models.changes import names, own_logits
from rsbench.models.changes.base import UNKNOWN, ChangeNetwork, Outputs
from rsbench.models.changes.own_logits import OwnLogits
from rsbench.models.trial import Wanted
from rsbench.recipe.model_text import model_label
from rsbench.tasks import change_maps
from rsbench.tasks.base import Networks, Task
from rsbench.tasks.change_counts import ChangeCounts, all_change, entropy_of, scores_of
from rsbench.tasks.labelled import split_facts
from rsbench.units import count_text

ENTROPY: Final = "entropy"
"""The uncertainty that every network has: the entropy of its probability."""
OWN: Final = "network"
"""The uncertainty that a network gives of its own."""
UNSURE_WORDS: Final = {ENTROPY: "uncertainty: entropy of the probability", OWN: "uncertainty: the network's own"}
ALL_CHANGE: Final = "all change"
"""The map without training that every network has to beat."""
PICTURE: Final = "changes.png"


class ChangeDetection(Task):
    """Tiles of pairs of pictures, siamese networks; whole pictures stand in one part."""

    name = "changes"
    input_words = ("the picture of the first date", "the picture of the second date")
    reader: Pairs

    def __init__(self, cell: CellSpec, folder: Path, device: torch.device) -> None:
        super().__init__(cell, folder, device)
        if cell.label_smoothing:
            raise RsbenchError(
                f"--label-smoothing {cell.label_smoothing:g}: networks for change detection have losses of their own, "
                "which take none; leave it out."
            )
        self.data = Changes.load(folder)
        self.parts = self.data.split(cell.split, cell.derived_seed)
        self.train = self.parts.train
        self.reader = Pairs(self.data, self.train, device, channels_last=cell.channels_last)
        self._tested: NDArray[np.int64] | None = None

    # --- without data ------------------------------------------------------------------------------------------

    @classmethod
    def models(cls) -> list[str]:
        """Return the names of the networks for change detection."""
        return list(names.NETWORKS)

    @classmethod
    def build(
        cls, model: str, inputs: Mapping[str, int], *, image_size: int, weights: str | None = None
    ) -> dict[str, nn.Module]:
        """Build a network by name, or an own one, with random or given weights.

        Raises:
            RsbenchError: there is no such network, option or file of weights, or tiles are too small for it.
        """
        if own.is_own(model):
            return {"": own_logits.build(model, inputs, image_size=image_size, weights=weights)}
        return {"": names.build(model, channels=inputs["channels"], side=image_size, weights=weights)}

    @classmethod
    def example(cls, inputs: Mapping[str, int], *, image_size: int, samples: int) -> Batch:
        """Return two pictures [B, C, S, S], labels [B, S, S], and the weights of the two classes [2]."""
        shape = (samples, inputs["channels"], image_size, image_size)
        labels = torch.zeros(samples, *shape[2:], dtype=torch.int64)
        return torch.empty(shape), torch.empty(shape), labels, torch.ones(inputs["classes"])

    @classmethod
    def wanted(cls, inputs: Mapping[str, int], *, image_size: int, samples: int) -> Wanted:
        """Return what an own model gives: logits of every pixel, one or two."""
        return own_logits.wanted(image_size=image_size, samples=samples)

    @classmethod
    def losses(
        cls, networks: Networks, batch: Batch, *, label_smoothing: float = 0.0
    ) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield the loss of the sole network, which it computes itself; there are no labels to smooth."""
        before, after, labels, class_weights = batch
        maps = networks[""](before, after)
        yield "", bare(networks).loss(maps if isinstance(maps, tuple) else (maps,), labels, class_weights)

    # --- with data ---------------------------------------------------------------------------------------------

    @property
    def inputs(self) -> dict[str, int]:
        """The numbers of classes and of channels."""
        return {"classes": len(self.data.class_names), "channels": self.data.channels}

    @property
    def samples(self) -> NDArray[np.int64]:
        """Positions of those that train, validate and test."""
        return np.concatenate([self.parts.train, self.parts.val, self.parts.test])

    def validate(self, networks: Networks) -> dict[str, Any] | None:
        """Score the validation tiles: ``loss``, its parts as ``loss_NAME`` where there are several, and the metrics."""
        if not len(self.parts.val):
            return None
        counts = self.count(networks, self.parts.val, with_uncertainty=False)
        return {**counts.mean_losses(), **scores_of(counts.confusion)}

    def test(self, networks: Networks) -> dict[str, Any]:
        """Score the test tiles, with the confusion matrix and how well uncertainties find the wrong pixels."""
        counts = self.count(networks, self.parts.test, with_uncertainty=True)
        loss = counts.mean_losses()["loss"]
        if not math.isfinite(loss):
            return {"loss": loss}
        self._tested = counts.confusion
        scores = {**scores_of(self._tested), "confusion": self._tested.tolist()}
        return {**scores, "uncertainty": counts.uncertainty(), "loss": loss, "samples": len(self.parts.test)}

    def count(self, networks: Networks, positions: NDArray[np.int64], *, with_uncertainty: bool) -> ChangeCounts:
        """Count the pixels of some tiles, each tile once, all ranks together; rank r takes every W-th tile."""
        workers, rank = dist.get_world_size(), dist.get_rank()
        network, counts = bare(networks), ChangeCounts()
        mine = positions[rank::workers]
        for outputs, labels in self._predict(network, mine if len(mine) else positions[:1]):
            counted = labels if len(mine) else torch.full_like(labels, UNKNOWN)
            parts = network.loss_parts(outputs, counted, self.reader.class_weights)
            losses = {"loss": torch.stack(list(parts.values())).sum()}
            losses |= {f"loss_{name}": loss for name, loss in parts.items() if len(parts) > 1}
            unsure = uncertainties_of(network, outputs) if with_uncertainty else {}
            counts.add(network.probability(outputs), counted, unsure, losses)
        counts.add_up()
        return counts

    def _predict(self, network: ChangeNetwork, positions: NDArray[np.int64]) -> Iterator[tuple[Outputs, torch.Tensor]]:
        """Yield what a network gives for some tiles, batch by batch, and their labels [B, S, S]."""
        size, pace = 2 * self.cell.batch_size, Pace(clock_for(self.device))
        network.eval()
        for start in range(0, len(positions), size):
            beat("predict a batch")
            with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, enabled=self.cell.bf16):
                before, after, labels, _ = self.reader.read(positions[start : start + size], None)
                outputs = network(before, after)
            yield outputs, labels
            pace.keep()
        network.train()

    def facts(self) -> dict[str, Any]:
        """Return a record's ``dataset`` section, with pictures and tiles and what weakens the split."""
        data, parts = self.data, self.parts
        return {
            **split_facts(self.name, data, parts),
            "pictures": {name: self._pictures(getattr(parts, name)) for name in ("train", "val", "test")},
            "tile_side": data.side,
            "channels": data.channels,
            "warnings": [*data.warnings, *parts.warnings],
            **self.partition_facts(),
        }

    def _pictures(self, positions: NDArray[np.int64]) -> int:
        """Return of how many pictures some tiles are."""
        return len(np.unique(self.data.picture_of()[positions]))

    def baselines(self) -> dict[str, dict[str, float]]:
        """Return the metrics of calling every pixel changed, on the pixels that were tested."""
        scores = {} if self._tested is None else all_change(self._tested)
        defined = {name: value for name, value in scores.items() if value is not None}
        return {ALL_CHANGE: {**dict.fromkeys(scores), **defined}} if scores else {}  # type: ignore[dict-item]

    def draw(self, networks: Networks, folder: Path) -> list[dict[str, str]]:
        """Draw a few test pictures: both dates, truth, what was found of it, and the uncertainty."""
        if dist.get_rank() > 0:
            return []
        network, views = bare(networks), change_maps.views_of(self.data, self.parts.test)
        source = ENTROPY
        for view in views:
            place = 0
            for outputs, _ in self._predict(network, view.positions):
                unsure = uncertainties_of(network, outputs)
                source = next(iter(unsure))
                for probability_SS, unsure_SS in zip(network.probability(outputs), unsure[source], strict=True):
                    maps = {"probability_HW": probability_SS, "unsure_HW": unsure_SS}
                    view.put(place, **{name: values.float().cpu().numpy() for name, values in maps.items()})
                    place += 1
        title = (
            f"{self.data.title}, {model_label(self.cell.model)}, {self.cell.compressor}: "
            f"{count_text(len(views), 'test picture')}"
        )
        change_maps.draw(folder / PICTURE, views, title, UNSURE_WORDS[source])
        return [{"file": PICTURE, "title": f"{title}. {change_maps.CAPTION}"}]


def bare(networks: Networks) -> ChangeNetwork:
    """Return the sole network without the wrapper of training; an own model in what reads its logits."""
    network = networks[""]
    network = network.module if isinstance(network, DistributedDataParallel) else network
    return network if isinstance(network, ChangeNetwork) else OwnLogits(network)


def uncertainties_of(network: ChangeNetwork, outputs: Outputs) -> dict[str, torch.Tensor]:
    """Return source -> how unsure each pixel is, [B, H, W]: the network's own first, where it has one."""
    mine, entropy = network.uncertainty(outputs), entropy_of(network.probability(outputs))
    return {ENTROPY: entropy} if mine is None else {OWN: mine, ENTROPY: entropy}
