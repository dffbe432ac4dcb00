"""Triton's kernels by its interpreter, which a process must ask for before it imports anything of Triton."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton", reason="Triton is not installed")

PROGRAM = Path(__file__).parents[3] / "programs" / "triton_by_interpreter.py"


def test_kernels_do_what_the_plain_operations_do_in_few_launches() -> None:
    done = subprocess.run(
        [sys.executable, PROGRAM],
        env={**os.environ, "TRITON_INTERPRET": "1"},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        timeout=250,
    )
    found = json.loads(done.stdout)
    assert len(found) == 11
    for check, wrong in found.items():
        assert not wrong, f"{check}: {wrong}"


@pytest.mark.long
def test_kernels_compile_for_a_gpu() -> None:
    done = subprocess.run(
        [sys.executable, PROGRAM.with_name("triton_for_cuda.py")],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        timeout=250,
    )
    found = json.loads(done.stdout)
    assert len(found) == 24
    for kernel, wrong in found.items():
        assert not wrong, f"{kernel}: {wrong}"
