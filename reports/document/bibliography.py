"""What a report may cite: works by the names of compressors, data sets and models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rsbench.references import Reference

Works = Mapping[str, tuple[Reference, ...]]
"""Name -> what describes it."""


@dataclass(frozen=True, kw_only=True)
class Named:
    """The names of a section's parts, by which works are found.

    Attributes:
        dataset: as ``--dataset`` takes it.
        model: as ``--model`` takes it.
        compressors: label of a row -> name of its compressor.
    """

    dataset: str
    model: str
    compressors: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Bibliography:
    """The works that describe what a report compares.

    Attributes:
        compressors: works by name.
        datasets: works by name.
        models: works by name.
        software: what ran the comparison, cited once a report.
    """

    compressors: Works = field(default_factory=dict)
    datasets: Works = field(default_factory=dict)
    models: Works = field(default_factory=dict)
    software: tuple[Reference, ...] = ()

    def of_setting(self, named: Named) -> tuple[Reference, ...]:
        """Return the works on the data set and the model of a section."""
        return (*self.datasets.get(named.dataset, ()), *self.models.get(named.model, ()))

    def of_row(self, named: Named, label: str) -> tuple[Reference, ...]:
        """Return the works on the compressor of a row; none for rows without one."""
        return self.compressors.get(named.compressors.get(label, ""), ())
