"""When workers stay, and what their environment holds. Real processes, without torch."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import psutil
import pytest
from emulated import namespaces, needs_links

from rsbench.launch.launcher import WorkerLauncher
from rsbench.launch.signals import StopSignals

PROGRAM = Path(__file__).parents[3] / "programs" / "small_work.py"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    library = tmp_path / "library"
    library.mkdir()
    shutil.copy(PROGRAM, library / "small_work.py")
    return {"PYTHONPATH": os.pathsep.join([str(library), os.environ.get("PYTHONPATH", "")])}


def pids(launcher: WorkerLauncher, folder: Path, workers: int) -> list[str]:
    """Process ids of the workers that ran a cell."""
    folder.mkdir()
    outcome = launcher.run(folder, workers_per_node=workers, tick=lambda: None)
    assert outcome.status == "done", outcome
    return [(folder / f"told-{rank}").read_text().split()[0] for rank in range(workers)]


def test_workers_stay_while_their_number_fits(environment: dict[str, str], tmp_path: Path) -> None:
    launcher = WorkerLauncher(stop=StopSignals(), work="small_work:tell", environment=environment)
    first, second = pids(launcher, tmp_path / "1", 1), pids(launcher, tmp_path / "2", 1)
    more = pids(launcher, tmp_path / "3", 2)
    again = pids(launcher, tmp_path / "4", 2)
    assert first == second and more == again and not set(first) & set(more)
    killed = psutil.Process(int(again[1]))
    killed.kill()  # between two cells
    while killed.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert not set(pids(launcher, tmp_path / "5", 2)) & set(again)
    launcher.close()


def test_workers_of_another_device_are_others(environment: dict[str, str], tmp_path: Path) -> None:
    launcher = WorkerLauncher(stop=StopSignals(), work="small_work:tell", environment=environment)
    seen = []
    for number, device in enumerate(("cpu", "cpu", "cuda")):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "job.json").write_text(json.dumps({"cell": {"device": device}}))
        launcher.run(folder, workers_per_node=1, tick=lambda: None)
        seen.append((folder / "told-0").read_text().split()[0])
    launcher.close()
    assert seen[0] == seen[1] != seen[2]


def test_fresh_workers_are_others_each_time(environment: dict[str, str], tmp_path: Path) -> None:
    launcher = WorkerLauncher(stop=StopSignals(), work="small_work:tell", environment=environment, fresh=True)
    assert pids(launcher, tmp_path / "1", 1) != pids(launcher, tmp_path / "2", 1)


def test_workers_listen_on_loopback_and_do_not_get_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RSBENCH_TOKEN", "a secret of this comparison")
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "eth0")
    found = WorkerLauncher(stop=StopSignals())._environment(2)
    assert found["GLOO_SOCKET_IFNAME"] == found["NCCL_SOCKET_IFNAME"] == "lo"
    assert "a secret of this comparison" not in found.values()


def test_a_folder_that_vanishes_is_the_cause(environment: dict[str, str], tmp_path: Path) -> None:
    launcher = WorkerLauncher(stop=StopSignals(), work="small_work:fail", environment=environment)
    (tmp_path / "1").mkdir()

    def remove() -> None:
        shutil.rmtree(tmp_path / "1", ignore_errors=True)

    outcome = launcher.run(tmp_path / "1", workers_per_node=2, tick=remove)
    assert outcome.status == "failed" and outcome.cause is not None
    assert outcome.cause.reason == f"its folder {tmp_path / '1'} was removed while it ran"


@pytest.mark.parametrize(("stall_s", "start_s"), [(5.0, 120.0), (300.0, 120.0), (1000.0, 1000.0)])
def test_a_short_stall_timeout_does_not_shorten_the_start(stall_s: float, start_s: float) -> None:
    assert WorkerLauncher(stop=StopSignals(), stall_timeout_s=stall_s)._start_limit_s == start_s


@needs_links
def test_workers_of_another_link_are_others_and_talk_over_it(environment: dict[str, str], tmp_path: Path) -> None:
    launcher = WorkerLauncher(stop=StopSignals(), work="small_work:tell_place", environment=environment)
    seen = []
    for number, link in enumerate(("50mbit", "50mbit", "10mbit", None)):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "job.json").write_text(json.dumps({"cell": {"device": "cpu", "link": link}}))
        assert launcher.run(folder, workers_per_node=2, tick=lambda: None).status == "done"
        seen.append([(folder / f"told-{rank}").read_text().split() for rank in range(2)])
    launcher.close()
    pids = [{place[0] for place in cell} for cell in seen]
    assert pids[0] == pids[1] and not pids[1] & pids[2] and not pids[2] & pids[3]
    here = Path("/proc/self/ns/net").readlink().name
    first, _, third, plain = [[place[1] for place in cell] for cell in seen]
    assert len({here, *first, *third}) == 5 and plain == [here, here]
    assert [cell[0][2] for cell in seen] == ["link0", "link0", "link0", "-"]
    assert not {*first, *third} & namespaces()


def test_workers_are_told_the_interface_that_was_asked_for(environment: dict[str, str], tmp_path: Path) -> None:
    launcher = WorkerLauncher(
        stop=StopSignals(), work="small_work:tell_place", environment=environment, interface="ib0"
    )
    told = {}
    for workers in (1, 2):
        pids(launcher, tmp_path / str(workers), workers)
        told[workers] = (tmp_path / str(workers) / "told-0").read_text().split()[2:]
    launcher.close()
    assert told == {1: ["-", "ib0"], 2: ["-", "ib0"]}, "others use it too, so its bytes are no worker's"
