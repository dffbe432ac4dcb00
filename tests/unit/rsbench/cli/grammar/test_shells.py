"""The scripts for bash, zsh and fish, and bash's idea of a word."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from rsbench.cli.grammar.shells import SHELLS, Bash, script
from rsbench.cli.main import main


def answers(line: str, last: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("COMP_LINE", line)
    monkeypatch.setenv("COMP_LAST", last)
    bash = Bash(main, {}, "rsbench", "_RSBENCH_COMPLETE")
    return [item.value for item in bash.get_completions(*bash.get_completion_args())]


@pytest.mark.parametrize(
    ("line", "last", "expected"),
    [
        ("rsbench comp", "comp", ["compare", "completion"]),
        ("rsbench compare --data-r", "--data-r", ["--data-root"]),
        ("rsbench compare --plan-size ", "", ["full", "quick"]),
        ("rsbench compare --dataset ucm21,nwp", "ucm21,nwp", ["ucm21,nwpu45"]),
        ("rsbench compare --compressor none,rsdgc:alp", "alp", ["alpha="]),
        ("rsbench compare --link geo:", ":", ["down=", "up=", "latency="]),
        ("rsbench compare --compressor rsdgc:alpha=0.5,dg", "0.5,dg", ["0.5,dgc"]),
        ("rsbench data fetch ucm", "ucm", ["ucm21"]),
    ],
)
def test_bash_gets_what_follows_a_colon_or_an_equals_sign(
    line: str, last: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert answers(line, last, monkeypatch) == expected


@pytest.mark.parametrize("shell", SHELLS)
def test_the_command_prints_a_script_that_its_shell_can_read(shell: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["completion", shell])
    assert done.stdout == script(shell)
    assert f"_RSBENCH_COMPLETE={shell}_complete" in done.stdout
    program = shutil.which(shell)
    if program is not None:
        path = tmp_path / "script"
        path.write_text(done.stdout)
        subprocess.run([program, "-n", path], check=True, timeout=30)


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_bash_completes_through_the_script(tmp_path: Path) -> None:
    program = tmp_path / "rsbench"
    program.write_text(f"#!{sys.executable}\nfrom rsbench.cli.main import main\nmain(prog_name='rsbench')\n")
    program.chmod(0o755)
    asks = (
        'compopt() { :; }; COMP_LINE="rsbench compare --dataset ucm21,nwp"; COMP_POINT=${#COMP_LINE}\n'
        "COMP_WORDS=(rsbench compare --dataset ucm21,nwp); COMP_CWORD=3\n"
        f'_rsbench_completion {program}; echo "${{COMPREPLY[@]}}"\n'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script("bash") + asks], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "ucm21,nwpu45\n"
