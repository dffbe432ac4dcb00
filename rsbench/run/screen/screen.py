"""The two streams of a command: results on standard output, all else on standard error."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.live import Live

from rsbench import __version__
from rsbench.console import make_console, make_progress_console, pipe, say, styled
from rsbench.run.screen.labels import Labels
from rsbench.run.screen.live import LiveProgress
from rsbench.run.screen.plain import PlainProgress
from rsbench.run.screen.progress import Progress


@dataclass(frozen=True, kw_only=True)
class Screen:
    """Where a run prints.

    Attributes:
        results: the console for tables, closing words and written files; silent where a document is wanted.
        notes: the console for progress, warnings and next steps; silent with ``--quiet``.
        as_json: print one JSON document in place of the results.
    """

    results: Console
    notes: Console
    as_json: bool = False

    @classmethod
    def of(cls, *, quiet: bool = False, as_json: bool = False) -> Screen:
        """Return the screen of a command.

        Args:
            quiet: no progress and no notes.
            as_json: one JSON document on standard output, and nothing else there.
        """
        return cls(results=make_console(quiet=as_json), notes=make_progress_console(quiet=quiet), as_json=as_json)

    def note(self, text: str) -> None:
        """Print a sentence that is no result."""
        say(self.notes, text)

    def alert(self, text: str) -> None:
        """Print on standard error, with ``--quiet`` too, what is wrong or not complete."""
        say(make_progress_console(), text)

    def result(self, text: str) -> None:
        """Print a sentence that is one."""
        say(self.results, text)

    def answer(self, document: Mapping[str, Any]) -> None:
        """Print the JSON document, which follows the version."""
        pipe(json.dumps({"rsbench": __version__, **document}, indent=1, allow_nan=False) + "\n")

    @contextmanager
    def waiting(self, words: str) -> Iterator[None]:
        """Show on a terminal what is being done, until it is done; nothing into files and pipes."""
        if not self._draws:
            yield
            return
        # No thread redraws: processes are started while this is shown.
        with Live(styled(self.notes, words, "dim"), console=self.notes, auto_refresh=False, transient=True):
            yield

    def progress(self, labels: Labels) -> Progress:
        """Return what shows how far cells are: bars on a terminal, else short lines."""
        return LiveProgress(labels, self.notes) if self._draws else PlainProgress(labels, self.note)

    @property
    def _draws(self) -> bool:
        """Whether notes go to a terminal on which lines can be drawn again."""
        return self.notes.is_terminal and not self.notes.is_dumb_terminal and not self.notes.quiet
