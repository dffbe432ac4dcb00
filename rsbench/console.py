"""The one way to print a line."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def say(console: Console, text: str) -> None:
    """Print a sentence as it is; plain lines are never cut, a terminal wraps them."""
    if console.is_terminal:
        console.print(text, markup=False, highlight=False)
    else:
        print(text, file=console.file, flush=True)


def make_console() -> Console:
    """Return the console for results: the terminal's width, or wide lines into files and pipes."""
    from rich.console import Console  # late: start-up

    return Console(width=None if sys.stdout.isatty() else int(os.environ.get("COLUMNS", "160")))
