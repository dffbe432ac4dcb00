"""How many workers, and on what."""

from __future__ import annotations

import pytest

from rsbench.errors import RsbenchError
from rsbench.planning import devices
from rsbench.planning.devices import DeviceRequest, Nodes, endpoint_of


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


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("10.0.0.7:29500", "10.0.0.7", 29500),
        ("gpu01:1", "gpu01", 1),
        ("node_1.cluster.local.:65535", "node_1.cluster.local.", 65535),
        ("[fd00::7]:29500", "fd00::7", 29500),
        ("[fe80::1%eth0]:29500", "fe80::1%eth0", 29500),
    ],
)
def test_an_endpoint_is_an_address_and_a_port(text: str, host: str, port: int) -> None:
    assert endpoint_of(text) == (host, port)
    Nodes(count=2, endpoint=text).check()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("http://h:1", "is not of that form"),
        ("tcp://10.0.0.7:29500", "is not of that form"),
        ("user@h:1", "is not of that form"),
        ("h", "is not of that form"),
        ("h:", "is not of that form"),
        (":29500", "is not of that form"),
        ("h:1:2", "is not of that form"),
        ("::1:29500", "is not of that form"),
        ("fd00::7:29500", "is not of that form"),
        ("[fd00::7]", "is not of that form"),
        ("h:٣", "is not of that form"),
        ("h :1", "is not of that form"),
        ("h:+1", "is not of that form"),
        ("h:1\n", "is not of that form"),
        ("h:0", "names port 0, but ports are 1 to 65,535"),
        ("h:65536", "names port 65,536, but"),
        ("[fd00::7]:70000", "names port 70,000, but"),
        ("h:" + "9" * 5000, "is not of that form"),
        ("256.1.1.1:1", "names 256.1.1.1, which is no IPv4 address"),
        ("10.0.7:1", "names 10.0.7, which is no IPv4 address"),
        ("[fd00::g]:1", "names fd00::g, which is no IPv6 address"),
        ("-h:1", "names -h, which is no host"),
        ("a..b:1", "names a..b, which is no host"),
        ("a" * 64 + ":1", "which is no host"),
        ("h\x1b[2J:1", "is not of that form"),
        ("0.0.0.0:29500", "which is no single machine's address"),
        ("[::]:29500", "which is no single machine's address"),
        ("224.0.0.1:29500", "which is no single machine's address"),
    ],
)
@pytest.mark.parametrize("count", [1, 2])
def test_what_is_no_endpoint_is_refused_with_the_right_form(text: str, reason: str, count: int) -> None:
    with pytest.raises(RsbenchError) as told:
        Nodes(count=count, endpoint=text).check()
    assert reason in str(told.value)
    assert "10.0.0.7:29500, gpu01:29500 or [fd00::7]:29500" in str(told.value)
