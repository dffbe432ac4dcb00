"""Bytes, durations, link speeds and ratios as people read them. ``None`` is shown as a dash everywhere."""

from __future__ import annotations

import math


def duration_text(seconds: float) -> str:
    """Return ``45 s``, ``3 min 05 s`` or ``2 h 10 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def bytes_text(count: float) -> str:
    """Return a byte count with a decimal unit, such as ``45.3 kB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5:  # which three digits round to 1000
            return f"{count:.0f} B" if unit == "B" else f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


DASH = "-"


_CONTROLS = dict.fromkeys((*range(32), *range(127, 160)), " ")


def one_line(text: str) -> str:
    """Return a text on one line; control characters, which may do anything to a terminal, are spaces."""
    return " ".join(text.translate(_CONTROLS).split())


def significant(value: float | None, digits: int = 3) -> str:
    """Return a number with so many significant digits and no exponent."""
    if value is None or not math.isfinite(value):
        return DASH
    if value == 0:
        return "0"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, decimals)
    return f"{rounded:.{max(0, digits - 1 - math.floor(math.log10(abs(rounded))))}f}"


def count(number: int, noun: str) -> str:
    """Return ``1 cell`` or ``3 cells``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def milliseconds(seconds: float | None) -> str:
    """Return seconds as ms with three digits, two decimals at most."""
    if seconds is None:
        return DASH
    return significant(1000 * seconds) if abs(seconds) >= 0.001 else f"{1000 * seconds:.2f}"


def times(ratio: float | None, digits: int = 3) -> str:
    """Return a ratio as ``100x``; whole numbers keep all their digits."""
    if ratio is None or not math.isfinite(ratio):
        return DASH
    return f"{ratio:.0f}x" if abs(ratio) >= 10**digits else f"{significant(ratio, digits)}x"


def _scaled(value: float, names: tuple[str, ...], digits: int) -> str:
    """Return a value with the largest of its decimal units that keeps it at 1 or more."""
    index = 0
    while index < len(names) - 1 and float(significant(value, digits)) >= 1000:
        value, index = value / 1000, index + 1
    return f"{significant(value, digits)} {names[index]}"


def data_size(count_bytes: float | None) -> str:
    """Return bytes in decimal units: ``45.3 kB``."""
    if count_bytes is None:
        return DASH
    return _scaled(count_bytes, ("B", "kB", "MB", "GB", "TB"), 3)


def speed(bits_per_s: float) -> str:
    """Return a link speed with two digits: ``120 Mbit/s``. Two, because it is modelled."""
    return _scaled(bits_per_s, ("bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"), 2)
