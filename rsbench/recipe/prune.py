"""Which training samples are kept: the words of ``--prune``. Torch-free."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from rsbench.errors import RsbenchError, did_you_mean
from rsbench.metrics import TASKS, facts_of

Kind = Literal["none", "random", "tdds", "el2n", "forgetting"]
Budget = Literal["epochs", "steps"]

KINDS: Final[tuple[str, ...]] = get_args(Kind)
BUDGETS: Final[tuple[str, ...]] = get_args(Budget)
FORMS: Final = "none, random:S, tdds:S, el2n:S or forgetting:S with a share S such as 0.5"
PRUNED_TASKS: Final = tuple(name for name, facts in TASKS.items() if facts.one_class_a_sample)
"""Tasks whose samples have one class each, which is what the scores are made for."""
MOST_EPOCHS: Final = 10_000
"""Of a scoring phase."""
DEFAULT_EPOCHS: Final = 10
"""Of a scoring phase; the paper of TDDS takes 30 on CIFAR-100, ours is for shorter trainings."""
DEFAULT_WINDOW: Final = 4
"""Epochs of a window of TDDS; the paper takes 10 of 30."""
DEFAULT_DECAY: Final = 0.9
"""Weight of the last window of TDDS, as its authors' code has it; each window before it weighs 1 - decay times that."""
LEAST_WINDOW: Final = 3
"""Two differences: with fewer, every score is 0."""
_NUMBER: Final = re.compile(r"([0-9]{1,12}(\.[0-9]{0,12})?|\.[0-9]{1,12})(e[+-]?[0-9]{1,2})?", re.ASCII)
_COUNT: Final = re.compile(r"[0-9]{1,6}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to choose the samples that are kept.

    Attributes:
        title: in words, ``by TDDS``.
        keeps: which share is kept, for listings.
        options: in the order of the canonical text.
        row_bytes: number of classes -> bytes of a sample in an epoch's exchange of scores, of one worker; None where
            there is no scoring phase.
    """

    title: str
    keeps: str
    options: tuple[str, ...]
    row_bytes: Callable[[int], int] | None = None


WAYS: Final[Mapping[str, Way]] = {
    "random": Way(title="at random", keeps="keep a share S drawn at random; no scoring phase", options=("budget",)),
    "tdds": Way(
        title="by TDDS",
        keeps="keep the share S whose predictions vary most over a scoring phase (TDDS, arXiv 2311.13613)",
        options=("epochs", "window", "decay", "budget"),
        row_bytes=lambda classes: 4 * classes,  # float32 probabilities
    ),
    "el2n": Way(
        title="by EL2N",
        keeps="keep the share S with the largest errors in a scoring phase (EL2N, arXiv 2107.07075)",
        options=("epochs", "budget"),
        row_bytes=lambda _: 8,  # a float64 norm
    ),
    "forgetting": Way(
        title="by forgetting",
        keeps="keep the share S forgotten most often in a scoring phase (arXiv 1812.05159)",
        options=("epochs", "budget"),
        row_bytes=lambda _: 1,  # right or wrong
    ),
}
"""Kind -> what it is; ``none`` keeps all samples."""


@dataclass(frozen=True, kw_only=True)
class Prune:
    """How many training samples are kept, and by which score.

    Attributes:
        kind: ``none`` keeps all; ``random`` draws; the others keep the samples that score highest in a first training,
            the scoring phase.
        share: part of the training samples that is kept, above 0 and below 1; 1 for ``none``.
        epochs: passes over all training samples in the scoring phase; 0 where nothing is scored.
        window: of ``tdds``: epochs whose probabilities give one norm; else 0.
        decay: of ``tdds``: weight of the last window; else 0.
        budget: ``epochs``: as many passes over the kept samples as were asked for over all, so fewer steps;
            ``steps``: as many steps as training on all takes, so more passes.
    """

    kind: Kind = "none"
    share: float = 1.0
    epochs: int = 0
    window: int = 0
    decay: float = 0.0
    budget: Budget = "epochs"

    @property
    def keeps_all(self) -> bool:
        """Whether training is on all samples."""
        return self.kind == "none"

    @property
    def scores(self) -> bool:
        """Whether a scoring phase comes before training."""
        return not self.keeps_all and WAYS[self.kind].row_bytes is not None

    @property
    def text(self) -> str:
        """The canonical text, which :func:`parse_prune` reads: ``tdds:0.5,epochs=20``."""
        if self.keeps_all:
            return self.kind
        standard = _defaults(self.kind)
        given = [(name, getattr(self, name)) for name in WAYS[self.kind].options]
        options = [f"{name}={_written(value)}" for name, value in given if value != standard[name]]
        return ",".join([f"{self.kind}:{self.share:.12g}", *options])

    @property
    def label(self) -> str:
        """What a row of a table adds to its method's name; empty where all samples are kept."""
        return "" if self.keeps_all else self.text

    @property
    def title(self) -> str:
        """What it is in words: ``50 % of the training samples by TDDS, equal epochs``."""
        if self.keeps_all:
            return "all training samples"
        return f"{100 * self.share:.12g} % of the training samples {WAYS[self.kind].title}, equal {self.budget}"

    def kept_of(self, samples: int) -> int:
        """Return how many of so many training samples are kept, at least one."""
        return samples if self.keeps_all else min(samples, max(1, round(self.share * samples)))

    def check(self, *, task: str, partition: str | None = None) -> None:
        """Refuse what a task cannot have, before anything is launched.

        Args:
            task: name in :data:`rsbench.metrics.TASKS`.
            partition: canonical text of which worker trains on what; None for iid.

        Raises:
            RsbenchError: one sentence that names what works.
        """
        if self.keeps_all:
            return
        if task not in PRUNED_TASKS:
            able = " and ".join(TASKS[name].title for name in PRUNED_TASKS)
            raise RsbenchError(
                f"--prune {self.text} chooses samples by their class, but {facts_of(task).title} has no class a sample:"
                f" write --prune none; {able} can be pruned."
            )
        if partition is not None:
            raise RsbenchError(
                f"--prune {self.text} chooses among the samples of all workers, but --partition {partition} gives each "
                "worker samples of its own: leave one of the two out."
            )


ALL_SAMPLES: Final = Prune()
"""Training on all samples."""


def parse_prune(text: str | None) -> Prune:
    """Read ``none``, ``random:0.5`` or ``tdds:0.5,epochs=20,window=5,budget=steps``; None keeps all samples.

    Raises:
        RsbenchError: one sentence that says what the text lacks.
    """
    if text is None:
        return ALL_SAMPLES
    kind, colon, rest = text.strip().lower().partition(":")
    if kind not in KINDS:
        raise RsbenchError(f'--prune "{text}" is not understood: write {FORMS}.{did_you_mean(kind, KINDS)}')
    if kind == "none":
        if colon:
            raise RsbenchError(f'--prune "{text}": none takes nothing after it; write {FORMS}.')
        return ALL_SAMPLES
    share, *options = [piece.strip() for piece in rest.split(",")]
    if not share or "=" in share:
        raise RsbenchError(f'--prune "{text}" does not say which share of the samples is kept: write {kind}:0.5.')
    values = _defaults(kind) | _given(text, kind, options)
    prune = Prune(kind=kind, share=_share(text, kind, share), **values)  # type: ignore[arg-type]
    if prune.window > prune.epochs:
        smaller = "" if prune.epochs < LEAST_WINDOW else ", or a smaller window"
        raise RsbenchError(
            f'--prune "{text}" has a window of {prune.window} epochs, but the scoring phase has {prune.epochs}: give '
            f"epochs={prune.window} or more{smaller}."
        )
    return prune


def _defaults(kind: str) -> dict[str, int | float | str]:
    """Return a kind's options as they are where the text does not give them."""
    standard: dict[str, int | float | str] = {
        **{"epochs": DEFAULT_EPOCHS, "window": DEFAULT_WINDOW, "decay": DEFAULT_DECAY},
        **{"budget": "epochs"},
    }
    return {name: standard[name] for name in WAYS[kind].options}


def _share(text: str, kind: str, digits: str) -> float:
    """Return the share that is kept.

    Raises:
        RsbenchError: it is no number between 0 and 1.
    """
    share = float(digits) if _NUMBER.fullmatch(digits) else 0.0
    if share == 1:
        raise RsbenchError(f'--prune "{text}" keeps all samples: write none for that, or a share below 1.')
    if not 1e-6 <= share < 1:
        raise RsbenchError(
            f'--prune "{text}" keeps a share of "{digits}", but that must be a number from 1e-06 to below 1, such as '
            f"{kind}:0.5."
        )
    return float(f"{share:.12g}")


def _given(text: str, kind: str, options: list[str]) -> dict[str, int | float | str]:
    """Return the options that the text gives.

    Raises:
        RsbenchError: an option is unknown, given twice, or cannot have its value.
    """
    values: dict[str, int | float | str] = {}
    for one in options:
        name, equals, value = (part.strip() for part in one.partition("="))
        known = WAYS[kind].options
        if not equals or name not in known:
            raise RsbenchError(f'--prune "{text}": {kind} has no option "{name}".{did_you_mean(name, known)}')
        if name in values:
            raise RsbenchError(f'--prune "{text}" has {name} twice: give it once.')
        values[name] = _value(text, name, value)
    return values


def _value(text: str, name: str, value: str) -> int | float | str:
    """Return an option's value.

    Raises:
        RsbenchError: the option cannot have it.
    """
    if name == "budget":
        if value not in BUDGETS:
            hint = did_you_mean(value, BUDGETS)
            raise RsbenchError(f'--prune "{text}": budget is "{value}", but must be {" or ".join(BUDGETS)}.{hint}')
        return value
    if name == "decay":
        if not _NUMBER.fullmatch(value) or not 0 < float(value) < 1:
            raise RsbenchError(f'--prune "{text}": decay is "{value}", but must be a number above 0 and below 1.')
        return float(f"{float(value):.12g}")
    least = LEAST_WINDOW if name == "window" else 1
    if not _COUNT.fullmatch(value) or not least <= int(value) <= MOST_EPOCHS:
        raise RsbenchError(
            f'--prune "{text}": {name} is "{value}", but must be a whole number from {least} to {MOST_EPOCHS:,}.'
        )
    return int(value)


def _written(value: object) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def options() -> list[tuple[str, str]]:
    """Return (option, its default, range and meaning) for listings."""
    return [
        ("epochs", f"{DEFAULT_EPOCHS} (1 to {MOST_EPOCHS:,}; TDDS: 30): of the scoring phase; not of random"),
        ("window", f"{DEFAULT_WINDOW} ({LEAST_WINDOW} to epochs; TDDS: 10): epochs of one window; of tdds only"),
        ("decay", f"{DEFAULT_DECAY} (0 < x < 1): weight of the last window; of tdds only"),
        ("budget", "epochs or steps: what training on the kept samples has as many of as training on all"),
    ]


def describe() -> list[tuple[str, str]]:
    """Return (what to write, what it does) for listings."""
    ways = ((f"{kind}:S", way.keeps) for kind, way in WAYS.items())
    return [("none", "train on all samples (the default)"), *ways]
