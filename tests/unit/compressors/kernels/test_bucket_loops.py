"""Hints that compiled loops read: wrong ones cost time, never the choice."""

from __future__ import annotations

import pytest
import torch

from rsbench.compressors.blocks.layout import kernel_slices
from rsbench.compressors.blocks.tensor_ops import blocks_of
from rsbench.compressors.kernels.dispatch import choose_bucket_kernels, choose_threshold_pass
from rsbench.compressors.memory.error_feedback import ErrorFeedback
from rsbench.compressors.message.message import Message
from rsbench.compressors.selection.scores import MEAN, Score, nsi
from rsbench.compressors.selection.selectors import SampledSelector, highest_of_all

pytest.importorskip("rsbench.compressors.kernels.bucket_loops", reason="numba is not installed", exc_type=ImportError)

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("weights", [(0.0, 0.0), (1e-300, 1e-300), (5.0, -3.0), (NAN, NAN), (INF, INF)])
@pytest.mark.parametrize("score", [MEAN, nsi(0.8, "std", "l2")], ids=str)
def test_weights_of_a_hint_that_cannot_score_play_no_part(score: Score, weights: tuple[float, float]) -> None:
    """Of squares that overflow weights of 0 are left, by which the first blocks would be sent."""
    layout, k, g = kernel_slices((300, 200, 3, 3), 3), 30, torch.randn(540_000)
    selector, memory = SampledSelector(choose_threshold_pass("compiled")), ErrorFeedback({"w": torch.zeros(540_000)})
    calls = choose_bucket_kernels("compiled", memory, selector, score, 1.0)
    selector.hints.rows[0] = (*weights, 1.0, 0.9)
    message, bucket = Message([layout], [k], [torch.float32]), g.clone()
    buffer = message.allocate(torch.device("cpu"))
    plan = calls.plan(message, [("w", bucket.view(layout.shape))], bucket)
    assert calls.compress(plan, bucket, buffer) == (0, {0: True})
    right = highest_of_all(score(g, blocks_of(layout)), k)
    assert torch.equal(message.read(buffer, message.slots[0])[1], right)
