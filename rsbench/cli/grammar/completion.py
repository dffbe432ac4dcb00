"""Words that shells offer for an option's value. Nothing here loads torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem

from rsbench.recipe.items import split_items

Names = Callable[[], Iterable[str]]
Keys = Callable[[str], Iterable[str]]
Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _no_keys(name: str) -> Iterable[str]:
    return ()


def in_list(names: Names, keys: Keys = _no_keys) -> Complete:
    """Return a function that completes the last item of a list.

    Args:
        names: what an item begins with.
        keys: name -> the options that may follow it after a colon, such as ``density=``.
    """

    def complete(ctx: click.Context, option: click.Parameter, incomplete: str) -> list[CompletionItem]:
        done, comma, begun = incomplete.rpartition(",")
        words = [done + comma + name for name in names() if ":" not in begun]
        owner = _owner(incomplete if ":" in begun else done)
        if owner:
            place = max(incomplete.rfind(","), incomplete.rfind(":")) + 1
            words += [incomplete[:place] + key for key in keys(owner)]
        return [CompletionItem(word) for word in words if word.startswith(incomplete)]

    return complete


def _owner(text: str) -> str:
    """Return the name that an option after a text belongs to, empty where there is none."""
    try:
        item = split_items(text)[-1]
    except ValueError:
        return ""
    name, colon, _ = item.partition(":")
    return name if colon else ""


def _dataset_names() -> Iterable[str]:
    from rsbench import datasets as table  # late: start-up

    return table.available()


def _compressor_names() -> Iterable[str]:
    from rsbench.compressors import COMPRESSORS  # late: start-up

    return COMPRESSORS


def _compressor_keys(name: str) -> Iterable[str]:
    from rsbench.compressors import COMPRESSORS  # late: start-up

    return [f"{option.name}=" for option in COMPRESSORS[name].options()] if name in COMPRESSORS else []


def _model_names() -> Iterable[str]:
    """Return the networks' names: torch is asked once, in a process of its own, and its answer kept."""
    from rsbench.planning import probe  # late: start-up

    return sorted({name for names in probe.model_names().values() for name in names})


def _link_names() -> Iterable[str]:
    from rsbench.links.link import PRESETS, WIRED  # late: start-up

    return ["none", *PRESETS, *WIRED]


def _link_keys(name: str) -> Iterable[str]:
    return ("down=", "up=", "latency=")


def _sync_names() -> Iterable[str]:
    from rsbench.recipe.sync import KINDS, PRESETS  # late: start-up

    return [*("steps" if kind == "steps" else f"{kind}:" for kind in KINDS), *PRESETS]


def _partition_names() -> Iterable[str]:
    from rsbench.recipe.partition import describe  # late: start-up

    return [form.partition(":")[0] + (":" if ":" in form else "") for form, _ in describe()]


def _prune_names() -> Iterable[str]:
    from rsbench.recipe.prune import KINDS  # late: start-up

    return ["none" if kind == "none" else f"{kind}:" for kind in KINDS]


def _prune_keys(name: str) -> Iterable[str]:
    from rsbench.recipe.prune import WAYS  # late: start-up

    return [f"{option}=" for option in WAYS[name].options] if name in WAYS else []


def _format_names() -> Iterable[str]:
    return ("md", "csv", "html", "tex", "json")


def plans(ctx: click.Context, option: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the shipped plans, or have the shell complete files where none matches."""
    from rsbench.planning.plan_file import shipped  # late: start-up

    found = [CompletionItem(name) for name in shipped() if name.startswith(incomplete)]
    return found or [CompletionItem(incomplete, type="file")]


datasets = in_list(_dataset_names)
models = in_list(_model_names)
compressors = in_list(_compressor_names, _compressor_keys)
links = in_list(_link_names, _link_keys)
syncs = in_list(_sync_names)
partitions = in_list(_partition_names)
prunes = in_list(_prune_names, _prune_keys)
formats = in_list(_format_names)
