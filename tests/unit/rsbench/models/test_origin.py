"""Where own models' code is found, what stands for it in a key, and that none of it is run."""

from __future__ import annotations

import hashlib
import sys
from importlib import metadata
from pathlib import Path

import pytest

from rsbench.errors import RsbenchError
from rsbench.models import origin
from rsbench.models.origin import may_change, origin_of, source_of


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a package whose files would stop this process if they were run."""
    package = tmp_path / "pack"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit\n")
    (package / "nets.py").write_text("from . import parts\nfrom .deep.more import x\nimport torch\nraise SystemExit\n")
    (package / "parts.py").write_text("import pack.other as o\nimport rsbench.cell\n")
    (package / "other.py").write_text("")
    (package / "unrelated.py").write_text("")
    (package / "deep").mkdir()
    (package / "deep" / "more.py").write_text("from ..nets import y\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_files_are_those_that_the_module_imports_from_its_folder(place: Path) -> None:
    found = origin_of("pack.nets:make")
    assert found is not None and found.root == place
    assert list(found.hashes) == [
        f"pack/{name}" for name in ("__init__.py", "deep/more.py", "nets.py", "other.py", "parts.py")
    ]
    assert found.hashes["pack/parts.py"] == hashlib.sha256((place / "pack/parts.py").read_bytes()).hexdigest()
    assert not {"pack", "pack.nets"} & set(sys.modules)


def test_a_change_in_any_of_them_is_another_source_and_one_elsewhere_is_not(place: Path) -> None:
    before = source_of("pack.nets:make")
    (place / "pack/unrelated.py").write_text("x = 1\n")
    assert source_of("pack.nets:make") == before
    (place / "pack/other.py").write_text("x = 1\n")
    after = source_of("pack.nets:make")
    assert after != before and after is not None and after.startswith("sha256:") and may_change(after)
    (place / "pack/__init__.py").write_text("x = 1\n")
    assert source_of("pack.nets:make") not in (before, after)


def test_a_file_is_found_by_its_path_and_is_the_same_code_as_from_within_its_folder(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_path = source_of("pack/other.py:make")
    monkeypatch.chdir(place / "pack")
    assert by_path == source_of("other:make") == source_of("./other.py:make")


def test_code_that_cannot_be_parsed_is_hashed_all_the_same(place: Path) -> None:
    (place / "odd.py").write_text("def (:\n")
    assert origin_of("odd:make").hashes == {"odd.py": hashlib.sha256(b"def (:\n").hexdigest()}  # type: ignore[union-attr]


def test_installed_packages_stand_for_themselves_with_their_version() -> None:
    assert source_of("torchvision.models:resnet18") == f"torchvision {metadata.version('torchvision')}"
    assert not may_change(source_of("torchvision.models:resnet18"))


def test_names_of_ours_have_no_source() -> None:
    assert [source_of(name) for name in ("resnet18", "smallvgg", "fedfusion:rank=8", "aae", "sst")] == [None] * 5


def test_an_entry_point_stands_for_its_callable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origin, "offered", lambda: {"mine": "pack.nets:make", "other": "nowhere.at:all"})
    assert source_of("mine:width=3") == source_of("mine") == source_of("pack.nets:make")
    found = origin_of("mine:width=3")
    assert found is not None and found.text.text == "pack.nets:make:width=3"
    with pytest.raises(RsbenchError, match=r"there is no module nowhere\.at"):
        source_of("other")


def test_entry_points_are_found_in_installed_packages_and_cannot_take_our_names(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = place / "site" / "outside-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[rsbench.models]\nmine = pack.nets:make\nresnet18 = pack.nets:make\n")
    monkeypatch.syspath_prepend(str(place / "site"))
    origin.offered.cache_clear()
    try:
        assert origin.offered()["mine"] == "pack.nets:make" and "resnet18" not in origin.offered()
    finally:
        origin.offered.cache_clear()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pack.net:make", r'there is no module pack\.net in .* Did you mean "nets"\?$'),
        ("pack/nts.py:make", r'there is no file pack/nts\.py\. Did you mean "nets\.py"\?$'),
        ("zzz:make", r"there is no module zzz in .* Give a name, package\.module:callable"),
        (
            "torchgeo:resnet18",
            r"needs the package torchgeo, which is not installed: pip install 'rsbench\[torchgeo\]'\.$",
        ),
    ],
)
def test_what_is_not_there_is_said(text: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(package: str) -> str:
        raise metadata.PackageNotFoundError(package)

    monkeypatch.setattr(origin.metadata, "version", none)
    with pytest.raises(RsbenchError, match=words):
        source_of(text)
