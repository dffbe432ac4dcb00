"""Interfaces with their speed; InfiniBand as the system describes it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from rsbench.doctor import network


def test_interfaces_and_infiniband(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stats = {
        "eth0": SimpleNamespace(isup=True, speed=10000, mtu=9000),
        "eth1": SimpleNamespace(isup=False, speed=0, mtu=1500),
        "lo": SimpleNamespace(isup=True, speed=0, mtu=65536),
    }
    monkeypatch.setattr("psutil.net_if_stats", lambda: stats)
    monkeypatch.setattr("rsbench.launch.processes.interface_to", lambda host, port: "eth0")
    monkeypatch.setattr("rsbench.emulation.requirements.problem", lambda *, delay: "It needs root." if delay else "")
    port = tmp_path / "mlx5_0" / "ports" / "1"
    port.mkdir(parents=True)
    (port / "state").write_text("4: ACTIVE\n")
    (port / "rate").write_text("200 Gb/sec (4X HDR)\n")
    section = network.network(tmp_path)
    assert section.lines == (
        "eth0: 10 Gbit/s, MTU 9,000, the way to other hosts",
        "lo: speed unknown, MTU 65,536, this machine only",
        "mlx5_0 port 1: InfiniBand, ACTIVE, 200 Gb/sec (4X HDR)",
        "emulated links: yes, rate alone. It needs root.",
    )
    assert [one["bits_per_s"] for one in section.facts["interfaces"]] == [1e10, None, None]
    assert section.facts["infiniband"] == [
        {"adapter": "mlx5_0", "port": "1", "state": "ACTIVE", "rate": "200 Gb/sec (4X HDR)"}
    ]
