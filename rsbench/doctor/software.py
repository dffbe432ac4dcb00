"""Versions of rsbench, Python and packages; optional packages that are there or not."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Mapping
from typing import Any, Final

from rsbench.doctor.section import Section

EXTRAS: Final = {
    "numba": ("fast", "compiled compression on CPUs"),
    "tensorboard": ("tensorboard", "--logger tensorboard"),
    "timm": ("timm", "--model timm:NAME"),
    "torchgeo": ("torchgeo", "--model torchgeo:NAME"),
    "wandb": ("wandb", "--logger wandb"),
    "mlflow": ("mlflow", "--logger mlflow"),
}
"""Optional package -> the extra that installs it, and what it is for."""


def software(facts: Mapping[str, Any]) -> Section:
    """Return the section on software.

    Args:
        facts: as :func:`rsbench.results.provenance.collect` gives them.
    """
    versions = dict(facts["versions"])
    extras = {package: _version(package) for package in EXTRAS}
    there = [f"{package} {version}" for package, version in extras.items() if version is not None]
    missing = [
        f"{package} ({use}): pip install 'rsbench[{extra}]'"
        for package, (extra, use) in EXTRAS.items()
        if extras[package] is None
    ]
    return Section(
        name="software",
        lines=(
            f"rsbench {facts['rsbench']}, Python {facts['python']} at {sys.executable}",
            ", ".join(f"{name} {version or 'MISSING'}" for name, version in versions.items()),
            f"optional: {', '.join(there) or 'none is installed'}",
            *(f"not installed: {text}" for text in missing),
        ),
        facts={
            "python": facts["python"],
            "python_executable": sys.executable,
            "git_sha": facts["git_sha"],
            "packages": versions,
            "optional_packages": extras,
        },
        problems=tuple(
            f"{name} is not installed: install rsbench again with `pip install rsbench`."
            for name, version in versions.items()
            if version is None
        ),
    )


def _version(package: str) -> str | None:
    """Return the version of an installed package, None where it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
