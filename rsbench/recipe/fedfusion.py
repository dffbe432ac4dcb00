"""The text of the model ``fedfusion``: how many dimensions its features keep, and how they are joined. Torch-free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from rsbench.recipe.model_options import Choice, Option, Whole, read_options, read_pairs

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
class _Rank(Whole):
    """A number of dimensions, or ``full`` for all."""

    def read(self, value: str) -> int | None:
        """Return the dimensions that are kept; None where they cannot be."""
        return self.most if value == FULL else super().read(value)

    @property
    def words(self) -> str:
        """What is taken, in words."""
        return f"{super().words}, or {FULL} to keep all"


_OPTIONS: Final[Mapping[str, Option]] = {
    "rank": _Rank(default=8, least=1, most=FEATURES),
    "join": Choice(default="both", values=JOINS),
}


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
    given = read_pairs(text, text.strip().partition(":")[2], FORMS)
    return FedFusion(**read_options(NAME, given, _OPTIONS))
