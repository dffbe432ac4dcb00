"""How many workers, and on what."""

from __future__ import annotations

import pytest

from rsbench.errors import RsbenchError
from rsbench.planning import devices
from rsbench.planning.devices import DeviceRequest


@pytest.mark.parametrize(
    ("asked", "gpus", "nodes", "chosen"),
    [
        (DeviceRequest(), 0, 1, ((2,), "cpu")),
        (DeviceRequest(), 3, 1, ((3,), "cuda")),
        (DeviceRequest(), 3, 2, ((6,), "cuda")),
        (DeviceRequest(gpus=(2,)), 4, 1, ((2,), "cuda")),
        (DeviceRequest(workers=(3,)), 4, 1, ((3,), "cpu")),
        (DeviceRequest(workers=(3,), device="cpu"), 4, 2, ((6,), "cpu")),
        (DeviceRequest(device="cpu"), 4, 1, ((2,), "cpu")),
        (DeviceRequest(device="cuda"), 4, 1, ((4,), "cuda")),
        (DeviceRequest(workers=(1,), device="cuda"), 4, 1, ((1,), "cuda")),
    ],
)
def test_devices(
    monkeypatch: pytest.MonkeyPatch, asked: DeviceRequest, gpus: int, nodes: int, chosen: tuple[int, str]
) -> None:
    monkeypatch.setattr("rsbench.planning.probe.gpu_count", lambda: gpus)
    assert devices.resolve(asked, nodes=nodes) == chosen


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (DeviceRequest(gpus=(4,)), "only 1 GPU: .* --workers 4 --device cpu, or .* --gpus 1"),
        (DeviceRequest(workers=(2,), device="cuda"), "--workers 2 --device cpu"),
        (DeviceRequest(gpus=(1,), workers=(1,)), "not both"),
        (DeviceRequest(gpus=(0,)), "--gpus is 0"),
        (DeviceRequest(workers=(-1,)), "--workers is -1"),
    ],
)
def test_wrong_devices(monkeypatch: pytest.MonkeyPatch, asked: DeviceRequest, words: str) -> None:
    monkeypatch.setattr("rsbench.planning.probe.gpu_count", lambda: 1)
    with pytest.raises(RsbenchError, match=words):
        devices.resolve(asked, nodes=1)


def test_no_gpu_names_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rsbench.planning.probe.gpu_count", lambda: 0)
    with pytest.raises(RsbenchError, match=r"no GPU that torch can use: .* --workers 4 --device cpu"):
        devices.resolve(DeviceRequest(gpus=(4,)), nodes=1)
