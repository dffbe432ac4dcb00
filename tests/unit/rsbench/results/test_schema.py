"""Versions of the record's schema."""

from __future__ import annotations

from rsbench.results import schema


def test_results_every_older_schema_has_an_upgrade_or_is_refused() -> None:
    assert set(schema.UPGRADES) <= set(range(schema.SCHEMA))
