"""Which tiles train, which validate, which test: whole pictures, or blocks of one scene, never single tiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets import split as splits
from rsbench.datasets.changes.tiles import Tiles
from rsbench.datasets.split import Indices, Split, who_draws
from rsbench.errors import RsbenchError
from rsbench.recipe.split import OFFICIAL, parse_shares, percent_text

PARTS = ("train", "val", "test")
KINDS = ("unchanged", "changed")
"""Of pixels, as :attr:`Tiles.counts` counts them."""
PERCENT = (70.0, 10.0, 20.0)
"""Of pictures whose part nothing tells, and of the blocks of a scene."""
ENOUGH = 30
"""Test pictures below which a ranking of compressors means nothing."""


@dataclass(frozen=True, kw_only=True)
class Origins:
    """What tiles were cut from: whole pictures, or blocks of one scene. All tiles of one share a part.

    Attributes:
        parts: "train", "val" or "test" of each; empty where nothing tells it.
        strata: group of each; dealing gives every group its shares.
        told: what tells the parts, in words.
        noun: "picture" or "block".
    """

    parts: tuple[str, ...]
    strata: tuple[int, ...]
    told: str = ""
    noun: str = "picture"

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.parts)

    @property
    def dealt(self) -> str:
        """What dealing keeps whole, in words."""
        return f"by whole {self.noun}"


def split_tiles(tiles: Tiles, origins: Origins, split: str, seed: int) -> Split:
    """Return the tiles that train, validate and test.

    Args:
        tiles: all of a data set.
        origins: what they were cut from.
        split: "official", or percentages as ``--split`` takes them; these are shares of whole pictures.
        seed: of the repeat; all repeats test on the same pictures, unless ``split`` says otherwise.

    Raises:
        RsbenchError: the text is not understood, asks for single tiles, or leaves a part empty.
    """
    groups, how = _official(origins, seed) if split == OFFICIAL else _shares(origins, split, seed)
    train, val, test = (np.flatnonzero(np.isin(tiles.origin, group)).astype(np.int64) for group in groups)
    sizes = ", ".join(
        f"{counted(len(group), origins.noun)} ({counted(len(part), 'tile')}) {name}"
        for name, group, part in zip(PARTS, groups, (train, val, test), strict=True)
    )
    _require_parts(groups, f"{how}: {sizes}", origins)
    warnings = _warnings(groups, origins, tiles, (train, val, test))
    return Split(train=train, val=val, test=test, description=f"{how}: {sizes}", warnings=warnings)


def _official(origins: Origins, seed: int) -> tuple[list[Indices], str]:
    """Return the origins of each part as told, the others dealt, and how in words."""
    parts, strata = np.array(origins.parts, dtype=object), np.array(origins.strata, dtype=np.int64)
    groups = [np.flatnonzero(parts == part) for part in PARTS]
    told, others = sum(map(len, groups)), np.flatnonzero(parts == "")
    how = [f"parts by {origins.told} ({counted(told, origins.noun)})"] if told else []
    if len(others):
        dealt = splits.dealt(PERCENT, strata[others], seed)
        groups = [np.sort(np.concatenate([group, others[own]])) for group, own in zip(groups, dealt, strict=True)]
        whose = f" ({counted(len(others), origins.noun)} whose part nothing tells)" if told else ""
        how.append(f"{percent_text(PERCENT)} {origins.dealt}, {who_draws(is_redrawn=False)}{whose}")
    if not len(groups[1]) and len(groups[0]) > 1:
        groups[0], groups[1] = splits.take_validation(groups[0], strata, seed)
        how.append(f"a tenth of the training {origins.noun}s validates, drawn anew with each seed")
    return groups, "; ".join(how)


def _shares(origins: Origins, split: str, seed: int) -> tuple[list[Indices], str]:
    """Return the origins of each part by percentages, and how in words."""
    shares = parse_shares(split)
    if shares.is_random:
        raise RsbenchError(
            f"--split {split} would put tiles of one {origins.noun} into two parts: leave random: out, and whole "
            f"{origins.noun}s are dealt."
        )
    groups = splits.dealt(shares.percent, np.array(origins.strata, dtype=np.int64), seed, is_redrawn=shares.is_redrawn)
    return groups, f"{percent_text(shares.percent)} {origins.dealt}, {who_draws(is_redrawn=shares.is_redrawn)}"


def _require_parts(groups: Sequence[Indices], words: str, origins: Origins) -> None:
    """Refuse an empty part.

    Raises:
        RsbenchError: says what to choose.
    """
    if len(origins) < len(PARTS):
        advice = "take a smaller --image-size" if origins.noun == "block" else "add pictures"
        raise RsbenchError(f"{counted(len(origins), origins.noun)} cannot be dealt to three parts: {advice}.")
    for group, name in zip(groups, ("trains", "validates", "tests"), strict=True):
        if not len(group):
            raise RsbenchError(
                f"No {origins.noun} {name} ({words}): choose percentages such as --split 70/10/20, or add pictures."
            )


def _warnings(
    groups: Sequence[Indices], origins: Origins, tiles: Tiles, parts: Sequence[NDArray[np.int64]]
) -> tuple[str, ...]:
    """Return what the split does not hold to.

    Raises:
        RsbenchError: the training or the test part lacks changed or unchanged pixels.
    """
    tests = counted(len(groups[2]), origins.noun)
    few: tuple[str, ...] = ()
    if origins.noun == "block":
        few = (
            "All parts are blocks of one scene, which touch: scores say how well a method fills in this scene, not how "
            "it does on another.",
        )
    elif len(groups[2]) < ENOUGH:
        few = (f"The test part has {tests}, fewer than {ENOUGH}: too few to rank compressors.",)
    return (*few, *_lacking(tiles, parts))


def _lacking(tiles: Tiles, parts: Sequence[NDArray[np.int64]]) -> tuple[str, ...]:
    """Return a sentence where no validation pixel changed, or none is unchanged.

    Raises:
        RsbenchError: the same of training or test pixels.
    """
    if tiles.counts is None:
        return ()
    for count, kind in zip(tiles.counts.sum(axis=0), KINDS, strict=True):
        if count == 0:
            raise RsbenchError(f"No pixel of any label is {kind}: look at the labels.")
    sentences = []
    for part, name in zip(parts, ("training", "validation", "test"), strict=True):
        for count, kind in zip(tiles.counts[part].sum(axis=0), KINDS, strict=True):
            if count == 0 and name != "validation":
                raise RsbenchError(
                    f"No {name} pixel is {kind}: choose a smaller --image-size, other percentages with --split, or add "
                    "pictures."
                )
            if count == 0:
                sentences.append(f"No {name} pixel is {kind}, so that its F1 chooses nothing: take other percentages.")
    return tuple(sentences)


def counted(number: int, noun: str) -> str:
    """Return ``1 picture`` or ``22 pictures``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
