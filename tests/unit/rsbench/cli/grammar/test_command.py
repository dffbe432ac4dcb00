"""The help of every command: each option under a heading, lines of at most 80 columns."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest

from rsbench.cli.grammar.command import EXIT_CODES, HEADINGS, Command, heading
from rsbench.cli.grammar.lists import ListOption
from rsbench.cli.main import COMMANDS, main


def contexts(group: click.Group, above: click.Context) -> Iterator[click.Context]:
    """Each command of a group, with those of the groups in it."""
    for name, command in group.commands.items():
        ctx = click.Context(command, info_name=name, parent=above, help_option_names=["-h", "--help"])
        yield from contexts(command, ctx) if isinstance(command, click.Group) else [ctx]


ALL = {ctx.command_path: ctx for ctx in contexts(main, click.Context(main, info_name="rsbench"))}


def help_of(path: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("COLUMNS", "80")
    ctx = ALL[path]
    formatter = ctx.command.context_class(ctx.command, info_name=ctx.info_name, parent=ctx.parent).make_formatter()
    ctx.command.format_help(ctx, formatter)
    return formatter.getvalue().splitlines()


def sections(lines: list[str]) -> dict[str, list[str]]:
    """Heading -> the lines below it."""
    found: dict[str, list[str]] = {}
    for line in lines:
        if re.fullmatch(r"[A-Z][A-Za-z ]+:", line):
            found[line[:-1]] = []
        elif found and line.startswith("  "):
            found[list(found)[-1]].append(line)
    return found


@pytest.mark.parametrize("path", ALL)
def test_every_option_stands_below_a_heading_and_lines_fit(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = help_of(path, monkeypatch)
    assert max(map(len, lines)) <= 80
    below = sections(lines)
    shown = {word for rows in below.values() for row in rows for word in re.findall(r"^  (?:-\w, )?(--[\w-]+)", row)}
    command = ALL[path].command
    options = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
    assert shown >= {next(name for name in one.opts if name.startswith("--")) for one in options}
    if set(below) & set(HEADINGS):
        assert all(" --help" in row for row in below["Other options"] if row.startswith("  -")), below["Other options"]


@pytest.mark.parametrize("path", ALL)
def test_every_command_has_headings_and_says_exit_codes_and_short_helps(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ALL[path].command
    assert isinstance(command, Command)
    assert EXIT_CODES in " ".join(" ".join(help_of(path, monkeypatch)).split())
    for option in command.params:
        if isinstance(option, click.Option) and not option.hidden:
            assert len(option.help or "") in range(1, 91), option


def test_options_of_equal_headings_stand_together_in_the_order_of_headings(monkeypatch: pytest.MonkeyPatch) -> None:
    below = sections(help_of("rsbench compare", monkeypatch))
    titles = [title for title in below if title in HEADINGS]
    assert titles == sorted(titles, key=HEADINGS.index)
    assert len(titles) >= 10
    machines = " ".join(below["Devices and machines"])
    assert "--gpus" in machines
    assert "--nnodes" in machines
    with pytest.raises(ValueError, match="'Machnies' is no heading"):
        heading("Machnies", click.option("--x"))


def test_what_compare_takes_as_a_list_run_takes_once_and_nothing_else_is_a_list() -> None:
    lists = {
        path: {one.name for one in ctx.command.params if type(one) is ListOption}
        for path, ctx in ALL.items()
        if path in {"rsbench compare", "rsbench run"}
    }
    grid = {"dataset", "model", "compressor", "ratio", "lr", "seeds", "sync", "link", "gpus", "workers"}
    assert lists["rsbench compare"] >= grid | {"link_of"}
    assert not lists["rsbench run"] & grid
    for path, ctx in ALL.items():
        plain = {one.name for one in ctx.command.params if isinstance(one, click.Option) and one.multiple}
        free_texts = {"setup", "sbatch_options"}
        others = {one.name for one in ctx.command.params if isinstance(one, ListOption)}
        assert plain - others - free_texts == set(), path


def test_the_group_lists_each_command_in_one_line_below_a_heading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ctx = main.context_class(main, info_name="rsbench")
    lines = main.get_help(ctx).splitlines()
    assert max(map(len, lines)) <= 80
    below = sections(lines)
    for title, entries in COMMANDS.items():
        assert [row.split()[0] for row in below[title]] == [entry.name for entry in entries]
        assert [entry.load().name for entry in entries] == [entry.name for entry in entries]
