"""The tables that Triton's kernels read: which program does what."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch

from rsbench.compressors.blocks.layout import Layout
from rsbench.compressors.device.codings import CODINGS
from rsbench.compressors.device.places import counted, on_device, spread
from rsbench.compressors.device.plan import DevicePlan, Served

_KINDS = {kind: number for number, kind in enumerate(CODINGS)}


def _runs(sizes: Sequence[int], run: int, last: Sequence[int] | None = None) -> list[list[int]]:
    """Cut each tensor into runs; rows of ``triton_kernels.RUN`` columns, the last one as given for each tensor or 0."""
    return [
        [t, first, min(run, size - first), last[t] if last else 0]
        for t, size in enumerate(sizes)
        for first in range(0, size, run)
    ]


def _grid(layout: Layout) -> list[int]:
    """Return elements in a block, blocks in a row, columns, rows and width, as :class:`Places` reads a layout."""
    if layout.tile:
        return [layout.block, -(-layout.cols // layout.tile), layout.cols, layout.rows, layout.tile]
    return [layout.block, layout.blocks, layout.numel, 1, layout.block]


def _power_of_two(number: int) -> int:
    return 1 << (number - 1).bit_length()


@dataclasses.dataclass(frozen=True)
class Statistics:
    """The tensors whose blocks fit one width.

    Attributes:
        runs: of blocks, the last column counts the programs.
        per: blocks of a program.
        width: elements of a block, rounded up to a power of two.
    """

    runs: torch.Tensor
    per: int
    width: int


class Tables:
    """The tables of a plan; int64 on the device, rows as :mod:`~rsbench.compressors.device.triton_kernels` says.

    Args:
        plan: of a bucket.
        device: of the tables.
        run: elements that a program takes.
    """

    def __init__(self, plan: DevicePlan, device: torch.device, run: int) -> None:
        def put(rows: Sequence[Sequence[int]] | Sequence[int] | torch.Tensor) -> torch.Tensor:
            return on_device(torch.as_tensor(rows, dtype=torch.int64), device)

        starts = [sum(plan.sizes[:t]) for t in range(len(plan.sizes))]
        self.checked = put(_runs(plan.sizes, run))
        self.check_places = put([[start, len(starts) - t] for t, start in enumerate(starts)])
        taken = [*plan.plain, *plan.kept]
        self.taken = put(_runs([served.slot.layout.numel for served in taken], run))
        self.take_places = put([_place(served) for served in taken])
        chosen = plan.selection.tensors if plan.selection else ()
        direct = [*plan.plain, *plan.whole]
        layouts, counts = [s.slot.layout for s in chosen], [s.slot.count for s in chosen]
        firsts = [sum(counts[:t]) for t in range(len(counts))]
        shapes = [
            [s.memory, s.gradient, s.word, k0, *_grid(s.slot.layout)] for s, k0 in zip(chosen, firsts, strict=True)
        ]
        shapes += [[s.memory, s.gradient, s.word, 0, *_grid(s.slot.layout)] for s in direct]
        values = [k * layout.block for layout, k in zip(layouts, counts, strict=True)]
        self.shapes, self.sent = put(shapes), put(_runs(values, run))
        both = values + [s.slot.layout.numel for s in direct]
        self.added = put(_runs(both, run, [1] * len(values) + [0] * len(direct)))
        self.masks = put([s.masks for s in chosen])
        if not chosen:
            return
        self.wanted, self.firsts, self.tensors = put(counts), put(firsts), len(chosen)
        self.blocks = sum(counts)
        scored = [layout.blocks if layout.block > 1 else 0 for layout in layouts]
        scores = [sum(scored[:t]) for t in range(len(scored))]
        self.scored, self.scores = sum(scored), put(scores)
        rows = _runs([layout.blocks for layout in layouts], run, [int(number > 0) for number in scored])
        self.keyed = put(rows)
        self.first_run = put([next(i for i, row in enumerate(rows) if row[0] == t) for t in range(len(chosen))])
        self.sources = put([at if n else s.memory for at, n, s in zip(scores, scored, chosen, strict=True)])
        self.combined = put(_runs(scored, run) or [[0] * 4])[: len(_runs(scored, run))]
        self.statistics, spans, self.programs = _statistics(layouts, run, device)
        self.spans = put(spans)
        self._indices(chosen, counts, firsts, run, device)

    def _indices(
        self, chosen: Sequence[Served], counts: list[int], firsts: list[int], run: int, device: torch.device
    ) -> None:
        """Make the tables of the indices' codings, one entry a chosen block."""
        kinds = [_KINDS[type(s.slot.coding)] for s in chosen]
        units = [(4, 2, 4)[kind] for kind in kinds]
        home = [s.slot.indices.start // unit for s, unit in zip(chosen, units, strict=True)]
        within = counted(counts)
        steps = torch.where(spread([kind == 2 for kind in kinds], counts).bool(), 0, within)  # bits have no order
        self.kinds = on_device(spread(kinds, counts), device)
        self.homes = on_device(spread(home, counts) + steps, device)
        self.block_firsts = on_device(spread(firsts, counts), device)
        self.follows = on_device((within > 0).long(), device)
        self.has_gaps = 1 in kinds
        self._regions(chosen, kinds, counts, firsts, run, device)

    def _regions(
        self,
        chosen: Sequence[Served],
        kinds: list[int],
        counts: list[int],
        firsts: list[int],
        run: int,
        device: torch.device,
    ) -> None:
        """Make the tables of the places of indices in a message, by which they are read."""
        units = [(4, 2, 1)[kind] for kind in kinds]
        sizes = [(s.slot.indices.stop - s.slot.indices.start) // u for s, u in zip(chosen, units, strict=True)]
        starts = [s.slot.indices.start // u for s, u in zip(chosen, units, strict=True)]
        rooms = [size if kind == 1 else 0 for size, kind in zip(sizes, kinds, strict=True)]
        self.entries = on_device(spread(starts, rooms) + counted(rooms), device)
        scanned = [size if kind else 0 for size, kind in zip(sizes, kinds, strict=True)]
        self.scanned = sum(scanned)
        blocks = [s.slot.layout.blocks for s in chosen]
        rows = [[kinds[t], starts[t], sum(scanned[:t]), firsts[t], counts[t], blocks[t]] for t in range(len(chosen))]
        self.regions = on_device(torch.tensor(rows), device)
        runs = [[t, at, size, int(at + size == sizes[t])] for t, at, size, _ in _runs(sizes, run)]
        self.placed = on_device(torch.tensor(runs), device)
        self.unpacked = (
            self.placed[:0]
            if not self.scanned
            else on_device(torch.tensor([row for row in runs if kinds[row[0]]]), device)
        )


def _place(served: Served) -> list[int]:
    """Return where memory, gradient and values start, and whether there is a memory."""
    return [served.memory, served.gradient, served.word, int(served.slot.layout.compressed)]


def _statistics(
    layouts: Sequence[Layout], run: int, device: torch.device
) -> tuple[list[Statistics], list[list[int]], int]:
    """Return the runs of blocks by their width, the programs of each tensor (first, one behind the last), and all."""
    found: dict[int, list[list[int]]] = {}
    spans, programs = [], 0
    for t, layout in enumerate(layouts):
        start = programs
        if layout.block > 1:
            width = _power_of_two(layout.block)
            per = max(1, run // width)
            for first in range(0, layout.blocks, per):
                found.setdefault(width, []).append([t, first, min(per, layout.blocks - first), programs])
                programs += 1
        spans.append([start, programs])
    groups = [Statistics(on_device(torch.tensor(rows), device), max(1, run // w), w) for w, rows in found.items()]
    return groups, spans, programs
