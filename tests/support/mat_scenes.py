"""Small made scenes of two modalities, written as MATLAB files of either version in the layouts of the real ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from scipy.io import savemat

Save = Callable[[Path, Mapping[str, Any]], None]


@dataclass(frozen=True)
class Scene:
    """A made scene: squares of classes with a spectrum each; train and test maps without a common pixel."""

    hsi: NDArray[np.int16]
    aux: NDArray[np.float32]
    labels: NDArray[np.uint8]
    train: NDArray[np.uint8]
    test: NDArray[np.uint8]


def made(
    height: int = 24,
    width: int = 40,
    bands: int = 6,
    classes: int = 3,
    *,
    channels: int = 1,
    field: int = 4,
    seed: int = 0,
) -> Scene:
    """Make a scene: every field (square of pixels) has one class, a border of one pixel in it is unlabelled."""
    rng = np.random.default_rng(seed)
    rows, columns = np.arange(height) // field, np.arange(width) // field
    number = rows[:, None] * (columns[-1] + 1) + columns
    of_field = rng.permutation(number.max() + 1) % classes + 1
    whole = of_field[number].astype(np.uint8)
    inside = (np.arange(height) % field < field - 1)[:, None] & (np.arange(width) % field < field - 1)
    labels = np.where(inside, whole, 0).astype(np.uint8)
    spectra = rng.integers(200, 4000, (classes + 1, bands))
    hsi = (spectra[whole] + rng.normal(0, 100, (height, width, bands))).clip(1, 9000).astype(np.int16)
    shape = (height, width) if channels == 1 else (height, width, channels)
    aux = (whole.reshape(height, width, *[1] * (len(shape) - 2)) * 3 + rng.random(shape)).astype(np.float32)
    train_field = (rng.permutation(number.max() + 1) % 2 == 0)[number]
    return Scene(hsi, aux, labels, np.where(train_field, labels, 0), np.where(train_field, 0, labels))


def save5(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write version 5, compressed as MATLAB does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, dict(arrays), do_compression=True)


def save73(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write version 7.3 as MATLAB does: HDF5 behind 512 bytes, axes reversed, structs as groups, cells of links."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w", userblock_size=512) as file:
        _put(file, file, arrays)
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file, made for tests".ljust(124) + b"\x00\x02IM")


def _put(file: Any, group: Any, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if isinstance(value, Mapping):
            inner = group.create_group(name)
            inner.attrs["MATLAB_class"] = np.bytes_("struct")
            _put(file, inner, value)
        elif isinstance(value, list):
            references = file.require_group("#refs#")
            for number, item in enumerate(value):
                _put(file, references, {f"{name}{number}": item})
            links = np.array([references[f"{name}{n}"].ref for n in range(len(value))], dtype=h5py.ref_dtype)
            group.create_dataset(name, data=links.reshape(-1, 1), dtype=h5py.ref_dtype).attrs["MATLAB_class"] = (
                np.bytes_("cell")
            )
        else:
            array = np.atleast_2d(value)
            node = group.create_dataset(name, data=array.T, chunks=True if array.size > 4 else None)
            node.attrs["MATLAB_class"] = np.bytes_({"u": "uint8", "i": "int16", "f": "double"}[array.dtype.kind])


def cells(values: list[Any]) -> NDArray[np.object_]:
    """A cell array for :func:`save5`."""
    array = np.empty((1, len(values)), dtype=object)
    for number, value in enumerate(values):
        array[0, number] = value
    return array


def pairs(mask: NDArray[np.uint8], *, first: int = 1) -> NDArray[np.int32]:
    """Rows and columns of the pixels of a map, N x 2."""
    return (np.argwhere(mask) + first).astype(np.int32)


def one_array_a_file(folder: Path, save: Save, arrays: Mapping[str, Any]) -> None:
    """Write ``name.mat`` with the array ``name`` for each."""
    for name, array in arrays.items():
        save(folder / f"{name}.mat", {name: array})


def mmrs(root: Path, scene: Scene, save: Save = save5, folder: str = "IDTReeS", aux: str = "LiDAR") -> Path:
    """Write HSI, LiDAR, gt, TRLabel and TSLabel."""
    arrays = {"HSI": scene.hsi, aux: scene.aux, "gt": scene.labels, "TRLabel": scene.train, "TSLabel": scene.test}
    one_array_a_file(root / folder, save, arrays)
    return root


def ouc(root: Path, scene: Scene, save: Save, folder: str, name: str, aux: str) -> Path:
    """Write four files that begin with the scene's name, the split as lists."""
    for part, array in (("hsi", scene.hsi), (aux, scene.aux), ("gt", scene.labels)):
        save(root / folder / f"{name}_{part}.mat", {f"{name}_{part}": array})
    lists = {f"{name}_{part}": pairs(mask) for part, mask in (("train", scene.train), ("test", scene.test))}
    save(root / folder / f"{name}_index.mat", {**lists, f"{name}_all": pairs(scene.labels)})
    return root


def s2fl(root: Path, scene: Scene, save: Save, folder: str) -> Path:
    """Write the cube, SAR, and the training and test maps; there is no other label map."""
    arrays = {"data_HS_LR": scene.hsi, "data_SAR_HR": scene.aux, "TrainImage": scene.train, "TestImage": scene.test}
    one_array_a_file(root / folder, save, arrays)
    return root


def italy(root: Path, scene: Scene, save: Save) -> Path:
    """Write Trento's other layout."""
    for file, name, array in (
        ("Italy_hsi", "data", scene.hsi),
        ("Italy_lidar", "data", scene.aux),
        ("allgrd", "mask_test", scene.labels),
    ):
        save(root / "Trento" / f"{file}.mat", {name: array})
    return root


def muufl(root: Path, scene: Scene, save: Save) -> Path:
    """Write MUUFL's struct, in which -1 is unlabelled."""
    labels = np.where(scene.labels == 0, -1, scene.labels.astype(np.int16))
    lidar = {"z": scene.aux.astype(np.float64), "info": "made"}
    hsi = {
        "Data": scene.hsi.astype(np.float64),
        "RGB": np.zeros((*scene.labels.shape, 3)),
        "sceneLabels": {"labels": labels, "Materials_Type": np.zeros((3, 2), dtype=np.uint8)},
    }
    lidars = [lidar, lidar] if save is save5 else [{"z": lidar["z"]}]
    hsi["Lidar"] = cells(lidars) if save is save5 else lidars
    save(root / "MUUFLGulfportSceneLabels" / "muufl_gulfport_campus_1_hsi_220_label.mat", {"hsi": hsi})
    return root


LAYOUTS: dict[str, tuple[str, Callable[[Path, Scene, Save], Path]]] = {
    "houston2013, maps": ("houston2013", lambda root, scene, save: mmrs(root, scene, save, "Houston2013")),
    "houston2013, lists": ("houston2013", lambda r, s, save: ouc(r, s, save, "Houston2013", "houston", "lidar")),
    "trento, maps": ("trento", lambda root, scene, save: mmrs(root, scene, save, "Trento")),
    "trento, Italy": ("trento", italy),
    "muufl, struct": ("muufl", muufl),
    "augsburg, S2FL": ("augsburg", lambda root, scene, save: s2fl(root, scene, save, "Augsburg")),
    "augsburg, lists": ("augsburg", lambda r, s, save: ouc(r, s, save, "Augsburg", "augsburg", "sar")),
    "berlin, S2FL": ("berlin", lambda root, scene, save: s2fl(root, scene, save, "Berlin")),
    "berlin, lists": ("berlin", lambda r, s, save: ouc(r, s, save, "Berlin", "berlin", "sar")),
    "idtrees, maps": ("idtrees", mmrs),
    "any": ("multimodal-mat", lambda root, scene, save: mmrs(root, scene, save, "multimodal-mat")),
}
"""Data set and writer of each layout."""
