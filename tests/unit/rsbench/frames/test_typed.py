"""Rows as typed frames."""

from __future__ import annotations

import pytest

from rsbench.errors import RsbenchError
from rsbench.frames.typed import DTYPES, dictionary, frame
from rsbench.reports.raw.columns import FRAMES


@pytest.mark.parametrize("name", FRAMES)
def test_columns_and_types_do_not_depend_on_rows(name: str) -> None:
    wanted = {column.name: DTYPES[column.kind] for column in FRAMES[name]}
    for rows in ([], [{}], [{"novel": 1}]):
        assert {column: str(dtype) for column, dtype in frame(name, rows).dtypes.items()} == wanted


def test_values_arrive_and_missing_ones_are_missing() -> None:
    made = frame("cells", [{"key": "a", "seed": 3, "lr": 1, "bf16": True}, {"seed": 4.0}])
    assert made["key"].tolist()[0] == "a" and made["key"].isna().tolist() == [False, True]
    assert made["seed"].tolist() == [3, 4] and made["lr"].tolist()[0] == 1.0
    assert made["lr"].isna().tolist() == [False, True] and made["bf16"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("column", "value"),
    [("seed", "0"), ("seed", 1.5), ("seed", True), ("seed", 2**63), ("lr", "x"), ("lr", 10**400), ("bf16", 1)],
)
def test_a_value_of_another_kind_is_one_sentence(column: str, value: object) -> None:
    with pytest.raises(RsbenchError, match=f'The column "{column}" of cells cannot hold .*, which a record says'):
        frame("cells", [{column: value}])


def test_the_dictionary_has_every_column_once_a_frame() -> None:
    table = dictionary()
    assert len(table) == sum(map(len, FRAMES.values())) == len(table.drop_duplicates(["frame", "column"]))
    row = table[(table["frame"] == "links") & (table["column"] == "run_s")].iloc[0]
    assert (row["kind"], row["unit"], row["meaning"]) == ("float", "s", "Modelled time of all steps")
