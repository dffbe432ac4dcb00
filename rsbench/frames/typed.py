"""Rows as a pandas frame whose columns and types do not depend on the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from rsbench.errors import RsbenchError
from rsbench.reports.raw.columns import FRAMES

if TYPE_CHECKING:
    import pandas

DTYPES: Final = {"text": "string", "int": "Int64", "float": "float64", "bool": "boolean"}
"""Kind of a column -> its pandas type. Missing floats are NaN, as plots and numpy want them; all others are ``NA``."""


def frame(name: str, rows: Iterable[Mapping[str, Any]]) -> pandas.DataFrame:
    """Return rows as a frame with all columns of :data:`~rsbench.reports.raw.columns.FRAMES`, in their order.

    Args:
        name: of the frame.
        rows: column -> value; columns that are not there are missing, others are dropped.

    Raises:
        RsbenchError: a value is not of its column's kind: the records were changed by hand.
    """
    import pandas  # late: start-up

    listed = list(rows)
    columns = {
        column.name: pandas.Series(
            [_value(name, column.name, _READ[column.kind], row.get(column.name)) for row in listed],
            dtype=DTYPES[column.kind],
        )
        for column in FRAMES[name]
    }
    return pandas.DataFrame(columns)


def dictionary() -> pandas.DataFrame:
    """Return the data dictionary: one row a column of each frame, with its kind, unit and meaning."""
    import pandas  # late: start-up

    rows = [(name, one.name, one.kind, one.unit, one.meaning) for name, table in FRAMES.items() for one in table]
    return pandas.DataFrame(rows, columns=["frame", "column", "kind", "unit", "meaning"], dtype="string")


def _value(frame_name: str, column: str, read: Callable[[Any], Any], value: Any) -> Any:
    if value is None:
        return None
    try:
        return read(value)
    except (TypeError, ValueError, OverflowError) as problem:
        shown = repr(value)[:40]
        raise RsbenchError(
            f'The column "{column}" of {frame_name} cannot hold {shown}, which a record says: restore that record.'
        ) from problem


def _int(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise TypeError
    if not -(2**63) <= value < 2**63:
        raise OverflowError
    return int(value)


def _float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return float(value)


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


_READ: Final[Mapping[str, Callable[[Any], Any]]] = {"text": str, "int": _int, "float": _float, "bool": _bool}
