"""Who gets which training sample: each goes to one client, by the seed, as the partition says."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsbench.datasets.partition import Indices, TrainingSamples, class_counts, deal
from rsbench.errors import RsbenchError
from rsbench.recipe.partition import parse_partition

WIDTH = 50


def drawn(count: int = 600, classes: int = 10, height: int = 20) -> TrainingSamples:
    """Return samples at unsorted places of a scene 20 x 50, their classes of unequal sizes."""
    rng = np.random.default_rng(4)
    positions = rng.permutation(height * WIDTH)[:count]
    labels = np.minimum(rng.geometric(0.2, count) - 1, classes - 1)
    return TrainingSamples(positions=positions, labels=labels, classes=classes, shape=(height, WIDTH))


def dealt(text: str, samples: TrainingSamples, workers: int = 3, seed: int = 1) -> tuple[Indices, ...]:
    return deal(parse_partition(text), samples, workers=workers, batch_size=8, seed=seed)


@given(
    text=st.sampled_from(["blocks", "classes:4", "classes:9", "dirichlet:0.2", "dirichlet:50", "modality"]),
    workers=st.integers(3, 7),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_sample_has_one_client(text: str, workers: int, seed: int) -> None:
    samples = drawn()
    clients = dealt(text, samples, workers, seed)
    assert len(clients) == workers and all(len(own) for own in clients)
    assert np.array_equal(np.sort(np.concatenate(clients)), np.sort(samples.positions))
    assert all(own.dtype == np.int64 and (np.diff(own) > 0).all() for own in clients)
    counts = np.array(class_counts(samples, clients))
    assert samples.labels is not None
    assert counts.sum(axis=1).tolist() == [len(own) for own in clients]
    assert counts.sum(axis=0).tolist() == np.bincount(samples.labels, minlength=10).tolist()


@pytest.mark.parametrize("text", ["classes:5", "dirichlet:0.3", "modality"])
def test_the_seed_decides(text: str) -> None:
    one, again, other = (dealt(text, drawn(), seed=seed) for seed in (1, 1, 2))
    assert all(map(np.array_equal, one, again))
    assert not all(map(np.array_equal, one, other))


@pytest.mark.parametrize("height", [20, 80])
def test_blocks_are_stripes_across_the_longer_direction(height: int) -> None:
    clients = dealt("blocks", drawn(height=height), workers=4)
    assert [len(own) for own in clients] == [150] * 4
    along = [own // WIDTH if height > WIDTH else own % WIDTH for own in clients]
    across = [own % WIDTH if height > WIDTH else own // WIDTH for own in clients]
    for before, after in pairwise(along):
        assert before.max() <= after.min(), "stripes meet in one line at most"
    assert all(np.ptp(one) > 0.8 * min(height, WIDTH) for one in across), "from edge to edge"


def test_clients_have_as_many_classes_as_asked_and_share_them_equally() -> None:
    even = TrainingSamples(positions=np.arange(1000), labels=np.arange(1000) % 10, classes=10)
    halves = np.array(class_counts(even, dealt("classes:5", even, workers=2)))
    assert sorted(halves[0]) == [0] * 5 + [100] * 5
    assert (halves[0] * halves[1] == 0).all(), "two clients of five of ten classes have none in common"
    counts = np.array(class_counts(even, dealt("classes:4", even, workers=5)))
    assert ((counts > 0).sum(axis=1) == 4).all()
    assert set(counts[counts > 0].tolist()) == {50}, "20 places for 10 classes: two clients each"
    absent = TrainingSamples(positions=np.arange(90), labels=np.arange(90) % 3 * 2, classes=10)
    assert class_counts(absent, dealt("classes:9", absent)) == [[10, 0, 10, 0, 10, 0, 0, 0, 0, 0]] * 3
    whole = np.array(class_counts(even, dealt("classes:10", even, workers=3)))
    assert whole.min() == 33 and whole.max() == 34


def test_the_smaller_the_concentration_the_more_clients_differ() -> None:
    even = TrainingSamples(positions=np.arange(4000), labels=np.arange(4000) % 10, classes=10)

    def largest_share(text: str) -> float:
        counts = np.array([class_counts(even, dealt(text, even, workers=4, seed=seed)) for seed in range(5)])
        return float(counts.max(axis=1).mean()) / 400

    shares = [largest_share(f"dirichlet:{alpha}") for alpha in (0.05, 1, 100)]
    assert shares[0] > 0.85 and 0.4 < shares[1] < 0.7 and 0.25 <= shares[2] < 0.32


def test_each_client_gets_a_batch_or_a_tenth_of_its_even_share() -> None:
    samples = drawn()
    for seed in range(40):
        assert min(map(len, dealt("dirichlet:0.05", samples, workers=2, seed=seed))) >= 8, "batch 8, a tenth is 30"
        assert min(map(len, dealt("dirichlet:0.3", samples, workers=10, seed=seed))) >= 6, "a tenth of 60"


def test_a_partition_that_starves_a_client_is_refused() -> None:
    with pytest.raises(RsbenchError, match=r"fewer than 8 training samples in each of 1,000 draws: raise the number"):
        dealt("dirichlet:0.001", TrainingSamples(positions=np.arange(600), labels=np.zeros(600, int), classes=1), 6)
    few = TrainingSamples(positions=np.arange(4), labels=np.array([0, 0, 0, 1]), classes=2)
    with pytest.raises(RsbenchError, match=r"leaves worker [0-3] without a training sample"):
        dealt("classes:1", few, workers=4)


def test_classes_and_scenes_that_are_not_there_are_refused() -> None:
    plain = TrainingSamples(positions=np.arange(60))
    for text in ("classes:1", "dirichlet:1"):
        with pytest.raises(RsbenchError, match="no classes"):
            dealt(text, plain)
    with pytest.raises(RsbenchError, match="cuts one scene"):
        dealt("blocks", plain)
    assert class_counts(plain, dealt("modality", plain)) == [[20], [20], [20]]
