"""The table of what is computed, not sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fedfusion_records import with_facts
from report_parts import only_section

Maker = Callable[..., dict[str, Any]]


def test_reports_what_is_computed_not_sent(make_record: Maker) -> None:
    section = only_section([with_facts(make_record(model="fedfusion:rank=4"))])
    assert section.title.startswith("UC Merced Land Use, fedfusion:rank=4 (after FedFusion), 2 workers")
    table = section.tables[-1]
    assert table.title == "Computed, not sent: after FedFusion, rank 4, join=both, 2 modalities, float32"
    marked = table.rows[2][0].partition("[")[2].partition("]")[0]
    assert table.rows == (
        ("for comparison, 49 rows", "49", "25.1 kB", "3.62 kB", "14.4", "yes"),
        ("for comparison, 392 rows", "392", "201 kB", "14.6 kB", "7.27", "yes"),
        (f"a worker's batch, all positions [{marked}]", "800", "410 kB", "27.6 kB", "6.75", "yes"),
    )
    assert table.values[0][3:] == (25088 * 4 * 113 / 3136, 4 * 113 / 3136, True)
    assert "Gram matrices of 32.8 kB at each averaging" in section.notes[int(marked) - 1]


def test_reports_a_rank_that_saves_less_than_four_times(make_record: Maker) -> None:
    rows = only_section([with_facts(make_record(model="fedfusion:rank=16"))]).tables[-1].rows
    assert [row[-2:] for row in rows] == [("57.7", "-"), ("29.1", "-"), ("27.0", "-")]


def test_reports_of_other_models_have_no_such_table(make_record: Maker) -> None:
    assert not any("Computed" in table.title for table in only_section([make_record()]).tables)
