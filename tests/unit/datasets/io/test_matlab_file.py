"""MATLAB files that are not what they seem: each is one sentence, and none leads to another file."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path

import h5py
import mat_scenes
import numpy as np
import pytest
from scipy.io import savemat
from scipy.sparse import csc_matrix

from rsbench.datasets.io import matlab
from rsbench.errors import RsbenchError

CUBE = np.arange(5 * 7 * 3, dtype=np.int16).reshape(5, 7, 3)


def external(path: Path, secret: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("cube", (3, 7, 5), "u1", external=[(str(secret), 0, h5py.h5f.UNLIMITED)])


def external_link(path: Path, secret: Path) -> None:
    mat_scenes.save73(secret.with_suffix(".mat"), {"cube": CUBE})
    with h5py.File(path, "w") as file:
        file["cube"] = h5py.ExternalLink(str(secret.with_suffix(".mat")), "/cube")


def soft_link(path: Path, secret: Path) -> None:
    with h5py.File(path, "w") as file:
        file["#refs#/cube"] = CUBE.T
        file["cube"] = h5py.SoftLink("/#refs#/cube")


def virtual(path: Path, secret: Path) -> None:
    mat_scenes.save73(secret.with_suffix(".mat"), {"cube": CUBE})
    layout = h5py.VirtualLayout((3, 7, 5), "i2")
    layout[:] = h5py.VirtualSource(str(secret.with_suffix(".mat")), "cube", (3, 7, 5))
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("cube", layout)


LEADS_AWAY: dict[str, tuple[Callable[[Path, Path], None], str]] = {
    "external storage": (external, "an array whose values stand in another file, which is not opened"),
    "external link": (external_link, "a link to another place, which is not opened"),
    "soft link": (soft_link, "a link to another place, which is not opened"),
    "virtual": (virtual, "an array put together from other files, which is not opened"),
}


@pytest.mark.parametrize("way", LEADS_AWAY)
@pytest.mark.parametrize("inside", [False, True], ids=["at the top", "in a struct"])
def test_a_file_that_leads_to_others_is_refused(way: str, inside: bool, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(range(105)))
    write, words = LEADS_AWAY[way]
    write(tmp_path / "a.mat", secret)
    if inside:
        with h5py.File(tmp_path / "a.mat", "a") as file:
            file.move("cube", "hsi/Data")
    with pytest.raises(RsbenchError) as caught:
        matlab.find(tmp_path / "a.mat", "hsi.Data" if inside else "cube", lambda shape: True, "a cube")
    text = str(caught.value)
    assert words in text and text.endswith("save the values in the file itself.") and "\n" not in text
    if not inside:
        with pytest.raises(RsbenchError, match="not opened"):
            matlab.contents(tmp_path / "a.mat")


@pytest.mark.parametrize(
    ("name", "place", "words"),
    [
        ("pipe", os.mkfifo, "it is a FIFO, not a plain file"),
        ("zero", lambda path: path.symlink_to("/dev/zero"), "it is a device, not a plain file"),
        ("folder", Path.mkdir, "it is a folder, not a plain file"),
        ("dangling", lambda path: path.symlink_to("nowhere"), "No such file"),
    ],
)
def test_what_is_no_plain_file_is_refused_at_once(name: str, place, words: str, tmp_path: Path) -> None:
    place(tmp_path / "a.mat")
    with pytest.raises(RsbenchError, match=rf"a\.mat cannot be read \({words}.*put a MATLAB file"):
        matlab.contents(tmp_path / "a.mat")


def test_too_large_a_file_or_array_is_refused_with_the_most_that_is_read(tmp_path: Path) -> None:
    with (tmp_path / "sparse.mat").open("wb") as file:
        file.truncate(2**36 + 1)
    with pytest.raises(RsbenchError, match="at most 68,719,476,736 are read"):
        matlab.contents(tmp_path / "sparse.mat")
    with h5py.File(tmp_path / "declares.mat", "w") as file:
        file.create_dataset("cube", (1000, 100_000, 10_000), "f8", chunks=(1, 100, 100))
    with pytest.raises(RsbenchError, match=r'"cube" as 10000 x 100000 x 1000 of 8.00 TB, and 68.7 GB is the most'):
        matlab.contents(tmp_path / "declares.mat")
    with h5py.File(tmp_path / "hollow.mat", "w") as file:
        file.create_dataset("cube", (100, 1000, 1000), "f8", chunks=(1, 100, 100))
    with pytest.raises(RsbenchError, match="of 800 MB, but only 0 B of it are stored: the file is incomplete"):
        matlab.contents(tmp_path / "hollow.mat")


def header5(shape: tuple[int, ...], kind: int = 6, flags: int = 0, name: bytes = b"cube", values: bytes = b"") -> bytes:
    """Return a file of version 5 with one variable and what is given as its values."""
    sides = struct.pack(f"<{len(shape)}i", *shape)
    sides += bytes(-len(sides) % 8)
    body = struct.pack("<IIII", 6, 8, kind | flags << 8, 0) + struct.pack("<II", 5, 4 * len(shape)) + sides
    body += struct.pack("<II", 1, len(name)) + name + bytes(-len(name) % 8) + values
    return b"MATLAB 5.0".ljust(124) + b"\x00\x01IM" + struct.pack("<II", 14, len(body)) + body


@pytest.mark.parametrize("shape", [(-5, 7), (5, -7, 3), (-1, -1)])
def test_a_negative_side_is_one_sentence(shape: tuple[int, ...], tmp_path: Path) -> None:
    (tmp_path / "a.mat").write_bytes(header5(shape))
    with pytest.raises(RsbenchError, match="with a negative side: the file is damaged; copy it again"):
        matlab.contents(tmp_path / "a.mat")
    (tmp_path / "b.mat").write_bytes(struct.pack("<5i", 0, *shape[:2], 0, 5) + b"cube\0")
    with pytest.raises(RsbenchError, match=r"negative side|cannot be read as a MATLAB file"):
        matlab.contents(tmp_path / "b.mat")


def test_a_file_that_was_cut_is_told_before_anything_is_read(tmp_path: Path) -> None:
    for save in (mat_scenes.save5, mat_scenes.save73):
        save(tmp_path / "a.mat", {"cube": np.tile(CUBE, (9, 9, 9))})
        os.truncate(tmp_path / "a.mat", (tmp_path / "a.mat").stat().st_size - 20)
        with pytest.raises(RsbenchError, match=r"cannot be read as a MATLAB file .*copy it again"):
            matlab.contents(tmp_path / "a.mat")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (b"", "it ends too early"),
        (struct.pack("<II", 200, 105) + bytes(112), 'the array "cube" is damaged'),
        (struct.pack("<II", 9, 105) + bytes(112), 'the array "cube" is damaged'),
        (struct.pack("<II", 16, 105) + bytes(112), 'the array "cube" is damaged'),
    ],
    ids=["none", "of no type", "too few", "text"],
)
def test_values_that_do_not_fit_their_header_never_reach_scipy(values: bytes, words: str, tmp_path: Path) -> None:
    """SciPy's reader ends the process where the type of the values does not exist."""
    (tmp_path / "a.mat").write_bytes(header5((5, 7, 3), values=values))
    with pytest.raises(RsbenchError, match=rf"cannot be read as a MATLAB file \({words}\)"):
        matlab.contents(tmp_path / "a.mat")


def test_structs_are_looked_through_before_scipy_reads_them(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"hsi": {"Data": CUBE}})
    assert matlab.find(tmp_path / "a.mat", "hsi.Data", lambda shape: True, "it").shape == (5, 7, 3)
    data = (tmp_path / "a.mat").read_bytes()
    tag = struct.pack("<II", 3, 210)
    assert data.count(tag) == 1
    (tmp_path / "a.mat").write_bytes(data.replace(tag, struct.pack("<II", 240, 210)))
    with pytest.raises(RsbenchError, match="it holds an element of an unknown type, 240"):
        matlab.find(tmp_path / "a.mat", "hsi.Data", lambda shape: True, "it")
    nested: dict = {"Data": CUBE}
    for _ in range(40):
        nested = {"Data": nested}
    savemat(tmp_path / "a.mat", {"hsi": nested})
    with pytest.raises(RsbenchError, match="more than 32 deep in each other"):
        matlab.find(tmp_path / "a.mat", "hsi.Data", lambda shape: True, "it")


def test_a_file_that_changed_meanwhile_is_one_sentence(tmp_path: Path) -> None:
    for save in (mat_scenes.save5, mat_scenes.save73):
        save(tmp_path / "a.mat", {"cube": CUBE})
        array = matlab.find(tmp_path / "a.mat", "cube", lambda shape: len(shape) == 3, "a cube")
        save(tmp_path / "a.mat", {"cube": CUBE[:4]})
        with pytest.raises(RsbenchError, match='the array "cube" is damaged'):
            array.read()


def test_everything_that_is_no_array_is_named_as_what_it_is_version_5(tmp_path: Path) -> None:
    odd = {"gt": csc_matrix(CUBE[..., 0].astype(float)), "info": {"labels": CUBE}, "hsi": CUBE * 1j, "note": "hello"}
    savemat(tmp_path / "a.mat", odd | {"box": mat_scenes.cells([1, 2]), "none": np.zeros((0, 3)), "a": CUBE})
    held = matlab.contents(tmp_path / "a.mat")
    assert held.shapes == {"a": (5, 7, 3)}
    kinds = {"box": "cell", "gt": "sparse", "hsi": "complex", "info": "struct", "none": "empty", "note": "char"}
    assert held.others == kinds
    assert held.words()["gt"] == "a sparse matrix: save full(gt) instead"
    with pytest.raises(RsbenchError, match=r"hsi \(complex numbers: save real\(hsi\) or abs\(hsi\) instead\)"):
        matlab.find(tmp_path / "a.mat", "gt", lambda shape: len(shape) == 2, "the label map")


def test_everything_that_is_no_array_is_named_as_what_it_is_version_73(tmp_path: Path) -> None:
    mat_scenes.save73(tmp_path / "a.mat", {"info": {"labels": CUBE}, "box": [CUBE], "a": CUBE})
    with h5py.File(tmp_path / "a.mat", "a") as file:
        file.create_group("gt").attrs["MATLAB_sparse"] = 5
        file["hsi"] = np.zeros((3, 7, 5), dtype=[("real", "f8"), ("imag", "f8")])
        file["list"] = np.arange(5.0)
        file["none"] = np.array([0, 3], dtype="u8")
        file["none"].attrs["MATLAB_empty"] = 1
        file["null"] = h5py.Empty("f8")
        file["text"] = "hello"
    held = matlab.contents(tmp_path / "a.mat")
    kinds = {"box": "cell", "gt": "sparse", "hsi": "complex", "info": "struct", "list": "vector"}
    assert held.shapes == {"a": (5, 7, 3)}
    assert held.others == kinds | {"none": "empty", "null": "empty", "text": "char"}


def test_cells_that_hold_themselves_end(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.mat", "w") as file:
        box = file.create_dataset("box", (1, 1), dtype=h5py.ref_dtype)
        box[0, 0] = box.ref
    assert matlab.contents(tmp_path / "a.mat").others == {"box": "cell"}
    with pytest.raises(RsbenchError, match="should hold it"):
        matlab.find(tmp_path / "a.mat", "box.x", lambda shape: True, "it")


def test_hidden_files_are_no_data(tmp_path: Path) -> None:
    for name in ("b.mat", "A.MAT", "._b.mat", "c.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in matlab.mat_files(tmp_path)] == ["A.MAT", "b.mat"]


def test_names_are_shown_on_one_line_and_not_all_of_very_many(tmp_path: Path) -> None:
    mat_scenes.save73(tmp_path / "a.mat", {f"x{number}": CUBE for number in range(30)})
    with h5py.File(tmp_path / "a.mat", "a") as file:
        file["\x1b]0;evil\x07\n" + 90 * "n"] = CUBE
    with pytest.raises(RsbenchError) as caught:
        matlab.find(tmp_path / "a.mat", "gt", lambda shape: len(shape) == 2, "the label map")
    text = str(caught.value)
    assert text.isprintable() and "11 more" in text and "]0;evil nnn" in text and "n" * 60 not in text
