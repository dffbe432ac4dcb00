"""The prepared folder of all three kinds: used as it is while it is whole, made anew with a word where it is not."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mat_scenes
import numpy as np
import pytest
from htd_scenes import MAP, SCENE, TARGET
from scipy.io import savemat

from rsbench.datasets import Pixels, Scenes, TargetScene, get
from rsbench.datasets.io import prepared_folder
from rsbench.datasets.io.prepared_folder import PreparedFolder
from rsbench.errors import RsbenchError

Prepare = Callable[[], PreparedFolder]
KINDS = {"scenes": (Scenes, "scenes.json"), "pixels": (Pixels, "pixels.json"), "targets": (TargetScene, "targets.json")}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def prepare(kind: str, tmp_path: Path, write_images) -> Prepare:
    """Prepare a small data set of each kind."""
    data = tmp_path / "data"
    if kind == "scenes":
        write_images("{c}/{i}.png", ("field", "lake"), 10, root=data)
        return lambda: get("imagefolder").prepare(data, tmp_path / "c", 16)
    if kind == "pixels":
        mat_scenes.mmrs(data, mat_scenes.made())
        return lambda: get("idtrees").prepare(data, tmp_path / "c", 5)
    data.mkdir()
    savemat(data / "scene.mat", {"data": SCENE, "map": MAP, "d": TARGET})
    return lambda: get("htd-mat").prepare(data, tmp_path / "c", 1)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


DAMAGE: dict[str, Callable[[Path], Any]] = {
    "cut": lambda path: os.truncate(path, path.stat().st_size - 5),
    "emptied": lambda path: os.truncate(path, 0),
    "removed": Path.unlink,
    "flipped": flip,
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


def test_every_damage_to_every_file_is_mended_with_a_word(kind: str, prepare: Prepare) -> None:
    first = prepare()
    whole = content(first.folder)
    assert not first.remade and not prepare().remade
    for name in whole:
        for words, damage in DAMAGE.items():
            damage(first.folder / name)
            if words != "flipped" or name == KINDS[kind][1]:
                with pytest.raises(RsbenchError, match=rf"{name}.*run again, and it is made anew"):
                    KINDS[kind][0].load(first.folder)
            again = prepare()
            assert content(first.folder) == whole, (name, words)
            assert again.remade.endswith("and has been made anew.") and f"was damaged ({name}" in again.remade
            assert again.to_dict() == first.to_dict() and not prepare().remade


def values_of_wrong_kinds(text: str) -> list[str]:
    """Return the JSON file with each of its values replaced by others, and some that are no object at all."""
    values = json.loads(text)
    odd: list[Any] = [None, 7, "x", [], {}, [[1]], {"a": {"b": 1}}, 1e300, True]
    changed = [{**values, key: other} for key in values if key != "schema" for other in odd if other != values[key]]
    texts = [json.dumps(change) for change in changed]
    texts += [json.dumps({k: v for k, v in values.items() if k != gone}) for gone in values if gone != "schema"]
    return [*texts, "", "[1]", "null", '"text"', "[" * 5000, text[:-1], "{}", "\x00"]


def test_values_of_wrong_kinds_are_never_believed(kind: str, prepare: Prepare) -> None:
    first = prepare()
    path = first.folder / KINDS[kind][1]
    text = path.read_text(encoding="utf-8")
    for wrong in values_of_wrong_kinds(text):
        path.write_text(wrong, encoding="utf-8")
        with pytest.raises(RsbenchError, match=r"holds no prepared data|another version of rsbench"):
            KINDS[kind][0].load(first.folder)
    again = prepare()
    assert again.remade and path.read_text(encoding="utf-8") == text


def test_values_of_wrong_kinds_under_a_right_digest_are_one_sentence(kind: str, prepare: Prepare) -> None:
    first = prepare()
    path = first.folder / KINDS[kind][1]
    for changes in ({"files": [1]}, {"files": {"a": 3}}, {"files": {"a": ["x", 1]}}, {"extra": 1}):
        values = json.loads(path.read_text(encoding="utf-8")) | changes
        schema = {"schema": values.pop("schema")}
        values.pop("sha256")
        path.write_text(json.dumps({**schema, **values, "sha256": prepared_folder._digest_of(values)}))
        with pytest.raises(RsbenchError, match="run again, and it is made anew"):
            KINDS[kind][0].load(first.folder)
        assert prepare().remade


def test_another_stamp_or_schema_is_made_anew_without_a_word(kind: str, prepare: Prepare) -> None:
    first = prepare()
    path = first.folder / KINDS[kind][1]
    assert prepare() == first
    path.write_text(path.read_text(encoding="utf-8").replace('"schema": 2', '"schema": 1'), encoding="utf-8")
    with pytest.raises(RsbenchError, match="another version of rsbench"):
        KINDS[kind][0].load(first.folder)
    assert not prepare().remade and KINDS[kind][0].load(first.folder) == first
    made = type(first).reuse_or_write(first.folder, "a", "another stamp", lambda _: first)
    assert made == first and [p.name for p in first.folder.iterdir()] == [KINDS[kind][1]]


def test_tuples_and_mappings_come_back_as_they_were(kind: str, prepare: Prepare) -> None:
    first = prepare()
    loaded = KINDS[kind][0].load(first.folder)
    assert loaded == first and loaded.folder == first.folder
    assert json.dumps(loaded.to_dict()) == json.dumps(first.to_dict())
    arrays = [path for path in first.folder.glob("*.npy")]
    assert arrays and all(isinstance(np.load(path, mmap_mode="r"), np.memmap) for path in arrays)
