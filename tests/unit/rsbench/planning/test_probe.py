"""Answers about models: kept in the cache, and asked again when they could have changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsbench.planning import probe


def test_an_answer_about_models_is_not_kept_when_the_package_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("probe.py", "other.py"):
        (tmp_path / name).write_text("")
    monkeypatch.setattr(probe.rsbench, "__file__", str(tmp_path / "probe.py"))
    before = probe._source_stamp()
    assert probe._source_stamp() == before
    (tmp_path / "added.py").write_text("x = 1")
    assert probe._source_stamp() != before


def test_answers_are_kept_in_the_cache_that_the_user_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setenv("RSBENCH_CACHE", str(tmp_path / "mine"))
    monkeypatch.setattr(probe, "_ask", lambda question: asked.append(question["ask"]) or {"scenes": ["smallvgg"]})
    assert probe.model_names() == probe.model_names() == {"scenes": ["smallvgg"]}
    assert asked == ["model_names"]
    assert [path.parent for path in tmp_path.rglob("*.json")] == [tmp_path / "mine" / "facts"]
