"""The text of the model ``fedfusion``: how many dimensions its features keep, and how they are joined. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, Literal, get_args

from rsbench.errors import RsbenchError, did_you_mean

Join = Literal["both", "cat", "add"]

NAME: Final = "fedfusion"
AFTER: Final = "after FedFusion"
"""What every table calls the model, since it is our reading of the paper (arXiv 2311.09540)."""
JOINS: Final[tuple[str, ...]] = get_args(Join)
FEATURES: Final = 64
"""Shallow features of a position, d; as many dimensions leave the basis out."""
SHOWN_ROWS: Final = (49, 392)
"""Rows of feature matrices for which it is told what coordinates save: a patch of 7 x 7 pixels, and 8 of them."""
FULL: Final = "full"
FORMS: Final = f"{NAME}:rank=8,join=both"
OPTIONS: Final = f"options rank=1 to {FEATURES} or {FULL}, join={'|'.join(JOINS)}: {FORMS}"
"""What listings say of the options."""


@dataclass(frozen=True, kw_only=True)
class FedFusion:
    """The options of the model.

    Attributes:
        rank: dimensions that are kept of each modality's features, r, 1 to :data:`FEATURES`; that many keep all.
        join: ``cat`` puts the modalities' coordinates side by side (the paper's cascading), ``add`` sums them after a
            linear map of each (its additive way), ``both`` does both.
    """

    rank: int = 8
    join: Join = "both"

    @property
    def keeps_all(self) -> bool:
        """Whether there is no subspace: the features themselves are joined."""
        return self.rank == FEATURES

    @property
    def rank_text(self) -> str:
        """``8`` or ``full``."""
        return FULL if self.keeps_all else str(self.rank)

    @property
    def text(self) -> str:
        """The canonical text, which :func:`parse_fedfusion` reads. It always says the rank."""
        join = "" if self.join == FedFusion().join else f",join={self.join}"
        return f"{NAME}:rank={self.rank_text}{join}"


def coordinate_share(rank: int, rows: int) -> float:
    """Return the size of coordinates and basis over that of the features: r (n + d) / (n d), 1 where all are kept.

    Args:
        rank: dimensions that are kept, r.
        rows: of the feature matrix, n: positions of all samples of a batch.
    """
    return 1.0 if rank == FEATURES else rank * (rows + FEATURES) / (rows * FEATURES)


def is_fedfusion(model: str) -> bool:
    """Return whether a model's text asks for this model, whatever its options."""
    return str(model).partition(":")[0] == NAME  # a cell of a damaged record may hold anything


def parse_fedfusion(text: str) -> FedFusion:
    """Read ``fedfusion``, ``fedfusion:rank=8`` or ``fedfusion:rank=full,join=cat``.

    Raises:
        RsbenchError: one sentence that says which option is wrong.
    """
    known = [field.name for field in fields(FedFusion)]
    values: dict[str, str] = {}
    for pair in filter(None, text.strip().partition(":")[2].split(",")):
        key, equals, value = (part.strip() for part in pair.partition("="))
        if not equals:
            raise RsbenchError(f'The model "{text}": "{pair}" is not key=value; write {FORMS}.')
        if key not in known:
            raise RsbenchError(f'The model {NAME} has no option "{key}".{did_you_mean(key, known)}')
        if key in values:
            raise RsbenchError(f'The model "{text}" gives {key} twice; give it once.')
        values[key] = value
    default = FedFusion()
    return FedFusion(rank=_rank(values.get("rank", str(default.rank))), join=_join(values.get("join", default.join)))


def _rank(value: str) -> int:
    """Return the dimensions that are kept.

    Raises:
        RsbenchError: it is neither ``full`` nor a whole number in range.
    """
    if value == FULL:
        return FEATURES
    if not (value.isascii() and value.isdigit() and len(value) <= 9 and 1 <= int(value) <= FEATURES):
        raise RsbenchError(
            f'{NAME}: rank is "{value}", but must be a whole number from 1 to {FEATURES}, or {FULL} to keep all.'
        )
    return int(value)


def _join(value: str) -> Join:
    """Return how modalities are joined.

    Raises:
        RsbenchError: it is none of the ways.
    """
    for join in get_args(Join):
        if value == join:
            return join  # type: ignore[no-any-return]
    raise RsbenchError(f'{NAME}: join is "{value}", but must be one of {", ".join(JOINS)}.{did_you_mean(value, JOINS)}')
