"""Network interfaces and their speed, and whether links can be emulated."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from rsbench.doctor.section import Section
from rsbench.launch import processes
from rsbench.units import link_speed_text

INFINIBAND: Final = Path("/sys/class/infiniband")
_ELSEWHERE: Final = ("192.0.2.1", 9)
"""An address of nobody, for which the system chooses the way to other hosts; nothing is sent."""


def network(infiniband: Path = INFINIBAND) -> Section:
    """Return the section on the network.

    Args:
        infiniband: folder in which the system names its InfiniBand adapters.
    """
    interfaces, ports = _interfaces(), _infiniband_ports(infiniband)
    emulation = _emulation()
    lines = [_interface_line(interface) for interface in interfaces if interface["is_up"]]
    lines += [f"{port['adapter']} port {port['port']}: InfiniBand, {port['state']}, {port['rate']}" for port in ports]
    return Section(
        name="network",
        lines=(*lines, _emulation_line()),
        facts={"interfaces": interfaces, "infiniband": ports, "emulated_links": emulation},
    )


def _interfaces() -> list[dict[str, Any]]:
    """Return the interfaces by name; addresses are left out, as people show this output to others."""
    import psutil  # late: start-up

    chosen, loopback = processes.interface_to(*_ELSEWHERE), processes.loopback()
    return [
        {
            "name": name,
            "is_up": stats.isup,
            "bits_per_s": stats.speed * 1e6 or None,
            "mtu_bytes": stats.mtu,
            "is_loopback": name == loopback,
            "leads_to_other_hosts": name == chosen,
        }
        for name, stats in sorted(psutil.net_if_stats().items())
    ]


def _interface_line(interface: dict[str, Any]) -> str:
    """Return an interface in words."""
    speed = "speed unknown" if interface["bits_per_s"] is None else link_speed_text(interface["bits_per_s"])
    uses = [
        words
        for key, words in (("is_loopback", "this machine only"), ("leads_to_other_hosts", "the way to other hosts"))
        if interface[key]
    ]
    return ", ".join([f"{interface['name']}: {speed}", f"MTU {interface['mtu_bytes']:,}", *uses])


def _infiniband_ports(folder: Path) -> list[dict[str, str]]:
    """Return the ports of InfiniBand adapters, as the system describes them."""
    found = []
    for port in sorted(folder.glob("*/ports/*")):
        words = {name: _first_line(port / name) for name in ("state", "rate")}
        adapter = {"adapter": port.parent.parent.name, "port": port.name}
        found.append(adapter | {"state": words["state"].rpartition(": ")[2], "rate": words["rate"]})
    return found


def _first_line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").partition("\n")[0].strip() or "unknown"
    except OSError:
        return "unknown"


def _emulation_line() -> str:
    """Return whether links can be emulated, in one line."""
    from rsbench.emulation import requirements  # late: start-up

    no_rate = requirements.problem(delay=False)
    if no_rate:
        return f"emulated links: no. {no_rate}"
    no_delay = requirements.problem(delay=True)
    return f"emulated links: yes, rate{f' alone. {no_delay}' if no_delay else ' and delay'}"


def _emulation() -> dict[str, str]:
    """Return whether links can be emulated, without and with a delay, in words."""
    from rsbench.emulation import requirements  # late: start-up

    said = {}
    for key, name, delay in (("rate", "a rate", False), ("rate_and_delay", "a rate and a delay", True)):
        problem = requirements.problem(delay=delay)
        said[key] = f"links of {name}: " + (f"no. {problem}" if problem else "can be emulated (compare --link)")
        if problem:
            break
    return said
