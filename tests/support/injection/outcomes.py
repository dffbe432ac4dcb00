"""What a cell leaves: weights, numbers and lines, without what a clock or a socket's acknowledgements decide."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from injection.cells import Site

NOT_COMPARED = frozenset(
    {"started_utc", "wall_s", "provenance", "exchange", "time", "memory", "elapsed_s", "event_file"}
    | {"wire_bytes_measured_total", "wire_bytes_received_total"}  # of TCP, which acknowledges as it likes
)
OF_A_RUN = ("phase", "resumed", "warning")
"""Kinds of lines that say how a run went, not what it gave."""


@dataclass(frozen=True)
class Outcome:
    """All that must be the same whether or not a run was hit.

    Attributes:
        weights: tensors by file and name.
        record: the numbers by their dotted place.
        lines: of the samples, but those that say how the run went.
        files: what stands in the result folder and among temporary files.
        runtime: the record's facts of the run.
    """

    weights: Mapping[str, torch.Tensor]
    record: Mapping[str, Any]
    lines: list[dict[str, Any]]
    files: list[str]
    runtime: Mapping[str, Any]

    @classmethod
    def of(cls, site: Site) -> Outcome:
        """Return what a site's only cell has left; a torn line or record fails here."""
        folder = site.folder
        record = json.loads(folder.record.read_text(encoding="utf-8"))
        text = folder.samples.read_text(encoding="utf-8")
        assert text.endswith("\n"), "the last line is torn"
        lines = [json.loads(line) for line in text.splitlines()]
        weights = {
            f"{path.stem} {name}": tensor
            for path in folder.path.glob("weights*.pt")  # one file for each network
            for name, tensor in torch.load(path, weights_only=True).items()
        }
        assert weights, "no weights were kept"
        return cls(
            weights=weights,
            record=dict(_leaves(record)),
            lines=[_untimed(line) for line in lines if line["kind"] not in OF_A_RUN],
            files=site.files(),
            runtime=record["provenance"]["runtime"],
        )

    @property
    def step_lines(self) -> list[dict[str, Any]]:
        """The lines of steps, in their order."""
        return [line for line in self.lines if line["kind"] == "step"]

    def differences(self, other: Outcome) -> list[str]:
        """Return what differs, a sentence each; bit for bit."""
        found = [f"file {name}" for name in sorted(set(self.files) ^ set(other.files))]
        found += [
            f"weights {name}" for name in self.weights.keys() | other.weights.keys() if not self._same(other, name)
        ]
        for place in self.record.keys() | other.record.keys():
            mine, yours = self.record.get(place), other.record.get(place)
            found += [] if mine == yours else [f"record {place}: {mine} and {yours}"]
        if len(self.lines) != len(other.lines):
            found.append(f"{len(self.lines)} and {len(other.lines)} lines")
        found += [
            f"line {mine} and {yours}" for mine, yours in zip(self.lines, other.lines, strict=False) if mine != yours
        ]
        return found

    def _same(self, other: Outcome, name: str) -> bool:
        mine, yours = self.weights.get(name), other.weights.get(name)
        if mine is None or yours is None:
            return False
        return mine.dtype == yours.dtype and mine.numpy().tobytes() == yours.numpy().tobytes()


def _leaves(value: Any, place: str = "") -> Any:
    if isinstance(value, dict):
        for name, part in value.items():
            if name not in NOT_COMPARED:
                yield from _leaves(part, f"{place}.{name}")
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _leaves(part, f"{place}[{number}]")
    else:
        yield place, value


def _untimed(line: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line without its times, whose names end with their unit."""
    return {name: value for name, value in line.items() if not name.endswith("_s")}
