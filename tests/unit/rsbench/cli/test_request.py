"""From options to links."""

from __future__ import annotations

import pytest

from rsbench.cli.main import main
from rsbench.cli.request import links_of, request_from
from rsbench.errors import RsbenchError
from rsbench.planning.devices import Nodes


@pytest.mark.parametrize(
    ("links", "others", "expected"),
    [
        ((), (), (None,)),
        (("none",), (), (None,)),
        (("50Mbit/s", "none", "1gbit"), (), ("50mbit", None, "1gbit")),
        (("50mbit", "50Mbit/s"), (), ("50mbit",)),
        (("50mbit", "None", "geo"), ("3=10mbit", "1=leo"), ("50mbit;1=leo;3=10mbit", None, "geo;1=leo;3=10mbit")),
    ],
)
def test_links(links: tuple[str, ...], others: tuple[str, ...], expected: tuple[str | None, ...]) -> None:
    assert links_of(links, others) == expected


@pytest.mark.parametrize("links", [(), ("none",)])
def test_a_link_of_one_worker_needs_one_of_all(links: tuple[str, ...]) -> None:
    with pytest.raises(RsbenchError, match="add --link, such as 50mbit"):
        links_of(links, ("1=10mbit",))


def nodes_given(*words: str) -> Nodes:
    context = main.commands["compare"].make_context("compare", list(words))
    return request_from(context, context.params).nodes


@pytest.fixture
def slurm_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the second of three tasks of a Slurm step."""
    monkeypatch.setenv("RSBENCH_TOKEN", "0123456789abcdef")
    step = {"STEP_ID": "0", "JOB_ID": "12", "STEP_NUM_TASKS": "3", "PROCID": "1", "STEP_NODELIST": "a[1-3]"}
    for name, value in step.items():
        monkeypatch.setenv(f"SLURM_{name}", value)


@pytest.mark.usefixtures("slurm_step")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), Nodes(count=3, rank=1, endpoint="a1:20012")),
        (("--rdzv-endpoint", "ib0:1234"), Nodes(count=3, rank=1, endpoint="ib0:1234")),
        (("--node-rank", "2"), Nodes(count=3, rank=2, endpoint="a1:20012")),
        (("--nnodes", "1"), Nodes()),
        (("--nnodes", "2", "--rdzv-endpoint", "b:1"), Nodes(count=2, endpoint="b:1")),
    ],
)
def test_in_a_slurm_step_options_win_over_slurm(words: tuple[str, ...], expected: Nodes) -> None:
    assert nodes_given(*words) == expected


@pytest.mark.usefixtures("slurm_step")
def test_tasks_of_a_slurm_step_need_a_secret_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RSBENCH_TOKEN")
    with pytest.raises(RsbenchError, match="RSBENCH_TOKEN is not set"):
        nodes_given()
    assert nodes_given("--no-token").count == 3
