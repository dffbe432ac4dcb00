"""The emulated network of one cell: a namespace for each worker, joined by links through a switch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Final

from rsbench.emulation.namespace import NetworkNamespace
from rsbench.emulation.relay import Relay
from rsbench.emulation.token_bucket import burst_bytes, token_bucket
from rsbench.errors import RsbenchError
from rsbench.kernel.byte_counters import INTERFACE_VARIABLE
from rsbench.links.link import Link
from rsbench.links.worker_links import WorkerLinks

INTERFACE: Final = "link0"
"""What a worker calls its link."""
SOCKET_VARIABLES: Final = ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME")
"""Environment variables that tell gloo and NCCL over which interface to talk."""
PREFIX_BITS: Final = 16
MOST_TRAIN_BYTES: Final = 65_536
SINGLE_PACKETS_BITS_PER_S: Final = 100e6
"""Up to this rate packets leave one by one, as over a wire. On faster links, and through the relay, they go in trains
of up to 64 kB, which the kernel calls GSO: one by one they would take more of the CPU than workers can spare."""


class EmulatedNetwork:
    """Workers on one machine, each in a network namespace whose only way out is its link.

    The links meet in a namespace of their own: in a bridge, or where one of them has a delay, in a
    :class:`~rsbench.emulation.relay.Relay`. The kernel's token bucket filter holds the rate of each direction. Nothing
    is named and nothing outside these namespaces changes, so that nothing can be left behind.

    Args:
        links: of the workers.
        workers: how many there are.

    Raises:
        RsbenchError: this machine cannot emulate them, see :mod:`rsbench.emulation.requirements`.
    """

    def __init__(self, links: WorkerLinks, workers: int) -> None:
        self._held = ExitStack()
        ports = {_port(rank): links.of(rank) for rank in range(workers)}
        delayed = any(link.round_trip_s for link in ports.values())
        try:
            self._switch = self._namespace()
            self._places = [self._namespace() for _ in range(workers)]
            if not delayed:
                self._switch.run("ip", ["link add switch type bridge mcast_snooping 0", "link set switch up"])
            for rank in range(workers):
                self._lay(rank, links.of(rank), delayed)
            if delayed:
                self._held.callback(Relay(self._switch, ports).close)
        except OSError as error:
            self.close()
            raise RsbenchError(f"The link cannot be emulated here ({error}).") from error
        except BaseException:
            self.close()
            raise

    def _namespace(self) -> NetworkNamespace:
        namespace = NetworkNamespace()
        self._held.callback(namespace.close)
        return namespace

    def _lay(self, rank: int, link: Link, delayed: bool) -> None:
        """Lay a worker's link from the switch to its namespace."""
        port, place = _port(rank), self._places[rank]
        one_by_one = not delayed and max(link.up_bits_per_s, link.down_bits_per_s) <= SINGLE_PACKETS_BITS_PER_S
        up, down = (
            "gso_max_segs 1" if one_by_one else _train(rate) for rate in (link.up_bits_per_s, link.down_bits_per_s)
        )
        ends_in = [] if delayed else [f"link set {port} master switch"]
        lines = [
            f"link add {port} type veth peer name {INTERFACE} netns {place.path}",
            f"link set {port} addrgenmode none {down}",
        ]
        self._switch.run("ip", [*lines, *ends_in, f"link set {port} up"], others=[place])
        lines = ["link set lo up", f"link set {INTERFACE} addrgenmode none {up}", f"link set {INTERFACE} up"]
        place.run("ip", [*lines, f"addr add {_address(rank)}/{PREFIX_BITS} dev {INTERFACE}"])
        self._switch.run("tc", [token_bucket(port, link.down_bits_per_s)])
        place.run("tc", [token_bucket(INTERFACE, link.up_bits_per_s)])

    def enter(self, rank: int) -> Callable[[], None]:
        """Return what a rank's process calls, between fork and exec, to move to its end of its link."""
        return self._places[rank].enter

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables by which workers find the link: gloo, NCCL (which would else go round it) and our counter."""
        names = (*SOCKET_VARIABLES, INTERFACE_VARIABLE)
        shortcuts = ("NCCL_P2P_DISABLE", "NCCL_SHM_DISABLE", "NCCL_IB_DISABLE")
        return {**dict.fromkeys(names, INTERFACE), **dict.fromkeys(shortcuts, "1")}

    def close(self) -> None:
        """Let go of all; the kernel removes it when the last worker has ended."""
        self._held.close()


def _port(rank: int) -> str:
    """Return what the switch calls a worker's link."""
    return f"worker{rank}"


def _train(bits_per_s: float) -> str:
    """Return the setting that keeps trains within the bucket, which would cut larger ones into single packets."""
    return f"gso_max_size {min(MOST_TRAIN_BYTES, burst_bytes(bits_per_s) * 9 // 10)}"  # headers come on top


def _address(rank: int) -> str:
    """Return a worker's address, known inside only."""
    return f"10.0.{(rank + 1) // 256}.{(rank + 1) % 256}"
