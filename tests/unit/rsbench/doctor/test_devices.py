"""What GPUs, driver and backends cannot do, each with the way out."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from rsbench.doctor import devices
from rsbench.planning.probe import Devices

CPU = Devices(cuda_count=0, names=[], memory_bytes=[], nccl=False, gloo=True, torch_version="2.14.1", cuda_version=None)
GPU = Devices(
    cuda_count=1,
    names=["H100"],
    memory_bytes=[80 * 10**9],
    nccl=True,
    gloo=True,
    torch_version="2.14.1",
    cuda_version="13.0",
    capabilities=["9.0"],
    architectures=["sm_75", "sm_80", "sm_90"],
)


def test_a_gpu_with_its_capability_and_driver() -> None:
    section = devices.devices(GPU, "580.95.05")
    assert section.lines == (
        "GPU 0: H100, 80.0 GB, compute capability 9.0",
        "torch 2.14.1 (CUDA 13.0), gloo: yes, NCCL: yes",
        "NVIDIA driver: 580.95.05",
    )
    assert section.problems == ()
    assert section.facts["gpus"] == [{"name": "H100", "memory_bytes": 80 * 10**9, "compute_capability": "9.0"}]


def test_gpus_without_backends_are_a_problem() -> None:
    broken = dataclasses.replace(GPU, nccl=False, gloo=False)
    assert [problem.split(",")[0] for problem in devices.device_problems(broken)] == [
        "This torch has no NCCL",
        "This torch has no gloo",
    ]


@pytest.mark.parametrize(
    ("cuda", "driver", "words"),
    [
        (None, None, "No GPU runs (this torch was built without CUDA): --gpus will be refused"),
        ("13.0", None, "No GPU runs (torch sees no GPU)"),
        (None, "580.1", "NVIDIA's driver 580.1 is here, so install a CUDA build of torch"),
        ("13.0", "470.1", "NVIDIA's driver 470.1 is here, but torch (CUDA 13.0) sees no GPU: check"),
    ],
)
def test_no_gpu_has_a_cause(cuda: str | None, driver: str | None, words: str) -> None:
    [problem] = devices.device_problems(dataclasses.replace(CPU, cuda_version=cuda), driver)
    assert words in problem


@pytest.mark.parametrize(
    ("capability", "architectures", "is_fine"),
    [
        ("9.0", ["sm_80", "sm_90a"], True),
        ("8.6", ["sm_80"], True),
        ("8.0", ["sm_86"], False),
        ("6.1", ["sm_75", "sm_90"], False),
        ("12.0", ["sm_90", "compute_90"], True),
        ("7.0", ["sm_80", "compute_90"], False),
        ("10.0", ["sm_100"], True),
    ],
)
def test_a_gpu_without_code_is_a_problem(capability: str, architectures: list[str], is_fine: bool) -> None:
    found = dataclasses.replace(GPU, capabilities=[capability], architectures=architectures)
    problems = devices.device_problems(found)
    assert (problems == []) is is_fine
    assert is_fine or f"GPU 0 has compute capability {capability}" in problems[0]


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\n", "535.104.05"),
        ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build\n", "580.95.05"),
        ("something else\n", None),
    ],
)
def test_the_driver_is_read(text: str, version: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda program: None)
    (tmp_path / "version").write_text(text)
    assert devices.nvidia_driver(tmp_path / "version") == version
    assert devices.nvidia_driver(tmp_path / "nothing") is None
