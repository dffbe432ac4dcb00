"""Which pixels train, validate and test: official lists, spatial blocks, or (with a warning) random pixels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets import split as splits
from rsbench.datasets.pixels.label_maps import GroundTruth, Indices
from rsbench.datasets.split import Split
from rsbench.errors import RsbenchError
from rsbench.recipe.split import OFFICIAL, Shares, parse_shares, percent_text

DEFAULT = Shares(percent=(20.0, 10.0, 70.0))
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
    "Patches of {parts} pixels overlap where blocks meet: the margin is {distance} px, as a full one of {margin} px "
    "would cost a class or more than half of the pixels."
)
_DRAWS = 30
"""How often blocks are drawn anew to find parts between which the full margin fits."""

Parts = tuple[Indices, Indices, Indices]


@dataclass(frozen=True, kw_only=True)
class BlockGrid:
    """How a scene is cut, the same for all patch sizes, so that runs with several see the same pixels.

    Attributes:
        side: of a square block, in pixels.
        margin: no pixel of a part that blocks were drawn for lies within this distance (rows or columns, in pixels)
            of another part's: with 2 * (p // 2), patches of p x p pixels never overlap.
        fill: rows and columns without data between blocks. Official lists need so much less of a margin: patches that
            overlap there have nothing but fill in common.
    """

    side: int
    margin: int
    fill: int = 0

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

    Test pixels are the same for every seed, see :func:`rsbench.datasets.split.choose`.

    Args:
        split: "official" (the set's own lists, validation taken out of train in blocks; without lists 20/10/70),
            "A/B/C" or "A/B" (percent, in blocks), "random:A/B/C" or "random:A/B" (percent, single pixels);
            "redrawn:" before any percentages lets the seed draw the test pixels, too.
        truth: labels and lists.
        class_names: in label order, for warnings.
        blocks: how to cut.
        seed: of the repeat.

    Raises:
        RsbenchError: if the text is not understood or a part stays empty.
    """
    if split == OFFICIAL and truth.lists is not None:
        return _official(truth.lists, truth, class_names, blocks, seed)
    shares = DEFAULT if split == OFFICIAL else parse_shares(split)
    if shares.is_random:
        return _random(shares, truth, class_names, seed)
    drawn = _drawn(shares, truth, class_names, blocks, seed)
    if split == OFFICIAL:
        return replace(drawn, description=f"no official lists, so {drawn.description}")
    return drawn


def _random(shares: Shares, truth: GroundTruth, class_names: tuple[str, ...], seed: int) -> Split:
    """Draw single pixels per class."""
    flat, labels = _labelled(truth)
    drawn = splits.drawn(shares.percent, labels, seed, is_redrawn=shares.is_redrawn)
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
    rng = splits.generator(_STREAM, seed)

    def draw() -> tuple[Indices, Indices]:
        inner, val, _ = _share_out(train, shares, truth, indices, rng)
        return inner, val

    margin = blocks.margin - blocks.fill
    pair = _apart(draw, ("training", "validation"), truth, margin)
    extra = list(pair.warnings)
    how = f"official lists ({truth.note}), validation from train in blocks of {side} px, drawn anew with each seed; "
    how += pair.words
    drawn = _described((pair.one, pair.other, test), how, truth, class_names)
    extra += [f"{len(shared):,} pixels stand in the training and the test list: they only test."] if len(shared) else []
    close = np.count_nonzero(near(pair.one, truth.labels_HW.shape, margin).flat[test])
    if close:
        extra.append(
            f"{close / len(test):.0%} of the official test pixels lie within {margin} px of a training pixel, "
            "so that patches overlap: the official split leaks."
        )
    return replace(drawn, warnings=(*extra, *drawn.warnings))


def _drawn(shares: Shares, truth: GroundTruth, class_names: tuple[str, ...], blocks: BlockGrid, seed: int) -> Split:
    """Draw blocks per class: the test part first, then what is left is divided into training and validation."""
    percent, tenth = shares.percent, splits.VAL_SHARE_OF_TRAIN
    train, val, test = percent if len(percent) == 3 else (percent[0] * (1 - tenth), percent[0] * tenth, percent[1])
    flat, _ = _labelled(truth)
    indices, side = blocks.indices(truth.labels_HW.shape), blocks.side_in(truth.labels_HW.shape)
    rng = splits.generator(_STREAM, seed)
    test_rng = rng if shares.is_redrawn else splits.generator_of_test(_STREAM)

    def draw_test() -> tuple[Indices, Indices]:
        # In three parts, so that what is left holds two blocks of each class where it can.
        parts = _share_out(flat, (train / 100, val / 100, test / 100), truth, indices, test_rng)
        return np.sort(np.concatenate(parts[:TEST])), parts[TEST]

    outer = _apart(draw_test, ("training or validation", "test"), truth, blocks.margin)

    def draw_validation() -> tuple[Indices, Indices]:
        of_rest = (train / (train + val), val / (train + val), 0.0)
        inner, held_out, _ = _share_out(outer.one, of_rest, truth, indices, rng)
        return inner, held_out

    inner = _apart(draw_validation, ("training", "validation"), truth, blocks.margin)
    who = splits.who_draws(is_redrawn=shares.is_redrawn)
    how = f"{percent_text(percent)} in blocks of {side} px, balanced by class, {who}; {outer.words}, {inner.words}"
    drawn = _described((inner.one, inner.other, outer.other), how, truth, class_names)
    return replace(drawn, warnings=(*outer.warnings, *inner.warnings, *drawn.warnings))


def _labelled(truth: GroundTruth) -> tuple[Indices, Indices]:
    """Return flat positions and labels of all labelled pixels."""
    flat = np.flatnonzero(truth.labels_HW)
    return flat, truth.labels_HW.flat[flat].astype(np.int64)


def _share_out(
    flat: Indices,
    shares: tuple[float, ...],
    truth: GroundTruth,
    indices_HW: NDArray[np.int32],
    rng: np.random.Generator,
) -> Parts:
    """Give whole blocks of pixels to parts, so that each class comes near its shares and, where it can, into all parts.

    Rarest classes first (as in Sechidis, Tsoumakas, Vlahavas, On the stratification of multi-label data, ECML PKDD
    2011): each of a class's blocks, the larger first (sizes blurred at random), goes to the part that lacks most of
    that class.
    """
    names, block = np.unique(indices_HW.flat[flat], return_inverse=True)
    counts = np.zeros((len(names), int(truth.labels_HW.max()) + 1))
    np.add.at(counts, (block, truth.labels_HW.flat[flat]), 1)
    part_of = _assigned(counts, np.array(shares), rng)[block]
    return flat[part_of == TRAIN], flat[part_of == VAL], flat[part_of == TEST]


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


@dataclass(frozen=True, kw_only=True)
class _Apart:
    """Two parts with a margin between them, how it came about in words, and what it does not hold to."""

    one: Indices
    other: Indices
    words: str
    warnings: tuple[str, ...] = ()


def _apart(
    draw: Callable[[], tuple[Indices, Indices]], names: tuple[str, str], truth: GroundTruth, margin: int
) -> _Apart:
    """Return two parts without what lies within a margin of the other, which the larger part gives up.

    Blocks are drawn anew until the full margin costs neither a class nor more than half of the larger part; where no
    draw allows it, half of the margin is tried, then none.

    Args:
        draw: draws the two parts.
        names: what they are called in sentences.
        truth: labels.
        margin: in pixels.
    """
    pairs: list[tuple[Indices, Indices]] = []
    for distance in (margin, margin // 2):
        for at in range(_DRAWS):
            if at == len(pairs):
                pairs.append(draw())
            larger = int(len(pairs[at][1]) > len(pairs[at][0]))
            whole, fixed = pairs[at][larger], pairs[at][1 - larger]
            kept = whole[~near(fixed, truth.labels_HW.shape, distance).flat[whole]]
            if 2 * len(kept) < len(whole) or len(_classes(kept, truth)) < len(_classes(whole, truth)):
                continue
            one, other = (kept, fixed) if larger == 0 else (fixed, kept)
            words = f"{len(whole) - len(kept):,} {names[larger]} pixels within {distance} px of {names[1 - larger]}"
            warning = _OVERLAP.format(parts=" and ".join(names), distance=distance, margin=margin)
            warnings = () if distance == margin else (warning,)
            return _Apart(one=one, other=other, words=f"{words} ones left out", warnings=warnings)
    warning = _OVERLAP.format(parts=" and ".join(names), distance=0, margin=margin)
    words = f"no margin between {' and '.join(names)} pixels"
    return _Apart(one=pairs[0][0], other=pairs[0][1], words=words, warnings=(warning,))


def _classes(flat: Indices, truth: GroundTruth) -> NDArray[np.int16]:
    """Return the labels that occur at some positions."""
    labels: NDArray[np.int16] = np.unique(truth.labels_HW.flat[flat])
    return labels


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
