"""How often workers exchange: at each step, after some accumulated batches, or in rounds of local steps. Torch-free."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

from rsbench.errors import RsbenchError, did_you_mean

Kind = Literal["steps", "accumulate", "rounds"]
Outer = Literal["avg", "nesterov", "prox"]

KINDS: Final[tuple[str, ...]] = get_args(Kind)
OUTERS: Final[tuple[str, ...]] = get_args(Outer)
MOST_STEPS: Final = 10**9
"""Of a round."""
FORMS: Final = "steps, accumulate:K, rounds, rounds:K or rounds:K:avg|nesterov|prox"
_COUNT: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_DEFAULTS: Final[Mapping[str, Mapping[str, float]]] = {
    "avg": {"outer_lr": 1.0},
    "nesterov": {"outer_lr": 0.7, "outer_momentum": 0.9},
    "prox": {"outer_lr": 1.0, "mu": 0.01},
}
"""Outer step -> its options. 0.7 and 0.9 are DiLoCo's (arXiv 2311.08105); mu 0.01 is of FedProx (Li et al. 2020), who
try 0.001 to 1."""
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {"state": ("keep", "reset"), "weights": ("samples", "equal")}
"""Options that take a word, the default first."""


@dataclass(frozen=True, kw_only=True)
class Sync:
    """When workers exchange, and what becomes of it.

    Attributes:
        kind: ``steps``: gradients at every step; ``accumulate``: the sum over some batches, then one optimizer step;
            ``rounds``: each worker trains alone for some steps, then parameter differences are exchanged.
        every: local steps (batches of one worker) to an exchange, K; 1 for ``steps``; 0 where it is not chosen yet.
        by_ratio: the asked compression ratio chooses ``every``; ``rounds`` only.
        outer: what rounds do with the averaged difference: ``avg`` subtracts it from where the round began (FedAvg,
            local SGD); ``nesterov`` is SGD with Nesterov's momentum on it (DiLoCo); ``prox`` is ``avg`` with a pull
            towards the round's begin in every local step (FedProx).
        outer_lr: what the averaged difference is multiplied by.
        outer_momentum: of ``nesterov``.
        mu: of ``prox``: mu times the distance from the round's begin is added to each gradient.
        state: whether local optimizers ``keep`` their state from round to round (DiLoCo) or ``reset`` it (FedAvg).
        weights: whether a worker counts by its training ``samples`` (FedAvg) or all count ``equal``.
    """

    kind: Kind = "steps"
    every: int = 1
    by_ratio: bool = False
    outer: Outer = "avg"
    outer_lr: float = 1.0
    outer_momentum: float = 0.0
    mu: float = 0.0
    state: str = "keep"
    weights: str = "samples"

    def __post_init__(self) -> None:
        if self.every < 1 and not (self.by_ratio and self.every == 0):
            raise RsbenchError(f"There are {self.every} local steps to an exchange, but there must be at least 1.")

    @property
    def in_rounds(self) -> bool:
        """Whether workers train alone between exchanges."""
        return self.kind == "rounds"

    @property
    def text(self) -> str:
        """The canonical text, which :func:`parse_sync` reads: ``rounds:8:nesterov:outer_lr=0.5``.

        Where the ratio chooses the length: ``rounds`` as it is asked for, ``rounds=8`` once it is chosen.
        """
        if self.kind == "steps":
            return self.kind
        length = f"={self.every}" if self.by_ratio and self.every else ""
        parts = [f"{self.kind}{length}"] if self.by_ratio else [self.kind, str(self.every)]
        if self.in_rounds:
            parts += [self.outer] if self.outer != "avg" else []
            standard = {**_DEFAULTS[self.outer], **{name: words[0] for name, words in _WORDS.items()}}
            given = {name: getattr(self, name) for name in standard}
            options = [f"{name}={_written(value)}" for name, value in given.items() if value != standard[name]]
            parts += [",".join(options)] if options else []
        return ":".join(parts)

    @property
    def label(self) -> str:
        """What a row of a table adds to its method's name; empty for an exchange at each step."""
        return "" if self.kind == "steps" else self.text

    @property
    def asked(self) -> Sync:
        """What was asked for, which says no length that the ratio chooses."""
        return replace(self, every=0) if self.by_ratio else self

    def of_length(self, every: int) -> Sync:
        """Return the same with so many local steps to an exchange."""
        return replace(self, every=every)

    def exchanges(self, steps: int) -> int:
        """Return the exchanges of so many local steps; the last may come after fewer than the others."""
        return math.ceil(steps / self.every)


EVERY_STEP: Final = Sync()
"""Gradients at every step."""


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A name that papers use.

    Attributes:
        every: local steps to a round, where the user gives none.
        rest: what follows the local steps in the text that it stands for.
        source: paper, and what of it is ours.
    """

    every: int
    rest: str
    source: str

    def text(self, every: int) -> str:
        """Return what it stands for."""
        return f"rounds:{every}{self.rest}"


PRESETS: Final[Mapping[str, Preset]] = {
    "localsgd": Preset(every=16, rest="", source="Local SGD, Stich, ICLR 2019; K = 16 is ours"),
    "fedavg": Preset(
        every=20,
        rest=":state=reset",
        source="FedAvg, McMahan et al., AISTATS 2017, who count epochs; K = 20 is ours; give --optimizer sgd",
    ),
    "diloco": Preset(
        every=500, rest=":nesterov", source="DiLoCo, arXiv 2311.08105: 500 local steps, with --optimizer adamw"
    ),
    "sparseloco": Preset(
        every=30,
        rest="",
        source="After SparseLoCo, arXiv 2508.15706: give --compressor topk:density=0.03 and --optimizer adamw; "
        "without its decay of the residual and 2-bit values; K = 30 is ours",
    ),
}
"""Names for :func:`parse_sync`, alone or with local steps of the user's: ``diloco:50``."""


def parse_sync(text: str) -> Sync:
    """Read ``steps``, ``accumulate:8``, ``rounds:8:nesterov:outer_lr=0.5``, or the name of a preset.

    Raises:
        RsbenchError: one sentence that says what the text lacks.
    """
    kind, *rest = text.strip().lower().split(":")
    if kind.startswith("rounds="):
        return _rounds(text, _count(text, kind.removeprefix("rounds=")), rest, by_ratio=True)
    if kind in PRESETS:
        return _preset(text, kind, rest)
    if kind not in KINDS:
        known = [*KINDS, *PRESETS]
        raise RsbenchError(f'--sync "{text}" is not understood: write {FORMS}.{did_you_mean(kind, known)}')
    if kind == "steps":
        if rest:
            raise RsbenchError(f'--sync "{text}": steps takes nothing after it; write {FORMS}.')
        return EVERY_STEP
    if kind == "rounds" and (not rest or rest[0] in OUTERS or "=" in rest[0]):
        return _rounds(text, 0, rest, by_ratio=True)
    if not rest:
        raise RsbenchError(f'--sync "{text}" does not say how many local steps an exchange takes: write {kind}:8.')
    every = _count(text, rest[0])
    if kind == "accumulate":
        if len(rest) > 1:
            raise RsbenchError(f'--sync "{text}": accumulate takes a number of batches only, such as accumulate:8.')
        return Sync(kind="accumulate", every=every) if every > 1 else EVERY_STEP
    return _rounds(text, every, rest[1:])


def _preset(text: str, name: str, rest: list[str]) -> Sync:
    preset = PRESETS[name]
    if len(rest) > 1:
        raise RsbenchError(
            f'--sync "{text}": {name} takes a number of local steps only, such as {name}:50; to change more, write '
            f"what it stands for, {preset.text(preset.every)}."
        )
    return parse_sync(preset.text(_count(text, rest[0]) if rest else preset.every))


def _count(text: str, digits: str) -> int:
    """Return the local steps of an exchange.

    Raises:
        RsbenchError: there are none, or the text is no number.
    """
    if not _COUNT.fullmatch(digits) or not 1 <= int(digits) <= MOST_STEPS:
        raise RsbenchError(
            f'--sync "{text}" asks for "{digits}" local steps to an exchange, but that must be a whole number from 1 '
            f"to {MOST_STEPS:,}."
        )
    return int(digits)


def _rounds(text: str, every: int, rest: list[str], *, by_ratio: bool = False) -> Sync:
    """Return rounds with the outer step and the options that follow the local steps."""
    outer = "avg" if not rest or "=" in rest[0] else rest.pop(0)
    if outer not in OUTERS:
        raise RsbenchError(
            f'--sync "{text}" has no outer step "{outer}": write {", ".join(OUTERS)}.{did_you_mean(outer, OUTERS)}'
        )
    if len(rest) > 1:
        raise RsbenchError(f'--sync "{text}" has options twice: join them with commas, as in outer_lr=0.5,state=reset.')
    values: dict[str, float | str] = dict(_DEFAULTS[outer])
    given: set[str] = set()
    for one in rest[0].split(",") if rest else ():
        name, _, value = map(str.strip, one.partition("="))
        if name in given:
            raise RsbenchError(f'--sync "{text}" has {name} twice: give it once.')
        given.add(name)
        values[name] = _value(text, outer, name, value)
    return Sync(kind="rounds", every=every, by_ratio=by_ratio, outer=outer, **values)  # type: ignore[arg-type]


def _value(text: str, outer: str, name: str, value: str) -> float | str:
    """Return an option's value.

    Raises:
        RsbenchError: the outer step has no such option, or it cannot have this value.
    """
    if name in _WORDS:
        if value not in _WORDS[name]:
            raise RsbenchError(f'--sync "{text}": {name} is "{value}", but must be {" or ".join(_WORDS[name])}.')
        return value
    if name not in _DEFAULTS[outer]:
        known = [*_DEFAULTS[outer], *_WORDS]
        raise RsbenchError(f'--sync "{text}": rounds with {outer} have no option "{name}".{did_you_mean(name, known)}')
    try:
        number = float(value.replace("_", " "))  # Python reads 1_0 as 10
    except ValueError:
        number = math.nan
    below = 1.0 if name == "outer_momentum" else 1e6
    if not 0 < number < below:
        raise RsbenchError(f'--sync "{text}": {name} is "{value}", but must be a number above 0 and below {below:g}.')
    return number


def _written(value: object) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def options() -> list[tuple[str, str]]:
    """Return (option, its default, range and meaning) of rounds for listings."""
    return [
        ("outer_lr", "1, of nesterov 0.7 (0 < x < 1e6): what the averaged difference is multiplied by"),
        ("outer_momentum", "0.9, of nesterov only (0 < x < 1)"),
        ("mu", "0.01, of prox only (0 < x < 1e6; FedProx tries 0.001 to 1): the pull towards the round's start"),
        ("state", f"{' or '.join(_WORDS['state'])}: what becomes of the local optimizers' state at a round's end"),
        ("weights", f"{' or '.join(_WORDS['weights'])}: whether a worker counts by its training samples"),
    ]


def describe() -> list[tuple[str, str]]:
    """Return (what to write, what it does) for listings."""
    forms = [
        ("steps", "exchange gradients at every step (the default)"),
        ("accumulate:K", "add up the gradients of K batches, exchange once, take one optimizer step"),
        ("rounds:K", "train alone for K local steps, then average the parameters"),
        ("rounds", "the same with the shortest K at which --ratio is within reach; tables show it as rounds=K"),
        ("rounds:K:nesterov", "the same with Nesterov's momentum on the averaged difference"),
        ("rounds:K:prox", "the same as rounds:K, with a pull towards the round's start in each local step"),
    ]
    presets = [(name, f"{preset.text(preset.every)}: {preset.source}") for name, preset in PRESETS.items()]
    return forms + presets
