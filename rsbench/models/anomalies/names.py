"""The models of anomaly detection by name."""

from __future__ import annotations

from typing import Final

from rsbench.errors import RsbenchError, did_you_mean
from rsbench.models.anomalies.base import Networks, Suppression
from rsbench.models.anomalies.bsdm import Bsdm
from rsbench.models.anomalies.residual import Residual

BY_NAME: Final[dict[str, Suppression]] = {one.name: one for one in (Bsdm(), Residual())}


def suppression_of(model: str) -> Suppression:
    """Return the method of a model's text.

    Raises:
        RsbenchError: there is no such model.
    """
    name = model.strip().partition(":")[0]
    if name not in BY_NAME:
        raise RsbenchError(
            f"There is no model {model!r} for anomaly detection, which trains networks of its own and takes no other."
            f"{did_you_mean(name, list(BY_NAME))}"
        )
    return BY_NAME[name]


def trains(networks: Networks) -> Suppression:
    """Return the method that networks are of: those of ``aae`` have names, the one of ``bsdm`` has none."""
    return BY_NAME["aae" if "autoencoder" in networks else "bsdm"]
