"""The one way to show bars: what they are called is printed harmlessly, as lines are."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task
from rich.text import Text

from rsbench.console import styled


class _Name(ProgressColumn):
    """A task's description, which may hold a file's name, without markup."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def render(self, task: Task) -> Text:
        """Return the description on one line."""
        return styled(self._console, task.description)


def bars(console: Console, *columns: ProgressColumn, auto_refresh: bool = True) -> Progress:
    """Return bars that vanish at their end, and are not drawn at all into files and pipes.

    Args:
        console: where to.
        columns: what stands after each task's name and bar.
        auto_refresh: a thread redraws; not while processes are forked.
    """
    shown = (_Name(console), BarColumn(), *columns)
    return Progress(*shown, console=console, transient=True, disable=not console.is_terminal, auto_refresh=auto_refresh)
