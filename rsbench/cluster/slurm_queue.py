"""Slurm's queue: batch scripts handed to ``sbatch``."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Final

from rsbench.errors import RsbenchError

_ANSWER: Final = re.compile(r"([0-9]+)(?:;\S+)?", re.ASCII)
"""Of ``sbatch --parsable``: a number, and a cluster's name where there are several."""


def submit(script: Path, *options: str) -> str:
    """Submit a batch script and return the job's number.

    Args:
        script: the file.
        options: of sbatch, which win over those in the file.

    Raises:
        RsbenchError: there is no Slurm here, or it refuses the job, with its words.
    """
    try:
        done = subprocess.run(
            ["sbatch", "--parsable", *options, str(script.absolute())], capture_output=True, text=True, check=False
        )
    except OSError:
        raise RsbenchError(
            "There is no sbatch on this machine: leave out --submit, and submit the script on a login node of the"
            " cluster."
        ) from None
    answer = _ANSWER.fullmatch(done.stdout.strip())
    if done.returncode or answer is None:
        reason = " ".join((done.stderr.strip() or done.stdout.strip() or "no reason given").split())
        raise RsbenchError(f"sbatch refuses the job ({reason[:500]}): mend the options and give the command again.")
    return answer[1]
