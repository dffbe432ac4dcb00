"""Lines on the terminal: shown, never obeyed; and nothing prints past them."""

from __future__ import annotations

import ast
import io
from pathlib import Path

import pytest
from rich.console import Console

import rsbench
from rsbench.bars import bars
from rsbench.console import complain, harmless, make_console, say, say_indented

HOSTILE = {
    "\x1b]0;owned\x07": r"\x1b]0;owned\x07",
    "\x1b[2J\x1b[H": r"\x1b[2J\x1b[H",
    "\x9b31m": r"\x9b31m",
    "a\r\nError: b": r"a\r\nError: b",
    "\u202egnp.exe\u2066": r"\u202egnp.exe\u2066",
    "\udcc4\udce3.png": r"\xc4\xe3.png",
    "\ud800": r"\ud800",
    "\u2028": r"\u2028",
    "\U000e0041": r"\U000e0041",
    "a\tb\xa0c": "a b c",
    "[red]x[/red] [/] :smile:": "[red]x[/red] [/] :smile:",
    "λ 地図 é": "λ 地図 é",
}


@pytest.mark.parametrize(("text", "shown"), HOSTILE.items())
def test_what_a_terminal_would_obey_is_shown(text: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert harmless(text) == shown and shown.isprintable()
    for is_terminal in (False, True):
        stream = io.StringIO()
        say(Console(file=stream, width=200, force_terminal=is_terminal, color_system=None), text, "bold")
        assert stream.getvalue().rstrip("\n") == shown
    complain(text)
    assert capsys.readouterr().err == f"{shown}\n"


def test_an_encoding_that_lacks_a_sign_gets_a_stand_in() -> None:
    raw = io.BytesIO()
    console = Console(file=io.TextIOWrapper(raw, encoding="ascii", write_through=True), width=99)
    say(console, "1 ± 2 地\x1b")
    assert raw.getvalue() == b"1 +- 2 ?\\x1b\n"


def test_a_word_of_thousands_of_digits_is_cut_in_errors(capsys: pytest.CaptureFixture[str]) -> None:
    complain(f"seeds {'9' * 5000} are many")
    said = capsys.readouterr().err
    assert said == f"seeds {'9' * 40}...{'9' * 20} (5,000 characters) are many\n"


@pytest.mark.parametrize(("columns", "width"), [("abc", 160), ("-3", 160), ("0", 160), ("9" * 30, 160), ("77", 77)])
def test_columns_that_are_no_width_are_left_alone(monkeypatch: pytest.MonkeyPatch, columns: str, width: int) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert make_console().width == width


def test_a_bar_shows_the_name_of_a_file_as_it_is() -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=80, force_terminal=True, color_system=None)
    with bars(console, auto_refresh=False) as shown:
        shown.update(shown.add_task("x"), description="[/bold] [red]a\x1b[2Jb", refresh=True)
    assert r"[/bold] [red]a\x1b[2Jb" in stream.getvalue()


PIPES = {
    "planning/probe_worker.py": {"print"},
    "doctor/exchange_worker.py": {"print"},
    "reports/formats/terminal.py": {"console.print"},
    "cli/lists/table.py": {"console.print"},
    "console.py": None,
}
"""Modules that may print by themselves: an answer into a pipe, tables whose cells are harmless, the one place."""


def printing_calls(tree: ast.AST) -> set[str]:
    """Return what prints on a terminal: ``print`` without a file, click's echo, a console's print, new bars."""
    found = set()
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = ast.unparse(call.func)
        to_file = [ast.unparse(word.value) for word in call.keywords if word.arg == "file"]
        if name == "print" and (not to_file or "std" in to_file[0]):
            found.add("print")
        if name in {"click.echo", "click.secho", "Console", "Progress", "sys.stderr.write", "traceback.print_exc"}:
            found.add(name)
        if name.endswith(("console.print", "console.log", "console.rule", "console.out")):
            found.add("console.print")
    return found


def test_no_other_module_prints() -> None:
    package = Path(rsbench.__file__).parent
    for path in sorted(set(_modules(package))):
        name = path.relative_to(package).as_posix()
        if name.startswith("launch/") or name == "bars.py":  # workers' logs; what makes the bars
            continue
        allowed = PIPES.get(name, set())
        if allowed is not None:
            assert printing_calls(ast.parse(path.read_text(encoding="utf-8"))) <= allowed, name


def _modules(package: Path) -> list[Path]:
    linked = [path for path in package.iterdir() if path.is_symlink()]
    return [*package.glob("**/*.py"), *(file for folder in linked for file in folder.glob("**/*.py"))]


def test_further_lines_of_a_terminal_are_indented() -> None:
    stream = io.StringIO()
    say_indented(Console(file=stream, width=14, force_terminal=True, color_system=None), "one two three", begin="  - ")
    assert stream.getvalue() == "  - one two\n    three\n"
