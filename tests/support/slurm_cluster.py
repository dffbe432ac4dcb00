"""A Slurm of two nodes on this machine, started and stopped by a test."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun")
CONFIGURATION = """
ClusterName=rsbench
SlurmctldHost=localhost
SlurmctldPort={controller}
AuthType=auth/munge
AuthInfo=socket={place}/munge.socket
SlurmUser=root
SlurmdUser=root
StateSaveLocation={place}/state
SlurmdSpoolDir={place}/spool-%n
SlurmctldPidFile={place}/slurmctld.pid
SlurmdPidFile={place}/slurmd-%n.pid
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
ReturnToService=2
SchedulerParameters=sched_interval=1
NodeName={host} NodeHostname={host} NodeAddr=127.0.0.1 Port={first} CPUs=4
NodeName=localhost NodeHostname=other NodeAddr=127.0.0.1 Port={second} CPUs=4
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def why_not() -> str:
    """Why there can be no Slurm here, empty where there can."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        return f"Slurm is not installed: no {', '.join(missing)} (Debian: slurm-wlm, munge)"
    if os.geteuid() != 0:
        return "Slurm's daemons are started as root"
    try:
        address = socket.gethostbyname(socket.gethostname())
    except OSError:
        return "this machine does not know itself by name"
    return "" if socket.gethostname() != "localhost" and address else "this machine has no name beside localhost"


@dataclass(frozen=True)
class Cluster:
    """A Slurm that runs, and a command line that sees it."""

    environment: dict[str, str]
    work: Path

    def call(self, *words: str, timeout_s: float = 60.0) -> str:
        """Run a command in the folder of the jobs and return what it printed; refuse an exit code other than 0."""
        done = subprocess.run(
            words,
            cwd=self.work,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
        )
        assert done.returncode == 0, (words, done.stdout, done.stderr, self.logs())
        return done.stdout

    def state(self, job: str) -> str:
        """The state of a job, such as ``PENDING``; of an array those of its tasks."""
        return self.call("squeue", "--noheader", "--array", "--states=all", "--format=%T", f"--jobs={job}").strip()

    def logs(self) -> str:
        """What all jobs wrote, and Slurm's own word on them."""
        said = "".join(f"== {path.name}\n{path.read_text()[-6000:]}" for path in sorted(self.work.glob("*.log")))
        return (
            said
            + subprocess.run(
                ["scontrol", "show", "job"],
                env=self.environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=20,
            ).stdout[-4000:]
        )

    def wait_for(self, what: str, is_there: Callable[[], bool], timeout_s: float = 240.0) -> None:
        """Wait until a condition holds, and call jobs that were queued again to start at once."""
        until = time.monotonic() + timeout_s
        while not is_there():
            assert time.monotonic() < until, f"{what}\n{self.logs()}"
            waiting = self.call("squeue", "--noheader", "--array", "--format=%i %r").splitlines()
            for job in (line.split()[0] for line in waiting if line.endswith("BeginTime")):
                self.call("scontrol", "update", f"jobid={job}", "starttime=now")  # Slurm waits two minutes
            time.sleep(0.3)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Start a Slurm of two nodes, ``localhost`` and the name of this machine, and end it."""
    with ExitStack() as held:
        place = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="slurm-", ignore_cleanup_errors=True)))
        for name in ("state", "bin", "work"):
            (place / name).mkdir()
        place.chmod(0o711)  # munge's socket must be within reach
        (place / "munge.key").write_bytes(secrets.token_bytes(1024))
        (place / "munge.key").chmod(0o400)
        ports = dict(zip(("controller", "first", "second"), _free_ports(3), strict=True))
        text = CONFIGURATION.format(place=place, host=socket.gethostname(), **ports)
        (place / "slurm.conf").write_text(text)
        (place / "bin" / "rsbench").write_text(f'#!/bin/sh\nexec {sys.executable} -m rsbench "$@"\n')
        (place / "bin" / "rsbench").chmod(0o755)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM_", "RSBENCH_"))}
        environment |= {
            "SLURM_CONF": str(place / "slurm.conf"),
            "PATH": f"{place / 'bin'}:{os.environ['PATH']}",
            "OMP_NUM_THREADS": "1",
            "RSBENCH_CACHE": os.environ.get("RSBENCH_CACHE", str(place / "cache")),
        }
        munged = ["munged", "--foreground", "--force"]
        munged += [f"--{name}={place}/munge.{name.split('-')[0]}" for name in ("key-file", "socket", "pid-file")]
        munged += [f"--{name}={place}/munge.{name.split('-')[0]}" for name in ("log-file", "seed-file")]
        _start(held, munged, environment, place)
        while not (place / "munge.socket").exists():
            time.sleep(0.05)
        _start(held, ["slurmctld", "-D", "-c"], environment, place)
        for node in ("localhost", socket.gethostname()):
            _start(held, ["slurmd", "-D", "-N", node], environment, place)
        there = Cluster(environment=environment, work=place / "work")
        _until_idle(there, place)
        held.callback(_end_jobs, there)
        yield there


def _start(held: ExitStack, command: list[str], environment: dict[str, str], place: Path) -> None:
    """Start a daemon in the foreground, and end it when all is over."""
    log = held.enter_context((place / f"{command[0]}{command[-1]}.said".replace("/", "_")).open("w"))
    daemon = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def end() -> None:
        daemon.terminate()
        try:
            daemon.wait(15)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()

    held.callback(end)


def _until_idle(there: Cluster, place: Path) -> None:
    until = time.monotonic() + 60
    while True:
        done = subprocess.run(
            ["sinfo", "--noheader", "--Node", "--format=%T"],
            env=there.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        if done.stdout.split() == ["idle", "idle"]:
            return
        said = "".join(f"== {path.name}\n{path.read_text()[-1500:]}" for path in place.glob("*.said"))
        assert time.monotonic() < until, (done.stdout, done.stderr, said)
        time.sleep(0.2)


def _end_jobs(there: Cluster) -> None:
    """End what is left in the queue, and wait for its processes: they outlive the daemons."""
    jobs = there.call("squeue", "--noheader", "--format=%A").split()
    if jobs:
        there.call("scancel", "--signal=KILL", "--full", *jobs)
        there.call("scancel", *jobs)
    until = time.monotonic() + 30
    while there.call("squeue", "--noheader", "--format=%A").split() and time.monotonic() < until:
        time.sleep(0.2)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        found = [held.enter_context(closing(socket.create_server(("127.0.0.1", 0)))) for _ in range(count)]
        return [server.getsockname()[1] for server in found]
