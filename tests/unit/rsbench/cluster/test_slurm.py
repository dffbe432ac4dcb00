"""Batch scripts as bash runs them, with stand-ins for Slurm's commands."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from rsbench.cluster.slurm import BatchJob
from rsbench.errors import RsbenchError

SRUN = '#!/bin/bash\nprintf "%s\\n" "$RSBENCH_TOKEN" > token\nprintf "%s\\0" "$@" > srun\nexit "$(cat code)"\n'
SCONTROL = '#!/bin/bash\necho "$@" > scontrol\n'


def run(place: Path, script: str, code: int, **environment: str) -> int:
    """Run a batch script whose tasks end with a code; what Slurm's commands were given is left in the folder."""
    for name, text in (("srun", SRUN), ("scontrol", SCONTROL)):
        tool = place / "bin" / name
        tool.parent.mkdir(exist_ok=True)
        tool.write_text(text)
        tool.chmod(0o755)
    (place / "code").write_text(str(code))
    path = f"{place / 'bin'}:{os.environ['PATH']}"
    environment = {"PATH": path, "SLURM_JOB_ID": "12", **environment}
    done = subprocess.run(
        ["bash", "-c", script], cwd=place, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode


@pytest.mark.parametrize(("code", "requeued"), [(0, False), (1, False), (2, False), (137, False), (143, True)])
def test_a_job_is_queued_again_only_when_it_was_stopped(tmp_path: Path, code: int, requeued: bool) -> None:
    assert run(tmp_path, BatchJob().script(), code) == code
    assert (tmp_path / "scontrol").exists() is requeued
    if requeued:
        assert (tmp_path / "scontrol").read_text() == "requeue 12\n"


def test_of_an_array_only_the_own_task_is_queued_again(tmp_path: Path) -> None:
    numbers = {"SLURM_ARRAY_JOB_ID": "12", "SLURM_ARRAY_TASK_ID": "3"}  # the last task has the number of the array
    assert run(tmp_path, BatchJob(array=3).script(), 143, **numbers) == 143
    assert (tmp_path / "scontrol").read_text() == "requeue 12_3\n"
    assert (tmp_path / "srun").read_bytes().split(b"\0")[:-1][-1] == b"--leave-busy"


def test_compare_is_given_the_very_words_and_each_job_a_secret_of_its_own(tmp_path: Path) -> None:
    words = ("--out", "a\n\n\nb", "--ratio=50", "--compressor", "topk:density=0.1;$(touch x)", "--plan", "it's", "`id`")
    tokens = set()
    for _ in range(2):
        run(tmp_path, BatchJob(nodes=2, cpus_per_task=8, arguments=words).script(), 0)
        tokens.add((tmp_path / "token").read_text().strip())
        given = [word.decode() for word in (tmp_path / "srun").read_bytes().split(b"\0")[:-1]]
        assert given == ["--kill-on-bad-exit=0", "--cpus-per-task=8", "rsbench", "compare", *words]
    assert not (tmp_path / "x").exists()
    assert len(tokens) == 2
    assert all(len(token) == 64 and set(token) <= set("0123456789abcdef") for token in tokens)
    run(tmp_path, BatchJob().script(), 0)
    assert (tmp_path / "token").read_text() == "\n", "one node meets nobody"


def test_rsbench_may_stand_in_a_container(tmp_path: Path) -> None:
    job = BatchJob(program=("apptainer", "run", "--nv", "my image.sif"), arguments=("--lr", "0.1"))
    run(tmp_path, job.script(), 0)
    given = [word.decode() for word in (tmp_path / "srun").read_bytes().split(b"\0")[1:-1]]
    assert given == ["apptainer", "run", "--nv", "my image.sif", "compare", "--lr", "0.1"]
    assert job.report_script().endswith("\napptainer run --nv 'my image.sif' report rsbench-results\n")


def directives(script: str) -> list[str]:
    """What sbatch reads: the lines before the first command."""
    return [line.removeprefix("#SBATCH --") for line in script.splitlines() if line.startswith("#SBATCH")]


def test_directives_stand_first_and_the_users_last() -> None:
    job = BatchJob(
        nodes=2,
        gpus_per_node=4,
        cpus_per_task=16,
        mem="64G",
        time="1-00:00:00",
        partition="gpu",
        account="mine",
        job_name="study",
        setup=("module load python", "source venv/bin/activate"),
        sbatch_options=("constraint=h100", "signal=TERM@300"),
        command=("rsbench", "slurm", "--setup", "a\nb"),
    )
    script = job.script()
    assert directives(script) == [
        *("job-name=study", "nodes=2", "ntasks-per-node=1", "gpus-per-node=4", "cpus-per-task=16", "mem=64G"),
        *("time=1-00:00:00", "partition=gpu", "account=mine", "output=%x-%j.log", "open-mode=append", "requeue"),
        *("signal=TERM@120", "constraint=h100", "signal=TERM@300"),
    ]
    lines = script.splitlines()
    assert lines[0] == "#!/bin/bash"
    assert lines[1] == "# rsbench slurm --setup 'a\\nb'"
    assert [line for line in lines[2:] if line][:16][-1] == "module load python"
    assert lines.index("module load python") + 1 == lines.index("source venv/bin/activate")


def test_the_report_runs_where_the_job_runs_but_on_one_core() -> None:
    job = BatchJob(nodes=2, gpus_per_node=4, partition="gpu", account="mine", setup=("a",), out=Path("my out"))
    script = job.report_script()
    assert directives(script) == [
        *("job-name=rsbench-report", "ntasks=1", "time=00:30:00", "partition=gpu", "account=mine", "output=%x-%j.log")
    ]
    assert script.endswith("\na\n\nrsbench report 'my out'\n")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"time": "1 day"}, '--time is "1 day"'),
        ({"time": "2h"}, '--time is "2h"'),
        ({"time": "3"}, "at least 5 minutes"),
        ({"time": "0:04:59"}, "at least 5 minutes"),
        ({"job_name": "a\n#SBATCH --x"}, "--job-name is"),
        ({"partition": ""}, '--partition is ""'),
        ({"sbatch_options": ("--exclusive",)}, "--sbatch-option is"),
        ({"sbatch_options": ("comment=a\nrm -r x",)}, "--sbatch-option is"),
        ({"sbatch_options": ("array=1-4",)}, "give --array"),
        ({"sbatch_options": ("nodes=4",)}, "give --nodes"),
        ({"setup": ("a\nb",)}, "--setup takes one line"),
        ({"program": ()}, "--program takes the words"),
    ],
)
def test_what_would_not_stay_on_its_line_is_refused(wrong: dict[str, str], sentence: str) -> None:
    with pytest.raises(RsbenchError, match=sentence):
        BatchJob(**wrong).check()  # type: ignore[arg-type]


@pytest.mark.parametrize("time", ["5", "0:05:00", "1-0", "2-12:30", "1-00:00:00", "720", "90:00", "24:00:00"])
def test_times_as_slurm_takes_them(time: str) -> None:
    BatchJob(time=time).check()
