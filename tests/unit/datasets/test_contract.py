"""Laws over every listed data set, and the table itself."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

from rsbench import datasets
from rsbench.datasets import DATASETS, ChangeDataset, PixelDataset, SceneDataset, get
from rsbench.datasets.scenes.class_folders import ClassFolderDataset
from rsbench.errors import RsbenchError
from rsbench.metrics import TASKS

ROOT = Path(__file__).parents[3]
FILES = {
    "ucm21": "UCMerced_LandUse/Images/{c}/{c}{i:02d}.tif",
    "nwpu45": "NWPU-RESISC45/{c}/{c}_{i:03d}.jpg",
    "eurosat": "eurosat/2750/{c}/{c}_{i}.jpg",
    "imagefolder": "{c}/{i}.png",
}


@pytest.mark.parametrize("name", DATASETS)
def test_facts_are_stated(name: str) -> None:
    dataset = get(name)
    assert dataset.name == name and dataset.task in TASKS
    for text in (dataset.title, dataset.licence, dataset.citation, dataset.layout, dataset.contents):
        assert text.strip()
    assert dataset.image_size >= 1 and dataset.epochs >= 1


@pytest.mark.parametrize("name", [name for name in DATASETS if issubclass(DATASETS[name], SceneDataset)])
def test_facts_of_scenes_are_sound(name: str) -> None:
    dataset = get(name)
    assert isinstance(dataset, SceneDataset) and dataset.image_size >= 32
    if dataset.class_names is not None:
        assert len(set(dataset.class_names)) == len(dataset.class_names) > 1
        assert list(dataset.class_names) == sorted(dataset.class_names)
        assert dataset.images is not None and dataset.images >= 100 * len(dataset.class_names)


@pytest.mark.parametrize("name", [name for name in DATASETS if issubclass(DATASETS[name], PixelDataset)])
def test_facts_of_pixels_are_sound(name: str) -> None:
    dataset = get(name)
    assert isinstance(dataset, PixelDataset) and dataset.image_size % 2 == 1
    assert (dataset.shape is None) == (dataset.class_names is None)
    if dataset.class_names is not None:
        assert len(set(dataset.class_names)) == len(dataset.class_names) > 1
        assert str(dataset.shape[0]) in dataset.layout and dataset.layouts


@pytest.mark.parametrize("name", [name for name in DATASETS if issubclass(DATASETS[name], ChangeDataset)])
def test_facts_of_changes_are_sound(name: str) -> None:
    dataset = get(name)
    assert isinstance(dataset, ChangeDataset) and dataset.image_size % 16 == 0, "networks halve a tile four times"
    declared = dataset.declared(Path("/nowhere"))
    assert (declared is None) == (name in ("change-folder", "synthetic-changes"))
    assert declared is None or declared.train_samples("official", 0) >= 2 * dataset.batch_size


@pytest.mark.parametrize("name", DATASETS)
def test_downloads_are_pinned_and_stay_below_the_root(name: str) -> None:
    for item in get(name).downloads:
        assert item.url.startswith("https://")
        assert re.search(r"/resolve/[0-9a-f]{40}/", item.url), "the address must name a revision"
        assert item.md5 is None or re.fullmatch(r"[0-9a-f]{32}", item.md5)
        assert not Path(item.file).is_absolute() and ".." not in Path(item.file).parts


@pytest.mark.parametrize("name", [name for name in DATASETS if not DATASETS[name].synthetic])
def test_missing_says_where_it_looked_the_layout_and_the_command(name: str, tmp_path: Path) -> None:
    with pytest.raises(RsbenchError) as caught:
        get(name).prepare(tmp_path, tmp_path / "cache", 33)
    text = str(caught.value)
    assert str(tmp_path) in text and get(name).layout in text
    if get(name).downloads:
        assert f"rsbench data fetch {name} --data-root {tmp_path}" in text
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("name", FILES)
def test_prepare_gives_scenes(name: str, tmp_path: Path, write_images) -> None:
    dataset = get(name)
    classes = (dataset.class_names or ("field", "lake"))[-2:]
    root = write_images(FILES[name], classes, 10, root=tmp_path / "data")
    calls: list[tuple[int, int]] = []
    scenes = dataset.prepare(root, tmp_path / "cache", 16, progress=lambda *call: calls.append(call))
    images, labels = scenes.images(), scenes.labels()
    assert images.shape == (20, 16, 16, 3) and images.dtype == np.uint8
    assert not images.flags.writeable and isinstance(images, np.memmap)
    assert labels.dtype == np.int64 and [scenes.class_names[label] for label in labels] == [
        name.split("/")[0] for name in scenes.names()
    ]
    assert calls[-1] == (20, 20)
    assert scenes.fingerprint == dataset.fingerprint(root)
    assert scenes == type(scenes).load(scenes.folder)
    assert len(scenes) == 20
    split = scenes.split("official", 0)
    mean, std = scenes.channel_mean_std(split.train)
    trained = images[split.train].reshape(-1, 3)
    np.testing.assert_allclose(mean, trained.mean(0) / 255, rtol=1e-6)
    np.testing.assert_allclose(std, trained.std(0) / 255, rtol=1e-6)
    assert sorted([*split.train, *split.val, *split.test]) == list(range(20))


@pytest.mark.parametrize("name", [n for n in DATASETS if issubclass(DATASETS[n], ClassFolderDataset)])
def test_outputs_never_depend_on_what_is_on_disk(name: str, tmp_path: Path, write_images) -> None:
    dataset = get(name)
    assert dataset.class_names is not None
    last = dataset.class_names[-1]
    write_images(FILES[name], (last,), 3)
    scenes = dataset.prepare(tmp_path, tmp_path / "cache", 16)
    assert scenes.class_names == dataset.class_names
    assert set(scenes.labels()) == {len(dataset.class_names) - 1}
    assert scenes.part == f"part: 1 of {len(dataset.class_names)} classes, 3 of {dataset.images:,} images"
    assert any(scenes.part in warning for warning in scenes.warnings)


def test_unknown_name_is_met_with_a_suggestion() -> None:
    with pytest.raises(RsbenchError, match=re.escape('There is no data set "ucm". Did you mean "ucm21"?')):
        get("ucm")


def test_other_packages_can_bring_data_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("mine", "rsbench.datasets.scenes.eurosat:EuroSAT", "rsbench.datasets")
    monkeypatch.setattr("rsbench.plugins.entry_points", lambda group: [entry] if group == "rsbench.datasets" else [])
    assert get("mine").title == "EuroSAT (RGB)"
    assert list(datasets.available()) == [*DATASETS, "mine"]


def test_the_former_name_of_a_file_layout_still_imports() -> None:
    with pytest.warns(DeprecationWarning, match="now called FileLayout"):
        assert datasets.Layout is datasets.FileLayout


def test_folder_refuses_to_be_the_package_datasets() -> None:
    spec = importlib.util.spec_from_file_location("datasets", ROOT / "datasets" / "__init__.py")
    assert spec is not None and spec.loader is not None
    with pytest.raises(ImportError, match=r"import rsbench\.datasets instead"):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


def test_no_torch_and_no_pandas() -> None:
    heavy = {"torch", "pandas", "scipy", "sklearn", "h5py"}
    code = f"import sys, rsbench.datasets; print({heavy} & set(sys.modules) or 'none')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout.strip() == "none"
