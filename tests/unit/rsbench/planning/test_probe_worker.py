"""What planning knows of a step before it runs."""

from __future__ import annotations

from typing import Any

from rsbench.planning import probe_worker


def test_what_forward_keeps_for_backward_grows_with_the_picture_and_leaves_weights_out() -> None:
    def kept(side: int) -> float:
        ask: dict[str, Any] = {"task": "scenes", "model": "smallvgg", "inputs": {"classes": 5}, "weights": None}
        return float(probe_worker.model_facts(**ask, image_size=side)["activation_bytes"])

    assert 4 * 3 * 64 * 64 < kept(64) < 4_000_000, "the picture at least; the weights alone are 4.5 MB"
    assert 3.5 < kept(128) / kept(64) < 4.5
