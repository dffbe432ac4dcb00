"""The command ``rsbench doctor``."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import click

from rsbench.cli.document import print_document
from rsbench.cli.environment import environment_problems
from rsbench.cli.grammar.command import Command
from rsbench.cli.host_name import host_name_problems
from rsbench.cli.options.output import json_option, quiet_option
from rsbench.cli.options.shared import data_root_option
from rsbench.console import make_console, make_progress_console, say, say_indented
from rsbench.doctor.section import Section
from rsbench.errors import RsbenchError
from rsbench.paths import cache_root, data_cache


@click.command(cls=Command)
@data_root_option
@quiet_option
@json_option
@click.pass_context
def doctor(ctx: click.Context, data_root: Path, quiet: bool, as_json: bool) -> None:
    """Say what this machine has, what will not work here, and what to do about it. Exits 1 if nothing can train.

    Two processes exchange a tensor over gloo on this machine, which takes some seconds; nothing leaves it.

    \b
    Examples:
      rsbench doctor --data-root /data
      rsbench doctor --json
    """  # noqa: D301 - click reads \b
    console, aside = make_console(), make_progress_console(quiet=quiet or as_json)
    sections = []
    if aside.is_terminal:
        say(aside, "torch is tried, and an exchange between two processes: some seconds ...", "dim")
    for section in examined(data_root):
        sections.append(section)
        if not (as_json or quiet):
            say(console, section.name.capitalize(), "bold")
            for line in section.lines:
                say_indented(console, line)
    problems = [problem for section in sections for problem in section.problems]
    problems += [*host_name_problems(socket.gethostname()), *environment_problems(os.environ)]
    is_fatal = any(section.is_fatal for section in sections)
    if as_json:
        facts = {section.name: section.facts for section in sections}
        print_document({**facts, "problems": problems, "can_train": not is_fatal})
    else:
        say(console, "Problems" if problems else "No problems found.", "bold")
        for problem in problems:
            say_indented(console, problem, begin="  - ")
    ctx.exit(1 if is_fatal else 0)


def examined(data_root: Path) -> Iterator[Section]:
    """Yield the sections as they are found; those that start processes need some seconds.

    Args:
        data_root: folder of all data sets.
    """
    from rsbench.doctor import data, devices, exchange, machine, network, software  # late: start-up
    from rsbench.planning import probe
    from rsbench.results import provenance

    facts = provenance.collect([])
    yield software.software(facts)
    yield machine.machine(facts)
    yield machine.folders({"prepared data": data_cache(), "results": Path.cwd()}, cache_root())
    try:
        found = probe.devices()
    except RsbenchError as error:
        problem = f"torch does not work here: {error}"
        yield Section(name="devices", lines=("torch cannot be asked",), problems=(problem,), is_fatal=True)
    else:
        yield devices.devices(found, devices.nvidia_driver())
        yield exchange.exchanges(found)
    yield network.network()
    yield data.data(data_root)
