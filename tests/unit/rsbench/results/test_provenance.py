"""Where a number comes from."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from rsbench.results import provenance


def test_results_provenance_is_json_and_names_the_machine() -> None:

    found = provenance.collect(["rsbench", "compare"])
    assert json.loads(json.dumps(found)) == found
    assert found["argv"] == ["rsbench", "compare"]
    assert found["cpu_model"]
    assert found["started_utc"].endswith("Z")
    assert provenance.hardware(found) == found["cpu_model"]
    assert provenance.hardware(found | {"runtime": {"gpu": "NVIDIA X"}}) == "NVIDIA X"
    assert provenance.hardware({}) == "unknown hardware"


def test_results_git_state_of_a_foreign_tree_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    from rsbench.results import provenance

    package = tmp_path / "lib" / "rsbench"
    package.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    monkeypatch.setattr(provenance.rsbench, "__file__", str(package / "__init__.py"))
    provenance.git_state.cache_clear()
    monkeypatch.delenv(provenance.REVISION_VARIABLE, raising=False)
    try:
        assert provenance.git_state() == (None, None)
    finally:
        monkeypatch.undo()
        provenance.git_state.cache_clear()


SHA = "0123456789abcdef" * 2 + "01234567"


@pytest.mark.parametrize(
    ("said", "state"),
    [
        (SHA, (SHA, False)),
        (f"{SHA}-dirty", (SHA, True)),
        ("", (None, None)),
        ("v0.1.0", (None, None)),
        (f"{SHA}\n", (None, None)),
    ],
)
def test_an_image_says_its_commit_where_there_is_no_tree(
    said: str, state: tuple[str | None, bool | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RSBENCH_GIT_SHA", said)
    provenance.git_state.cache_clear()
    try:
        assert provenance.git_state() == provenance.git_state_of(Path(__file__).parents[4]), (
            "the tree's own comes first"
        )
        monkeypatch.setattr(provenance.rsbench, "__file__", str(tmp_path / "rsbench" / "__init__.py"))
        provenance.git_state.cache_clear()
        assert provenance.git_state() == state
    finally:
        monkeypatch.undo()
        provenance.git_state.cache_clear()
