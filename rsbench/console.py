"""The one way to print a line: whatever a text holds, a terminal shows it and obeys none of it."""

from __future__ import annotations

import os
import sys
import textwrap
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_PLAIN: Final = str.maketrans({"±": "+-", "↑": "^", "↓": "v", "…": ".", "─": "-"})
_WIDE: Final = 160
"""Characters of a line into files and pipes, where ``COLUMNS`` does not say."""
_LONGEST_WORD: Final = 400
"""Characters of a word in an error; longer ones are cut in the middle."""


def harmless(text: str) -> str:
    r"""Return a text on one line with what is no printable character as its escape, such as ``\x1b`` or ``\u202e``.

    Names come from files and from other machines. Escape sequences, line breaks, marks that turn the direction of
    writing, and bytes that are no UTF-8 (``\xff``) are shown, never obeyed.
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else _escape(c) for c in text)


def harmless_lines(text: str) -> str:
    """Return the same for a text that may have several lines."""
    return "\n".join(map(harmless, text.split("\n")))


def _escape(character: str) -> str:
    if character == "\t" or unicodedata.category(character) == "Zs":
        return " "
    if "\udc80" <= character <= "\udcff":  # a byte of a name that is no UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


def encodable(text: str, encoding: str) -> str:
    """Return a text in which an encoding knows every character; the signs of our tables have plain stand-ins."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, errors="replace").decode(encoding)
    return text


def styled(console: Console, text: str, style: str = "") -> Text:
    """Return one harmless line, no markup, that a console can show, for tables and bars."""
    from rich.text import Text  # late: start-up

    return Text(encodable(harmless(text), console.encoding), style=style)


def say(console: Console, text: str, style: str = "") -> None:
    """Print a sentence as it is; plain lines are never cut, a terminal wraps them."""
    if console.is_terminal:
        console.print(styled(console, text, style))
    elif not console.quiet:
        try:
            print(encodable(harmless(text), console.encoding), file=console.file, flush=True)
        except BrokenPipeError:
            stop_printing()


def say_indented(console: Console, text: str, begin: str = "  ", indent: str = "    ") -> None:
    """Print a sentence behind a beginning; a terminal's further lines of it are indented."""
    if not console.is_terminal:
        say(console, begin + text)
        return
    lines = textwrap.wrap(harmless(text), width=console.width, initial_indent=begin, subsequent_indent=indent)
    for line in lines:
        say(console, line)


def complain(text: str) -> None:
    """Print a sentence on standard error; words that nobody would read to their end are cut in the middle."""
    print(" ".join(map(_readable, harmless(text).split(" "))), file=sys.stderr, flush=True)


def pipe(text: str) -> None:
    """Write a file's text to standard output, for another program to read: UTF-8, nothing wrapped, nothing escaped."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode("utf-8", errors="backslashreplace"))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        stop_printing()


def stop_printing() -> None:
    """Send standard output nowhere from now on: its reader, such as ``head``, has left; the work goes on."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _readable(word: str) -> str:
    if len(word) <= _LONGEST_WORD:
        return word
    return f"{word[:40]}...{word[-20:]} ({len(word):,} characters)"


def make_console(*, quiet: bool = False) -> Console:
    """Return the console for results: the terminal's width, or wide lines into files and pipes.

    Args:
        quiet: print nothing, where a JSON document takes the results' place.
    """
    from rich.console import Console  # late: start-up

    width = None if sys.stdout.isatty() else _asked_width(os.environ.get("COLUMNS", ""))
    console = Console(width=width, quiet=quiet)
    console.on_broken_pipe = stop_printing  # type: ignore[method-assign]  # rich would end the command
    return console


def make_progress_console(*, quiet: bool = False) -> Console:
    """Return the console for progress and notes: standard error, so that results can be piped.

    Args:
        quiet: print nothing.
    """
    from rich.console import Console  # late: start-up

    width = None if sys.stderr.isatty() else _asked_width(os.environ.get("COLUMNS", ""))
    return Console(width=width, stderr=True, quiet=quiet)


def _asked_width(columns: str) -> int:
    """Return the width that ``COLUMNS`` asks for, where it is one that a table can be drawn in."""
    is_number = columns.isascii() and columns.isdecimal() and len(columns) < 6
    return int(columns) if is_number and int(columns) > 0 else _WIDE
