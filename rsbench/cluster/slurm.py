"""Slurm's batch scripts of a comparison: the job itself, and one after it that reports.

What is the same in every script stands in templates beside this file; what is put into them is quoted here.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from string import Template
from typing import Final

from rsbench.console import harmless
from rsbench.errors import RsbenchError

WARNING_S: Final = 120
"""How long before the time limit tasks are told to end: a step, a checkpoint, and the minute that Slurm may be off."""
SHORTEST_MINUTES: Final = 5.0
"""Time limits below this would end with nothing new done, again and again."""
REPORT_TIME: Final = "00:30:00"
"""Time limit of the job that reports."""
_VALUE: Final = re.compile(r"[\w.,:;+@%/=*&|()\[\]-]+", re.ASCII)
_OPTION: Final = re.compile(r"[a-z][a-z-]+(?:=.+)?", re.ASCII)
_TIME: Final = re.compile(r"(?:([0-9]{1,4})-)?([0-9]{1,6})(?::([0-9]{1,2}))?(?::([0-9]{1,2}))?", re.ASCII)
_OWN: Final = {"array": "--array", "nodes": "--nodes", "ntasks": "--nodes", "ntasks-per-node": "--nodes"}
"""Options of sbatch that the script must know -> what to give instead."""
_OF_ARRAYS: Final = "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
_BREAK: Final = " \\\n    "
_TOKEN: Final = (
    "# The nodes know each other by a secret of this job, which stands on no command line.",
    "RSBENCH_TOKEN=$(od -An -vtx1 -N32 /dev/urandom | tr -d ' \\n')",
    "export RSBENCH_TOKEN",
)


@dataclass(frozen=True, kw_only=True)
class BatchJob:
    """A comparison that runs as a job of Slurm, one task a node.

    Attributes:
        nodes: machines of the job, or of each task of an array.
        gpus_per_node: GPUs of each; None asks Slurm for none.
        array: so many jobs share the grid; None is one job.
        cpus_per_task: CPU cores of each node; None leaves it to Slurm, and so do the following.
        mem: memory of each node, such as ``64G``.
        time: time limit, such as ``24:00:00``.
        partition: where to queue.
        account: whom to charge.
        job_name: as ``squeue`` shows it; log files are called after it.
        setup: lines of shell before rsbench starts.
        sbatch_options: further options of ``sbatch``, without their dashes.
        program: the words that start rsbench on a node.
        arguments: of ``rsbench compare``.
        out: result folder of the comparison.
        command: what the user typed, for the script's head.
    """

    nodes: int = 1
    gpus_per_node: int | None = None
    array: int | None = None
    cpus_per_task: int | None = None
    mem: str | None = None
    time: str | None = None
    partition: str | None = None
    account: str | None = None
    job_name: str = "rsbench"
    setup: Sequence[str] = ()
    sbatch_options: Sequence[str] = ()
    program: Sequence[str] = ("rsbench",)
    arguments: Sequence[str] = ()
    out: Path = Path("rsbench-results")
    command: Sequence[str] = ()

    def check(self) -> None:
        """Refuse what would not stay on its own line of the script.

        Raises:
            RsbenchError: says which option to mend.
        """
        for option in ("mem", "time", "partition", "account", "job_name"):
            value = getattr(self, option)
            if value is not None and not _VALUE.fullmatch(value):
                raise RsbenchError(f'--{option.replace("_", "-")} is "{value}", which is no word that Slurm takes.')
        if self.time is not None and _minutes(self.time) < SHORTEST_MINUTES:
            raise RsbenchError(f"--time is {self.time}, but must be at least {SHORTEST_MINUTES:g} minutes.")
        for text in self.sbatch_options:
            if text.partition("=")[0] in _OWN:
                raise RsbenchError(f'--sbatch-option is "{text}": give {_OWN[text.partition("=")[0]]} instead.')
            if not (_OPTION.fullmatch(text) and text.isprintable()):
                raise RsbenchError(f'--sbatch-option is "{text}": write an option of sbatch, such as constraint=h100.')
        if not self.program or not all(word.isprintable() for word in self.program):
            raise RsbenchError(
                "--program takes the words that start rsbench, such as 'apptainer run --nv rsbench-0.1.0.sif'."
            )
        for line in self.setup:
            if not line.replace("\t", " ").isprintable():
                raise RsbenchError(f"--setup takes one line of shell, and {line!r} is none; repeat it for several.")

    @property
    def log_file(self) -> str:
        """The pattern of the log's name, as Slurm fills it in."""
        return "%x-%j.log" if self.array is None else "%x-%A_%a.log"

    def log_of(self, job_id: str) -> str:
        """Return the names of the logs of a job that was submitted, in the shell's words."""
        name = self.log_file.replace("%x", self.job_name)
        return name.replace("%j", job_id).replace("%A", job_id).replace("%a", "*")

    def script(self) -> str:
        """Return the script that runs the comparison."""
        arguments = [*self.arguments, *(["--leave-busy"] if self.array is not None else [])]
        cpus = [] if self.cpus_per_task is None else [f"--cpus-per-task={self.cpus_per_task}"]  # srun inherits it not
        return _filled(
            "compare",
            command=harmless(shlex.join(self.command)),
            directives="\n".join(f"#SBATCH {option}" for option in self._options()),
            preparation=_paragraph(self.setup) + _paragraph(_TOKEN if self.nodes > 1 else ()),
            srun_options=shlex.join(["--kill-on-bad-exit=0", *cpus]),
            compare=shlex.join([*self.program, "compare"]) + _one_option_a_line(arguments),
            job_id="$SLURM_JOB_ID" if self.array is None else _OF_ARRAYS,
        )

    def report_script(self) -> str:
        """Return the script that reports what the comparison has recorded."""
        name, log_file = f"--job-name={self.job_name}-report", "--output=%x-%j.log"
        options = [name, "--ntasks=1", f"--time={REPORT_TIME}", *self._place(), log_file]
        return _filled(
            "report",
            directives="\n".join(f"#SBATCH {option}" for option in options),
            preparation=_paragraph(self.setup),
            report=shlex.join([*self.program, "report", str(self.out)]),
        )

    def _options(self) -> Iterator[str]:
        """Yield the options of sbatch; those of the user come last, as the last one counts."""
        yield f"--job-name={self.job_name}"
        yield f"--nodes={self.nodes}"
        yield "--ntasks-per-node=1"
        asked = {"gpus-per-node": self.gpus_per_node, "cpus-per-task": self.cpus_per_task, "mem": self.mem}
        asked |= {"time": self.time}
        yield from (f"--{name}={value}" for name, value in asked.items() if value is not None)
        yield from self._place()
        if self.array is not None:
            yield f"--array=1-{self.array}"
        yield f"--output={self.log_file}"
        yield "--open-mode=append"
        yield "--requeue"
        yield f"--signal=TERM@{WARNING_S}"
        yield from (f"--{option}" for option in self.sbatch_options)

    def _place(self) -> list[str]:
        """Return the options that say where jobs queue and who pays."""
        asked = {"partition": self.partition, "account": self.account}
        return [f"--{name}={value}" for name, value in asked.items() if value is not None]


def _minutes(time: str) -> float:
    """Return the minutes of a time limit in one of Slurm's forms.

    Raises:
        RsbenchError: it has none of them.
    """
    found = _TIME.fullmatch(time)
    if found is None:
        raise RsbenchError(f'--time is "{time}": write minutes, H:M:S or D-H:M:S, such as 30, 12:00:00 or 2-00:00:00.')
    days, first, second, third = (None if part is None else int(part) for part in found.groups())
    if days is not None:  # D-H, D-H:M, D-H:M:S
        return 1440 * days + 60 * (first or 0) + (second or 0) + (third or 0) / 60
    if third is not None:  # H:M:S
        return 60 * (first or 0) + (second or 0) + third / 60
    return (first or 0) + (second or 0) / 60  # M, M:S


def _filled(template: str, **words: str) -> str:
    """Return a template with the words in their places."""
    text = resources.files(__package__).joinpath(f"{template}.sbatch").read_text(encoding="utf-8")
    return Template(text).substitute(words)


def _paragraph(lines: Sequence[str]) -> str:
    """Return lines with an empty one after them, nothing where there are none."""
    return "".join(f"{line}\n" for line in [*lines, ""]) if lines else ""


def _one_option_a_line(words: Sequence[str]) -> str:
    """Return what follows a command in the shell's quotes, broken before each long option."""
    return "".join(f"{_BREAK if word.startswith('--') else ' '}{shlex.quote(word)}" for word in words)
