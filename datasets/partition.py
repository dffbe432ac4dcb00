"""Which client trains on which samples: every training sample goes to one client, for the whole run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rsbench.errors import RsbenchError
from rsbench.recipe.partition import Partition

Indices = NDArray[np.int64]

MOST_DRAWS = 1_000
"""Draws from Dirichlet until each client has enough samples."""
_STREAM = 0x70617274


@dataclass(frozen=True, kw_only=True)
class TrainingSamples:
    """What decides who gets which training sample.

    Attributes:
        positions: of the samples, shape [n]; flat (``row * width + column``) where they are places of one scene.
        labels: their classes from 0, shape [n]; None where there are none.
        classes: how many classes there are; 0 where there are none.
        shape: height and width of the one scene; None where each sample is a picture.
    """

    positions: Indices
    labels: Indices | None = None
    classes: int = 0
    shape: tuple[int, int] | None = None

    @property
    def known_labels(self) -> Indices:
        """The labels.

        Raises:
            RsbenchError: there are none.
        """
        if self.labels is None:
            raise RsbenchError("These samples have no classes that --partition could deal out: write blocks or iid.")
        return self.labels


def deal(
    partition: Partition, samples: TrainingSamples, *, workers: int, batch_size: int, seed: int
) -> tuple[Indices, ...]:
    """Return each client's positions in ascending order; every sample goes to exactly one client.

    Args:
        partition: not iid, which has no clients.
        samples: those that train.
        workers: the number of clients.
        batch_size: samples per client and step.
        seed: of the repeat; equal seeds deal alike.

    Raises:
        RsbenchError: samples without the classes or the scene that the partition needs, or a client that would have
            too few samples.
    """
    rng = np.random.default_rng([_STREAM, seed])
    if partition.kind == "blocks":
        places = _stripes(samples, workers)
    elif partition.kind == "classes":
        places = _by_classes(partition, samples, workers, rng)
    elif partition.kind == "dirichlet":
        least = max(1, min(batch_size, len(samples.positions) // (10 * workers)))
        places = _by_shares(partition, samples, workers, least, rng)
    else:
        places = np.array_split(rng.permutation(len(samples.positions)), workers)
    empty = [client for client, own in enumerate(places) if not len(own)]
    if empty:
        raise RsbenchError(
            f"--partition {partition.text} leaves worker {empty[0]} without a training sample: take fewer workers or "
            "more classes a client."
        )
    return tuple(np.sort(samples.positions[own]) for own in places)


def class_counts(samples: TrainingSamples, clients: Sequence[Indices]) -> list[list[int]]:
    """Return how many samples of each class each client has, [clients][classes]; one count where there are no classes.

    Args:
        samples: those that train.
        clients: as :func:`deal` gives them.
    """
    if samples.labels is None:
        return [[len(own)] for own in clients]
    order = np.argsort(samples.positions)
    found = (order[np.searchsorted(samples.positions, own, sorter=order)] for own in clients)
    return [np.bincount(samples.labels[places], minlength=samples.classes).tolist() for places in found]


def _stripes(samples: TrainingSamples, workers: int) -> list[Indices]:
    """Return stripes of the scene across its longer direction, as many samples in each."""
    if samples.shape is None:
        raise RsbenchError("--partition blocks cuts one scene into stripes, but each sample is a picture of its own.")
    height, width = samples.shape
    rows, columns = np.divmod(samples.positions, width)
    along, across = (rows, columns) if height >= width else (columns, rows)
    return list(np.array_split(np.lexsort((across, along)), workers))


def _by_classes(
    partition: Partition, samples: TrainingSamples, workers: int, rng: np.random.Generator
) -> list[Indices]:
    """Return the samples of the classes that each client has, in turn from the shuffled classes that train."""
    labels = samples.known_labels
    order = rng.permutation(np.unique(labels))
    each = min(partition.classes, len(order))
    owners: dict[int, list[int]] = {int(label): [] for label in order}
    for turn in range(workers * each):
        owners[int(order[turn % len(order)])].append(turn // each)
    parts: list[list[Indices]] = [[] for _ in range(workers)]
    for label, clients in owners.items():
        if clients:
            of_class = rng.permutation(np.flatnonzero(labels == label))
            for client, part in zip(clients, np.array_split(of_class, len(clients)), strict=True):
                parts[client].append(part)
    return [np.concatenate(own) for own in parts]


def _by_shares(
    partition: Partition, samples: TrainingSamples, workers: int, least: int, rng: np.random.Generator
) -> list[Indices]:
    """Return each class cut at shares drawn from Dirichlet, drawn again until each client has enough samples.

    Yurochkin et al., ICML 2019, and Li et al., ICDE 2022, without the latter's code that gives no more to a client with
    its even share.
    """
    labels = samples.known_labels
    totals = np.bincount(labels, minlength=samples.classes)
    for _ in range(MOST_DRAWS):
        shares = rng.dirichlet(np.full(workers, partition.alpha), size=samples.classes)
        cuts = np.rint(np.cumsum(shares, axis=1)[:, :-1] * totals[:, None]).astype(np.int64)
        ends = np.concatenate([cuts, totals[:, None]], axis=1)
        if np.diff(ends, axis=1, prepend=0).sum(axis=0).min() >= least:
            break
    else:
        raise RsbenchError(
            f"--partition {partition.text} left a worker with fewer than {least} training samples in each of "
            f"{MOST_DRAWS:,} draws: raise the number after dirichlet, or take fewer workers."
        )
    parts: list[list[Indices]] = [[] for _ in range(workers)]
    for label, cut in enumerate(cuts):
        of_class = rng.permutation(np.flatnonzero(labels == label))
        for own, part in zip(parts, np.split(of_class, cut), strict=True):
            own.append(part)
    return [np.concatenate(own) for own in parts]
