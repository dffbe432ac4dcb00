"""Triton kernels over the messages of all ranks: checksums, and block indices of every coding.

Run by Triton's interpreter only so far, and compiled for a GPU, but not run on one by us.
"""

# mypy: allow-untyped-defs, allow-incomplete-defs
# mypy: disable-error-code="no-any-return,untyped-decorator"
from __future__ import annotations

import triton
import triton.language as tl

ROW = tl.constexpr(6)
"""Columns of a table of index regions: its coding, where it starts in its units, its first entry among all, the first
of its chosen blocks, how many they are, and the blocks of the tensor."""
_WORD, _GAP, _BITS = tl.constexpr(0), tl.constexpr(1), tl.constexpr(2)
_RUN = tl.constexpr(4)


@triton.jit
def checksum_parts(words, parts, number, GOLDEN: tl.constexpr, CHUNK: tl.constexpr):
    """Add up words times odd numbers: of all messages, in runs; the word of the checksum itself counts nothing."""
    pid, rank = tl.program_id(0), tl.program_id(1)
    i = pid * CHUNK + tl.arange(0, CHUNK)
    word = tl.load(words + rank * number + i, mask=(i > 0) & (i < number) & (i != 2), other=0).to(tl.int64)
    places = (2 * i - 1).to(tl.int64) * GOLDEN
    tl.store(parts + rank * tl.num_programs(0) + pid, tl.sum(word * places, 0))


@triton.jit
def checksum(parts, out, number, CHUNK: tl.constexpr):
    """Add up the parts of one message and keep 31 high bits."""
    rank = tl.program_id(0)
    total = tl.zeros((CHUNK,), tl.int64)
    for first in range(0, number, CHUNK):
        i = first + tl.arange(0, CHUNK)
        total += tl.load(parts + rank * number + i, mask=i < number, other=0)
    tl.store(out + rank, ((tl.sum(total, 0) >> 31) & 0x7FFFFFFF).to(tl.int32))


@triton.jit
def _bits_set(x):
    x = x - ((x >> 1) & 0x55)
    x = (x & 0x33) + ((x >> 2) & 0x33)
    return (x + (x >> 4)) & 0x0F


@triton.jit
def unpack(octets, halves, runs, rows, out, size, number, FILLER: tl.constexpr, CHUNK: tl.constexpr):
    """Write of each entry how far it moves on (high 32 bits) and how many blocks it carries (low 32 bits)."""
    run, rank = runs + tl.program_id(0) * _RUN, tl.program_id(1).to(tl.int64)
    row = rows + tl.load(run) * ROW
    i = tl.load(run + 1) + tl.arange(0, CHUNK)
    inside = tl.arange(0, CHUNK) < tl.load(run + 2)
    at = tl.load(row + 1) + i
    if tl.load(row) == _GAP:
        step = tl.load(halves + rank * (size // 2) + at, mask=inside, other=0).to(tl.int64) & 0xFFFF
        value = (step << 32) + (step != FILLER).to(tl.int64)
    else:
        value = _bits_set(tl.load(octets + rank * size + at, mask=inside, other=0).to(tl.int32)).to(tl.int64)
    tl.store(out + rank * number + tl.load(row + 2) + i, value, mask=inside)


@triton.jit
def place(
    octets, words, runs, rows, entries, up_to, index, strays, size, number, blocks, CHUNK: tl.constexpr
):  # fmt: skip
    """Write each block's index at its place, and mark messages with one that cannot be, or with too many or too few."""
    run, rank = runs + tl.program_id(0) * _RUN, tl.program_id(1).to(tl.int64)
    row = rows + tl.load(run) * ROW
    coding, k, most = tl.load(row), tl.load(row + 4), tl.load(row + 5)
    i = tl.load(run + 1) + tl.arange(0, CHUNK)
    inside = tl.arange(0, CHUNK) < tl.load(run + 2)
    into = index + rank * blocks + tl.load(row + 3)
    if coding == _WORD:
        found = tl.load(words + rank * (size // 4) + tl.load(row + 1) + i, mask=inside, other=0).to(tl.int64)
        sound = (found >= 0) & (found < most)
        tl.store(into + i, found, mask=inside & sound)
        bad = inside & (sound == 0)
    else:
        start = rank * number + tl.load(row + 2)
        mine = tl.load(entries + start + i, mask=inside, other=0)
        before = tl.load(up_to + start) - tl.load(entries + start)
        since = tl.load(up_to + start + i, mask=inside, other=0) - before
        carried, own = since & 0x7FFFFFFF, mine & 0x7FFFFFFF
        last = inside & (tl.load(run + 3) != 0) & (i == tl.load(run + 1) + tl.load(run + 2) - 1)
        bad = last & (carried != k)
        if coding == _GAP:
            found = since >> 32
            sound = (found >= 0) & (found < most) & (carried <= k)
            tl.store(into + carried - 1, found, mask=inside & (own > 0) & sound)
            bad = bad | (inside & (own > 0) & (sound == 0))
        else:
            data = tl.load(octets + rank * size + tl.load(row + 1) + i, mask=inside, other=0).to(tl.int32)
            at = carried - own
            for bit in tl.static_range(8):
                there = inside & (((data >> bit) & 1) != 0)
                found = (8 * i + bit).to(tl.int64)
                sound = (found < most) & (at < k)
                tl.store(into + at, found, mask=there & sound)
                bad = bad | (there & (sound == 0))
                at += there.to(tl.int64)
    tl.atomic_or(strays + rank, tl.max(bad.to(tl.int32), 0))
