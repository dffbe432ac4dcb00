"""A comparison from Python: its words, its errors and its end; the command itself is a stand-in."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from result_folders import write_cell

from rsbench.errors import RsbenchError
from rsbench.frames import compare as compare_module
from rsbench.frames.compare import compare

Maker = Callable[..., dict[str, Any]]
Ran = list[list[str]]


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Ran]:
    """Return what puts a program in the place of the command, and keeps the words that it is given."""
    true_run = compare_module._run

    def put(code: str) -> Ran:
        ran: Ran = []

        def run(command: list[str]) -> tuple[int, list[str]]:
            ran.append(command[4:])
            return true_run([sys.executable, "-c", code])

        monkeypatch.setattr(compare_module, "_run", run)
        return ran

    return put


def test_keywords_are_the_long_options(stand_in: Callable[[str], Ran], tmp_path: Path, make_record: Maker) -> None:
    write_cell(tmp_path, make_record())
    ran = stand_in("")
    results = compare(
        out=tmp_path,
        compressor=["none", "rsdgc:alpha=0.5"],
        ratio=(10, 100.5),
        seeds=[0, 1],
        max_steps=20,
        yes=True,
        rerun=False,
        deterministic=False,
        density=None,
    )
    assert ran == [
        [
            *(f"--out={tmp_path}", "--compressor=none", "--compressor=rsdgc:alpha=0.5", "--ratio=10", "--ratio=100.5"),
            *("--seeds=0", "--seeds=1", "--max-steps=20", "--yes", "--fast"),
        ]
    ]
    assert results.cells["seed"].tolist() == [0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"compresor": "none"}, 'compare takes no "compresor". Did you mean "compressor"?'),
        ({"fast": 3}, "fast is 3, but must be True or False."),
        ({"yes": "yes"}, "yes is 'yes', but must be True or False."),
        ({"dry_run": True}, "dry_run runs no cell"),
        ({"ratio": "many"}, "Invalid value for '--ratio': 'many' is not a number"),
        ({"plan": "no-such"}, 'There is no plan "no-such"'),
    ],
)
def test_mistakes_are_found_before_anything_runs(
    stand_in: Callable[[str], Ran], options: dict[str, Any], words: str
) -> None:
    ran = stand_in("")
    with pytest.raises(RsbenchError) as caught:
        compare(**options)
    assert words in str(caught.value) and ran == []


def test_a_flag_has_two_names_where_its_option_has(
    stand_in: Callable[[str], Ran], tmp_path: Path, make_record: Maker
) -> None:
    write_cell(tmp_path, make_record())
    ran = stand_in("")
    for flag in ({"fast": True}, {"fast": False}, {"deterministic": True}):
        compare(out=tmp_path, **flag)
    assert [words[1:] for words in ran] == [["--fast"], ["--deterministic"], ["--deterministic"]]


def test_results_are_where_a_plan_puts_them(stand_in: Callable[[str], Ran], tmp_path: Path, make_record: Maker) -> None:
    write_cell(tmp_path / "planned", make_record(seed=5))
    (tmp_path / "plan.toml").write_text(f'out = "{tmp_path}/planned"\n')
    ran = stand_in("")
    assert compare(plan=tmp_path / "plan.toml").cells["seed"].tolist() == [5]
    assert ran == [[f"--plan={tmp_path}/plan.toml"]]


def test_what_the_command_refuses_is_an_error_with_its_sentence(
    stand_in: Callable[[str], Ran], capfd: pytest.CaptureFixture[str]
) -> None:
    stand_in("import sys; print('Note: slow.\\nError: There is no \\\"x\\\".', file=sys.stderr); sys.exit(2)")
    with pytest.raises(RsbenchError) as caught:
        compare()
    assert str(caught.value) == 'There is no "x".'
    assert capfd.readouterr().err.splitlines() == ["Note: slow.", 'Error: There is no "x".']


def test_a_failed_cell_is_no_error(stand_in: Callable[[str], Ran], tmp_path: Path, make_record: Maker) -> None:
    write_cell(tmp_path, make_record(status="failed", reason="out of memory"))
    stand_in("import sys; sys.exit(1)")
    assert compare(out=tmp_path).cells["status"].tolist() == ["failed"]


@pytest.mark.parametrize("end", ["sys.exit(130)", "os.kill(os.getpid(), signal.SIGTERM)"])
def test_a_command_that_was_stopped_is_an_interrupt(stand_in: Callable[[str], Ran], end: str) -> None:
    stand_in(f"import os, signal, sys; {end}")
    with pytest.raises(KeyboardInterrupt):
        compare()


def test_an_interrupt_reaches_the_command_once_and_is_waited_for(
    stand_in: Callable[[str], Ran], tmp_path: Path
) -> None:
    told = tmp_path / "told"
    stand_in(
        "import signal, sys, time\n"
        f"def note(*_): open({str(told)!r}, 'a').write('x'); print('stopping', file=sys.stderr); sys.exit(130)\n"
        "signal.signal(signal.SIGINT, note); print('ready', file=sys.stderr, flush=True); time.sleep(60)\n"
    )
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupt = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
        interrupt.start()
        compare()
    assert told.read_text() == "x" and time.monotonic() - begun < 50


def test_real_words_are_understood_by_the_command_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import rsbench; rsbench.compare(out={str(tmp_path)!r}, compressor='rsdgx')"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("rsbench.errors.RsbenchError: There is no compressor") and 'Did you mean "rsdgc"?' in last
