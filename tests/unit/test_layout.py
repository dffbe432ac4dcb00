"""The folder list is the architecture: what is installed, described and tested follows it."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
WINGS = ("rsbench", "compressors", "datasets", "reports")
LAWS = {
    "compressors/hooks/test_conservation.py",
    "compressors/hooks/test_exchanges.py",
    "compressors/hooks/test_held_budgets.py",
    "compressors/hooks/test_no_host_synchronisation.py",
    "compressors/test_parse.py",
    "compressors/test_references.py",
    "datasets/test_contract.py",
    "datasets/test_real_data.py",
    "reports/analysis/test_modelled_comparison.py",
    "reports/test_formats.py",
}
"""Unit tests of what holds for a whole folder, not for one file of it."""


def folders() -> list[Path]:
    """Every folder of sources, relative to the root; the links in rsbench/ are their targets."""
    found = []
    for wing in WINGS:
        links = {path for path in (ROOT / wing).iterdir() if path.is_symlink()}
        for init in sorted((ROOT / wing).rglob("__init__.py")):
            if not links & set(init.parents):
                found.append(init.parent.relative_to(ROOT))
    return found


def dotted(folder: Path) -> str:
    return ".".join(folder.parts if folder.parts[0] == "rsbench" else ("rsbench", *folder.parts))


def test_every_folder_is_installed() -> None:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    assert sorted(packages) == sorted(map(dotted, folders()))


def test_every_folder_says_in_one_sentence_what_is_there_and_the_architecture_repeats_it() -> None:
    architecture = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for folder in folders():
        first = (ast.get_docstring(ast.parse((ROOT / folder / "__init__.py").read_text())) or "").partition("\n")[0]
        assert first.endswith("."), f"{folder}: {first}"
        assert f"| `{folder}/` | {first} |" in architecture, folder


def test_folders_are_no_drawers() -> None:
    for folder in folders():
        files = [path for path in (ROOT / folder).glob("*.py") if path.name != "__init__.py"]
        assert len(files) <= 16, f"{folder} has {len(files)} files: which noun is missing?"


def test_unit_tests_stand_on_the_paths_of_what_they_test() -> None:
    unit = ROOT / "tests" / "unit"
    strays = []
    for path in sorted(unit.rglob("test_*.py")):
        relative = path.relative_to(unit)
        if relative.parts[0] in WINGS and str(relative) not in LAWS:
            source = ROOT / relative.parent / path.name.removeprefix("test_")
            strays += [] if source.is_file() else [str(relative)]
    assert strays == []
