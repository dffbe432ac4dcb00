"""What a scorer holds within an epoch and between epochs, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from stored_epochs import show_epoch, stored

from rsbench.checkpoints.tensor_file import read_tensors, write_tensors
from rsbench.errors import RsbenchError
from rsbench.recipe.prune import Prune, parse_prune
from rsbench.train.selection.making import make_scorer
from rsbench.train.selection.scorer import Scorer

TEXTS = ("tdds:0.5,epochs=5,window=3", "el2n:0.5,epochs=5", "forgetting:0.5,epochs=5")
P, LABELS = stored(5, 11, 3)
POSITIONS = np.arange(11) * 5


pytestmark = pytest.mark.usefixtures("alone")


def scorer_of(text: str) -> Scorer:
    return make_scorer(parse_prune(text), POSITIONS, LABELS, 3, torch.device("cpu"))


def see(scorer: Scorer, epoch: int, begin: int, end: int) -> None:
    tensors = (POSITIONS[begin:end], P[epoch, begin:end], LABELS[begin:end])
    scorer.see(*map(torch.from_numpy, tensors))


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("epoch", [0, 1, 3, 4])
def test_a_run_that_goes_on_within_an_epoch_gives_the_same_scores(text: str, epoch: int, tmp_path: Path) -> None:
    whole, first, second = scorer_of(text), scorer_of(text), scorer_of(text)
    for number in range(5):
        show_epoch(whole, POSITIONS, P[number], LABELS, number=number)
    for number in range(epoch):
        show_epoch(first, POSITIONS, P[number], LABELS, number=number)
    see(first, epoch, 0, 6)
    path = tmp_path / "state.pt"
    size_bytes, digest = write_tensors(path, first.state_dict())
    second.load_state_dict(read_tensors(path, size_bytes=size_bytes, sha256=digest))
    see(second, epoch, 6, 11)
    second.end_epoch()
    for number in range(epoch + 1, 5):
        show_epoch(second, POSITIONS, P[number], LABELS, number=number)
    assert second.scores().tobytes() == whole.scores().tobytes()
    assert second.exchanged_bytes == whole.exchanged_bytes > 0


def test_the_first_sighting_counts() -> None:
    once, twice = scorer_of(TEXTS[1]), scorer_of(TEXTS[1])
    for scorer in (once, twice):
        for number in range(5):
            see(scorer, number, 0, 11)
            if scorer is twice:
                others = (POSITIONS[2:6], P[number, 6:10], LABELS[2:6])
                scorer.see(*map(torch.from_numpy, others))
            scorer.end_epoch()
    assert once.scores().tobytes() == twice.scores().tobytes()


def test_an_epoch_that_leaves_samples_out_is_refused() -> None:
    scorer = scorer_of(TEXTS[0])
    see(scorer, 0, 0, 9)
    with pytest.raises(RsbenchError, match="each of 11 training samples, but 2 were not seen"):
        scorer.end_epoch()


def test_a_sample_of_another_set_is_refused() -> None:
    scorer = scorer_of(TEXTS[0])
    see(scorer, 0, 0, 11)
    scorer.see(torch.tensor([3, 999]), torch.from_numpy(P[0, :2]), torch.from_numpy(LABELS[:2]))
    with pytest.raises(RsbenchError, match="2 that were seen are not among them"):
        scorer.end_epoch()


def test_scores_wait_for_the_last_epoch() -> None:
    scorer = scorer_of(TEXTS[0])
    see(scorer, 0, 0, 11)
    scorer.end_epoch()
    with pytest.raises(RsbenchError, match="take 5 epochs, but 1 ended"):
        scorer.scores()


def test_a_checkpoint_of_another_selection_or_of_other_samples_is_refused() -> None:
    state = scorer_of(TEXTS[0]).state_dict()
    with pytest.raises(RsbenchError, match=r"scores for --prune tdds:0\.5,epochs=5,window=3, not for el2n"):
        scorer_of(TEXTS[1]).load_state_dict(state)
    other = make_scorer(parse_prune(TEXTS[0]), POSITIONS + 1, LABELS, 3, torch.device("cpu"))
    with pytest.raises(RsbenchError, match="other training samples"):
        other.load_state_dict(state)


def test_what_cannot_be_scored() -> None:
    with pytest.raises(RsbenchError, match="no scoring phase"):
        make_scorer(Prune(kind="random", share=0.5), POSITIONS, LABELS, 3, torch.device("cpu"))
    for positions, labels in ((POSITIONS[::-1].copy(), LABELS), (POSITIONS, LABELS[1:])):
        with pytest.raises(ValueError, match="must ascend"):
            make_scorer(parse_prune(TEXTS[0]), positions, labels, 3, torch.device("cpu"))
