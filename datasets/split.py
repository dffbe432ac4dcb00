"""Which pictures train, which validate, which test: official lists, or drawn per class."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rsbench.errors import RsbenchError
from rsbench.recipe.split import OFFICIAL, parse_shares, percent_text

Indices = NDArray[np.int64]

DEFAULT_PERCENT = (80.0, 10.0, 10.0)
VAL_SHARE_OF_TRAIN = 0.1
"""Share of the training pictures that validate in a train/test protocol such as NWPU's 10/90."""
_STREAM = 0x73706C69
"""Keeps these random streams apart from those of other uses of the same seed."""
_OF_EVERY_SEED = 0x74657374
"""Names the stream that draws the test part for all seeds alike."""


@dataclass(frozen=True, kw_only=True)
class Split:
    """Positions of the pictures in each part (``int64``, ascending, disjoint), and how they came about in words."""

    train: Indices
    val: Indices
    test: Indices
    description: str
    warnings: tuple[str, ...] = ()
    """Sentences on what the split does not hold to."""


def choose(split: str, lists: Mapping[str, tuple[int, ...]] | None, note: str, labels: Indices, seed: int) -> Split:
    """Return the split that a text names.

    The test part is the same for every seed, so that a learning rate chosen under one seed has seen no test sample of
    another; the seed divides what is left into training and validation.

    Args:
        split: "official" (the set's own lists, else 80/10/10), "A/B/C" (percent train/val/test) or "A/B" (percent
            train/test; a tenth of train validates); "redrawn:" before percentages lets the seed draw the test part,
            too, "random:" changes nothing here.
        lists: positions of the official parts, None where the data set has none.
        note: where the lists come from, in words.
        labels: ``int64 [N]``.
        seed: of the repeat.

    Raises:
        RsbenchError: if the text is not understood or a part stays empty.
    """
    if split != OFFICIAL:
        shares = parse_shares(split)
        return drawn(shares.percent, labels, seed, is_redrawn=shares.is_redrawn)
    return drawn(DEFAULT_PERCENT, labels, seed) if lists is None else official(lists, note, labels, seed)


def official(lists: Mapping[str, tuple[int, ...]], note: str, labels: Indices, seed: int) -> Split:
    """Return the split that the data set's own lists name; without a validation list, 10 % of train per class."""
    train, test = (np.array(sorted(lists[part]), dtype=np.int64) for part in ("train", "test"))
    if "val" in lists:
        val = np.array(sorted(lists["val"]), dtype=np.int64)
        how = f"official lists ({note})"
    else:
        train, val = take_validation(train, labels, seed)
        how = f"official lists ({note}), validation 10 % of train per class, drawn anew with each seed"
    return _described(train, val, test, how)


def drawn(percent: tuple[float, ...], labels: Indices, seed: int, *, is_redrawn: bool = False) -> Split:
    """Draw a split per class.

    Args:
        percent: train/val/test, or train/test (then a tenth of train validates).
        labels: ``int64 [N]``.
        seed: of this repeat.
        is_redrawn: draw the test part with the seed, too, instead of the same one for all seeds.

    Raises:
        RsbenchError: if a part stays empty.
    """
    three = dealt(percent, labels, seed, is_redrawn=is_redrawn)
    tenth = "" if len(percent) == 3 else " train/test per class, validation 10 % of train"
    how = f"{percent_text(percent)}{tenth or ' per class'}, {who_draws(is_redrawn=is_redrawn)}"
    return _described(three[0], three[1], three[2], how)


def dealt(percent: tuple[float, ...], labels: Indices, seed: int, *, is_redrawn: bool = False) -> list[Indices]:
    """Return positions that train, validate and test, dealt per class as :func:`drawn` does; a part may be empty."""
    return _all_redrawn(percent, labels, seed) if is_redrawn else _with_one_test_part(percent, labels, seed)


def _with_one_test_part(percent: tuple[float, ...], labels: Indices, seed: int) -> list[Indices]:
    """Return training, validation and test positions, the last the same for all seeds."""
    rng, test_rng = generator(_STREAM, seed), generator_of_test(_STREAM)
    parts: list[list[Indices]] = [[], [], []]
    for label in np.unique(labels):
        members = test_rng.permutation(np.flatnonzero(labels == label))
        train, _, test = _three_counts(len(members), percent)
        rest = rng.permutation(members[test:])
        for part, chosen in zip(parts, (rest[:train], rest[train:], members[:test]), strict=True):
            part.append(chosen)
    return [np.sort(np.concatenate(part)).astype(np.int64) for part in parts]


def _all_redrawn(percent: tuple[float, ...], labels: Indices, seed: int) -> list[Indices]:
    """Return training, validation and test positions, as all versions up to key version 2 drew them for this seed."""
    parts = _draw_parts(percent, labels, generator(_STREAM, seed))
    if len(percent) == 3:
        return parts
    return [*take_validation(parts[0], labels, seed), parts[1]]


def who_draws(*, is_redrawn: bool) -> str:
    """Return in words which parts follow the seed."""
    if is_redrawn:
        return "all three parts drawn anew with each seed"
    return "one test part for all seeds, train and validation drawn anew with each"


def generator(stream: int, seed: int) -> np.random.Generator:
    """Return the generator of one repeat's split.

    Raises:
        RsbenchError: if the seed is negative.
    """
    if seed < 0:
        raise RsbenchError(f"The seed {seed} is negative: give seeds from 0 upwards.")
    return np.random.default_rng([stream, seed])


def generator_of_test(stream: int) -> np.random.Generator:
    """Return the generator that draws a test part for all seeds; no seed of a repeat gives the same numbers."""
    return np.random.default_rng([stream, 0, _OF_EVERY_SEED])


def _three_counts(total: int, percent: tuple[float, ...]) -> tuple[int, int, int]:
    """Return how many samples of a class train, validate and test."""
    counts = _counts(total, percent)
    if len(counts) == 3:
        return counts[0], counts[1], counts[2]
    share = 100 * VAL_SHARE_OF_TRAIN
    train, val = _counts(counts[0], (100 - share, share))
    return train, val, counts[1]


def take_validation(train: Indices, labels: Indices, seed: int) -> tuple[Indices, Indices]:
    """Take a tenth of each class out of ``train``; return what is left and what was taken."""
    share = 100 * VAL_SHARE_OF_TRAIN
    inner = _draw_parts((100 - share, share), labels[train], generator(_STREAM, seed + 1_000_003))
    return train[inner[0]], train[inner[1]]


def _draw_parts(percent: tuple[float, ...], labels: Indices, rng: np.random.Generator) -> list[Indices]:
    """Return ascending positions for each percentage, drawn per class."""
    parts: list[list[Indices]] = [[] for _ in percent]
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        stops = np.cumsum(_counts(len(members), percent))
        for part, chosen in zip(parts, np.split(members, stops[:-1]), strict=True):
            part.append(chosen)
    return [np.sort(np.concatenate(part)).astype(np.int64) for part in parts]


def _counts(total: int, percent: tuple[float, ...]) -> list[int]:
    """Share ``total`` pictures by largest remainder, at least one to every part while there are enough."""
    exact = [total * value / 100 for value in percent]
    counts = [math.floor(value + 1e-9) for value in exact]
    order = sorted(range(len(percent)), key=lambda part: counts[part] - exact[part])
    for part in order[: total - sum(counts)]:
        counts[part] += 1
    for part in range(len(counts)):
        richest = max(range(len(counts)), key=lambda other: counts[other])
        if counts[part] == 0 and counts[richest] > 1:
            counts[richest] -= 1
            counts[part] += 1
    return counts


def _described(train: Indices, val: Indices, test: Indices, how: str) -> Split:
    """Return the split with its sizes in words.

    Raises:
        RsbenchError: if a part is empty.
    """
    for part, name in ((train, "training"), (val, "validation"), (test, "test")):
        if len(part) == 0:
            raise RsbenchError(
                f"The split {how} leaves no {name} image "
                f"({len(train):,} train, {len(val):,} val, {len(test):,} test): "
                f"choose another --split or add images."
            )
    sizes = f"{len(train):,} train, {len(val):,} val, {len(test):,} test"
    return Split(train=train, val=val, test=test, description=f"{how}: {sizes}")
