"""``rsbench doctor`` names what will not work and the way out; ``rsbench data`` finds broken files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from PIL import Image

from rsbench.cli import doctor
from rsbench.errors import RsbenchError
from rsbench.planning.probe import Devices

Call = Callable[..., Result]
CPU = Devices(cuda_count=0, names=[], memory_bytes=[], nccl=False, gloo=True, torch_version="2.14.1", cuda_version=None)


def test_doctor_names_the_way_out(rsbench: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rsbench.planning.probe.devices", lambda: CPU)
    result = rsbench("doctor")
    assert result.exit_code == 0, result.output
    ways_out = ("torch 2.14.1", "no GPU", "built without CUDA", "--workers N --device cpu", "data fetch ucm21")
    for words in (*ways_out, "compression on CPUs"):
        assert words in result.output


def test_doctor_fails_when_torch_does(rsbench: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Devices:
        raise RsbenchError("libcudart is missing")

    monkeypatch.setattr("rsbench.planning.probe.devices", broken)
    result = rsbench("doctor")
    assert result.exit_code == 1 and "libcudart is missing" in result.output


def test_gpus_without_nccl_are_a_problem() -> None:
    gpus = Devices(
        cuda_count=1, names=["A"], memory_bytes=[8], nccl=False, gloo=False, torch_version="2", cuda_version="13.0"
    )
    assert [problem.split(",")[0] for problem in doctor.device_problems(gpus)] == [
        "This torch has no NCCL",
        "This torch has no gloo",
    ]


def test_folder_with_little_space_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.folder_problems("results", tmp_path / "not" / "yet") == []
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 5e6, "total": 5e6}))
    assert "Only 5 MB are free for results" in doctor.folder_problems("results", tmp_path)[0]


def test_data_check_names_the_broken_file(rsbench: Call, tmp_path: Path) -> None:
    root = tmp_path / "root" / "imagefolder"
    for name in ("field", "water"):
        (root / name).mkdir(parents=True)
        for number in range(12):
            Image.new("RGB", (8, 8), (number * 20, len(name), 3)).save(root / name / f"{number}.png")
    sound = rsbench("data", "check", "imagefolder", "--data-root", tmp_path / "root")
    assert sound.exit_code == 0, sound.output
    (root / "water" / "3.png").write_bytes(b"\x89PNG cut short")
    broken = rsbench("data", "check", "imagefolder", "--data-root", tmp_path / "root")
    assert broken.exit_code == 1 and "3.png cannot be read" in broken.output


def test_data_commands_refuse_unknown_names(rsbench: Call) -> None:
    for what in ("fetch", "check"):
        result = rsbench("data", what, "nwpu54")
        assert result.exit_code == 2 and 'Did you mean "nwpu45"' in result.stderr
