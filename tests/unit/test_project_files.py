"""What stands around the program: the repository's address, citation, workflows, forms, links between pages."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

import rsbench

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REPOSITORY = PROJECT["urls"]["Repository"]
GITHUB = ROOT / ".github"
OWNED = re.compile(r"https://github\.com/[\w.-]+/rsbench\b")
"""An address of a repository of this name."""
LINK = re.compile(r"\]\((?!https?://|mailto:)([^)\s]+)\)")
GENERATED = ("reference/columns.md", "reference/commands.md", "reference/compressors.md", "reference/decisions.md")
"""Pages that docs/generate/hooks.py makes."""


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def texts() -> list[Path]:
    found = [*ROOT.glob("*.md"), ROOT / "CITATION.cff", ROOT / "mkdocs.yml", ROOT / "pyproject.toml"]
    return sorted([*found, *(ROOT / "docs").rglob("*.md"), *GITHUB.rglob("*.yml"), *GITHUB.rglob("*.md")])


def test_all_addresses_of_the_repository_are_the_one_in_pyproject() -> None:
    named = {(path, address) for path in texts() for address in OWNED.findall(path.read_text(encoding="utf-8"))}
    assert {ROOT / "README.md", ROOT / "CITATION.cff"} <= {path for path, _ in named}
    assert [f"{path}: {address}" for path, address in named if address != REPOSITORY] == []
    assert [address for address in PROJECT["urls"].values() if not address.startswith(REPOSITORY)] == []


def test_the_citation_is_of_this_version_and_invents_nobody() -> None:
    citation = read(ROOT / "CITATION.cff")
    assert citation["version"] == PROJECT["version"] == rsbench.__version__
    assert citation["authors"] == PROJECT["authors"] == [{"name": "rsbench developers"}]
    assert citation["license"] == PROJECT["license"]
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert "doi" not in citation


@pytest.mark.parametrize("path", sorted(GITHUB.glob("workflows/*.yml")), ids=lambda path: path.name)
def test_workflows_hold_no_secret_end_in_time_and_ask_for_little(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "secrets." not in text
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        assert job["timeout-minutes"] <= 90, name
        assert job.get("permissions", {}) in ({}, {"id-token": "write"}), name
        files = [step["run"].split()[1] for step in job["steps"] if step.get("run", "").startswith("bash ")]
        assert [file for file in files if not (ROOT / file).is_file()] == []


def test_only_the_publishing_job_gets_an_identity() -> None:
    jobs = read(GITHUB / "workflows" / "release.yml")["jobs"]
    assert [name for name, job in jobs.items() if "permissions" in job] == ["publish"]
    assert jobs["publish"]["environment"] == "release"
    assert [step.get("uses", "").partition("@")[0] for step in jobs["publish"]["steps"]] == [
        "actions/download-artifact",
        "pypa/gh-action-pypi-publish",
    ]


def test_issue_forms_are_whole() -> None:
    forms = [path for path in GITHUB.glob("ISSUE_TEMPLATE/*.yml") if path.name != "config.yml"]
    assert len(forms) == 3
    for path in forms:
        form = read(path)
        assert {"name", "description", "body"} <= form.keys(), path.name
        identities = [field["id"] for field in form["body"] if field["type"] != "markdown"]
        assert len(set(identities)) == len(identities)
        assert all(field["attributes"]["label"] for field in form["body"])
    links = read(GITHUB / "ISSUE_TEMPLATE" / "config.yml")["contact_links"]
    assert links[0]["url"] == f"{REPOSITORY}/security/advisories/new"


def anchors(path: Path) -> set[str]:
    """Return the addresses of a page's headings, as GitHub and mkdocs make them of plain words."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip()) for heading in headings}


def test_links_between_pages_lead_somewhere() -> None:
    dead = []
    for path in texts():
        for link in LINK.findall(path.read_text(encoding="utf-8")) if path.suffix == ".md" else ():
            name, _, anchor = link.partition("#")
            target = (path.parent / name).resolve() if name else path
            made = target.is_relative_to(ROOT / "docs") and str(target.relative_to(ROOT / "docs")) in GENERATED
            right = made or (target.exists() and (not anchor or anchor in anchors(target)))
            dead += [] if right else [f"{path.relative_to(ROOT)}: {link}"]
    assert dead == []


def test_every_page_is_in_the_navigation() -> None:
    navigation = set(
        re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2])
    )
    pages = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}
    pages = {page for page in pages if not page.startswith("decisions/")}
    assert pages | set(GENERATED) == navigation
