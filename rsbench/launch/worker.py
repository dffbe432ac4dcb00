"""One rank's process: it waits for orders, does the work of one folder after the other, and ends with its launcher.

``python -m rsbench.launch.worker MODULE:FUNCTION ANSWERS HEARTBEATS [LISTENER]``, started by
:class:`~rsbench.launch.group.WorkerGroup`. Orders are lines of JSON on standard input, a pipe that only the launcher
holds. A rank whose work failed ends its process, so that nothing of it is left for the next cell.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from rsbench.checkpoints.stopping import EXIT_CODE, StoppedError
from rsbench.errors import RsbenchError
from rsbench.launch.group import DONE, READY
from rsbench.launch.member import Member, Work
from rsbench.measure import heartbeat
from rsbench.parent_death import end_with_parent
from rsbench.results.folder import CellFolder


def main(folder: Path, work: Work, member: Member) -> int:
    """Do the work that stands ready in a folder.

    Everything this rank prints goes to its log, an exception to its error file.

    Args:
        folder: of the job, see :class:`~rsbench.results.folder.CellFolder`.
        work: called with the folder and the member.
        member: this rank.

    Returns:
        0 when the work is done, :data:`~rsbench.checkpoints.stopping.EXIT_CODE` when the rank stopped because some rank
        was asked to, 2 on a user's error, 1 on any other.
    """
    try:
        _log_to(CellFolder(folder).log(member.rank))
        work(folder, member)
    except StoppedError as stopped:
        sys.stderr.write(f"{stopped}\n")
        return EXIT_CODE
    except BaseException as error:
        _write_error(CellFolder(folder).error(member.rank), member.rank, error)
        return 2 if isinstance(error, RsbenchError) else 1
    return 0


def run_inside_torchrun(folder: Path, work: Work) -> int:
    """Do the work as the rank that a torchrun's environment names; see :func:`main` for the rest."""
    end_with_parent(os.getppid())()
    return main(folder, work, Member.of_torchrun())


def serve(work: Work, member: Member, answers: int) -> int:
    """Do the work of every folder that is ordered, until the launcher closes the pipe.

    Args:
        work: what to do with a folder.
        member: this rank; each order says where it meets the others.
        answers: file descriptor for a word after each order.

    Returns:
        0, or what :func:`main` returned for the work that failed.
    """
    orders = _take_orders()
    work = _with_fresh_state(work)
    os.write(answers, f"{READY}\n".encode())
    for order in orders:
        place = Member(**{**vars(member), "store": order["store"]})
        code = main(Path(order["folder"]), work, place)
        if code != 0:
            return code
        os.write(answers, f"{DONE}\n".encode())
    return 0


def _take_orders() -> Iterator[dict[str, Any]]:
    """Yield the launcher's orders; what reads standard input later finds it empty."""
    pipe = os.fdopen(os.dup(0), "rb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    return map(json.loads, pipe)


def _with_fresh_state(work: Work) -> Work:
    """Return the work, done each time in a process that looks as if it had just been started; all that is torch's."""
    if "torch" not in sys.modules:
        return work
    from rsbench.launch.process_state import ProcessState  # late: start-up

    state = ProcessState()

    def fresh(folder: Path, member: Member) -> None:
        state.restore()
        work(folder, member)
        state.free_memory()

    return fresh


def _log_to(path: Path) -> None:
    """Send this process's output, C libraries' included, to a file."""
    sys.stdout.flush()
    sys.stderr.flush()
    with path.open("ab", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)


def _write_error(file: Path, rank: int, error: BaseException) -> None:
    """Leave the exception where the launcher looks for it, and in the log."""
    traceback.print_exc()
    sys.stderr.flush()
    report = {
        "rank": rank,
        "type": type(error).__name__,
        "message": str(error),
        "traceback": traceback.format_exc(),
        "user_error": isinstance(error, RsbenchError),
        "time": time.time(),
    }
    try:
        file.write_text(json.dumps(report), encoding="utf-8")
    except OSError:
        return  # the folder is gone, which the launcher sees


def leave(code: int) -> NoReturn:
    """End this process at once: a rank that failed must not wait for the others, nor any for gloo's threads."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _start(work: str, answers: str, heartbeats: str, listener: str = "") -> int:
    """Prepare this process and serve; the arguments are those of the command line."""
    member = Member(
        rank=int(os.environ["RANK"]),
        world_size=int(os.environ["WORLD_SIZE"]),
        local_rank=int(os.environ["LOCAL_RANK"]),
        listener=int(listener) if listener else None,
    )
    heartbeat.open_mine(Path(heartbeats), member.local_rank)
    faulthandler.register(signal.SIGUSR1)
    module, _, function = work.partition(":")
    return serve(getattr(importlib.import_module(module), function), member, int(answers))


if __name__ == "__main__":
    leave(_start(*sys.argv[1:]))
