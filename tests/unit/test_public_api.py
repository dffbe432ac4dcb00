"""What other packages rely on: names, entry points, commands. A change here is a line in the CHANGELOG."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import click
import pytest

from rsbench.cli.main import main

ROOT = Path(__file__).parents[2]
NAMES = {
    "rsbench": ["__version__", "compare", "load"],
    "rsbench.errors": ["RsbenchError", "did_you_mean"],
    "rsbench.compressors": [
        *(
            "BlockTopK",
            "COMPRESSORS",
            "Compressor",
            "DGC",
            "FP16",
            "GCC",
            "MomentumCompressor",
            "NoCompression",
            "Noop",
        ),
        *("PowerSGD", "QSGD", "QuantizedCompressor", "RSDGC", "RandomK", "SignSGD", "SparseCompressor", "TopK"),
        *("option", "parse"),
    ],
    "rsbench.datasets": [
        *("CheckReport", "DATASETS", "Dataset", "Download", "FetchProgress", "FetchReport", "FileLayout", "PLUGINS"),
        *("Picture", "PixelDataset", "Pixels", "Progress", "SceneDataset", "Scenes", "Source", "Split", "Survey"),
        *("TargetDataset", "TargetScene", "available", "check", "fetch", "get"),
        *("AnomalyDataset", "AnomalyScene", "Family", "families"),
    ],
    "rsbench.reports": [
        *("ALIASES", "DEFAULT_FORMATS", "FORMATS", "Report", "build_report", "format_names", "show", "write_report"),
    ],
}
METHODS_OF_COMPRESSORS = {
    *(
        "register",
        "param_groups",
        "state_dict",
        "load_state_dict",
        "step_stats",
        "hook",
        "momentum",
        "text",
        "identity",
    ),
    *(
        "options",
        "doc",
        "replace",
        "with_density",
        "layout",
        "payload_bytes",
        "total_payload_bytes",
        "total_wire_bytes",
    ),
}
COMMANDS = {
    "compare",
    "run",
    "report",
    "bundle",
    "scale",
    "list",
    "bench",
    "data",
    "cache",
    "completion",
    "doctor",
    "k8s",
    "slurm",
}


@pytest.mark.parametrize("module", NAMES)
def test_names_to_import_are_just_these(module: str) -> None:
    package = importlib.import_module(module)
    exported = getattr(package, "__all__", None)
    assert exported is None or sorted(exported) == sorted(NAMES[module])
    assert [name for name in NAMES[module] if not hasattr(package, name)] == []


def test_compressors_offer_what_training_loops_call() -> None:
    from rsbench.compressors import COMPRESSORS, Compressor

    assert set(dir(Compressor)) >= METHODS_OF_COMPRESSORS
    assert all(issubclass(kind, Compressor) for kind in COMPRESSORS.values())


def test_the_callback_of_lightning_has_its_name() -> None:
    tree = ast.parse((ROOT / "rsbench" / "lightning.py").read_text())  # read only: Lightning may be missing
    assert "CompressGradients" in {node.name for node in tree.body if isinstance(node, ast.ClassDef)}


def test_entry_point_groups_are_these() -> None:
    code = (
        "from rsbench import plugins; asked = set(); plugins.entry_points = lambda group: asked.add(group) or []\n"
        "from rsbench import compressors, datasets; datasets.available(); print(*sorted(asked))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["rsbench.compressors", "rsbench.datasets"]


def test_commands_are_these() -> None:
    assert isinstance(main, click.Group)
    assert set(main.commands) == COMMANDS
    assert set(main.commands["data"].commands) == {"fetch", "check"}  # type: ignore[attr-defined]
