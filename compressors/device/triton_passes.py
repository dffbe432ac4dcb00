"""What goes over all elements of a bucket, by Triton's kernels: at most 30 launches a bucket, whatever is in it.

Importing this module without Triton raises ImportError. Run by Triton's interpreter only so far, not on a GPU by us.
"""

from __future__ import annotations

import weakref
from typing import Any

import torch
import triton

from rsbench.compressors.blocks.index_codings import FILLER
from rsbench.compressors.device import triton_kernels as kernels
from rsbench.compressors.device import triton_message_kernels as message_kernels
from rsbench.compressors.device.passes import Checksums, Held, TorchPasses
from rsbench.compressors.device.plan import DevicePlan
from rsbench.compressors.device.radix import DIGITS
from rsbench.compressors.device.triton_tables import Tables
from rsbench.compressors.memory.error_feedback import Residual, Tensors
from rsbench.compressors.message.checksum import GOLDEN
from rsbench.compressors.selection.scores import Score

_BINS = 1 << max(bits for _, bits in DIGITS)
_SECOND = {"": 0, "var": 1, "std": 2}


class TritonPasses(TorchPasses):
    """The passes by Triton's kernels; what is rare goes the way of torch operations.

    Args:
        run: elements that a program takes, a power of two.
    """

    compiled = True

    def __init__(self, run: int = 4096) -> None:
        self._run = run
        self._tables: weakref.WeakKeyDictionary[DevicePlan, Tables] = weakref.WeakKeyDictionary()

    def _of(self, plan: DevicePlan, device: torch.device) -> Tables:
        if plan not in self._tables:
            self._tables[plan] = Tables(plan, device, self._run)
        return self._tables[plan]

    @staticmethod
    def _launch(kernel: Any, programs: int, *given: Any, times: int = 1, **constants: Any) -> None:
        """Start a kernel; products and sums are rounded one by one, as torch operations do it."""
        if programs:
            with torch.cuda.device_of(given[0]):  # type: ignore[no-untyped-call]
                kernel[(programs, times)](*given, **constants, enable_fp_fusion=False)

    def take_in(
        self, plan: DevicePlan, start: Residual, flat: Tensors, gradients: torch.Tensor, message: torch.Tensor
    ) -> torch.Tensor:
        """Take in by two kernels: one that checks, one that does all of the rest."""
        tables, number = self._of(plan, gradients.device), len(plan.sizes)
        cell = torch.zeros((), dtype=torch.int32, device=gradients.device)
        status = torch.empty_like(cell)
        places = tables.checked, tables.check_places
        self._launch(kernels.check, len(tables.checked), gradients, *places, cell, CHUNK=self._run)
        rule = 0 if start.u is None else 2 if start.nesterov else 1
        u, words = flat.get("u", flat["v"]), message.view(torch.float32)
        self._launch(
            kernels.take_in, len(tables.taken), gradients, u, flat["v"], words, tables.taken, tables.take_places, cell,
            status, number, start.momentum, RULE=rule, CHUNK=self._run,
        )  # fmt: skip
        if len(plan.positions) < number:
            gradients.masked_fill_(cell > 0, 0.0)
        return status

    def choose(self, plan: DevicePlan, v: torch.Tensor, score: Score) -> torch.Tensor:
        """Score blocks, find each tensor's k-th score by three histograms, and collect what is above."""
        tables = self._of(plan, v.device)
        scores = self._scores(tables, v, score)
        given = v, scores, tables.keyed, tables.sources
        runs = len(tables.keyed)
        state = torch.empty(tables.tensors, 2, dtype=torch.int32, device=v.device)
        counts = torch.zeros(len(DIGITS), tables.tensors * _BINS, dtype=torch.int32, device=v.device)
        for level, (shift, bits) in enumerate(DIGITS):
            self._launch(kernels.histogram, runs, *given, state, counts[level], SHIFT=shift, BITS=bits, CHUNK=self._run)
            self._launch(kernels.pick, tables.tensors, counts[level], tables.wanted, state, FIRST=level == 0, BITS=bits)
        number = torch.empty(2, runs, dtype=torch.int32, device=v.device)
        self._launch(kernels.count, runs, *given, state, number, runs, CHUNK=self._run)
        up_to = number.cumsum(1, dtype=torch.int32)
        chosen = torch.empty(tables.blocks, dtype=torch.int64, device=v.device)
        self._launch(
            kernels.collect, runs, *given, state, number, up_to, runs, tables.first_run, tables.firsts, chosen,
            CHUNK=self._run,
        )  # fmt: skip
        return chosen

    def _scores(self, tables: Tables, v: torch.Tensor, score: Score) -> torch.Tensor:
        """Return the scores of all blocks of more than one element."""
        first = torch.empty(max(1, tables.scored), device=v.device)
        second = torch.empty_like(first) if score.second else first
        sums = torch.empty(max(1, tables.programs), 2, device=v.device)
        for group in tables.statistics:
            self._launch(
                kernels.statistics, len(group.runs), v, first, second, sums, group.runs, tables.shapes, tables.scores,
                L2=score.first == "l2", SECOND=_SECOND[score.second], PER=group.per, WIDTH=group.width,
            )  # fmt: skip
        if score.second or score.norm != "none" or score.alpha != 1.0:
            self._launch(
                kernels.combine, len(tables.combined), first, second, sums, tables.combined, tables.spans,
                tables.scores, score.alpha, NORM=score.norm == "l2", TWO=bool(score.second), CHUNK=self._run,
            )  # fmt: skip
        return first

    def send(
        self, plan: DevicePlan, index: torch.Tensor, flat: Tensors, message: torch.Tensor, *, remembers: bool
    ) -> Held:
        """Encode and send by two kernels, or four where there are gaps."""
        tables = self._of(plan, index.device)
        words, halves = message.view(torch.int32), message.view(torch.int16)
        fill = up_to = index
        if tables.has_gaps:
            fill = torch.empty_like(index)
            programs = triton.cdiv(len(index), self._run)
            self._launch(
                kernels.fillers, programs, index, tables.follows, fill, len(index), FILLER=FILLER, CHUNK=self._run
            )
            up_to = fill.cumsum(0)
            halves.index_fill_(0, tables.entries, -1)
        self._launch(
            kernels.encode, triton.cdiv(len(index), self._run), index, tables.follows, tables.kinds, tables.homes,
            tables.block_firsts, fill, up_to, words, halves, len(index), FILLER=FILLER, CHUNK=self._run,
        )  # fmt: skip
        if remembers:
            return self.send_values(plan, index, flat, message, remembers=True)
        u = flat.get("u", flat["v"])
        self._launch(
            kernels.send, len(tables.sent), flat["v"], u, message.view(torch.float32), index, tables.sent,
            tables.shapes, tables.masks, HAS_U="u" in flat, CHUNK=self._run,
        )  # fmt: skip
        return {}

    def indices(self, plan: DevicePlan, messages: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor]:
        """Read all codings of all ranks by two kernels and a running sum between them."""
        ranks, size = messages.shape
        strays = torch.zeros(ranks, dtype=torch.int32, device=messages.device)
        if plan.selection is None:
            return None, strays
        tables = self._of(plan, messages.device)
        index = torch.zeros(ranks, tables.blocks, dtype=torch.int64, device=messages.device)
        entries = up_to = torch.empty(ranks, max(1, tables.scanned), dtype=torch.int64, device=messages.device)
        words, number = messages.view(torch.int32), entries.shape[1]
        if tables.scanned:
            self._launch(
                message_kernels.unpack, len(tables.unpacked), messages, messages.view(torch.int16), tables.unpacked,
                tables.regions, entries, size, number, FILLER=FILLER, CHUNK=self._run, times=ranks,
            )  # fmt: skip
            up_to = entries.cumsum(1)
        self._launch(
            message_kernels.place, len(tables.placed), messages, words, tables.placed, tables.regions, entries, up_to,
            index, strays, size, number, tables.blocks, CHUNK=self._run, times=ranks,
        )  # fmt: skip
        return index, strays

    @property
    def checksum_by(self) -> Checksums:
        """Two kernels for all messages."""
        return self._checksums

    def _checksums(self, messages: torch.Tensor) -> torch.Tensor:
        words = messages.view(torch.int32)
        number, ranks = words.shape[-1], words.shape[:-1].numel()
        runs = triton.cdiv(number, self._run)
        parts = torch.empty(ranks, runs, dtype=torch.int64, device=messages.device)
        found = torch.empty(words.shape[:-1], dtype=torch.int32, device=messages.device)
        given = {"CHUNK": self._run}
        self._launch(message_kernels.checksum_parts, runs, words, parts, number, GOLDEN=GOLDEN, times=ranks, **given)
        self._launch(message_kernels.checksum, ranks, parts, found, runs, **given)
        return found

    def add(
        self,
        plan: DevicePlan,
        gradients: torch.Tensor,
        messages: torch.Tensor,
        index: torch.Tensor | None,
        strays: torch.Tensor,
    ) -> None:
        """Add by one kernel a rank."""
        tables, words = self._of(plan, gradients.device), messages.view(torch.float32)
        for rank in range(len(messages)):
            chosen = tables.shapes if index is None else index[rank]
            self._launch(
                kernels.add, len(tables.added), words[rank], gradients, chosen, strays[rank], tables.added,
                tables.shapes, 1.0 / len(messages), CHUNK=self._run,
            )  # fmt: skip
