"""The commands that show what there is: lists, recorded runs, reports."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rsbench.console import say
from rsbench.errors import RsbenchError
from rsbench.metrics import TASKS, score_text
from rsbench.results import records as results
from rsbench.results.schema import Record

if TYPE_CHECKING:
    from rich.console import Console


def report(
    folders: Sequence[Path], *, formats: str, out: Path | None, mix_hardware: bool, against: str, console: Console
) -> list[Path]:
    """Show the tables of everything recorded and write them.

    Args:
        folders: result folders.
        formats: names, separated by commas.
        out: folder for the files; None takes the first result folder.
        mix_hardware: put runs from different hardware into one table.
        against: a row that the others are compared with too, besides ``none``.
        console: where to show them.

    Returns:
        The paths written.

    Raises:
        RsbenchError: a folder or format does not exist, or nothing is recorded.
    """
    from rsbench import reports

    wanted = reports.format_names(_names(formats))
    records, problems = _recorded(folders)
    built = reports.build_report(records, problems, mix_hardware=mix_hardware, against=against)
    reports.show(built, console)
    return _written(reports.write_report(built, out or folders[0], wanted), console)


def report_changes(before: Path, after: Path, *, formats: str, out: Path | None, console: Console) -> list[Path]:
    """Show two result folders side by side, and write that where a folder is given.

    Args:
        before: result folder whose numbers come first.
        after: result folder that is compared with it.
        formats: names, separated by commas.
        out: folder for the files; None writes none, because either result folder has a report of its own.
        console: where to show it.

    Returns:
        The paths written.

    Raises:
        RsbenchError: a folder or format does not exist, or nothing is recorded in one of them.
    """
    from rsbench import reports
    from rsbench.reports.changes import build_changes

    wanted = reports.format_names(_names(formats))
    (old, old_problems), (new, new_problems) = _recorded([before]), _recorded([after])
    built = build_changes(old, new, (str(before), str(after)), [*old_problems, *new_problems])
    reports.show(built, console)
    return [] if out is None else _written(reports.write_report(built, out, wanted), console)


def _names(formats: str) -> list[str]:
    """Return the names in ``md, csv``."""
    return [name.strip() for name in formats.split(",") if name.strip()]


def _recorded(folders: Sequence[Path]) -> tuple[list[Record], list[str]]:
    """Return the records of some folders, and the problems with others.

    Raises:
        RsbenchError: there are none.
    """
    records, problems = results.read_records(folders)
    if not records:
        looked = ", ".join(map(str, folders))
        reason = f" ({problems[0]})" if problems else ""
        raise RsbenchError(f"Nothing usable is recorded in {looked}{reason}: run `rsbench compare` first.")
    return records, problems


def _written(paths: list[Path], console: Console) -> list[Path]:
    """Say which files were written, folders of many files in one line."""
    shown = dict.fromkeys(path if path.parent == paths[0].parent else path.parent for path in paths)
    for path in shown:
        say(console, f"Written: {path}")
    return paths


def compressors(console: Console, verbose: bool, out: Path) -> None:
    """List compressors; verbose adds source and options."""
    from rsbench.compressors import COMPRESSORS

    for name, compressor in COMPRESSORS.items():
        say(console, f"{name:<10}{compressor.doc()}")
        if verbose:
            say(console, f"{'':<10}Source: {compressor.source}")
            for option in compressor.options():
                say(
                    console,
                    f"{'':<10}{option.name}={option.default} ({option.type.__name__}, {option.allowed}): {option.help}",
                )
    if not verbose:
        say(console, "Options of each: rsbench list compressors -v. Use: --compressor NAME:KEY=VALUE,...")


def datasets(console: Console, verbose: bool, out: Path) -> None:
    """List data sets; verbose adds layout, licence and citation."""
    from rsbench import datasets as table

    for name, kind in table.available().items():
        dataset = kind()
        recipe = f"{dataset.image_size} px, {dataset.epochs} epochs by default"
        say(console, f"{name:<19}{dataset.title}: {dataset.contents}; {recipe}")
        if verbose:
            for title, text in (("Layout", dataset.layout), ("Licence", dataset.licence), ("Cite", dataset.citation)):
                say(console, f"{'':<19}{title}: {text}")


def models(console: Console, verbose: bool, out: Path) -> None:
    """List the models that --model takes, by task."""
    from rsbench.planning import probe

    for task, names in probe.model_names().items():
        say(console, f"{TASKS[task].title}:")
        for line in names if verbose else [", ".join(names)]:
            say(console, f"  {line}")


def runs(console: Console, verbose: bool, out: Path) -> None:
    """List recorded and unfinished cells; verbose adds reasons."""
    recorded = results.list_runs([out])
    for run in recorded:
        score = score_text(run.record) if run.record else ""
        say(console, f"{run.status:<12}{run.started_utc or '-':<22}{run.folder.name}  {score}".rstrip())
        if verbose and run.reason:
            say(console, f"{'':<12}{run.reason}")
    done = sum(run.status == "done" for run in recorded)
    say(console, f"{done} of {len(recorded)} cells in {out} are done.")


def plans(console: Console, verbose: bool, out: Path) -> None:
    """List shipped plans; verbose prints them."""
    from rsbench.planning import plan_file

    for name, path in plan_file.shipped().items():
        text = path.read_text(encoding="utf-8")
        say(console, f"{name:<18}{tomllib.loads(text)['title']}")
        if verbose:
            say(console, text)
    if not verbose:
        say(
            console,
            "Use: rsbench compare --plan NAME [--plan-size quick] [--dry-run]. Whole files: rsbench list plans -v.",
        )


LISTS: Final[dict[str, Callable[[Console, bool, Path], None]]] = {
    "compressors": compressors,
    "datasets": datasets,
    "models": models,
    "plans": plans,
    "runs": runs,
}
