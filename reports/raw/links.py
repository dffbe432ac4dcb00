"""The flat table of links that were asked for: raw numbers, one row a setting, link and method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rsbench.reports.analysis.on_link import LinkRun, OnLink
from rsbench.reports.document.table import Table
from rsbench.reports.raw.rows import flat_table, setting_fields


def links_table(on_links: Sequence[OnLink]) -> Table:
    """Return one row a link and method. All modelled, times in seconds; ``doubt`` says what not to trust."""
    return flat_table("links", [_row(on_link, run) for on_link in on_links for run in on_link.runs.values()])


def _row(on_link: OnLink, run: LinkRun) -> dict[str, Any]:
    """Return one method's raw numbers on a link."""
    link, contact, prediction = on_link.link, on_link.contact, run.prediction
    row = setting_fields(on_link.comparison.setting.records[0], on_link.comparison)
    row |= {"link": link.text, "down_bits_per_s": link.down_bits_per_s, "up_bits_per_s": link.up_bits_per_s}
    row |= {"round_trip_s": link.round_trip_s, "method": run.method.label, "steps": run.steps}
    row |= {
        "link_step_s": prediction.step_s,
        "link_step_low_s": prediction.low_s,
        "link_step_high_s": prediction.high_s,
    }
    row |= {"doubt": prediction.doubt, "link_speed_up": on_link.speed_up(run), "run_s": run.run_s}
    row |= {"target_validation_score": on_link.target, "target_steps": run.target_steps, "target_s": run.target_s}
    row |= {"sent_bytes": run.sent_bytes, "received_bytes": run.received_bytes}
    if contact is not None:
        row |= {"visible_s": contact.visible_s, "period_s": contact.period_s}
        row |= {"elapsed_s": contact.elapsed_s(run.run_s), "passes": contact.passes(run.run_s)}
    return row
