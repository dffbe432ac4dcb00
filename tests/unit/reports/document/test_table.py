"""Tables as data."""

from __future__ import annotations

import pytest

from rsbench.reports.document.table import Column, Table


def test_reports_table_refuses_ragged_rows() -> None:
    with pytest.raises(ValueError, match="2 texts for 1 columns"):
        Table(title="t", columns=(Column(title="a"),), rows=(("1", "2"),))
