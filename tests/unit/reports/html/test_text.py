"""Texts of tables in the page."""

from __future__ import annotations

import json

import pytest

from rsbench.reports.document.calculator import Calculator
from rsbench.reports.document.table import Column, Table
from rsbench.reports.html.text import calculator, hangs, sort_value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("45.2 kB", 45200.0),
        ("4.52 MB", 4.52e6),
        ("71.9 ± 0.6", 71.9),
        ("-8.5 [-12.8, -4.2] ~", -8.5),
        ("+1.2", 1.2),
        ("1005x [1]", 1005.0),
        ("< 1.3 Gbit/s", 1.3e9),
        ("> 120 Mbit/s", 1.2e8),
        ("0.103 (17.weight)", 0.103),
        ("1,234", 1234.0),
        ("12", 12.0),
        ("2 of 3", 2.0),
        ("never", 0.0),
        ("always", 1e30),
    ],
)
def test_html_numbers_are_sorted_by_their_size(text: str, value: float) -> None:
    column = Column(title="a")
    shown = sort_value(column, text)
    assert float(shown or text.replace(",", "")) == value
    assert sort_value(Column(title="a", align="left"), text) == ""


@pytest.mark.parametrize("text", ["-", "", "tuning", "failed and timeout"])
def test_html_what_is_no_number_has_no_size(text: str) -> None:
    assert sort_value(Column(title="a"), text) == ""


def test_html_columns_of_numbers_with_marks_have_room_for_them() -> None:
    columns = (Column(title="Method", align="left"), Column(title="OA"), Column(title="vs none"), Column(title="LR"))
    rows = (("topk [1]", "71.9", "-8.5 [-12.8, -4.2] ~", "0.05 [2]"), ("none", "80.4", "-", "0.05"))
    assert hangs(Table(title="", columns=columns, rows=rows)) == [False, False, True, True]


def test_a_calculators_numbers_cannot_end_their_script() -> None:
    numbers = Calculator(
        bits_per_s=1e6, round_trip_s=0.0, contact=None, when="</script><!-- & \u2028", columns={}, rows=(None,)
    )
    written = calculator(numbers)
    assert not set("<>&\u2028") & set(written)
    assert json.loads(written)["when"] == numbers.when
