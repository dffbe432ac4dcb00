"""Which worker trains on which samples: the words of ``--partition``. Torch-free."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from rsbench.errors import RsbenchError, did_you_mean
from rsbench.metrics import facts_of

Kind = Literal["iid", "blocks", "classes", "dirichlet", "modality"]

KINDS: Final[tuple[str, ...]] = get_args(Kind)
MOST_CLASSES: Final = 10**6
"""Of one client."""
LEAST_ALPHA: Final = 1e-3
MOST_ALPHA: Final = 1e6
FORMS: Final = "iid, blocks, classes:K, dirichlet:A or modality"
_COUNT: Final = re.compile(r"[0-9]{1,7}", re.ASCII)
_NUMBER: Final = re.compile(r"([0-9]{1,12}(\.[0-9]{0,12})?|\.[0-9]{1,12})(e[+-]?[0-9]{1,2})?", re.ASCII)
_EXAMPLES: Final[Mapping[str, str]] = {"classes": "classes:5", "dirichlet": "dirichlet:0.3"}
"""Kinds that take a value, and how they are written."""


@dataclass(frozen=True, kw_only=True)
class Partition:
    """How training samples are dealt to clients, which are the workers.

    Attributes:
        kind: ``iid``: all samples shuffled and dealt anew in each epoch; ``blocks``: stripes of one scene;
            ``classes``: some classes a client; ``dirichlet``: each class in shares drawn from Dirichlet(``alpha``);
            ``modality``: samples at random, but each client sees one modality only.
        classes: of each client, for ``classes``; else 0.
        alpha: concentration of the draw, for ``dirichlet``: the smaller, the more the clients differ; else 0.
    """

    kind: Kind = "iid"
    classes: int = 0
    alpha: float = 0.0

    @property
    def is_iid(self) -> bool:
        """Whether any worker may see any sample."""
        return self.kind == "iid"

    @property
    def text(self) -> str:
        """The canonical text, which :func:`parse_partition` reads: ``dirichlet:0.3``."""
        value = {"classes": f":{self.classes}", "dirichlet": f":{self.alpha:.12g}"}.get(self.kind, "")
        return f"{self.kind}{value}"

    @property
    def label(self) -> str:
        """The canonical text; empty where any worker may see any sample."""
        return "" if self.is_iid else self.text

    @property
    def title(self) -> str:
        """What it is in words, as titles of tables say it: ``5 classes a client``."""
        return {
            "iid": "iid",
            "blocks": "one stripe of the scene a client",
            "classes": f"{self.classes} {'class' if self.classes == 1 else 'classes'} a client",
            "dirichlet": f"class shares from Dirichlet({self.alpha:.12g})",
            "modality": "one modality a client",
        }[self.kind]

    def check(self, *, task: str, inputs: Mapping[str, int], workers: int) -> None:
        """Refuse what a task and its data cannot have, before anything is launched.

        Args:
            task: name in :data:`rsbench.metrics.TASKS`.
            inputs: sizes of the data, as :attr:`rsbench.datasets.Survey.inputs` gives them.
            workers: world size, which is the number of clients.

        Raises:
            RsbenchError: one sentence that names what works.
        """
        if self.is_iid:
            return
        facts, classes = facts_of(task), inputs.get("classes", 0)
        asked, title = f"--partition {self.text}", facts.title
        if not facts.of_one_scene and not facts.one_class_a_sample:
            raise RsbenchError(f"{asked}: {title} has no class a sample and no single scene: write iid.")
        if self.kind == "blocks" and not facts.of_one_scene:
            raise RsbenchError(
                f"{asked} cuts one scene into stripes, but {title} has a picture a sample: write "
                f"{_EXAMPLES['classes']} or {_EXAMPLES['dirichlet']}."
            )
        if self.kind in _EXAMPLES and not classes:
            raise RsbenchError(f"{asked} deals out classes, but {title} has none: write blocks.")
        if self.kind == "classes":
            self._check_classes(classes, workers)
        if self.kind == "modality" and not inputs.get("aux_channels"):
            raise RsbenchError(
                f"{asked} gives each client one of two modalities, but this data set has one only: take pixels of a "
                f"scene with two, or write {_EXAMPLES['classes']} or {_EXAMPLES['dirichlet']}."
            )
        if self.kind == "modality" and workers < 2:
            raise RsbenchError(f"{asked} needs 2 workers or more, or nobody trains on the second modality.")

    def _check_classes(self, classes: int, workers: int) -> None:
        """Refuse more classes a client than there are, and a class that no client has."""
        asked = f"--partition {self.text}"
        if self.classes > classes:
            raise RsbenchError(f"{asked} gives each client more classes than the {classes} that there are.")
        if workers * self.classes < classes:
            raise RsbenchError(
                f"{asked} leaves {classes - workers * self.classes} of {classes} classes to no client, for there are "
                f"{workers} workers: write classes:{math.ceil(classes / workers)} or more, or take more workers."
            )


def parse_partition(text: str) -> Partition:
    """Read ``iid``, ``blocks``, ``classes:5``, ``dirichlet:0.3`` or ``modality``.

    Raises:
        RsbenchError: one sentence that says what the text lacks.
    """
    kind, colon, value = text.strip().lower().partition(":")
    if kind not in KINDS:
        raise RsbenchError(f'--partition "{text}" is not understood: write {FORMS}.{did_you_mean(kind, KINDS)}')
    if kind not in _EXAMPLES:
        if colon:
            raise RsbenchError(f'--partition "{text}": {kind} takes nothing after it; write {FORMS}.')
        return Partition(kind=kind)  # type: ignore[arg-type]
    if not value:
        what = "how many classes a client has" if kind == "classes" else "how alike the clients are"
        raise RsbenchError(f'--partition "{text}" does not say {what}: write {_EXAMPLES[kind]}.')
    return Partition(kind="classes", classes=_count(text, value)) if kind == "classes" else _dirichlet(text, value)


def _count(text: str, digits: str) -> int:
    """Return the classes of a client.

    Raises:
        RsbenchError: there are none, or the text is no number.
    """
    if not _COUNT.fullmatch(digits) or not 1 <= int(digits) <= MOST_CLASSES:
        raise RsbenchError(
            f'--partition "{text}" asks for "{digits}" classes a client, but that must be a whole number from 1 to '
            f"{MOST_CLASSES:,}."
        )
    return int(digits)


def _dirichlet(text: str, value: str) -> Partition:
    """Return a draw from Dirichlet.

    Raises:
        RsbenchError: the concentration is no number, too small or too large.
    """
    if not _NUMBER.fullmatch(value) or not LEAST_ALPHA <= float(value) <= MOST_ALPHA:
        raise RsbenchError(
            f'--partition "{text}" has the concentration "{value}", but that must be a number from {LEAST_ALPHA:g} to '
            f"{MOST_ALPHA:,.0f}; 0.1 makes clients very different, 100 nearly alike."
        )
    return Partition(kind="dirichlet", alpha=float(f"{float(value):.12g}"))


def describe() -> list[tuple[str, str]]:
    """Return (what to write, what it does) for listings."""
    return [
        ("iid", "shuffle all training samples and deal them out anew in each epoch (the default)"),
        ("blocks", "each client trains on one stripe of the scene, as satellite swaths cut it; all the same size"),
        ("classes:K", "each client trains on K classes; a class with several clients is shared out equally"),
        ("dirichlet:A", "each class in shares drawn from Dirichlet(A): 0.1 very uneven, 100 nearly even"),
        ("modality", "samples at random, but each client trains on one modality, the other is its mean"),
    ]
