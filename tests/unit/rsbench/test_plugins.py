"""Packages from outside that are broken: each is named once, and nothing but what needs it fails."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from rsbench import plugins
from rsbench.compressors import COMPRESSORS, Compressor, TopK
from rsbench.datasets import DATASETS
from rsbench.datasets.base import Dataset
from rsbench.errors import RsbenchError

MODULES = {
    "leaves": "import sys; sys.exit(0)",
    "raises": "raise ValueError('first \\x1b]0;title\\x07line\\nsecond line')",
    "syntax": "def (",
    "missing": "import no_such_module_at_all",
    "number": "Thing = 3",
    "stranger": "class Thing: pass",
    "nameless": "from rsbench.compressors import TopK\nclass Thing(TopK): name = None; title = 't'; source = 's'",
    "picky": "from rsbench.compressors import TopK\nclass Thing(TopK):\n    def __init__(self, x): pass",
    "empty": "",
}
REASONS = {
    "leaves": "SystemExit: 0",
    "raises": r"ValueError: first \x1b]0;title\x07line",
    "syntax": "SyntaxError: ",
    "missing": "ModuleNotFoundError: No module named 'no_such_module_at_all'",
    "number": "it is no class but of type int",
    "stranger": "it is no subclass of rsbench's ",
    "nameless": "its class calls itself None",
    "picky": "TypeError: ",
    "empty": "AttributeError: ",
}
GROUPS = {"rsbench.compressors": (COMPRESSORS, Compressor), "rsbench.datasets": (DATASETS, Dataset)}
FOR_ALL = [name for name in MODULES if name not in ("nameless", "picky")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as pip leaves it, with a package that offers all of them to both groups."""
    site = tmp_path_factory.mktemp("site")
    package, info = site / "broken_outside", site / "broken_outside-1.0.dist-info"
    package.mkdir()
    info.mkdir()
    (package / "__init__.py").write_text("")
    for name, text in MODULES.items():
        (package / f"{name}.py").write_text(text + "\n")
    lines = [
        f"[{group}]\n" + "".join(f"{name} = broken_outside.{name}:Thing\n" for name in FOR_ALL) for group in GROUPS
    ]
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-outside\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("\n".join(lines))
    return site


@pytest.fixture
def offered(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """All of them offered in this process."""
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setattr(plugins, "_broken", {})
    monkeypatch.setattr(
        plugins,
        "entry_points",
        lambda group: [EntryPoint(name, f"broken_outside.{name}:Thing", group) for name in MODULES],
    )
    yield
    for name in [name for name in sys.modules if name.startswith("broken_outside")]:
        del sys.modules[name]


@pytest.mark.usefixtures("offered")
@pytest.mark.parametrize("group", GROUPS)
def test_each_broken_one_is_named_once_and_refused_when_asked_for(group: str, caplog: pytest.LogCaptureFixture) -> None:
    table, base = GROUPS[group]
    with caplog.at_level(logging.WARNING, "rsbench.plugins"):
        for _ in range(3):
            assert plugins.table_with_plugins(group, table, base) == table
    assert len(caplog.messages) == len(MODULES)
    names = MODULES if base is Compressor else FOR_ALL
    for name in names:
        [message] = [m for m in caplog.messages if f"'{name}' of" in m]
        assert message.startswith(f"rsbench: '{name}' of another package ({group}) is left out: {REASONS[name]}")
        assert "\n" not in message and message.isprintable()
        with pytest.raises(RsbenchError, match=f"^'{name}' of another package .* Mend, update or uninstall"):
            plugins.refuse_broken(group, name)
    plugins.refuse_broken(group, "topk")


def test_a_name_that_is_taken_stays_ours(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    entry = EntryPoint("topk", "rsbench.compressors:DGC", "rsbench.compressors")
    monkeypatch.setattr(plugins, "_broken", {})
    monkeypatch.setattr(plugins, "entry_points", lambda group: [entry])
    assert plugins.table_with_plugins("rsbench.compressors", COMPRESSORS, Compressor)["topk"] is TopK
    assert "its name is taken" in caplog.text


def test_damaged_metadata_leave_our_own(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def broken(group: str) -> list[EntryPoint]:
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")

    monkeypatch.setattr(plugins, "_broken", {})
    monkeypatch.setattr(plugins, "entry_points", broken)
    assert plugins.table_with_plugins("rsbench.datasets", DATASETS, Dataset) == DATASETS
    assert "cannot be listed: UnicodeDecodeError" in caplog.text


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("list compressors", 0, "randomk"),
        ("report results", 0, "topk"),
        ("compare --compressor leaves --dataset synthetic --dry-run", 2, "SystemExit: 0. Mend, update or uninstall"),
        ("compare --compressor topk --dataset stranger --dry-run", 2, "no subclass of rsbench's Dataset. Mend"),
    ],
)
def test_commands_go_on_without_them(
    site: Path, words: str, code: int, said: str, tmp_path: Path, make_record: Callable[..., dict[str, Any]]
) -> None:
    cell = tmp_path / "results" / "cells" / "one"
    cell.mkdir(parents=True)
    (cell / "record.json").write_text(json.dumps(make_record(compressor="topk")))
    paths = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", str(Path(__file__).parents[3]))])
    environment = {**os.environ, "PYTHONPATH": paths, "RSBENCH_CACHE": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "rsbench", *words.split()],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    warned = [done.stderr.count(f"rsbench: '{name}' of broken-outside ({g})") for name in FOR_ALL for g in GROUPS]
    assert max(warned) <= 1
    assert max(warned) == ("report" not in words), "a report needs no plug-in"
