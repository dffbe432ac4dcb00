"""Raw rows of cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rsbench.reports.raw.rows import cell_row

Maker = Callable[..., dict[str, Any]]


def test_a_cell_that_went_on_from_a_checkpoint_says_so(make_record: Maker) -> None:
    record = make_record()
    assert "resumed_from_step" not in cell_row(record)
    record["provenance"]["runtime"] |= {"resumed_from_step": [40, 80], "steps_redone": 17, "restarts": 1}
    row = cell_row(record)
    assert (row["resumed_from_step"], row["steps_redone"], row["restarts"]) == ("40 80", 17, 1)
    assert "compressor_reset_at_step" not in row


def test_records_of_before_checkpoints_have_no_such_columns(make_record: Maker) -> None:
    record = make_record()
    record["provenance"]["runtime"] = None
    assert "restarts" not in cell_row(record)
