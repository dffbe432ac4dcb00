"""Plans: experiments as TOML files, shipped ones by name. The keys are the long options of ``rsbench compare``."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import rsbench
from rsbench.errors import RsbenchError, did_you_mean

SIZES: Final = ("full", "quick")
_FOLDER: Final = Path(rsbench.__file__).with_name("plans")
WHOLE: Final = frozenset(
    {"out", "data_root", "strict_data", "timeout", "tensorboard", "trace", "rerun", "budget", "dry_run", "tuning_seed"}
    | {"logger", "contact", "nnodes", "node_rank", "rdzv_endpoint", "interface"}
)
"""Options of a command as a whole, which its grids have in common."""
IN_PLANS: Final = {"fast": "deterministic = false"}
"""Word of the command line -> what a plan writes for it."""
MOST_BYTES: Final = 1_000_000
"""Of a plan file."""
KINDS: Final[Mapping[type, str]] = {list: "a list within a list", dict: "a table within a list"}
"""What is no value of an option, in words; the rest are TOML's dates and times."""


@dataclass(frozen=True, kw_only=True)
class PlanFile:
    """What a plan says.

    Attributes:
        title: what it is for.
        ours: options whose values are not known from the paper.
        options: parameter name (with underscores) -> value, for all its grids.
        grids: the same for each grid, on top of ``options``; one empty grid where the file names none.
    """

    title: str
    ours: tuple[str, ...]
    options: Mapping[str, Any]
    grids: tuple[Mapping[str, Any], ...]


def shipped() -> dict[str, Path]:
    """Return the plans that come with rsbench, by name."""
    return {path.stem: path for path in sorted(_FOLDER.glob("*.toml"))}


def locate(name: str) -> Path:
    """Return the file of a plan.

    Args:
        name: of a shipped plan, or a file.

    Raises:
        RsbenchError: neither.
    """
    path = shipped().get(name) or Path(name)
    if path.is_file() or path.suffix:
        return path
    raise RsbenchError(f'There is no plan "{name}", shipped or as a file.{did_you_mean(name, shipped())}')


def read(path: Path, known: Collection[str], size: str = SIZES[0]) -> PlanFile:
    """Read a plan file: the long options of ``rsbench compare`` as TOML keys.

    Args:
        path: such as a file that says ``dataset = ["ucm21"]``, ``ratio = [50, 100]``, ``gpus = 4``. Tables ``[full]``
            and ``[quick]`` change some of that for a size; tables ``[[grid]]`` (``[[quick.grid]]``) make several grids
            that differ in some options. ``title`` and ``ours`` are for people.
        known: parameter names (with underscores) that a plan may set.
        size: ``full`` or ``quick``; without such a table all sizes are the same.

    Raises:
        RsbenchError: the file is missing, is no TOML, or has an unknown key.
    """
    content = _content(path)
    sized = {key: content.pop(key, {}) for key in SIZES}
    for key, table in sized.items():
        if not isinstance(table, dict):
            raise RsbenchError(f"The plan {path} has a key {key} that is no table: write [{key}] above its options.")
    content |= sized[size]
    title, ours = str(content.pop("title", path.stem)), content.pop("ours", [])
    if not isinstance(ours, list):
        raise RsbenchError(f'The plan {path} has a key ours that is no list: write ours = ["lr", "seeds"].')
    grids = content.pop("grid", [{}])
    if not isinstance(grids, list) or not all(isinstance(grid, dict) for grid in grids) or not grids:
        raise RsbenchError(f"The plan {path} has a key grid that is no list of tables: write [[grid]] above each.")
    for key in (
        key for grid in grids for key in grid if key.replace("-", "_") in WHOLE and key.replace("-", "_") in known
    ):
        raise RsbenchError(f'The plan {path} has "{key}" in a [[grid]], but that is one for all its grids: move it up.')
    return PlanFile(
        title=title,
        ours=tuple(map(str, ours)),
        options=_options(content, path, known),
        grids=tuple(_options(grid, path, known) for grid in grids),
    )


def _content(path: Path) -> dict[str, Any]:
    try:
        if path.exists() and not path.is_file():
            raise RsbenchError(f"The plan {path} is no plain file: name a TOML file.")
        with path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise RsbenchError(f"The plan {path} is larger than {MOST_BYTES:,} bytes, which no plan needs.")
        return tomllib.loads(data.decode("utf-8-sig").replace("\r\n", "\n"))
    except OSError as error:
        raise RsbenchError(f"The plan {path} cannot be read: {error.strerror}.") from error
    except RecursionError as error:
        raise RsbenchError(
            f"The plan {path} has brackets nested too deep: an option takes a value or a list."
        ) from error
    except UnicodeDecodeError as error:
        raise RsbenchError(f"The plan {path} is no text in UTF-8 (byte {error.start}): save it as UTF-8.") from error
    except ValueError as error:  # no TOML, or a number of thousands of digits
        raise RsbenchError(f"The plan {path} is not valid TOML: {str(error).rstrip('.')}.") from error


def _options(table: Mapping[str, Any], path: Path, known: Collection[str]) -> dict[str, Any]:
    """Bring keys and values to the form in which the command line has them."""
    options: dict[str, Any] = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name not in known:
            words = [option.replace("_", "-") for option in known]
            hint = f" Write {IN_PLANS[name]}." if name in IN_PLANS else did_you_mean(key, words)
            raise RsbenchError(f'The plan {path} has a key "{key}", which is no option.{hint}')
        if name in options:
            raise RsbenchError(f'The plan {path} has "{key}" twice, with - and with _: give it once.')
        if isinstance(value, dict):
            raise RsbenchError(f'The plan {path} has a table "[{key}]", but an option takes a value or a list.')
        for item in value if isinstance(value, list) else [value]:
            if not isinstance(item, str | int | float):
                raise RsbenchError(
                    f'The plan {path} has {KINDS.get(type(item), "a date or time")} in "{key}", but an option takes'
                    " texts, numbers, true or false, or one list of them."
                )
        options[name] = ",".join(map(str, value)) if name == "seeds" and isinstance(value, list) else value
    return options
