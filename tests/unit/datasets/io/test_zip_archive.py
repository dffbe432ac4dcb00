"""Zips that nobody vouches for: one sentence for each, in place and unpacked alike, and a fuzzer for the rest."""

from __future__ import annotations

import contextlib
import io
import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from dataset_files import hostile_zip
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rsbench.datasets import get
from rsbench.datasets.io import zip_archive
from rsbench.datasets.io.plain_file import UnfitFile
from rsbench.datasets.io.unpack import unpack
from rsbench.errors import RsbenchError

BEACH = "UCMerced_LandUse/Images/beach/beach00.tif"
WORDS = {
    "method 99": r"compressed with method 99 \(AES encryption\), which rsbench does not read",
    "method 9": r"compressed with method 9 \(Deflate64\), which rsbench does not read",
    "bzip2": r"compressed with method 12 \(bzip2\), which rsbench does not read",
    "method 77": "compressed with method 77, which rsbench does not read",
    "encrypted": "an encrypted file",
    "bad deflate": "damaged.*Error -3 while decompressing data",
    "another checksum": "damaged.*Bad CRC-32",
    "shorter than said": "damaged",
    "another local name": "damaged.*differ",
}


@pytest.mark.parametrize("fault", WORDS)
def test_what_cannot_be_read_is_one_sentence(fault: str, tmp_path: Path) -> None:
    path = tmp_path / "UCMerced_LandUse.zip"
    path.write_bytes(hostile_zip(BEACH, bytes(range(256)) * 8, fault))
    with pytest.raises(RsbenchError, match=WORDS[fault]):
        unpack(path, tmp_path / "in")
    assert not [found for found in tmp_path.rglob("*") if found.is_file() and found != path]
    if "method" in WORDS[fault] or fault == "encrypted":
        with pytest.raises(RsbenchError, match=WORDS[fault] + r".*7z x UCMerced_LandUse\.zip"):
            get("ucm21").locate(tmp_path)
    else:
        (bad,) = get("ucm21").check(tmp_path).unreadable
        assert bad.file == f"{BEACH} in {path}" and "the archive is damaged" in bad.reason


@pytest.mark.parametrize("name", ["", "."])
def test_a_file_without_a_name_is_one_sentence(name: str, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(hostile_zip(name, b"data"))
    with pytest.raises(RsbenchError, match="holds a file without a name"):
        unpack(tmp_path / "x.zip", tmp_path / "in")
    (tmp_path / "UCMerced_LandUse.zip").write_bytes(hostile_zip(name, b"data"))
    with pytest.raises(RsbenchError, match="holds no picture of the classes"):
        get("ucm21").locate(tmp_path)


def test_a_large_member_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(hostile_zip(BEACH, b"little", "1.5 GB"))
    archive = zip_archive.open_archive(path)
    (member,) = zip_archive.members(archive)
    with pytest.raises(UnfitFile, match="it has 1,500,000,000 bytes, and at most 268,435,456 are read"):
        zip_archive.read(archive, member, 256 * 2**20)


def test_names_are_read_as_their_bytes(tmp_path: Path) -> None:
    """UTF-8 that is not marked as such and GBK come out as they would stand on disk."""
    for raw, name in (("é/河.jpg".encode(), "é/河.jpg"), ("河.jpg".encode("gbk"), "\udcba\udcd3.jpg")):
        (tmp_path / "x.zip").write_bytes(hostile_zip(raw.decode("cp437"), b"x", "unmarked name"))
        (member,) = zip_archive.members(zip_archive.open_archive(tmp_path / "x.zip"))
        assert member.name == name
        unpack(tmp_path / "x.zip", tmp_path / "in")
        assert (tmp_path / "in" / name).read_bytes() == b"x"


def test_of_two_members_of_one_name_the_later_counts(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.txt", b"old")
        archive.writestr("a.txt", b"newer")
    opened = zip_archive.open_archive(tmp_path / "x.zip")
    (member,) = zip_archive.members(opened)
    assert zip_archive.read(opened, member, 10) == b"newer"
    unpack(tmp_path / "x.zip", tmp_path / "in")
    assert (tmp_path / "in/a.txt").read_bytes() == b"newer"


@pytest.mark.parametrize(
    ("name", "junk"),
    [("__MACOSX/a.jpg", True), ("x/@eaDir/a.jpg", True), ("a/._b.jpg", True), ("a/.git/b", True), ("./a/b.jpg", False)],
)
def test_junk(name: str, junk: bool) -> None:
    assert zip_archive.Member(info=zipfile.ZipInfo(name), name=name).junk is junk


@st.composite
def damaged_zips(draw: st.DrawFn) -> bytes:
    """Zips of odd members, of which some bytes are changed and the end may be missing."""
    file = io.BytesIO()
    parts = st.sampled_from(["beach", "forest", "..", "", ".", "a.tif", "b.jpg", "\x00", "é", "C:", "\\", "x" * 300])
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(draw(st.integers(0, 4))):
            info = zipfile.ZipInfo(
                "/".join(draw(st.lists(parts, max_size=4))) + draw(st.sampled_from(["", str(number)]))
            )
            info.compress_type = draw(st.sampled_from([0, 8, 12, 14]))
            kind = draw(st.sampled_from([0, stat.S_IFREG, stat.S_IFLNK, stat.S_IFIFO, stat.S_IFDIR]))
            info.external_attr = kind << 16
            archive.writestr(info, draw(st.binary(max_size=60)))
    data = bytearray(file.getvalue())
    for _ in range(draw(st.integers(0, 6))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data)


def _survives(data: bytes, fresh: Callable[[], Path]) -> None:
    """Read an archive in place and unpack it: only our errors, and nothing outside the folder."""
    root = fresh()
    path = root / "x.zip"
    path.write_bytes(data)
    try:
        archive = zip_archive.open_archive(path)
        for member in zip_archive.members(archive):
            with contextlib.suppress(OSError):
                assert len(zip_archive.read(archive, member, 1 << 20)) == member.info.file_size
    except RsbenchError:
        pass
    for act in (lambda: unpack(path, root / "in"), lambda: _read_as_release(root, data)):
        try:
            act()
        except RsbenchError as error:
            assert "\n" not in str(error)
    outside = [one for one in root.rglob("*") if one.is_file() and not one.is_relative_to(root / "in")]
    assert {one.name for one in outside} <= {"x.zip", "UCMerced_LandUse.zip"}


def _read_as_release(root: Path, data: bytes) -> None:
    (root / "UCMerced_LandUse.zip").write_bytes(data)
    get("ucm21").check(root).sentences()


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    return lambda: tmp_path_factory.mktemp("zip")


LENIENT = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=100, derandomize=True, **LENIENT)
@given(data=damaged_zips())
def test_damaged_archives_in_short(data: bytes, fresh: Callable[[], Path]) -> None:
    _survives(data, fresh)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
@settings(max_examples=20_000, **LENIENT)
@given(data=damaged_zips())
def test_damaged_archives_at_length(data: bytes, fresh: Callable[[], Path]) -> None:
    _survives(data, fresh)


def test_a_deflate_stream_longer_than_said_is_cut(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(hostile_zip("a.tif", zlib.compress(bytes(10)), "longer than said"))
    archive = zip_archive.open_archive(tmp_path / "x.zip")
    with pytest.raises(UnfitFile, match="damaged"):
        zip_archive.read(archive, zip_archive.members(archive)[0], 1 << 20)
