"""The command ``rsbench completion``."""

from __future__ import annotations

import click

from rsbench.cli.grammar.command import Command
from rsbench.cli.grammar.shells import SHELLS, script
from rsbench.console import pipe


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print what makes a shell complete options and names.

    \b
    Add one line to ~/.bashrc, ~/.zshrc, or ~/.config/fish/config.fish:
      eval "$(rsbench completion bash)"
      eval "$(rsbench completion zsh)"
      rsbench completion fish | source
    """  # noqa: D301 - click reads \b
    pipe(script(shell))
