"""Pages of the documentation that are made from the program hold all that the program has."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import pytest

from rsbench.cli.main import main
from rsbench.compressors import COMPRESSORS

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "docs"))

from generate import columns, commands, compressors, decisions, links, tables  # noqa: E402 - docs/ is on the path by now


def section(page: str, heading: str) -> str:
    """Return the text below one heading of the second level."""
    return page.partition(f"\n## `{heading}`\n")[2].partition("\n## ")[0]


def test_every_option_of_every_command_is_in_its_table_once() -> None:
    page = commands.page()
    found = dict(commands.commands(main, ("rsbench",)))
    assert len(found) >= 11
    for path, command in found.items():
        rows = [line for line in section(page, " ".join(path)).splitlines() if line.startswith("| `")]
        visible = [one for one in command.params if not getattr(one, "hidden", False)]
        assert len(rows) == len(visible), path
        options = [one for one in visible if isinstance(one, click.Option)]
        counts = {one.opts[0]: sum(f"`{one.opts[0]}`" in row.split(" | ")[0] for row in rows) for one in options}
        assert counts == dict.fromkeys(counts, 1), path


def test_defaults_are_those_of_click() -> None:
    page = section(commands.page(), "rsbench bench")
    assert "| `--repeats` `N` | `5` |" in page


@pytest.mark.parametrize("name", COMPRESSORS)
def test_every_option_of_a_compressor_is_in_its_table(name: str) -> None:
    text = section(compressors.page(), name)
    compressor = COMPRESSORS[name]
    assert tables.shown(compressor.source) in text
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == [option.name for option in compressor.options()]
    assert [row.split("`")[3] for row in rows] == [str(option.default) for option in compressor.options()]


def test_every_column_is_in_the_data_dictionary() -> None:
    page = columns.page()
    for file, of_file in columns.COLUMNS.items():
        rows = [line for line in section(page, file).splitlines() if line.startswith("| `")]
        assert [row.split("`")[1] for row in rows] == [one.name for one in of_file]


def test_all_decisions_are_listed() -> None:
    page = decisions.page()
    files = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert page.count("](../decisions/") == len(files)
    assert "[0005: " in page


def test_cells_of_tables_obey_nothing() -> None:
    table = tables.table(("A", "B"), [("a|b <x> *y*", "`c_d`")])
    assert table.splitlines()[2] == r"| a\|b \<x\> \*y\* | `c_d` |"


def test_links_out_of_the_site_lead_to_the_repository() -> None:
    text = "[a](../README.md#install) [b](links.md) [c](../links.md)"
    repository = links.repository()
    assert links.with_addresses(text, "faq.md").startswith(
        f"[a]({repository}/blob/main/README.md#install) [b](links.md)"
    )
    assert "[c](../links.md)" in links.with_addresses(text, "decisions/0001.md")
