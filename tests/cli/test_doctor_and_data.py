"""``rsbench doctor`` names what will not work and the way out; ``rsbench data`` finds broken files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from PIL import Image

from rsbench.doctor.exchange import Exchange
from rsbench.errors import RsbenchError
from rsbench.planning.probe import Devices

Call = Callable[..., Result]
CPU = Devices(cuda_count=0, names=[], memory_bytes=[], nccl=False, gloo=True, torch_version="2.14.1", cuda_version=None)


@pytest.fixture
def no_torch_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What torch would say, and an exchange that took 1 ms and 10 ms."""
    monkeypatch.setattr("rsbench.planning.probe.devices", lambda: CPU)
    took = Exchange(latency_s=0.001, payload_bytes=2**24, payload_s=0.01)
    monkeypatch.setattr("rsbench.doctor.exchange.measure", lambda backend: took)
    monkeypatch.setattr("rsbench.doctor.devices.nvidia_driver", lambda: None)
    monkeypatch.setenv("RSBENCH_CACHE", str(tmp_path / "cache"))


@pytest.mark.usefixtures("no_torch_asked")
def test_doctor_names_the_way_out(rsbench: Call) -> None:
    result = rsbench("doctor")
    assert result.exit_code == 0, result.output
    for words in (
        "torch 2.14.1",
        "no GPU",
        "built without CUDA",
        "--workers N --device cpu",
        "ucm21, nwpu45, eurosat: not there, fetch one with `rsbench data fetch NAME --data-root",
        "houston2013, muufl, augsburg, berlin, idtrees and 11 others (`rsbench list datasets`): not there, to be "
        "downloaded by hand; `rsbench list datasets NAME -v` has homepage and layout",
        "imagefolder, multimodal-mat, htd-mat, had-mat, change-folder: for your own files, not there",
        "gloo, 2 processes on lo: 1.00 ms for 4 bytes, 10.0 ms for 16.8 MB (1.68 GB/s)",
        "MTU",
    ):
        assert words in result.stdout
    heads = [line for line in result.stdout.splitlines() if not line.startswith(" ")]
    assert heads == ["Software", "Machine", "Folders", "Devices", "Exchange", "Network", "Data", "Problems"]


@pytest.mark.usefixtures("no_torch_asked")
def test_doctor_as_json(rsbench: Call, tmp_path: Path) -> None:
    result = rsbench("doctor", "--json", "--data-root", tmp_path)
    document = json.loads(result.stdout)
    assert result.exit_code == 0 and result.stderr == ""
    assert document["can_train"] is True and "No GPU runs" in document["problems"][0]
    assert document["exchange"]["gloo"]["bytes_per_s"] == pytest.approx(2**24 / 0.01)
    assert document["folders"]["cache"] == {
        "path": str(tmp_path / "cache"),
        "size_bytes": 0,
        "kinds_bytes": {"data": 0, "facts": 0, "numba": 0},
    }
    found = {one["name"]: one for one in document["data"]["datasets"]}
    assert found["synthetic"]["status"] == "generated"
    assert found["houston2013"]["way_to_get"] == "get it from https://machinelearning.ee.uh.edu/?page_id=459"
    assert {interface["name"] for interface in document["network"]["interfaces"]} >= {"lo"}


@pytest.mark.usefixtures("no_torch_asked")
def test_quiet_leaves_the_problems(rsbench: Call) -> None:
    lines = rsbench("doctor", "-q").stdout.splitlines()
    assert lines[0] == "Problems" and all(line.startswith("  - ") for line in lines[1:])


@pytest.mark.usefixtures("no_torch_asked")
def test_data_that_are_there_and_cannot_be_used_are_a_problem(rsbench: Call, tmp_path: Path) -> None:
    (tmp_path / "Houston2013").mkdir()
    (tmp_path / "Houston2013" / "HSI.mat").write_bytes(b"")
    (tmp_path / "one.mat").write_bytes(b"")
    (tmp_path / "two.mat").write_bytes(b"")
    result = rsbench("doctor", "--data-root", tmp_path, "-q")
    assert 'The data set "houston2013" (Houston 2013) is not complete' in result.stdout
    assert "one.mat" not in result.stdout  # the user's own layouts look everywhere


def test_doctor_fails_when_torch_does(rsbench: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Devices:
        raise RsbenchError("libcudart is missing")

    monkeypatch.setattr("rsbench.planning.probe.devices", broken)
    result = rsbench("doctor")
    assert result.exit_code == 1 and "libcudart is missing" in result.output


@pytest.mark.usefixtures("no_torch_asked")
def test_doctor_fails_when_processes_cannot_exchange(rsbench: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(backend: str) -> Exchange:
        raise RsbenchError(f"{backend} is blocked")

    monkeypatch.setattr("rsbench.doctor.exchange.measure", broken)
    result = rsbench("doctor", "--json")
    document = json.loads(result.stdout)
    assert result.exit_code == 1 and document["can_train"] is False
    assert "gloo is blocked" in document["problems"]


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
