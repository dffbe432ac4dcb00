"""Result folders that the system really refuses: a read-only mount (needs root on Linux)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "mounted"
    folder.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting needs root on Linux")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"this system does not allow mounts: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_read_only_result_folder_is_refused_before_any_work(read_only: Path) -> None:
    argv = [sys.executable, "-m", "rsbench", "compare", "--max-steps", "1", "--out", str(read_only / "out")]
    done = subprocess.run([*argv, "--workers", "2", "--device", "cpu"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "read-only" in done.stderr
    assert "--out" in done.stderr
    assert "Traceback" not in done.stderr
