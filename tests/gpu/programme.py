"""The parts of the check in order of worth: what is dear to lose comes first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Part:
    """One part, in processes of its own.

    Attributes:
        name: on the command line and of the file of findings.
        title: in the table.
        script: beside this file.
        limit_s: seconds after which it is ended; what it found until then is kept.
        backend: of the process group; None is NCCL on a GPU that has it, else gloo.
        workers: how many processes, which share the device.
        on_cpu: whether a CPU can do a small version.
    """

    name: str
    title: str
    script: str
    limit_s: float
    backend: str | None = None
    workers: int = 1
    on_cpu: bool = True

    def backend_on(self, device: str, machine: Mapping[str, Any]) -> str:
        """Return the backend on this machine."""
        return self.backend or ("nccl" if device == "cuda" and machine["nccl"] else "gloo")

    def reason_to_skip(self, device: str, machine: Mapping[str, Any]) -> str | None:
        """Return why this machine cannot run it, or None."""
        if device == "cpu" and not self.on_cpu:
            return "needs a GPU"
        if self.backend_on(device, machine) == "gloo" and not machine["gloo"]:
            return "this torch has no gloo"
        return None


PROGRAMME = (
    Part("laws", "Laws, one rank (NCCL on a GPU)", "laws.py", 110),
    Part("kernels", "Eager against kernels=auto", "kernels.py", 80),
    Part("speeds", "Milliseconds of compress and encode", "speeds.py", 100),
    Part("laws-two", "Laws, two ranks over gloo that share the device", "laws.py", 120, backend="gloo", workers=2),
    Part("launches", "Launches and waits of a step", "launches.py", 60),
    Part("cell", "A training cell", "training_cell.py", 150),
    Part("peaks", "Peak GPU memory", "peaks.py", 50, on_cpu=False),
)
