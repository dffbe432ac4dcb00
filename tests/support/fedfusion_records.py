"""Records of the model fedfusion, with what the network tells of itself. All made up."""

from __future__ import annotations

from typing import Any

from rsbench.recipe.fedfusion import SHOWN_ROWS, coordinate_share, parse_fedfusion


def with_facts(record: dict[str, Any]) -> dict[str, Any]:
    """Return the record; of this model with the facts that a network of 25 positions gives."""
    if not record["cell"]["model"].startswith("fedfusion"):
        return record
    options = parse_fedfusion(record["cell"]["model"])
    shares = {str(rows): coordinate_share(options.rank, rows) for rows in SHOWN_ROWS}
    facts = {"rank": options.rank, "join": options.join, "coordinate_share": shares}
    facts |= {"modalities": 2, "features": 64, "positions": 25, "gram_bytes": 0 if options.keeps_all else 32768}
    return {**record, "model": {**record["model"], "fedfusion": facts}}
