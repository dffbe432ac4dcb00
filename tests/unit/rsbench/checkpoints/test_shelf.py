"""Where checkpoints stand, and what is said of those that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rsbench.checkpoints.shelf import DamagedCheckpointError, Header, Shelf, refuse_other_run
from rsbench.errors import RsbenchError

FACTS = {"world size": 2, "model": "smallvgg", "compressor": "topk:density=0.01"}


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """Checkpoints of step 20 and 40 of rank 0, of 20 and 60 of rank 1."""
    shelf = Shelf(tmp_path / "checkpoints")
    for step, rank in ((20, 0), (40, 0), (20, 1), (60, 1)):
        shelf.tensors(step, rank).parent.mkdir(parents=True, exist_ok=True)
        shelf.tensors(step, rank).write_bytes(b"tensors")
        shelf.write_header(Header(step=step, rank=rank, size_bytes=7, sha256="aa", launch="ll", facts=FACTS))
    return shelf


def test_each_rank_has_steps_of_its_own_and_all_have_one_in_common(shelf: Shelf) -> None:
    assert (shelf.steps(0), shelf.steps(1), shelf.steps(2)) == ([40, 20], [60, 20], [])
    assert (shelf.newest(1), shelf.newest(2), shelf.newest(3)) == (40, 20, None)
    assert Shelf(shelf.folder / "nothing").newest(1) is None


def test_a_header_comes_back_as_it_was_written(shelf: Shelf) -> None:
    assert shelf.read_header(40, 0) == Header(step=40, rank=0, size_bytes=7, sha256="aa", launch="ll", facts=FACTS)
    assert shelf.tensors(40, 0) == shelf.folder / "step-00000040" / "rank0.pt"


def test_pruning_leaves_what_is_kept_and_what_is_another_ranks(shelf: Shelf) -> None:
    (shelf.folder / "step-00000020" / ".rank0.ab12.tmp").write_bytes(b"torn")
    shelf.prune(0, kept={40})
    assert (shelf.steps(0), shelf.steps(1)) == ([40], [60, 20])
    assert not list(shelf.folder.glob("*/.rank0*"))
    shelf.prune(1, kept={20})  # of a process that has lost the cell
    assert shelf.steps(1) == [60, 20]
    shelf.prune(1, kept={60})
    assert sorted(path.name for path in shelf.folder.iterdir()) == ["step-00000040", "step-00000060"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is no header"),
        ("[]", "is no header"),
        ("[" * 100_000, "is no header"),
        ('{"step": 40}', "is no header"),
        ({"format": 2}, "has format 2, and this version reads 1"),
        ({"step": 20}, "of another checkpoint"),
        ({"facts": []}, "of another checkpoint"),
    ],
)
def test_a_header_that_is_none_is_damaged(shelf: Shelf, content: Any, words: str) -> None:
    path = shelf.folder / "step-00000040" / "rank0.json"
    text = content if isinstance(content, str) else json.dumps(json.loads(path.read_text()) | content)
    path.write_text(text)
    with pytest.raises(DamagedCheckpointError, match=words):
        shelf.read_header(40, 0)


def test_nothing_goes_through_links(tmp_path: Path, shelf: Shelf) -> None:
    (tmp_path / "other").symlink_to(shelf.folder)
    with pytest.raises(RsbenchError, match="is a link"):
        Shelf(tmp_path / "other")
    (shelf.folder / "step-00000080").symlink_to(shelf.folder / "step-00000040")
    assert shelf.steps(0) == [40, 20]


def test_another_run_is_refused_with_all_that_differs() -> None:
    refuse_other_run(FACTS, dict(FACTS), but=(), place=Path("place"))
    mine = {**FACTS, "world size": 3, "model": "vgg19"}
    with pytest.raises(RsbenchError) as error:
        refuse_other_run(FACTS, mine, but=(), place=Path("place"))
    assert str(error.value) == (
        "The checkpoint in place is of another run, with another world size (2 there, 3 here), model ('smallvgg' there,"
        " 'vgg19' here): remove that folder to begin anew."
    )


def test_another_compressor_alone_may_be_gone_on_from_knowingly() -> None:
    mine = {**FACTS, "compressor": "dgc"}
    with pytest.raises(RsbenchError, match="--reset-compressor goes on without the compressor's state, or remove"):
        refuse_other_run(FACTS, mine, but=(), place=Path("place"))
    refuse_other_run(FACTS, mine, but=["compressor"], place=Path("place"))
