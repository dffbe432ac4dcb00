"""Ranges of a cell's values, and the sentences that refuse others. Torch-free."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from rsbench.errors import RsbenchError, did_you_mean

MOST: Final[Mapping[str, float]] = {
    **{"workers": 65_536, "epochs": 1_000_000, "max_steps": 10**12, "batch_size": 1_000_000, "image_size": 16_384},
    **{"seed": 2**63 - 1, "bucket_cap_mb": 1_000_000, "warmup_epochs": 1_000_000, "ratio": 1e12, "lr": 1e6},
}
"""Largest values of a cell's fields; beyond them nothing trains, and plans would take hours to be counted."""


def check_most(values: Mapping[str, int | float | None]) -> None:
    """Refuse numbers that are too large, before any of them is made a float.

    Args:
        values: field -> number, None where there is none.

    Raises:
        RsbenchError: names the first such field.
    """
    for name, value in values.items():
        most = MOST.get(name, 1e300)
        if value is not None and value > most and value != math.inf:
            raise RsbenchError(f"{name} is {value:,}, but rsbench takes at most {most:,.12g}.")


def check_numbers(values: Mapping[str, Any]) -> None:
    """Refuse numbers that no run can have.

    Args:
        values: the fields of a cell.

    Raises:
        RsbenchError: names the first such field.
    """
    if values["ratio"] is not None:
        check_ratio(values["ratio"])
    for name in ("lr", "bucket_cap_mb", "clip_norm"):
        value = values[name]
        if value is not None and not (math.isfinite(value) and value > 0):
            raise RsbenchError(f"{name} is {value:g}, but must be a number above 0.")
    for name in ("workers", "epochs", "max_steps", "batch_size", "image_size"):
        count = values[name]
        if count is not None and count < 1:
            raise RsbenchError(f"{name} is {count}, but must be at least 1.")
    for name in ("weight_decay", "warmup_epochs"):
        if not (math.isfinite(values[name]) and values[name] >= 0):
            raise RsbenchError(f"{name} is {values[name]:g}, but must be 0 or more.")
    for name in ("momentum", "label_smoothing"):
        if not 0 <= values[name] < 1:
            raise RsbenchError(f"{name} is {values[name]:g}, but must be at least 0 and less than 1.")
    if values["seed"] < 0:
        raise RsbenchError(f"seed is {values['seed']}, but must be 0 or more.")


def check_ratio(ratio: float) -> None:
    """Refuse a compression ratio that nothing can have.

    Raises:
        RsbenchError: it is below 1 or no number.
    """
    if not (math.isfinite(ratio) and ratio >= 1):
        raise RsbenchError(
            f"ratio is {ratio:g}, but a compression ratio says how many times fewer bytes are sent:"
            " give a number of 1 or more, such as --ratio 100."
        )


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse a word that is none of the choices.

    Raises:
        RsbenchError: names the choices.
    """
    if value not in choices:
        raise RsbenchError(
            f'{name} is "{value}", but must be one of {", ".join(choices)}.{did_you_mean(value, choices)}'
        )
