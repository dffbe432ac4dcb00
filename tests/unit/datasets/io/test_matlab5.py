"""MATLAB files with damaged bytes: read, or refused in one sentence; never another exception."""

from __future__ import annotations

import warnings
from pathlib import Path

import mat_scenes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from rsbench.datasets import get
from rsbench.datasets.io import matlab
from rsbench.datasets.io.matlab import MatArray
from rsbench.errors import RsbenchError

Edits = list[tuple[float, int]]
SCENE = mat_scenes.made(height=6, width=8, bands=3, field=2)
ARRAYS = {"HSI": SCENE.hsi, "LiDAR": SCENE.aux, "gt": SCENE.labels}


def made(folder: Path) -> dict[str, bytes]:
    """Return sound files: version 5 with and without compression, version 4, version 7.3."""
    mat_scenes.save5(folder / "v5", ARRAYS)
    savemat(folder / "plain5", {**ARRAYS, "info": {"a": SCENE.labels}})
    savemat(folder / "v4", {"gt": SCENE.labels, "LiDAR": SCENE.aux}, format="4")
    mat_scenes.save73(folder / "v73", {**ARRAYS, "info": {"a": SCENE.labels}, "box": [SCENE.labels]})
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return made(tmp_path_factory.mktemp("sound"))


def edited(data: bytes, edits: Edits, cut: float) -> bytes:
    """Return the file with single bytes replaced (place as a share of its length) and its end cut off."""
    changed = bytearray(data)
    for place, value in edits:
        changed[int(place * (len(changed) - 1))] = value
    return bytes(changed[: max(1, int(cut * len(changed)))])


def read_all(folder: Path, data: bytes) -> int:
    """Read a folder with this one file in every way there is; return how many ways ended well."""
    path = folder / "a.mat"
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    done = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for way in (_contents, _paths, _scene, _target):
            try:
                way(folder, path)
                done += 1
            except RsbenchError as error:
                assert "\n" not in str(error)
    return done


def _contents(_: Path, path: Path) -> None:
    for name, shape in matlab.contents(path).shapes.items():
        assert MatArray(file=path, name=name, shape=shape).read().shape == shape


def _paths(_: Path, path: Path) -> None:
    matlab.find(path, "info.a", lambda shape: len(shape) == 2, "labels").read()
    matlab.find(path, "box", lambda shape: len(shape) == 3, "a cube").read()


def _scene(folder: Path, _: Path) -> None:
    get("multimodal-mat").check(folder).sentences()


def _target(folder: Path, _: Path) -> None:
    get("htd-mat").check(folder).sentences()


BYTES = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=6)
CUTS = st.one_of(st.just(1.0), st.floats(0, 1))


@pytest.mark.parametrize("version", ["v5", "plain5", "v4", "v73"])
def test_some_damage_is_one_sentence(version: str, files: dict[str, bytes], tmp_path: Path) -> None:
    rng = np.random.default_rng(sum(map(ord, version)))
    ways = read_all(tmp_path, files[version])
    assert ways >= (1 if version == "v4" else 2)
    for _ in range(40):
        count = int(rng.integers(1, 4))
        head = rng.random(count) ** 2  # headers stand at the start
        edits = list(zip(head.tolist(), rng.integers(0, 256, count).tolist(), strict=True))
        read_all(tmp_path, edited(files[version], edits, 1.0 if rng.random() < 0.8 else rng.random()))


@pytest.mark.long
@pytest.mark.parametrize("version", ["v5", "plain5", "v4", "v73"])
def test_any_damage_is_one_sentence(version: str, files: dict[str, bytes], tmp_path: Path) -> None:
    @settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(BYTES, CUTS)
    def damaged(edits: Edits, cut: float) -> None:
        read_all(tmp_path, edited(files[version], edits, cut))

    damaged()
