"""Tasks of a Slurm step are the nodes of a comparison."""

from __future__ import annotations

import pytest

from rsbench.cluster.slurm_step import first_host, nodes_of_step
from rsbench.planning.devices import Nodes

STEP = {
    "SLURM_STEP_ID": "0",
    "SLURM_JOB_ID": "1234567",
    "SLURM_STEP_NUM_TASKS": "2",
    "SLURM_PROCID": "1",
    "SLURM_STEP_NODELIST": "gpu[07-08]",
}


def test_a_task_learns_count_rank_and_the_address_of_the_first() -> None:
    nodes = nodes_of_step(STEP)
    assert nodes == Nodes(count=2, rank=1, endpoint="gpu07:24567")
    assert nodes is not None
    nodes.check()


@pytest.mark.parametrize(
    "other",
    [
        {"SLURM_STEP_ID": ""},  # a batch script, which has the other variables as well
        {"SLURM_STEP_ID": "4294967290"},  # the shell of an salloc
        {"SLURM_STEP_NUM_TASKS": "1"},
        {"SLURM_PROCID": "one"},
        {"SLURM_STEP_NODELIST": ""},
        {"RANK": "0", "WORLD_SIZE": "4"},  # a torchrun inside a step
    ],
)
def test_elsewhere_a_command_runs_alone(other: dict[str, str]) -> None:
    assert nodes_of_step({**STEP, **other}) is None


def test_variables_that_are_missing_are_no_step() -> None:
    assert nodes_of_step({}) is None
    for name in STEP:
        assert nodes_of_step({key: value for key, value in STEP.items() if key != name}) is None, name


@pytest.mark.parametrize(
    ("hosts", "first"),
    [
        ("gpu01", "gpu01"),
        ("localhost,vm", "localhost"),
        ("gpu[01-04,07],login", "gpu01"),
        ("gpu[3,5-9]", "gpu3"),
        ("a1-[12-13],b2", "a1-12"),
        ("rack[1-2]n[01-16],x", "rack1n01"),
    ],
)
def test_the_first_host_of_a_list(hosts: str, first: str) -> None:
    assert first_host(hosts) == first
