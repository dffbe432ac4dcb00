"""Triton kernels over a bucket. Each program takes one row of a table: a run of elements, blocks or values.

Run by Triton's interpreter only so far, not on a GPU by us.
"""

# mypy: allow-untyped-defs, allow-incomplete-defs
# mypy: disable-error-code="no-any-return,untyped-decorator"
from __future__ import annotations

import triton
import triton.language as tl

RUN = tl.constexpr(4)
"""Columns of a table of runs: the tensor, where the run starts in it, how many elements, and one more number."""
SHAPE = tl.constexpr(9)
"""Columns of a table of tensors: memory, gradient and word where each starts, its first chosen block, elements in a
block, blocks in a row of its grid, columns of its matrix, rows, and width of a block."""
_INF, _LARGEST = tl.constexpr(0x7F800000), tl.constexpr(0x7F7FFFFF)


@triton.jit
def check(g, runs, starts, cell, CHUNK: tl.constexpr):
    """Raise ``cell`` to T - t where tensor t holds inf or nan, so that the first such tensor stays."""
    run = runs + tl.program_id(0) * RUN
    t, first, length = tl.load(run), tl.load(run + 1), tl.load(run + 2)
    i = tl.arange(0, CHUNK)
    bits = tl.load(g + tl.load(starts + 2 * t) + first + i, mask=i < length, other=0.0).to(tl.int32, bitcast=True)
    bad = tl.max(((bits & _INF) == _INF).to(tl.int32), 0)
    tl.atomic_max(cell, tl.load(starts + 2 * t + 1).to(tl.int32), mask=bad > 0)


@triton.jit
def take_in(g, u, v, message, runs, places, cell, status, number, momentum, RULE: tl.constexpr, CHUNK: tl.constexpr):
    """Take gradients into the memory (0: v += g; 1: momentum; 2: Nesterov) or write them; leave zeros behind."""
    run = runs + tl.program_id(0) * RUN
    place = places + tl.load(run) * 4
    first, inside = tl.load(run + 1), tl.arange(0, CHUNK) < tl.load(run + 2)
    i = first + tl.arange(0, CHUNK)
    raised = tl.load(cell)
    sound = raised == 0
    if tl.program_id(0) == 0:
        tl.store(status, tl.where(sound, 0, number + 1 - raised))
    from_ = g + tl.load(place + 1) + i
    x = tl.where(sound, tl.load(from_, mask=inside, other=0.0), 0.0)
    tl.store(from_, tl.zeros_like(x), mask=inside)
    if tl.load(place + 3) == 0:
        tl.store(message + tl.load(place + 2) + i, x, mask=inside)
    else:
        into = v + tl.load(place) + i
        old = tl.load(into, mask=inside, other=0.0)
        if RULE == 0:
            new = old + x
        else:
            velocity = u + tl.load(place) + i
            w = tl.load(velocity, mask=inside, other=0.0)
            moved = (w + x) * momentum if RULE == 2 else w * momentum + x
            w = tl.where(sound, moved, w)
            tl.store(velocity, w, mask=inside)
            new = tl.where(sound, old + w, old)
            if RULE == 2:
                new = new + x
        tl.store(into, new, mask=inside)


@triton.jit
def _element(shape, index, within):
    """Return where an element of a block stands in its tensor, and whether there is one."""
    across, cols = tl.load(shape + 5), tl.load(shape + 6)
    wide = tl.load(shape + 8)
    high = tl.load(shape + 4) // wide
    row = index // across * high + within // wide
    col = index % across * wide + within % wide
    return row * cols + col, (row < tl.load(shape + 7)) & (col < cols)


@triton.jit
def statistics(
    v, first_, second_, sums, runs, shapes, scores, L2: tl.constexpr, SECOND: tl.constexpr, PER: tl.constexpr,
    WIDTH: tl.constexpr,
):  # fmt: skip
    """Write both statistics of a run of blocks (SECOND 0: none, 1: variance, 2: deviation), and sums of squares."""
    run = runs + tl.program_id(0) * RUN
    t = tl.load(run)
    shape = shapes + t * SHAPE
    index, o = tl.load(run + 1) + tl.arange(0, PER), tl.arange(0, WIDTH)
    here = tl.arange(0, PER) < tl.load(run + 2)
    at, there = _element(shape, index[:, None], o[None, :])
    there = there & here[:, None] & (o < tl.load(shape + 4))[None, :]
    x = tl.load(v + tl.load(shape) + at, mask=there, other=0.0)
    size = tl.maximum(tl.sum(there.to(tl.float32), 1), 1.0)
    one = tl.sqrt_rn(tl.sum(x * x, 1)) if L2 else tl.div_rn(tl.sum(tl.abs(x), 1), size)
    into = tl.load(scores + t) + index
    tl.store(first_ + into, one, mask=here)
    tl.store(sums + 2 * tl.load(run + 3), tl.sum(tl.where(here, one * one, 0.0), 0))
    if SECOND > 0:
        mean = tl.div_rn(tl.sum(x, 1), size)
        two = tl.maximum(tl.div_rn(tl.sum(x * x, 1), size) - mean * mean, 0.0, propagate_nan=tl.PropagateNan.ALL)
        if SECOND == 2:
            two = tl.sqrt_rn(two)
        tl.store(second_ + into, two, mask=here)
        tl.store(sums + 2 * tl.load(run + 3) + 1, tl.sum(tl.where(here, two * two, 0.0), 0))


@triton.jit
def combine(
    first_, second_, sums, runs, spans, scores, alpha, NORM: tl.constexpr, TWO: tl.constexpr, CHUNK: tl.constexpr
):
    """Turn statistics into scores, in the place of the first."""
    run = runs + tl.program_id(0) * RUN
    t = tl.load(run)
    i = tl.load(run + 1) + tl.arange(0, CHUNK)
    inside = tl.arange(0, CHUNK) < tl.load(run + 2)
    a, b = alpha, 1.0 - alpha
    if NORM:
        one, two = 0.0, 0.0
        for at in range(tl.load(spans + 2 * t), tl.load(spans + 2 * t + 1), CHUNK):
            part = at + tl.arange(0, CHUNK)
            mine = part < tl.load(spans + 2 * t + 1)
            one += tl.sum(tl.load(sums + 2 * part, mask=mine, other=0.0), 0)
            two += tl.sum(tl.load(sums + 2 * part + 1, mask=mine, other=0.0), 0)
        a, b = a / (tl.sqrt(one) + 1e-12), b / (tl.sqrt(two) + 1e-12)
    into = tl.load(scores + t) + i
    score = tl.load(first_ + into, mask=inside, other=0.0) * a
    if TWO:
        score += tl.load(second_ + into, mask=inside, other=0.0) * b
    tl.store(first_ + into, score, mask=inside)


@triton.jit
def _keys(v, scores, run, sources, CHUNK: tl.constexpr):
    """Return the bits of a run's scores, as whole numbers of the same order; -1 outside."""
    i = tl.arange(0, CHUNK)
    inside = i < tl.load(run + 2)
    at = tl.load(sources + tl.load(run)) + tl.load(run + 1) + i
    if tl.load(run + 3) == 0:
        x = tl.load(v + at, mask=inside, other=0.0)
    else:
        x = tl.load(scores + at, mask=inside, other=0.0)
    bits = x.to(tl.int32, bitcast=True) & 0x7FFFFFFF
    bits = tl.where(bits > _INF, _INF, tl.where(bits == _INF, _LARGEST, bits))
    return tl.where(inside, bits, -1)


@triton.jit
def histogram(v, scores, runs, sources, state, counts, SHIFT: tl.constexpr, BITS: tl.constexpr, CHUNK: tl.constexpr):
    """Count the next digit of the scores that share the digits found so far."""
    run = runs + tl.program_id(0) * RUN
    t = tl.load(run)
    keys = _keys(v, scores, run, sources, CHUNK)
    alike = keys >= 0
    if SHIFT + BITS < 31:
        alike = alike & ((keys >> (SHIFT + BITS)) == tl.load(state + 2 * t))
    digits = (keys >> SHIFT) & ((1 << BITS) - 1)
    found = tl.histogram(tl.where(alike, digits, 0), 1 << BITS, mask=alike)
    bins = tl.arange(0, 1 << BITS)
    tl.atomic_add(counts + t * (1 << BITS) + bins, found, mask=found > 0)


@triton.jit
def pick(counts, wanted, state, FIRST: tl.constexpr, BITS: tl.constexpr):
    """Add a digit to the prefix of a tensor's k-th score; leave prefix, and how many alike are wanted."""
    t = tl.program_id(0)
    bins = tl.arange(0, 1 << BITS)
    found = tl.load(counts + t * (1 << BITS) + bins)
    need = tl.load(wanted + t) if FIRST else tl.load(state + 2 * t + 1)
    prefix = 0 if FIRST else tl.load(state + 2 * t)
    from_top = tl.cumsum(found, 0, reverse=True)
    at = tl.sum((from_top >= need).to(tl.int32), 0) - 1
    above = tl.sum(tl.where(bins > at, found, 0), 0)
    tl.store(state + 2 * t, prefix * (1 << BITS) + at)
    tl.store(state + 2 * t + 1, need - above)


@triton.jit
def count(v, scores, runs, sources, state, counts, number, CHUNK: tl.constexpr):
    """Count the scores of a run above the k-th, and those equal to it."""
    pid = tl.program_id(0)
    run = runs + pid * RUN
    keys = _keys(v, scores, run, sources, CHUNK)
    kth = tl.load(state + 2 * tl.load(run))
    tl.store(counts + pid, tl.sum((keys > kth).to(tl.int32), 0))
    tl.store(counts + number + pid, tl.sum((keys == kth).to(tl.int32), 0))


@triton.jit
def collect(v, scores, runs, sources, state, counts, up_to, number, first_run, into, chosen, CHUNK: tl.constexpr):
    """Write the indices of a run's chosen blocks at their places."""
    pid = tl.program_id(0)
    run = runs + pid * RUN
    t = tl.load(run)
    start = tl.load(first_run + t)
    keys = _keys(v, scores, run, sources, CHUNK)
    kth, need = tl.load(state + 2 * t), tl.load(state + 2 * t + 1)
    above = tl.load(up_to + pid) - tl.load(counts + pid) - tl.load(up_to + start) + tl.load(counts + start)
    up_to, counts = up_to + number, counts + number
    alike = tl.load(up_to + pid) - tl.load(counts + pid) - tl.load(up_to + start) + tl.load(counts + start)
    equal = keys == kth
    taken = (keys > kth) | (equal & (alike + tl.cumsum(equal.to(tl.int32), 0) <= need))
    place = above + tl.minimum(alike, need) + tl.cumsum(taken.to(tl.int32), 0) - 1
    tl.store(chosen + tl.load(into + t) + place, tl.load(run + 1) + tl.arange(0, CHUNK), mask=taken)


@triton.jit
def send(v, u, message, chosen, runs, shapes, masks, HAS_U: tl.constexpr, CHUNK: tl.constexpr):
    """Write the values of chosen blocks into the message, and clear them."""
    run = runs + tl.program_id(0) * RUN
    t = tl.load(run)
    shape = shapes + t * SHAPE
    value = tl.load(run + 1) + tl.arange(0, CHUNK)
    inside = tl.arange(0, CHUNK) < tl.load(run + 2)
    block = tl.load(shape + 4)
    index = tl.load(chosen + tl.load(shape + 3) + value // block, mask=inside, other=0)
    at, there = _element(shape, index, value % block)
    there = there & inside
    at += tl.load(shape)
    x = tl.load(v + at, mask=there, other=0.0)
    tl.store(message + tl.load(shape + 2) + value, x, mask=inside)
    tl.store(v + at, tl.zeros_like(x), mask=there)
    if HAS_U:
        tl.store(u + at, tl.zeros_like(x), mask=there & (tl.load(masks + t) != 0))


@triton.jit
def fillers(chosen, follows, out, number, FILLER: tl.constexpr, CHUNK: tl.constexpr):
    """Count the fillers before each chosen block of a tensor, if its indices are gaps."""
    j = tl.program_id(0) * CHUNK + tl.arange(0, CHUNK)
    inside = j < number
    before = tl.load(chosen + j - 1, mask=inside & (tl.load(follows + j, mask=inside, other=0) != 0), other=0)
    tl.store(out + j, (tl.load(chosen + j, mask=inside, other=0) - before) // FILLER, mask=inside)


@triton.jit
def encode(
    chosen, follows, kinds, homes, firsts, fill, up_to, words, halves, number, FILLER: tl.constexpr, CHUNK: tl.constexpr
):
    """Write indices as words (0), gaps (1) or bits (2)."""
    j = tl.program_id(0) * CHUNK + tl.arange(0, CHUNK)
    inside = j < number
    kind, home = tl.load(kinds + j, mask=inside, other=-1), tl.load(homes + j, mask=inside, other=0)
    index = tl.load(chosen + j, mask=inside, other=0)
    tl.store(words + home, index.to(tl.int32), mask=kind == 0)
    gaps = kind == 1
    before = tl.load(chosen + j - 1, mask=gaps & (tl.load(follows + j, mask=inside, other=0) != 0), other=0)
    first = tl.load(firsts + j, mask=inside, other=0)
    mine = tl.load(fill + j, mask=gaps, other=0)
    since = tl.load(up_to + j, mask=gaps, other=0) - tl.load(up_to + first, mask=gaps, other=0)
    since += tl.load(fill + first, mask=gaps, other=0)
    entry = (index - before - mine * FILLER).to(tl.int16)
    tl.store(halves + home + since, entry, mask=gaps)
    bit = (1 << (index & 31)).to(tl.int32)
    tl.atomic_or(words + home + index // 32, bit, mask=kind == 2)


@triton.jit
def add(message, g, index, sound, runs, shapes, share, CHUNK: tl.constexpr):
    """Add one rank's values, each times ``share``, to the gradients; blocks of one message never overlap."""
    run = runs + tl.program_id(0) * RUN
    shape = shapes + tl.load(run) * SHAPE
    value = tl.load(run + 1) + tl.arange(0, CHUNK)
    inside = (tl.arange(0, CHUNK) < tl.load(run + 2)) & (tl.load(sound) == 0)
    block = tl.load(shape + 4)
    if tl.load(run + 3) == 0:
        at, there = value, inside
    else:
        at, there = _element(
            shape, tl.load(index + tl.load(shape + 3) + value // block, mask=inside, other=0), value % block
        )
        there = there & inside
    at += tl.load(shape + 1)
    x = tl.load(message + tl.load(shape + 2) + value, mask=inside, other=0.0) * share
    tl.store(g + at, tl.load(g + at, mask=there, other=0.0) + x, mask=there)
