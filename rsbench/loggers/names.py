"""Loggers by name: rsbench's own and those of other packages. Looking them up imports none of them."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Final

from rsbench.console import harmless
from rsbench.errors import RsbenchError, did_you_mean

GROUP: Final = "rsbench.loggers"
"""Entry-point group of loggers that other packages bring: name -> class."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A logger that can be asked for.

    Attributes:
        target: ``package.module:Class``.
        package: what must be installed; for other packages' loggers the one that holds them.
        extra: of rsbench, which installs it; empty for other packages' loggers.
        owner: distribution that brings it.
    """

    target: str
    package: str
    extra: str = ""
    owner: str = "rsbench"


OWN: Final = {
    "tensorboard": Listed(target="rsbench.loggers.tensorboard:TensorBoard", package="tensorboard", extra="tensorboard"),
    "wandb": Listed(target="rsbench.loggers.wandb:WeightsAndBiases", package="wandb", extra="wandb"),
    "mlflow": Listed(target="rsbench.loggers.mlflow:MLflow", package="mlflow", extra="mlflow"),
}


def known() -> dict[str, Listed]:
    """Return all loggers by name; a name of rsbench's own stays rsbench's."""
    try:
        found = [
            (entry.name, entry.value.partition("[")[0].strip(), entry.dist.name if entry.dist else "another package")
            for entry in entry_points(group=GROUP)
        ]
    except Exception:  # metadata of any installed package may be damaged
        found = []
    foreign = {
        name: Listed(target=target, package=target.partition(":")[0].partition(".")[0], owner=owner)
        for name, target, owner in found
    }
    return foreign | OWN


def read_names(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the names in some texts, which may list several with commas, each once."""
    return tuple(dict.fromkeys(name.strip() for text in texts for name in text.split(",") if name.strip()))


def check(names: Sequence[str]) -> None:
    """Refuse loggers that cannot be there, without importing any.

    Raises:
        RsbenchError: unknown, or its package is not installed.
    """
    if not names:
        return
    loggers = known()
    for name in names:
        if name not in loggers:
            raise RsbenchError(f'--logger: there is no logger "{harmless(name)}".{did_you_mean(name, loggers)}')
        logger = loggers[name]
        if _is_installed(logger.package):
            continue
        if logger.extra:
            raise RsbenchError(
                f"--logger {name} needs the package {logger.package}, which is not installed: "
                f"pip install 'rsbench[{logger.extra}]'."
            )
        raise RsbenchError(
            f'The logger "{harmless(name)}" of {harmless(logger.owner)} is broken: there is no module '
            f"{harmless(logger.package)}. Mend, update or uninstall that package."
        )


def _is_installed(package: str) -> bool:
    """Return whether a top-level package can be found; it is not imported."""
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False
