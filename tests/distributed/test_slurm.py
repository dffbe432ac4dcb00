"""A real Slurm of two nodes on this machine: jobs equal local runs, and go on after they were stopped or queued again.

Two to four minutes each on two busy cores; skipped where Slurm is not installed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from slurm_cluster import Cluster, cluster, why_not

pytestmark = [pytest.mark.long, pytest.mark.timeout(600), pytest.mark.skipif(bool(why_not()), reason=why_not())]
SMALL = ["--model", "smallvgg", "--image-size", "16", "--batch-size", "8", "--device", "cpu"]


@pytest.fixture(scope="module")
def slurm() -> Iterator[Cluster]:
    with cluster() as there:
        yield there


def local(there: Cluster, *options: str) -> dict[str, dict[str, Any]]:
    """Records of a run without Slurm."""
    command = [sys.executable, "-m", "rsbench", "compare", *SMALL, *options, "--out", "local"]
    subprocess.run(command, cwd=there.work, env=there.environment, check=True, capture_output=True)
    return records(there.work / "local")


def submit(there: Cluster, name: str, *options: str) -> tuple[str, str]:
    """The numbers of the job and of the one that reports; result folder, scripts and logs are called by its name."""
    names = ("--out", name, "--job-name", name, "--output", f"{name}.sbatch")
    said = there.call("rsbench", "slurm", *options, *SMALL, *names, "--submit")
    numbers = re.search(r"Submitted job (\d+), and job (\d+), which reports", said)
    assert numbers is not None, said
    return numbers[1], numbers[2]


def end(there: Cluster, *jobs: str) -> None:
    """Wait for the end of jobs, which must be a good one."""
    for job in jobs:
        there.wait_for(f"job {job} ends", lambda job=job: not set(there.state(job).split()) & LIVES)
        assert set(there.state(job).split()) == {"COMPLETED"}, there.logs()


MEASURED = {"wire_bytes_measured_total", "wire_bytes_received_total"}
"""Bytes of sockets, which acknowledgements of the network are part of."""
LIVES = {"PENDING", "RUNNING", "COMPLETING", "CONFIGURING", "REQUEUED"}


def records(out: Path) -> dict[str, dict[str, Any]]:
    """Compressor -> record."""
    found = [json.loads(path.read_text()) for path in sorted(out.glob("cells/*/record.json"))]
    return {record["cell"]["compressor"]: record for record in found}


def numbers(record: dict[str, Any]) -> tuple[Any, ...]:
    """What must not depend on where a cell ran: losses, accuracy and bytes, to the last digit."""
    traffic = {name: value for name, value in record["traffic"].items() if name not in MEASURED}
    history = [{name: value for name, value in row.items() if name != "elapsed_s"} for row in record["history"]]
    return record["key"], history, record["accuracy"], traffic


def test_two_tasks_equal_a_local_run(slurm: Cluster) -> None:
    options = ["--max-steps", "12", "--compressor", "none", "--compressor", "topk"]
    alone = local(slurm, "--workers", "2", *options)
    jobs = submit(slurm, "two", "--nodes", "2", "--workers", "1", *options)
    end(slurm, *jobs)
    shared = records(slurm.work / "two")
    assert {name: numbers(record) for name, record in shared.items()} == {
        name: numbers(record) for name, record in alone.items()
    }
    assert {record["provenance"]["nnodes"] for record in shared.values()} == {2}
    assert "topk 50x" in (slurm.work / f"two-report-{jobs[1]}.log").read_text()


def test_a_job_that_is_stopped_or_queued_again_goes_on(slurm: Cluster) -> None:
    options = ["--max-steps", "400", "--checkpoint-every", "10", "--compressor", "dgc"]
    alone = local(slurm, "--workers", "2", *options)["dgc"]
    jobs = submit(slurm, "again", "--nodes", "2", "--workers", "1", *options)
    log = slurm.work / f"again-{jobs[0]}.log"

    def saved(steps: int) -> bool:
        names = [path.parent.name for path in slurm.work.glob("again/cells/*/checkpoints/step-*/rank1.json")]
        return any(int(name.rpartition("-")[2]) >= steps for name in names)

    slurm.wait_for("the first checkpoint", lambda: saved(10))
    slurm.call("scancel", "--signal=TERM", jobs[0])  # what --signal does before the time limit: tasks only
    slurm.wait_for("queued again by its script", lambda: slurm.state(jobs[0]) == "PENDING")
    reached = max(int(path.name.rpartition("-")[2]) for path in slurm.work.glob("again/cells/*/checkpoints/step-*"))
    slurm.wait_for("a later checkpoint", lambda: saved(reached + 30))
    slurm.call("scontrol", "requeue", jobs[0])
    end(slurm, *jobs)
    record = records(slurm.work / "again")["dgc"]
    resumed = record["provenance"]["runtime"]["resumed_from_step"]
    assert len(resumed) == 2, log.read_text()
    assert resumed[0] == reached
    assert resumed[1] >= reached + 30
    assert numbers(record) == numbers(alone)


def test_an_array_shares_the_cells_and_one_report_follows(slurm: Cluster) -> None:
    options = ["--max-steps", "12", "--compressor", "none", "--seeds", "0,1,2,3"]
    array, report = submit(slurm, "array", "--array", "4", "--workers", "1", *options)
    end(slurm, array, report)
    logs = [path.read_text() for path in sorted(slurm.work.glob(f"array-{array}_*.log"))]
    assert len(logs) == 4
    ran = [seed for log in logs for seed in re.findall(r"none, seed (\d): done in ", log)]
    assert sorted(ran) == ["0", "1", "2", "3"], "each cell once"
    found = [json.loads(path.read_text()) for path in slurm.work.glob("array/cells/*/record.json")]
    assert sorted((record["cell"]["seed"], record["status"]) for record in found) == [(n, "done") for n in range(4)]
    assert "4 of 4 cells done; seeds 0, 1, 2, 3" in (slurm.work / f"array-report-{report}.log").read_text()
