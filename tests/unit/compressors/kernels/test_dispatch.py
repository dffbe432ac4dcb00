"""Where numba's cache goes when its usual folders cannot be written."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from rsbench.compressors.kernels import dispatch
from rsbench.errors import RsbenchError

numba = pytest.importorskip("numba")
LOOP = "import numba\n@numba.njit(cache=True)\ndef double(x):\n    return 2 * x\nassert double(21) == 42\n"


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], ModuleType]:
    """Import a compiled loop, installed and at home where nothing can be written (for root neither)."""
    source = tmp_path / "site" / "loop.py"
    source.parent.mkdir()
    source.write_text(LOOP)
    (source.parent / "__pycache__").write_text("a file, where a folder would be made")
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/cache")
    monkeypatch.setenv("HOME", "/dev/null")
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")

    def load() -> ModuleType:
        spec = importlib.util.spec_from_file_location("loop", source)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    with pytest.raises(RuntimeError, match="cannot cache function"):
        load()
    return load


def test_the_cache_falls_back_below_rsbenchs_own(
    load: Callable[[], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RSBENCH_CACHE", str(tmp_path / "own"))
    assert dispatch.with_a_cache(load).double(4) == 8
    assert list((tmp_path / "own" / "numba").rglob("*.nbi")), "the next process finds it compiled"


@pytest.mark.parametrize("wanted", ["auto", "compiled"])
def test_without_any_folder_the_remedy_is_named(
    load: Callable[[], ModuleType], wanted: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("RSBENCH_CACHE", "/dev/null/rsbench")
    monkeypatch.setattr(dispatch, "_loops", load)
    dispatch._compiled.cache_clear()
    try:
        if wanted == "auto":
            assert dispatch.kernels_in_use("auto") == "eager"
        else:
            with pytest.raises(RsbenchError, match="NUMBA_CACHE_DIR or RSBENCH_CACHE to a folder that can be written"):
                dispatch.kernels_in_use("compiled")
    finally:
        dispatch._compiled.cache_clear()
    assert "set NUMBA_CACHE_DIR or RSBENCH_CACHE to a folder that can be written" in caplog.text


def test_an_error_of_another_kind_stays_what_it_is() -> None:
    def fail() -> ModuleType:
        raise RuntimeError("no such instruction")

    with pytest.raises(RuntimeError, match="no such instruction"):
        dispatch.with_a_cache(fail)
