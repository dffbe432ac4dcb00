"""Answers about models: kept in the cache, and asked again when they could have changed."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import psutil
import pytest

from rsbench.errors import RsbenchError
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


def test_an_own_model_whose_code_may_change_is_asked_for_anew_and_an_installed_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    facts = {"name": "x", "networks": {}, "test_step_s": 1.0}
    monkeypatch.setenv("RSBENCH_CACHE", str(tmp_path))
    monkeypatch.setattr(probe, "ModelFacts", lambda **given: given["name"])
    monkeypatch.setattr(probe, "_ask", lambda question: asked.append(question["model"]) or dict(facts))
    (tmp_path / "mine.py").write_text("")
    mine, theirs = f"{tmp_path}/mine.py:make", "torchvision.models:resnet18"
    for model in (mine, mine, theirs, theirs):
        assert probe.model_facts("scenes", model, {"classes": 2}, 32) == "x"
    assert asked == [mine, mine, theirs]


def test_what_a_helper_leaves_behind_is_ended_and_not_waited_for() -> None:
    code = "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(90)']).pid)"
    ended = probe._run([sys.executable, "-c", code])
    assert ended.status == 0 and ended.errors == ""
    for _ in range(100):
        if not _lives(int(ended.printed)):
            return
        time.sleep(0.05)
    raise AssertionError("it goes on")


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("import os; os.write(2, b'a\\nhello\\n'); os._exit(3)", "exit status 3; last line printed: hello"),
        ("import os; os.kill(os.getpid(), 9)", "killed by SIGKILL; it printed nothing"),
    ],
)
def test_how_a_helper_ended_is_said(code: str, how: str) -> None:
    assert probe._run([sys.executable, "-c", code]).how == how


def test_own_code_that_gives_no_answer_is_named_as_the_user_wrote_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "_run", lambda command: probe._Ended(status=3, printed="", errors="bye"))
    with pytest.raises(RsbenchError) as raised, probe._explained("/a/nets.py:make", "sha256:0"):
        probe.devices()
    assert str(raised.value).startswith("/a/nets.py:make ended the process that looked at it (exit status 3; last")
