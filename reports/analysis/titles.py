"""What sections are called."""

from __future__ import annotations

from collections.abc import Sequence

from rsbench.reports.analysis.settings import VARIED, Setting


def setting_titles(settings: Sequence[Setting]) -> list[str]:
    """Return ``UC Merced Land Use, smallvgg, 2 workers on cpu`` for each setting, and in what alike ones differ."""
    plain = []
    for setting in settings:
        cell = setting.records[0]["cell"]
        plain.append(f"{data_title(setting)}, {cell['model']}, {workers(cell['workers'])} on {cell['device']}")
    return distinct(plain, settings)


def data_title(setting: Setting) -> str:
    """Return the data set's name for people, with a word on synthetic data."""
    described = next((record["dataset"] for record in setting.records if record.get("dataset")), None)
    name = str(described["title"]) if described else str(setting.records[0]["cell"]["dataset"])
    if described and described["synthetic"] and "synthetic" not in name.lower():
        name += " (synthetic)"
    return name


def workers(count: int) -> str:
    """Return ``1 worker`` or ``2 workers``."""
    return "1 worker" if count == 1 else f"{count} workers"


def distinct(titles: Sequence[str], settings: Sequence[Setting], *, besides: str = "") -> list[str]:
    """Return the titles; those that are alike say in what their settings differ.

    Args:
        titles: one a setting.
        settings: what they stand for.
        besides: a field of the cells that varies within a setting, too.
    """
    pairs = list(zip(titles, settings, strict=True))
    return [
        title + _what_differs(setting, [other for name, other in pairs if name == title], besides)
        for title, setting in pairs
    ]


def _what_differs(setting: Setting, alike: Sequence[Setting], besides: str) -> str:
    """Return ``, epochs 30, split 50/10/40``: the fields that are not equal in all of some settings."""
    cell = setting.records[0]["cell"]
    others = [other.records[0]["cell"] for other in alike]
    varied = {*VARIED, besides}
    names = [name for name in cell if name not in varied and any(other.get(name) != cell[name] for other in others)]
    texts = [f", {name.replace('_', ' ')} {'none' if cell[name] is None else cell[name]}" for name in names]
    if any(other.hardware != setting.hardware for other in alike):
        texts.append(f", {setting.hardware}")
    return "".join(texts)
