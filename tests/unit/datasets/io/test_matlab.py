"""Arrays in MATLAB files of both versions: found by name or shape, read in blocks, in bounded memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import h5py
import mat_scenes
import numpy as np
import pytest

from rsbench.datasets.io import matlab, matlab_file
from rsbench.datasets.io.matlab import MatArray, axes_to_HW, find
from rsbench.errors import RsbenchError

SAVES = pytest.mark.parametrize("save", [mat_scenes.save5, mat_scenes.save73], ids=["v5", "v7.3"])
CUBE = np.arange(5 * 7 * 3, dtype=np.int16).reshape(5, 7, 3)


def is_cube(shape: tuple[int, ...]) -> bool:
    return len(shape) == 3


@SAVES
def test_shapes_and_values_are_matlabs(save, tmp_path: Path) -> None:
    save(tmp_path / "a.mat", {"cube": CUBE, "flat": CUBE[..., 0].astype(np.float64)})
    assert matlab.contents(tmp_path / "a.mat").shapes == {"cube": (5, 7, 3), "flat": (5, 7)}
    array = find(tmp_path / "a.mat", "cube", is_cube, "a cube")
    assert np.array_equal(array.read(), CUBE) and array.read().dtype == np.int16


@SAVES
def test_another_name_is_found_by_its_shape(save, tmp_path: Path) -> None:
    save(tmp_path / "a.mat", {"Houston": CUBE, "flat": CUBE[..., 0]})
    assert find(tmp_path / "a.mat", "HSI", is_cube, "a cube").name == "Houston"


@SAVES
def test_what_cannot_be_decided_names_what_the_file_holds(save, tmp_path: Path) -> None:
    save(tmp_path / "a.mat", {"one": CUBE, "two": CUBE, "flat": CUBE[..., 0]})
    with pytest.raises(RsbenchError) as caught:
        find(tmp_path / "a.mat", "HSI", is_cube, "the hyperspectral cube")
    text = str(caught.value)
    assert "the hyperspectral cube" in text and "flat (5 x 7), one (5 x 7 x 3), two (5 x 7 x 3)" in text
    with pytest.raises(RsbenchError, match="holds no array"):
        save(tmp_path / "b.mat", {})
        find(tmp_path / "b.mat", "HSI", is_cube, "a cube")


@SAVES
def test_of_several_the_one_that_shares_the_last_word(save, tmp_path: Path) -> None:
    save(tmp_path / "a.mat", {"augsburg_train": CUBE[0], "augsburg_test": CUBE[1], "augsburg_all": CUBE[2]})
    assert find(tmp_path / "a.mat", "berlin_test", lambda shape: shape == (7, 3), "a list").name == "augsburg_test"


@SAVES
@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1), (1, 0, 2)])
def test_rows_come_in_blocks_in_the_axes_wanted(save, axes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matlab_file, "BLOCK_BYTES", 50)
    save(tmp_path / "a.mat", {"cube": CUBE})
    blocks = list(MatArray(file=tmp_path / "a.mat", name="cube", shape=CUBE.shape).rows(axes))
    assert len(blocks) > 1 and all(block.flags.c_contiguous for block in blocks)
    assert np.array_equal(np.concatenate(blocks), CUBE.transpose(axes))


@SAVES
def test_structs_and_cells_are_followed(save, tmp_path: Path) -> None:
    mat_scenes.muufl(tmp_path, mat_scenes.made(), save)
    (file,) = tmp_path.rglob("*.mat")
    for name, shape in (("hsi.Data", (24, 40, 6)), ("hsi.Lidar.z", (24, 40)), ("hsi.sceneLabels.labels", (24, 40))):
        array = find(file, name, lambda wanted, shape=shape: wanted == shape, "it")
        assert array.shape == shape == array.read().shape
    with pytest.raises(RsbenchError, match="should hold it"):
        find(file, "hsi.Lidar.w", lambda shape: True, "it")


def test_bytes_of_the_other_order_come_back_in_the_machines(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.mat", "w") as file:
        file["cube"] = CUBE.astype(">i2").T
    array = find(tmp_path / "a.mat", "cube", is_cube, "a cube").read()
    assert array.dtype.isnative and np.array_equal(array, CUBE)


@pytest.mark.parametrize("content", [b"", b"no MATLAB file", b"\x89HDF\r\n\x1a\n cut short"])
def test_a_broken_file_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(RsbenchError, match="cannot be read as a MATLAB file"):
        matlab.contents(tmp_path / "a.mat")


def test_axes_are_brought_to_rows_and_columns() -> None:
    assert axes_to_HW((5, 7, 3), 5, 7) == (0, 1, 2)
    assert axes_to_HW((3, 5, 7), 5, 7) == (1, 2, 0)
    assert axes_to_HW((7, 5, 3), 5, 7) == (1, 0, 2)
    assert axes_to_HW((5, 5, 5), 5, 5) == (0, 1, 2), "a square one stays as it is"
    assert axes_to_HW((7, 5), 5, 7) == (1, 0)
    assert axes_to_HW((5, 8), 5, 7) is None


PEAK = """
import resource, sys
from pathlib import Path
import h5py, scipy.io, scipy.ndimage
from rsbench.datasets import get
from rsbench.datasets.io import matlab_file

matlab_file.BLOCK_BYTES = 8 * 2**20
dataset = get("multimodal-mat")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
dataset.prepare(Path(sys.argv[1]), Path(sys.argv[2]), 9)
print(1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))
"""


@pytest.mark.parametrize(("save", "copies"), [(mat_scenes.save5, 1.3), (mat_scenes.save73, 0.4)], ids=["v5", "v7.3"])
def test_conversion_holds_at_most_the_scene_and_a_block(save, copies: float, tmp_path: Path) -> None:
    height, width, bands = 400, 600, 200
    row = np.random.default_rng(0).integers(1, 9000, (1, width, bands), dtype=np.uint16)
    hsi = np.broadcast_to(row, (height, width, bands))
    labels = np.zeros((height, width), dtype=np.uint8)
    labels[::9, ::9] = 1 + np.arange(67)[None] % 3
    scene = {"HSI": hsi, "LiDAR": np.full((height, width), 0.5, dtype=np.float32), "gt": labels}
    mat_scenes.one_array_a_file(tmp_path / "data", save, scene)
    argv = [sys.executable, "-c", PEAK, tmp_path / "data", tmp_path / "cache"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < copies * height * width * bands * 2
    (converted,) = (tmp_path / "cache").glob("*/hsi.npy")
    assert np.array_equal(np.load(converted, mmap_mode="r")[::100], hsi[::100])
