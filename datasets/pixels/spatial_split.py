"""Which pixels train, validate and test: official lists, spatial blocks, or (with a warning) random pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets import split as splits
from rsbench.datasets.pixels.label_maps import GroundTruth, Indices
from rsbench.datasets.split import Split
from rsbench.errors import RsbenchError
from rsbench.split_text import OFFICIAL, RANDOM, parse_percent

DEFAULT_PERCENT = (20.0, 10.0, 70.0)
"""Training, validation and test share where a set has no official lists: in the field few pixels train."""
TRAIN, VAL, TEST = 0, 1, 2
_IN_NEED = (TRAIN, TEST, VAL)
"""Which part a class goes to first when it stands in fewer than three blocks."""
_NAMES = ("train", "val", "test")
_STREAM = 0x626C6F63
LEAK = (
    "Random pixels train and test: their patches overlap, so that scores are far higher than on new ground; "
    'choose "official" or percentages without "random:" for blocks.'
)
_OVERLAP = (
    "Patches of training and other pixels overlap where blocks meet: the margin is {distance} px, as a full one would "
    "cost too many training pixels."
)

Parts = tuple[Indices, Indices, Indices]


@dataclass(frozen=True, kw_only=True)
class BlockGrid:
    """How a scene is cut, the same for all patch sizes, so that runs with several see the same pixels.

    Attributes:
        side: of a square block, in pixels.
        margin: no training pixel within this distance (rows or columns, in pixels) of a validation or test pixel
            that blocks were drawn for: with 2 * (p // 2), patches of p x p pixels never overlap.
    """

    side: int
    margin: int

    def side_in(self, shape: tuple[int, ...]) -> int:
        """Return the side of a block in a scene ``[H, W]``: smaller in small scenes, at least four blocks to a side."""
        return min(self.side, max(1, min(shape) // 4))

    def indices(self, shape: tuple[int, int]) -> NDArray[np.int32]:
        """Return the index of each pixel's block ``[H, W]``."""
        side = self.side_in(shape)
        rows, columns = (np.arange(length) // side for length in shape)
        return np.asarray(rows[:, None] * (columns[-1] + 1) + columns, dtype=np.int32)


def choose(split: str, truth: GroundTruth, class_names: tuple[str, ...], blocks: BlockGrid, seed: int) -> Split:
    """Return the split that a text names; positions are flat, ``row * W + column``.

    Args:
        split: "official" (the set's own lists, validation taken out of train in blocks; without lists 20/10/70),
            "A/B/C" or "A/B" (percent, in blocks), "random:A/B/C" or "random:A/B" (percent, single pixels).
        truth: labels and lists.
        class_names: in label order, for warnings.
        blocks: how to cut.
        seed: of the repeat; draws another split for each repeat, except for official test pixels.

    Raises:
        RsbenchError: if the text is not understood or a part stays empty.
    """
    if seed < 0:
        raise RsbenchError(f"The seed {seed} is negative: give seeds from 0 upwards.")
    if split.startswith(RANDOM):
        return _random(split, truth, class_names, seed)
    if split == OFFICIAL and truth.lists is not None:
        return _official(truth.lists, truth, class_names, blocks, seed)
    return _drawn(split, truth, class_names, blocks, seed)


def _random(split: str, truth: GroundTruth, class_names: tuple[str, ...], seed: int) -> Split:
    """Draw single pixels per class."""
    flat, labels = _labelled(truth)
    drawn = splits.drawn(parse_percent(split), labels, seed)
    parts = (flat[drawn.train], flat[drawn.val], flat[drawn.test])
    warnings = (LEAK, *_missing(parts, truth, class_names))
    how = f"random pixels, so that patches of training and test pixels overlap; {drawn.description}"
    return Split(train=parts[0], val=parts[1], test=parts[2], description=how, warnings=warnings)


def _official(
    lists: Mapping[str, Indices], truth: GroundTruth, class_names: tuple[str, ...], blocks: BlockGrid, seed: int
) -> Split:
    """Take the lists; a tenth of the training pixels of each class validates, in blocks."""
    train, test = lists["train"], lists["test"]
    shared = np.intersect1d(train, test, assume_unique=True)
    train = np.setdiff1d(train, shared, assume_unique=True)
    indices, side = blocks.indices(truth.labels_HW.shape), blocks.side_in(truth.labels_HW.shape)
    shares = (1 - splits.VAL_SHARE_OF_TRAIN, splits.VAL_SHARE_OF_TRAIN, 0.0)
    train, val, _ = _share_out(train, shares, truth, indices, seed)
    train, margin, extra = _without_margin(train, val, truth, blocks.margin)
    how = f"official lists ({truth.note}), validation from train in blocks of {side} px, seed {seed}; {margin}"
    drawn = _described((train, val, test), how, truth, class_names)
    extra += [f"{len(shared):,} pixels stand in the training and the test list: they only test."] if len(shared) else []
    close = np.count_nonzero(near(train, truth.labels_HW.shape, blocks.margin).flat[test])
    if close:
        extra.append(
            f"{close / len(test):.0%} of the official test pixels lie within {blocks.margin} px of a training pixel, "
            "so that patches overlap: the official split leaks."
        )
    return replace(drawn, warnings=(*extra, *drawn.warnings))


def _drawn(split: str, truth: GroundTruth, class_names: tuple[str, ...], blocks: BlockGrid, seed: int) -> Split:
    """Draw blocks per class."""
    percent = DEFAULT_PERCENT if split == OFFICIAL else parse_percent(split)
    share = splits.VAL_SHARE_OF_TRAIN
    three = percent if len(percent) == 3 else (percent[0] * (1 - share), percent[0] * share, percent[1])
    flat, _ = _labelled(truth)
    indices, side = blocks.indices(truth.labels_HW.shape), blocks.side_in(truth.labels_HW.shape)
    train, val, test = _share_out(flat, tuple(value / 100 for value in three), truth, indices, seed)
    train, margin, extra = _without_margin(train, np.concatenate([val, test]), truth, blocks.margin)
    words = "/".join(f"{value:g}" for value in percent)
    kind = "no official lists, so " if split == OFFICIAL else ""
    how = f"{kind}{words} in blocks of {side} px, balanced by class, seed {seed}; {margin}"
    drawn = _described((train, val, test), how, truth, class_names)
    return replace(drawn, warnings=(*extra, *drawn.warnings))


def _labelled(truth: GroundTruth) -> tuple[Indices, Indices]:
    """Return flat positions and labels of all labelled pixels."""
    flat = np.flatnonzero(truth.labels_HW)
    return flat, truth.labels_HW.flat[flat].astype(np.int64)


def _share_out(
    flat: Indices, shares: tuple[float, ...], truth: GroundTruth, indices_HW: NDArray[np.int32], seed: int
) -> tuple[Indices, ...]:
    """Give whole blocks of pixels to parts, so that each class comes near its shares and, where it can, into all parts.

    Rarest classes first (as in Sechidis, Tsoumakas, Vlahavas, On the stratification of multi-label data, ECML PKDD
    2011): each of a class's blocks, the larger first (sizes blurred by the seed), goes to the part that lacks most of
    that class.
    """
    rng = np.random.default_rng([_STREAM, seed])
    names, block = np.unique(indices_HW.flat[flat], return_inverse=True)
    counts = np.zeros((len(names), int(truth.labels_HW.max()) + 1))
    np.add.at(counts, (block, truth.labels_HW.flat[flat]), 1)
    part_of, wanted = _assigned(counts, np.array(shares), rng), [part for part, share in enumerate(shares) if share]
    return tuple(flat[part_of[block] == part] if part in wanted else flat[:0] for part in range(len(shares)))


def _assigned(counts: NDArray[np.float64], shares: NDArray[np.float64], rng: np.random.Generator) -> Indices:
    """Return the part of each block; ``counts`` is [blocks, classes]."""
    part_of = np.full(len(counts), -1, dtype=np.int64)
    wanted = shares[:, None] * counts.sum(axis=0)
    holds = np.zeros(wanted.shape, dtype=bool)
    in_need = [part for part in _IN_NEED if shares[part] > 0]
    while (part_of < 0).any():
        open_blocks = (counts > 0) & (part_of < 0)[:, None]
        left = open_blocks.sum(axis=0)
        label = int(np.argmin(np.where(left > 0, left, np.iinfo(np.int64).max)))
        mine = np.flatnonzero(open_blocks[:, label])
        for at, block in enumerate(mine[np.argsort(-counts[mine, label] * rng.lognormal(0, 0.5, len(mine)))]):
            lacking = [part for part in in_need if not holds[part, label]]
            still = len(mine) - at
            able = lacking[:still] if still <= len(lacking) else in_need
            part = max(able, key=lambda part: wanted[part, label])
            part_of[block] = part
            wanted[part] -= counts[block]
            holds[part] |= counts[block] > 0
    return part_of


def near(flat: Indices, shape: tuple[int, ...], distance: int) -> NDArray[np.bool_]:
    """Return which pixels ``[H, W]`` lie within ``distance`` rows and columns of the given ones."""
    from scipy.ndimage import maximum_filter  # late: start-up

    mask = np.zeros(shape, dtype=np.uint8)
    mask.flat[flat] = 1
    grown: NDArray[np.bool_] = maximum_filter(mask, size=2 * distance + 1, mode="constant") > 0
    return grown


def _without_margin(train: Indices, others: Indices, truth: GroundTruth, margin: int) -> tuple[Indices, str, list[str]]:
    """Leave out training pixels near other parts: within the margin, or half of it where that would cost too much.

    Too much is more than half of the pixels, or a class.

    Returns:
        What is left, how it came about, and warnings.
    """
    classes = len(np.unique(truth.labels_HW.flat[train]))
    for distance in (margin, margin // 2):
        kept = train[~near(others, truth.labels_HW.shape, distance).flat[train]]
        if 2 * len(kept) >= len(train) and len(np.unique(truth.labels_HW.flat[kept])) == classes:
            words = f"training pixels within {distance} px of those left out ({len(train) - len(kept):,})"
            return kept, words, [] if distance == margin else [_OVERLAP.format(distance=distance)]
    words = "no margin between parts, which would cost a class or half of the training pixels"
    return train, words, [_OVERLAP.format(distance=0)]


def _described(parts: Parts, how: str, truth: GroundTruth, class_names: tuple[str, ...]) -> Split:
    """Return the split with its sizes in words.

    Raises:
        RsbenchError: if a part is empty.
    """
    sizes = ", ".join(f"{len(part):,} {name}" for part, name in zip(parts, _NAMES, strict=True))
    if not all(map(len, parts)):
        raise RsbenchError(f"The split {how} leaves a part empty ({sizes}): choose another --split.")
    warnings = _missing(parts, truth, class_names)
    return Split(train=parts[0], val=parts[1], test=parts[2], description=f"{how}: {sizes} pixels", warnings=warnings)


def _missing(parts: Parts, truth: GroundTruth, class_names: tuple[str, ...]) -> tuple[str, ...]:
    """Return sentences on classes that have labelled pixels, but none in some part."""
    there = np.unique(truth.labels_HW[truth.labels_HW > 0])
    sentences = []
    for part, name in zip(parts, ("training", "validation", "test"), strict=True):
        absent = np.setdiff1d(there, truth.labels_HW.flat[part])
        if len(absent):
            sentences.append(f"No {name} pixel of: {', '.join(class_names[label - 1] for label in absent)}.")
    return tuple(sentences)
