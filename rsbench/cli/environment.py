"""Environment variables that a run reads, checked before anything is started."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rsbench.errors import RsbenchError
from rsbench.results.claimant import LEASE_VARIABLE
from rsbench.results.claims import LONGEST_LEASE_S

_WHOLE: Final = {
    "OMP_NUM_THREADS": (1, 4096),
    "RANK": (0, 65_535),
    "LOCAL_RANK": (0, 65_535),
    "GROUP_RANK": (0, 65_535),
    "WORLD_SIZE": (1, 65_536),
    "LOCAL_WORLD_SIZE": (1, 65_536),
    "MASTER_PORT": (1, 65_535),
    LEASE_VARIABLE: (2, int(LONGEST_LEASE_S)),
}
"""Variables that are whole numbers, and their ranges."""


def check_environment(environment: Mapping[str, str]) -> None:
    """Refuse variables that would end a run later.

    Raises:
        RsbenchError: names the first of :func:`environment_problems`.
    """
    problems = environment_problems(environment)
    if problems:
        raise RsbenchError(problems[0])


def environment_problems(environment: Mapping[str, str]) -> list[str]:
    """Return a sentence for each variable that no run can use; an empty one counts as not set."""
    problems = []
    for name, (low, high) in _WHOLE.items():
        text = environment.get(name, "")
        if text and not _within(text, low, high):
            problems.append(
                f'The environment variable {name} is "{text}", but must be a whole number from {low} to {high:,}:'
                f" mend it or `unset {name}`."
            )
    cache = environment.get("RSBENCH_CACHE", "")
    if cache and _is_blocked(Path(cache)):
        problems.append(
            f"The environment variable RSBENCH_CACHE names {cache}, where a file is in the way: name a folder."
        )
    return problems


def _within(text: str, low: int, high: int) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 9 and low <= int(text) <= high


def check_rank(environment: Mapping[str, str]) -> None:
    """Refuse a place among workers that no launcher gives; :func:`check_environment` has seen to the numbers.

    Raises:
        RsbenchError: a variable is missing, or the rank is not one of the world's.
    """
    place = {name: environment.get(name, "") for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")}
    missing = [name for name, text in place.items() if not text]
    if missing:
        raise RsbenchError(
            f"RANK and WORLD_SIZE say that a launcher started this process, but nothing says {' and '.join(missing)}:"
            " use torchrun, or `unset RANK WORLD_SIZE`."
        )
    if int(place["RANK"]) >= int(place["WORLD_SIZE"]):
        raise RsbenchError(f"RANK is {place['RANK']}, but must be below WORLD_SIZE, which is {place['WORLD_SIZE']}.")


def _is_blocked(folder: Path) -> bool:
    """Return whether a path, or one of the folders above it, is something other than a folder."""
    there = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    return there.exists() and not there.is_dir()
