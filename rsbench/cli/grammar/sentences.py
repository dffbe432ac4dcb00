"""How commands end: a user's mistake is one sentence, printed harmlessly, whoever found it."""

from __future__ import annotations

import errno
import re
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NoReturn

import click

from rsbench.cli.grammar import variables
from rsbench.cli.grammar.command import Group
from rsbench.console import complain
from rsbench.errors import RsbenchError, closest

REPORT: Final = "this is a fault of rsbench: please report it with the lines above"

_WORDS: Final = {"a valid float": "a number", "a valid integer": "a whole number"}
"""Click's words -> words for people."""
_BOOLEAN: Final = re.compile(r"is not a valid boolean\..*", re.DOTALL)
_CHOICE: Final = re.compile(r"'([^']*)' is not one of")


class Sentences(Group):
    """A group that says a user's mistake in one sentence and exits with 2."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Read what stands before a command's name."""
        with _said(click.Context(self, info_name=info_name)):
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; turn every ending into an exit code."""
        with _said(ctx):
            return super().invoke(ctx)


@contextmanager
def _said(ctx: click.Context) -> Iterator[None]:
    """Say why the command ends early, and end it."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.ClickException as error:
        _end(ctx, _usage(error), error.exit_code)
    except RsbenchError as error:
        _end(ctx, f"Error: {error}", 2)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # another Ctrl-C changes nothing any more
        _end(ctx, "Stopped.", 128 + signal.SIGINT)
    except MemoryError:
        _end(ctx, "Error: The memory of this machine does not suffice for that: ask for less at a time.", 2)
    except OSError as error:
        if error.errno == errno.EPIPE:  # who read our output has gone; click knows what to do
            raise
        _end(ctx, f"Error: {_file_error(error)}", 2)
    except (click.Abort, click.exceptions.Exit):
        raise
    except Exception as error:
        for line in "".join(traceback.format_exception(error)).splitlines():
            complain(line)
        _end(ctx, f"Error: {type(error).__name__}; {REPORT}.", 1)


def _end(ctx: click.Context, sentence: str, code: int) -> NoReturn:
    complain(sentence)
    sys.stdout.flush()
    ctx.exit(code)


def _usage(error: click.ClickException) -> str:
    """Return what click found wrong, with the command whose help says more."""
    command = getattr(error, "ctx", None)
    more = f" See: {command.command_path} --help." if command is not None else ""
    message = hinted(error)
    option = getattr(error, "param", None)
    if command is not None and option is not None:
        name = dict(variables.used(command)).get(option)
        message = f"{message.rstrip('.')}, from the environment variable {name}" if name else message
    return f"Error: {message}{'' if message.endswith(('.', '?')) else '.'}{more}"


def hinted(error: click.ClickException) -> str:
    """Return click's message in plain words, with what was probably meant."""
    if isinstance(error, click.MissingParameter) and isinstance(error.param, click.Argument):
        choices = getattr(error.param.type, "choices", ())
        name = error.param.make_metavar(error.ctx or click.get_current_context())
        return f"Missing argument {name}{': give one of ' if choices else ''}{', '.join(choices)}."
    message = _BOOLEAN.sub("is neither yes nor no: give 1 or 0", error.format_message())
    for theirs, plain in _WORDS.items():
        message = message.replace(theirs, plain)
    if isinstance(error, click.NoSuchOption) and error.ctx is not None:
        spellings = [name for one in error.ctx.command.params for name in (*one.opts, *one.secondary_opts)]
        close = closest(error.option_name.lstrip("-"), [name.lstrip("-") for name in spellings])
        return f"There is no option {error.option_name}." + (f" Did you mean --{close}?" if close else "")
    chosen = _CHOICE.search(message)
    if isinstance(error, click.BadParameter) and chosen and error.param is not None:
        close = closest(chosen[1], getattr(error.param.type, "choices", ()))
        return message + (f' Did you mean "{close}"?' if close else "")
    return message


def _file_error(error: OSError) -> str:
    """Return the sentence for a file that nobody expected to fail."""
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{error.strerror or error}; check that path, its permissions and the room on its disk."
