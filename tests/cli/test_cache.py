"""``rsbench cache``: what is kept, and a question before it is deleted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rsbench.cli.main import main
from rsbench.run import compare

Call = Callable[..., Result]


@pytest.fixture
def facts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "kept" / "facts" / f"{'b1' * 12}.json"
    path.parent.mkdir(parents=True)
    path.write_text("x" * 2000)
    monkeypatch.setenv("RSBENCH_CACHE", str(tmp_path / "kept"))
    return path


def test_the_cache_says_where_it_is_and_how_large(rsbench: Call, facts: Path) -> None:
    result = rsbench("cache")
    assert result.exit_code == 0, result.output
    assert f"Cache: {facts.parents[1]}" in result.stdout
    assert ["facts", "about", "models", "1", "2.00", "kB"] in [line.split() for line in result.stdout.splitlines()]


def test_the_cache_as_json(rsbench: Call, facts: Path) -> None:
    document = json.loads(rsbench("cache", "--json").stdout)
    assert (document["path"], document["size_bytes"], document["freed_bytes"]) == (str(facts.parents[1]), 2000, None)
    assert document["kinds"][1] == {"kind": "facts", "size_bytes": 2000, "entries": {"b1" * 12: 2000}}


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_without_a_yes_nothing_is_deleted(facts: Path, answer: str) -> None:
    result = CliRunner().invoke(main, ["cache", "--clear"], input=answer)
    assert result.exit_code == 2 and "Nothing was deleted" in result.stderr
    assert "Delete 2.00 kB in" in result.stderr and result.stdout == ""
    assert facts.exists()


def test_yes_deletes(rsbench: Call, facts: Path) -> None:
    result = CliRunner().invoke(main, ["cache", "--clear"], input="y\n")
    assert result.exit_code == 0 and "Deleted 2.00 kB" in result.stdout
    assert not facts.exists()


def test_yes_in_a_script(rsbench: Call, facts: Path) -> None:
    assert rsbench("cache", "--yes").exit_code == 2
    document = json.loads(rsbench("cache", "--clear", "--yes", "--json").stdout)
    assert document["freed_bytes"] == 2000 and not facts.exists()


def test_a_comparison_that_runs_keeps_its_data(rsbench: Call, facts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cleared: list[Result] = []
    monkeypatch.setattr(
        compare, "_compare", lambda request, screen: cleared.append(rsbench("cache", "--clear", "--yes"))
    )
    rsbench("compare")
    assert cleared[0].exit_code == 2 and "A comparison that runs" in cleared[0].stderr and facts.exists()
