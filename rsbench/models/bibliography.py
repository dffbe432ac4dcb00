"""The works behind a report: those of its compressors, its data sets and its models, and the software itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import rsbench
from rsbench import datasets
from rsbench.compressors import COMPRESSORS, papers
from rsbench.models.papers import references_of
from rsbench.references import Reference
from rsbench.reports.document.bibliography import Bibliography
from rsbench.reports.document.table import Report

SOFTWARE: Final = Reference(
    key="rsbench",
    kind="misc",
    authors=("rsbench developers",),
    title="rsbench: comparison of gradient compressors for distributed training of remote-sensing models",
    details=(("note", f"Software, version {rsbench.__version__}"),),
)


def with_bibliography(report: Report) -> Report:
    """Return a report with the works that its sections may cite; names that are not known here cite nothing."""
    named = [section.named for section in report.sections if section.named is not None]
    known = datasets.DATASETS
    if any(one.dataset not in known for one in named):
        known = datasets.available()
    compressors = {name for one in named for name in one.compressors.values()}
    bibliography = Bibliography(
        compressors={name: declared(COMPRESSORS.get(name)) for name in compressors},
        datasets={one.dataset: declared(known.get(one.dataset)) for one in named},
        models={one.model: references_of(one.model) for one in named},
        software=(SOFTWARE, papers.DDP),
    )
    return replace(report, bibliography=bibliography)


def declared(kind: type | None) -> tuple[Reference, ...]:
    """Return the works that a class declares; what another package declares wrongly is left out."""
    works = getattr(kind, "references", ())
    return tuple(work for work in works if isinstance(work, Reference)) if isinstance(works, Iterable) else ()
