"""Bytes, durations, link speeds and ratios as people read them. ``None`` is shown as a dash."""

from __future__ import annotations

import math

from rsbench.console import harmless

DASH = "-"
_CONTROLS = dict.fromkeys((*range(32), *range(127, 160)), " ")


def one_line(text: str) -> str:
    """Return a text on one line; control characters become spaces, and what else is not printable its escape."""
    return harmless(" ".join(text.translate(_CONTROLS).split()))


def significant(value: float | None, digits: int = 3) -> str:
    """Return a number with so many significant digits and no exponent."""
    if value is None or not math.isfinite(value):
        return DASH
    if value == 0:
        return "0"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, decimals)
    return f"{rounded:.{max(0, digits - 1 - math.floor(math.log10(abs(rounded))))}f}"


def number_text(value: float) -> str:
    """Return a number with three significant digits, from 1,000 on whole and with commas: ``0.0184``, ``2,552``."""
    text = f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.3g}"
    return significant(value) if "e" in text else text


def count_text(number: int, noun: str) -> str:
    """Return ``1 cell`` or ``3 cells``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration_text(seconds: float) -> str:
    """Return ``45 s``, ``3 min 05 s`` or ``2 h 10 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def ms_text(seconds: float | None) -> str:
    """Return seconds as milliseconds without the unit, with three digits and two decimals at most."""
    if seconds is None:
        return DASH
    return significant(1000 * seconds) if abs(seconds) >= 0.001 else f"{1000 * seconds:.2f}"


def ratio_text(ratio: float | None, digits: int = 3) -> str:
    """Return a ratio as ``100x``; whole numbers keep all their digits."""
    if ratio is None or not math.isfinite(ratio):
        return DASH
    return f"{ratio:.0f}x" if abs(ratio) >= 10**digits else f"{significant(ratio, digits)}x"


def bytes_text(count_bytes: float | None) -> str:
    """Return bytes in decimal units with three digits: ``45.3 kB``."""
    if count_bytes is None:
        return DASH
    return _scaled(count_bytes, ("B", "kB", "MB", "GB", "TB"), 3)


def link_speed_text(bits_per_s: float) -> str:
    """Return a link speed with two digits, because it is modelled: ``120 Mbit/s``."""
    return _scaled(bits_per_s, ("bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"), 2)


def link_speed_range_text(bits_per_s: float, low: float, high: float) -> str:
    """Return ``120 [110, 130] Mbit/s``, all in the unit of the first; without brackets where nothing is to be seen."""
    text = link_speed_text(bits_per_s)
    number, _, unit = text.partition(" ")
    ends = [significant(end * float(number) / bits_per_s, 2) for end in (low, high)]
    return text if ends == [number, number] else f"{number} [{', '.join(ends)}] {unit}"


def _scaled(value: float, names: tuple[str, ...], digits: int) -> str:
    """Return a value in the largest of its decimal units in which it is 1 or more."""
    index = 0
    while index < len(names) - 1 and float(significant(value, digits)) >= 1000:
        value, index = value / 1000, index + 1
    return f"{significant(value, digits)} {names[index]}"
