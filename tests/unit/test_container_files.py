"""The image cannot be built here, but it can be seen to copy what the package is made of."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def copied() -> set[str]:
    lines = [line.split() for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("COPY ")]
    return {source for words in lines for source in words[1:-1]}


def test_container_copies_every_source_folder_and_nothing_that_is_not_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    folders = set(project["tool"]["setuptools"]["package-dir"].values())
    files = {"pyproject.toml", project["project"]["readme"], *project["project"]["license-files"]}
    assert copied() == folders | files


def test_container_context_holds_what_is_copied() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    assert {line[1:] for line in lines if line.startswith("!")} == copied()


def test_container_runs_rsbench_as_an_ordinary_user() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert 'ENTRYPOINT ["rsbench"]' in lines
    assert "USER rsbench" in lines
    assert lines.index("USER rsbench") < lines.index('ENTRYPOINT ["rsbench"]')
