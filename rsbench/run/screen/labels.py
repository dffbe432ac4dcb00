"""Short names of the cells of one run: what they have in common is said once, above."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from rsbench.cell import CellSpec
from rsbench.recipe.model_text import model_labels
from rsbench.units import count_text

_METHOD: Final = "method"


@dataclass(frozen=True, kw_only=True)
class Labels:
    """How the cells of a run are called.

    Attributes:
        common: what all cells have in common, such as ``ucm21, smallvgg, lr 0.05, 2 workers``; empty for no cells.
        differing: names of the parts in which cells differ; the method is always one of them.
        models: model -> what it is called.
    """

    common: str = ""
    differing: frozenset[str] = frozenset({_METHOD})
    models: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, specs: Iterable[CellSpec]) -> Labels:
        """Return the names for some cells."""
        specs = list(specs)
        models = model_labels(spec.model for spec in specs)
        every = [_parts(spec, models) for spec in specs]
        if not every:
            return cls()
        differing = {name for name in every[0] if len({parts[name] for parts in every}) > 1} | {_METHOD}
        common = [text for name, text in every[0].items() if name not in differing and text]
        return cls(common=", ".join(common), differing=frozenset(differing), models=models)

    def label(self, spec: CellSpec) -> str:
        """Return a cell's name: its method and ratio, and in what else it differs from others."""
        parts = _parts(spec, self.models)
        # The method leads: a name that is too long for its place is cut at its end.
        return ", ".join(
            [parts.pop(_METHOD), *(text for name, text in parts.items() if name in self.differing and text)]
        )


def _parts(spec: CellSpec, models: Mapping[str, str]) -> dict[str, str]:
    """Return the words of a cell, by what they are about."""
    ratio = None if spec.ratio is None else f"{spec.ratio:g}x"
    return {
        "dataset": spec.dataset,
        "model": models.get(spec.model, spec.model),
        _METHOD: " ".join(filter(None, [spec.compressor, ratio, spec.sync, spec.prune])),
        "lr": f"lr {spec.lr:g}",
        "seed": f"seed {spec.seed}",
        "workers": count_text(spec.workers, "worker"),
        "device": "GPUs" if spec.device == "cuda" else "",
        "deterministic": "" if spec.deterministic else "fast",
        "partition": spec.partition or "",
        "link": spec.link or "",
    }
