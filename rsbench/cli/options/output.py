"""The options that say what a command prints."""

from __future__ import annotations

import click

from rsbench.cli.grammar.command import OUTPUT, heading

json_option = heading(OUTPUT, click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."))
quiet_option = heading(OUTPUT, click.option("--quiet", "-q", is_flag=True, help="Print results and errors only."))
