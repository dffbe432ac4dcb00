"""The cache is counted and cleared by what rsbench writes there: nothing foreign, nothing behind a link."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from filelock import FileLock

from rsbench import cache
from rsbench.errors import RsbenchError

PREPARED = "ucm21-64-d2ac0846e4f8"
FACTS = f"{'0a' * 12}.json"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A cache with an entry of each kind: 100, 10 and 1 bytes."""
    files = {
        f"data/{PREPARED}/images.npy": 90,
        f"data/{PREPARED}/scenes.json": 10,
        f"data/{PREPARED}.lock": 0,
        f"facts/{FACTS}": 10,
        "numba/kernels_0a/loops.py311.nbi": 1,
    }
    for name, size in files.items():
        path = tmp_path / "cache" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
    return tmp_path / "cache"


def test_entries_and_sizes_by_kind(root: Path) -> None:
    held = {holding.kind.name: holding.entries for holding in cache.holdings(root)}
    assert held == {"data": {PREPARED: 100}, "facts": {"0a" * 12: 10}, "numba": {"kernels_0a": 1}}


def test_a_cache_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert [holding.size_bytes for holding in cache.holdings(tmp_path / "none")] == [0, 0, 0]
    assert cache.clear(tmp_path / "none") == 0


def test_clearing_deletes_what_is_ours_and_leaves_the_rest(root: Path) -> None:
    mine = [
        root / "thesis.tex",
        root / "data" / "photo.jpg",
        root / "data" / PREPARED / "notes.md",
        root / "facts.json",
    ]
    for path in mine:
        path.write_text("mine")
    assert cache.clear(root) == 111
    assert all(path.read_text() == "mine" for path in mine)
    assert sorted(path.name for path in (root / "data" / PREPARED).iterdir()) == ["notes.md"]
    assert list((root / "facts").iterdir()) == [] and list((root / "numba").iterdir()) == []


def test_an_emptied_entry_disappears(root: Path) -> None:
    cache.clear(root)
    assert not (root / "data" / PREPARED).exists()


@pytest.mark.parametrize("link", ["data", f"data/{PREPARED}", f"facts/{FACTS}"])
def test_links_are_never_followed(root: Path, tmp_path: Path, link: str) -> None:
    moved = tmp_path / "elsewhere"
    (root / link).rename(moved)
    (root / link).symlink_to(moved)
    before = sorted(str(path) for path in moved.rglob("*")) if moved.is_dir() else moved.read_bytes()
    cache.clear(root)
    assert before == (sorted(str(path) for path in moved.rglob("*")) if moved.is_dir() else moved.read_bytes())
    assert (root / link).is_symlink()


def test_a_cache_in_use_is_not_cleared(root: Path) -> None:
    lock = root / "data" / f"{PREPARED}.lock"
    with FileLock(lock), pytest.raises(RsbenchError, match=f"Another process prepares {PREPARED}"):
        cache.clear(root)
    assert (root / "data" / PREPARED / "images.npy").exists()


def test_a_cache_that_a_comparison_reads_is_not_cleared(root: Path) -> None:
    killed = root / "in-use" / "1-0a0a.lock"
    with cache.in_use(root):
        killed.write_text("")
        with pytest.raises(RsbenchError, match=rf"A comparison that runs \(process {os.getpid()}\) reads"):
            cache.clear(root)
        assert (root / "data" / PREPARED / "images.npy").exists()
    assert cache.clear(root) == 111 and not killed.exists()


def test_where_no_lock_can_be_had_a_comparison_runs_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "in-use").write_text("a file")
    with cache.in_use(tmp_path):
        assert cache.clear(tmp_path) == 0
