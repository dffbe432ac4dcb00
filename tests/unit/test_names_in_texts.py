"""Names of modules and files in strings, docstrings and documents, which a move breaks silently."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ("rsbench", "compressors", "datasets", "reports", "tests", "examples")
DOTTED = re.compile(r"(?<![\w./@-])rsbench(?:\.[A-Za-z_]\w*)+")
FILE = re.compile(r"(?<![\w./-])(?:rsbench|compressors|datasets|reports|tests|examples|docs)/[\w./-]*\w")
OPTIONAL = ("rsbench.lightning", "rsbench.loggers.mlflow", "rsbench.loggers.wandb")

HISTORY = ("CHANGELOG.md", "docs/decisions/0016-the-house.md")
"""Texts that name what was, beside what is."""


def python_files() -> Iterator[Path]:
    for folder in SOURCES:
        links = {path for path in (ROOT / folder).iterdir() if path.is_symlink()}
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not links & set(path.parents):
                yield path


def documents() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])


def texts(path: Path) -> Iterator[str]:
    """All string constants of a Python file, docstrings among them."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def resolves(name: str) -> bool:
    """Whether a dotted name is a module of rsbench or something in one."""
    if name.startswith(OPTIONAL):  # needs a package that may not be installed
        return True
    words = name.split(".")
    for count in range(len(words), 0, -1):
        try:
            if importlib.util.find_spec(".".join(words[:count])) is None:
                continue
        except ModuleNotFoundError:
            continue
        thing = importlib.import_module(".".join(words[:count]))
        for word in words[count:]:
            if not hasattr(thing, word) and word not in getattr(thing, "__annotations__", {}):
                return False
            thing = getattr(thing, word, None)
        return True
    return False


@pytest.mark.filterwarnings("ignore:rsbench.datasets.Layout is now called:DeprecationWarning")
@pytest.mark.parametrize("folder", SOURCES)
def test_dotted_names_in_strings_are_modules_or_their_contents(folder: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in python_files()
        if path.relative_to(ROOT).parts[0] == folder and path.name != Path(__file__).name
        for text in texts(path)
        for name in DOTTED.findall(text)
        if not resolves(name)
    ]
    assert wrong == []


def test_files_and_modules_that_documents_name_exist() -> None:
    wrong = []
    for path in documents():
        if str(path.relative_to(ROOT)) in HISTORY:
            continue
        text = path.read_text(encoding="utf-8")
        wrong += [f"{path.name}: {name}" for name in DOTTED.findall(text) if not resolves(name)]
        for name in FILE.findall(text):
            file = ROOT / name
            known = file.exists() or file.with_suffix(".py").exists() or "yours" in name or "my" in file.name
            wrong += [] if known else [f"{path.name}: {name}"]
    assert wrong == []


def test_modules_that_start_as_processes_exist() -> None:
    started = {
        name
        for path in python_files()
        if path.relative_to(ROOT).parts[0] != "tests"
        for text in texts(path)
        if re.fullmatch(DOTTED, text) and (name := text)
    }
    assert {"rsbench.launch.worker", "rsbench.launch.gate", "rsbench.planning.probe_worker"} <= started
    assert {name for name in started if not resolves(name)} == set()
