"""The command ``rsbench completion``: click completes, for bash, zsh and fish, values that hold commas and colons."""

from __future__ import annotations

import os
from typing import Any, ClassVar, Final

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    add_completion_class,
    get_completion_class,
    split_arg_string,
)

from rsbench.cli.grammar.command import Command
from rsbench.console import pipe

PROGRAM: Final = "rsbench"
VARIABLE: Final = "_RSBENCH_COMPLETE"
"""By which a shell asks for completions; click looks for that name."""
_BASH: Final = """\
%(complete_func)s() {
    local kind word
    COMPREPLY=()
    while IFS=, read -r kind word; do
        case $kind in
            plain) COMPREPLY+=("$word") ;;
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
        esac
    done < <(COMP_LINE="${COMP_LINE:0:COMP_POINT}" COMP_LAST="${COMP_WORDS[COMP_CWORD]}" \\
        %(complete_var)s=bash_complete "$1" 2>/dev/null)
    [[ ${COMPREPLY[0]} == *[=:] ]] && compopt -o nospace
    return 0
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""
_FISH: Final = """\
function %(complete_func)s
    set -l answer (env COMP_WORDS=(commandline -cp | string collect) COMP_CWORD=(commandline -ct | string collect) \\
        %(complete_var)s=fish_complete %(prog_name)s 2>/dev/null)
    for line in $answer
        set -l parts (string split --max 1 , -- $line)
        switch $parts[1]
            case plain
                echo $parts[2]
            case dir
                __fish_complete_directories $parts[2]
            case file
                __fish_complete_path $parts[2]
        end
    end
end
complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""


class Bash(BashComplete):
    """Bash, which takes colons and equals signs for ends of words, and wants only what comes after them."""

    source_template: ClassVar[str] = _BASH

    @staticmethod
    def _check_version() -> None:
        """Ask nothing: the script needs no release that is newer than bash 4.4."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one to complete, and that one as a whole."""
        line = os.environ.get("COMP_LINE", "")
        words = split_arg_string(line)[1:]
        incomplete = words.pop() if words and not line[-1:].isspace() else ""
        return words, incomplete

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[Any]]:
        """Return what may follow, without what bash takes for words of their own."""
        last = os.environ.get("COMP_LAST", "").strip("=:\"'")
        cut = len(incomplete) - len(last) if incomplete.endswith(last) else 0
        found = super().get_completions(args, incomplete)
        for each in found:
            each.value = str(each.value)[cut:] if each.type == "plain" else each.value
        return found


class Fish(FishComplete):
    """Fish, with a script that keeps the commas of values."""

    source_template: ClassVar[str] = _FISH


add_completion_class(Bash, "bash")
add_completion_class(Fish, "fish")
SHELLS: Final = ("bash", "zsh", "fish")


def script(shell: str) -> str:
    """Return the script that makes a shell complete ``rsbench``.

    Args:
        shell: one of :data:`SHELLS`.
    """
    kind = get_completion_class(shell)
    assert kind is not None
    return kind(None, {}, PROGRAM, VARIABLE).source()  # type: ignore[arg-type]  # the script needs no command


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(SHELLS), metavar="bash|zsh|fish")
def completion(shell: str) -> None:
    """Print what makes a shell complete options and names.

    \b
    Add one line to ~/.bashrc, ~/.zshrc, or ~/.config/fish/config.fish:
      eval "$(rsbench completion bash)"
      eval "$(rsbench completion zsh)"
      rsbench completion fish | source
    """  # noqa: D301 - click reads \b
    pipe(script(shell))
