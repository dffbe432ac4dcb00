"""Shipped sizes of models are what torch says, and the largest ratio is the limit that planning refuses at."""

from __future__ import annotations

import os
import re

import pytest

from rsbench import compressors
from rsbench.errors import RsbenchError
from rsbench.metrics import facts_of
from rsbench.models import origin
from rsbench.planning import byte_matching, model_sizes, probe, probe_worker
from rsbench.tasks import TASKS


def facts(task: str, model: str) -> probe.ModelFacts:
    side = model_sizes.image_size_for(task, model)
    answer = probe_worker.model_facts(
        task=task, model=model, inputs=dict(facts_of(task).sized_for), image_size=side, weights=None
    )
    networks = {
        name: {key: tuple(shape) for key, shape in shapes.items()} for name, shapes in answer["networks"].items()
    }
    return probe.ModelFacts(name=model, networks=networks, repeated=tuple(answer["repeated"]))


@pytest.mark.parametrize(
    ("task", "model"), [("scenes", "smallvgg"), ("scenes", "resnet18"), ("pixels", "sst"), ("targets", "aae")]
)
def test_shipped_sizes_are_those_of_the_networks(task: str, model: str) -> None:
    assert model_sizes.shipped(model) == model_sizes.size_of(facts(task, model))


def test_every_model_of_ours_has_shipped_sizes() -> None:
    assert set(origin.shipped_sizes()) == {name for task in TASKS.values() for name in task.models()}
    assert model_sizes.shipped("resnet18") == model_sizes.ModelSize(
        parameters=11_187_285, largest_ratio=origin.shipped_sizes()["resnet18"]["largest_ratio"]
    )


def test_the_largest_ratio_is_the_limit_of_planning() -> None:
    found = facts("scenes", "smallvgg")
    with pytest.raises(RsbenchError) as refused:
        byte_matching.match_bytes(
            compressors.parse("topk"), found, ratio=1e9, match="payload", workers=model_sizes.WORKERS, steps=500
        )
    limit = re.search(r"ask for at most --ratio (\d+)", str(refused.value))
    assert limit is not None
    size = model_sizes.shipped("smallvgg")
    assert size is not None and model_sizes.ratio_text(size.largest_ratio) == f"{int(limit[1]):,}x"


@pytest.mark.long
def test_all_shipped_sizes_are_those_of_the_networks() -> None:
    every = {name: model_sizes.size_of(facts(task, name)) for task, kind in TASKS.items() for name in kind.models()}
    if os.environ.get("RSBENCH_UPDATE_GOLDEN"):
        model_sizes.write_shipped(every)
    assert every == {name: model_sizes.shipped(name) for name in every}
