"""What a benchmark times: methods at densities and threads, of this code and of another tree's. Torch-free."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from rsbench.errors import RsbenchError

Number = TypeVar("Number", int, float)
Kind = Literal["plain", "hook", "floor", "compressor"]
"""Plain DDP; PyTorch's hooks and plainly written ones; floors; compressors of rsbench."""

REFERENCE: Final = "plain DDP"
ALLREDUCE_HOOK: Final = "PyTorch allreduce_hook"
POWERSGD_HOOK: Final = "PyTorch powerSGD_hook (1 bucket)"
FP16_HOOK: Final = "PyTorch fp16_compress_hook"
PLAIN_TOPK, PLAIN_DGC = "Top-k written plainly", "DGC written plainly"
ERROR_FEEDBACK_FLOOR: Final = "memory traffic only (error feedback)"
MOMENTUM_FLOOR: Final = "memory traffic only (momentum)"
PRODUCTS_FLOOR: Final = "gcc's F x F products only"

DEFAULT_COMPRESSORS: Final = (
    *("none", "noop", "fp16", "randomk", "topk", "blocktopk", "dgc", "rsdgc"),
    *("qsgd", "signsgd", "powersgd:rank=1", "gcc"),
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the tables.

    Attributes:
        method: a compressor's canonical text, or the name of a hook or floor.
        kind: of the method.
        density: share of the elements that is sent; None for methods that have none.
        threads: compute threads of a worker.
        tree: name of the other tree whose code runs; empty for this one's.
        keeps_residual: whether the method keeps what it does not send.
    """

    method: str
    kind: Kind
    density: float | None = None
    threads: int = 1
    tree: str = ""
    keeps_residual: bool = False

    @property
    def label(self) -> str:
        """The row in words, for progress: ``topk, density 0.01``."""
        words = [self.method]
        if self.density is not None:
            words.append(f"density {self.density:g}")
        if self.threads != 1:
            words.append(f"{self.threads} threads")
        return ", ".join([*words, self.tree] if self.tree else words)

    def of_tree(self, name: str) -> Row:
        """Return the same row with another tree's code."""
        return dataclasses.replace(self, tree=name)


def plan_rows(
    compressors: Sequence[str],
    densities: Sequence[float],
    *,
    threads: Sequence[int] = (1,),
    plain_hooks: bool = True,
    floors: bool = True,
    other_tree: str = "",
) -> list[Row]:
    """Return all rows in the order of the tables; a row of another tree follows this tree's own.

    Args:
        compressors: texts; those whose density is open get a row for each density.
        densities: shares of the elements that are sent.
        threads: compute threads of a worker.
        plain_hooks: PyTorch's hooks and plainly written code beside.
        floors: bounds that no method goes below.
        other_tree: name of the tree whose compressors stand beside this one's; empty for none.

    Raises:
        RsbenchError: there is no such compressor.
    """
    rows = [Row(method=REFERENCE, kind="plain")]
    if plain_hooks:
        rows += [Row(method=name, kind="hook") for name in (ALLREDUCE_HOOK, FP16_HOOK, POWERSGD_HOOK)]
        rows += [Row(method=name, kind="hook", density=r) for name in (PLAIN_TOPK, PLAIN_DGC) for r in densities]
    if floors:
        rows += [Row(method=name, kind="floor") for name in (ERROR_FEEDBACK_FLOOR, MOMENTUM_FLOOR)]
        if any(text.partition(":")[0] == "gcc" for text in compressors):
            rows.append(Row(method=PRODUCTS_FLOOR, kind="floor"))
    for row in _of_compressors(compressors, densities):
        rows += [row, row.of_tree(other_tree)] if other_tree else [row]
    return [dataclasses.replace(row, threads=count) for count in threads for row in rows]


def _of_compressors(texts: Sequence[str], densities: Sequence[float]) -> Iterator[Row]:
    """Yield each compressor's rows once, under its canonical text."""
    from rsbench.compressors import parse  # late: start-up

    for compressor in {one.text: one for one in map(parse, texts)}.values():
        open_density = compressor.is_open and compressor.setting == "density"
        for density in densities if open_density else (None,):
            yield Row(
                method=compressor.text, kind="compressor", density=density, keeps_residual=compressor.keeps_residual
            )


def read_numbers(option: str, texts: Sequence[str], kind: type[Number]) -> tuple[Number, ...]:
    """Return the numbers that an option was given, each once, in order: it may be repeated and hold commas.

    Args:
        option: its name.
        texts: as the user gave them.
        kind: whole numbers or any.

    Raises:
        RsbenchError: something in it is no such number.
    """
    fields = [field.strip() for text in texts for field in text.split(",")]
    try:
        return tuple(dict.fromkeys(map(kind, fields)))
    except ValueError:
        given = ",".join(texts)
        what = "whole numbers, such as 1 or 1,2" if kind is int else "numbers, such as 0.001 or 0.001,0.01"
        raise RsbenchError(f"--{option} {given} is no list of {what}.") from None
