"""One rank of one cell: ``torchrun ... -m rsbench.launch.worker CELL_FOLDER``."""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from rsbench.errors import RsbenchError
from rsbench.launch.parent_death import end_with_parent
from rsbench.results.folder import CellFolder


def main(folder: Path, work: Callable[[Path, int], None] | None = None) -> int:
    """Do the work that stands ready in a folder as the rank that the environment names.

    Everything this rank prints goes to its log, an exception to its error file.

    Args:
        folder: of the job, see :class:`~rsbench.results.folder.CellFolder`.
        work: called with the folder and the rank; None trains a cell, for which rank 0 appends to the samples and,
            at the end, writes the record.

    Returns:
        0 when the work is done, 2 on a user's error, 1 on any other.
    """
    rank = int(os.environ["RANK"])
    _log_to(CellFolder(folder).log(rank))
    end_with_parent(os.getppid())()
    try:
        (work or _train)(folder, rank)
    except BaseException as error:
        _write_error(CellFolder(folder).error(rank), rank, error)
        return 2 if isinstance(error, RsbenchError) else 1
    return 0


def _log_to(path: Path) -> None:
    """Send this process's output, C libraries' included, to a file."""
    sys.stdout.flush()
    sys.stderr.flush()
    with path.open("ab", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)


def _train(cell_folder: Path, rank: int) -> None:
    """Join the process group, train, and write the record on rank 0."""
    import torch  # late: what fails here is to be told, too
    import torch.distributed as dist

    from rsbench.cell import KEY_VERSION, CellSpec
    from rsbench.compressors import parse
    from rsbench.measure.log import RunLog
    from rsbench.results import provenance, records
    from rsbench.results.schema import SCHEMA
    from rsbench.tasks import TASKS
    from rsbench.train.loop import Training

    started, started_utc = time.perf_counter(), provenance.utc_now()
    folder = CellFolder(cell_folder)
    job = json.loads(folder.job.read_text(encoding="utf-8"))
    cell = CellSpec.from_dict(job["cell"])
    compressor = parse(job["compressor"])
    log = RunLog(folder.samples if rank == 0 else None, events=folder.events if job["tensorboard"] else None)
    log.write("phase", {"phase": "start"})
    device = _device(cell.device)
    _be_deterministic()
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        training = Training(cell, compressor, TASKS[job["task"]], Path(job["data"]), device, log)
        sections = training.run(folder.path)
        if rank == 0:
            runtime = sections.pop("runtime") | _runtime(torch, dist, device)
            record = {
                "schema": SCHEMA,
                "key": cell.key,
                "key_version": KEY_VERSION,
                "status": "done",
                "reason": "",
                "started_utc": started_utc,
                "wall_s": time.perf_counter() - started,
                "cell": cell.to_dict(),
                "provenance": {**job["provenance"], "runtime": runtime},
                **sections,
            }
            records.write_record(folder.path, record)
            log.write("phase", {"phase": "done"})
    finally:
        dist.destroy_process_group()


def _device(kind: str) -> Any:
    """Return this rank's device; on GPUs the one numbered like the local rank."""
    import torch  # late: start-up

    if kind == "cpu":
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
        return torch.device("cpu")
    local = int(os.environ["LOCAL_RANK"])
    torch.cuda.set_device(local)
    return torch.device("cuda", local)


def _be_deterministic() -> None:
    """Make the same seed give the same losses bit for bit on the same machine."""
    import torch  # late: start-up

    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    # A debugging aid that deterministic mode switches on, and that would be timed:
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False


def _runtime(torch: Any, dist: Any, device: Any) -> dict[str, Any]:
    """Return the facts that only the running worker knows."""
    return {
        "backend": dist.get_backend(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name(device) if device.type == "cuda" else None,
        "nccl": ".".join(map(str, torch.cuda.nccl.version())) if device.type == "cuda" else None,
    }


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
    file.write_text(json.dumps(report), encoding="utf-8")


def leave(code: int) -> NoReturn:
    """End this process at once: a rank that failed must not wait for the others, nor any for gloo's threads."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    leave(main(Path(sys.argv[1])))
