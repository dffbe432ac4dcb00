"""What runs before launch answers at once: it loads neither torch nor what else is slow to import."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import pytest

FOLDERS = ("cli", "cluster", "doctor", "planning", "results", "reports", "datasets", "compressors")
HELPERS = {"rsbench.planning.probe_worker", "rsbench.doctor.exchange_worker"}
"""Processes of their own, which have torch on purpose."""
PUTS_TO_WORK = (
    "device",
    "hooks",
    "kernels",
    "memory",
    "message",
    "quantizer_kernels",
    "selection",
    "density",
    "blocks.tensor_ops",
    "blocks.bits",
)
"""Below compressors/: imported only when a compressor is put to work."""


def loaded_by(code: str) -> set[str]:
    """The heavy packages that a fresh interpreter holds after some code."""
    heavy = ("torch", "torchvision", "pandas", "scipy", "sklearn", "rich", "matplotlib", "h5py", "numpy")
    code += f"\nimport sys\nprint('loaded:', *(name for name in {heavy} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.partition("loaded:")[2].split())


def test_the_command_line_and_its_help_load_nothing_that_is_slow() -> None:
    assert loaded_by("import rsbench.cli.main") == set()
    help_text = "from click.testing import CliRunner\nfrom rsbench.cli.main import main\n"
    commands = ("compare", "run", "report", "bench", "list", "doctor", "k8s")
    for words in ([], *([name] for name in commands)):
        help_text += f"assert CliRunner().invoke(main, [*{words!r}, '--help']).exit_code == 0\n"
    assert loaded_by(help_text) == set()


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_module_that_runs_before_launch_loads_torch_or_pandas(folder: str) -> None:
    package = __import__(f"rsbench.{folder}", fromlist=["__path__"])
    names = [info.name for info in pkgutil.walk_packages(package.__path__, f"rsbench.{folder}.")]
    lazy = tuple(f"rsbench.compressors.{part}" for part in PUTS_TO_WORK)
    names = [name for name in names if name not in HELPERS and not name.startswith(lazy)]
    assert names
    loaded = loaded_by("\n".join(f"import {name}" for name in names))
    assert not loaded & {"torch", "torchvision", "pandas", "sklearn"}
