"""A package from outside adds a compressor and a data set: two files, two entry points, nothing of rsbench touched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

COMPRESSOR = '''
"""Every other element, by turns."""
import dataclasses

from rsbench.compressors import SparseCompressor


@dataclasses.dataclass(kw_only=True, eq=False)
class Stride(SparseCompressor):
    """Sends elements at a stride that follows from the density; what is not sent waits in v."""

    name = "stride"
    title = "Stride"
    source = "this test"

    def make_selector(self, device, rank):
        from outside.selector import StrideSelector

        return StrideSelector()
'''
SELECTOR = '''
"""Which elements are sent; needs torch."""
import torch

from rsbench.compressors.selection.selectors import ExactSelector


class StrideSelector(ExactSelector):
    """Takes every n-th block."""

    def choose(self, name, residual, gradient, layout, score, count):
        if gradient is not None:
            residual.accumulate(gradient)
        return torch.arange(count, device=residual.v.device) * (layout.blocks // count)
'''
DATASET = '''
"""Two kinds of noise."""
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rsbench.datasets import Picture, SceneDataset, Source


@dataclass(frozen=True, kw_only=True)
class NoiseSource(Source):
    def pixels_HWC(self, picture, image_size):
        rng = np.random.default_rng(int(picture.name.partition("/")[2]))
        side = image_size or 16
        return (rng.integers(0, 128, (side, side, 3)) + 100 * picture.label).astype(np.uint8)


class Noise(SceneDataset):
    name, title, licence, citation = "noise", "dark and bright noise (synthetic)", "none", "this test"
    class_names, images, image_size, epochs, batch_size = ("dark", "bright"), 80, 16, 2, 8
    layout, synthetic = "nothing on disk", True

    def locate(self, data_root):
        pictures = tuple(
            Picture(name=f"{kind}/{number}", label=label, size_bytes=0, stamp=0)
            for label, kind in enumerate(self.class_names)
            for number in range(40)
        )
        return NoiseSource(
            where=Path("(generated)"), class_names=self.class_names, pictures=pictures, recipe="noise 1"
        )
'''
ENTRY_POINTS = """
[rsbench.compressors]
stride = outside.compressor:Stride

[rsbench.datasets]
noise = outside.dataset:Noise
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which the package is installed, as pip would leave it."""
    site = tmp_path_factory.mktemp("site")
    package, info = site / "outside", site / "outside-1.0.dist-info"
    package.mkdir()
    info.mkdir()
    (package / "__init__.py").write_text('"""From outside."""\n')
    (package / "compressor.py").write_text(COMPRESSOR)
    (package / "selector.py").write_text(SELECTOR)
    (package / "dataset.py").write_text(DATASET)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    root = Path(__file__).parents[2]
    paths = os.pathsep.join([str(site), str(root), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "RSBENCH_CACHE": str(site / "cache")}


def rsbench(environment: dict[str, str], *words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rsbench", *map(str, words)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_lists_show_what_the_package_adds(environment: dict[str, str]) -> None:
    assert "stride" in rsbench(environment, "list", "compressors").stdout
    assert "noise" in rsbench(environment, "list", "datasets").stdout


@pytest.mark.timeout(240)
def test_the_main_job_trains_with_both(environment: dict[str, str], tmp_path: Path) -> None:
    done = rsbench(
        environment, "compare", "--dataset", "noise", "--compressor", "stride", "--ratio", "20",
        *("--workers", "2", "--device", "cpu", "--max-steps", "6", "--out", tmp_path / "out"),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    [path] = (tmp_path / "out" / "cells").glob("*/record.json")
    record = json.loads(path.read_text())
    assert (record["compressor"]["name"], record["dataset"]["name"]) == ("stride", "noise")
    assert 20 <= record["traffic"]["compression_ratio"] < 21
    assert record["compressor"]["matched"] is True
