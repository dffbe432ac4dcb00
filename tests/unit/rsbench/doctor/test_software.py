"""Packages that are there, and the command that installs the others."""

from __future__ import annotations

import importlib.metadata

import pytest

from rsbench.doctor import software


def test_extras_that_are_missing_say_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(package: str) -> str:
        if package != "tensorboard":
            raise importlib.metadata.PackageNotFoundError
        return "2.21"

    monkeypatch.setattr("importlib.metadata.version", version)
    facts = {"rsbench": "1", "python": "3.11", "git_sha": None, "versions": {"torch": "2.14", "pillow": None}}
    section = software.software(facts)
    assert "optional: tensorboard 2.21" in section.lines
    assert "not installed: numba (compiled compression on CPUs): pip install 'rsbench[fast]'" in section.lines
    assert section.problems == ("pillow is not installed: install rsbench again with `pip install rsbench`.",)
    assert section.facts["optional_packages"]["timm"] is None
