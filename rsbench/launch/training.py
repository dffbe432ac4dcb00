"""The work of a cell: join the process group, agree, train, and write the record on rank 0."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from rsbench.cell import KEY_VERSION, CellSpec, Device
from rsbench.checkpoints.weights import keep_weights
from rsbench.compressors import parse
from rsbench.launch.member import Member
from rsbench.loggers.base import RunFacts
from rsbench.measure.heartbeat import beat
from rsbench.measure.log import RunLog
from rsbench.results import provenance, records
from rsbench.results.folder import CellFolder
from rsbench.results.schema import SCHEMA
from rsbench.tasks import TASKS
from rsbench.train.loop import Training
from rsbench.train.saving import Order


def train(folder: Path, member: Member) -> None:
    """Train the cell that stands ready in a folder; rank 0 appends to the samples and, at the end, writes the record.

    Args:
        folder: holds ``job.json``, see :class:`~rsbench.results.folder.CellFolder`.
        member: this rank.

    Raises:
        StoppedError: some rank was asked to stop.
        RsbenchError: something the user can mend, such as a loss that is not finite or ranks that disagree.
    """
    started, started_utc = time.perf_counter(), provenance.utc_now()
    files = CellFolder(folder)
    job = json.loads(files.job.read_text(encoding="utf-8"))
    cell = CellSpec.from_dict(job["cell"])
    first = member.rank == 0
    log = RunLog(files.samples if first else None, loggers=_told(job, cell, files))
    log.write("phase", {"phase": "start"})
    device = _device(cell.device, member.local_rank)
    _choose_algorithms(deterministic=cell.deterministic)
    beat("join the other ranks")
    member.join("nccl" if device.type == "cuda" else "gloo")
    try:
        training = Training(
            cell,
            parse(job["compressor"]),
            TASKS[job["task"]],
            Path(job["data"]),
            device,
            log,
            trace=files.trace if job["trace"] else None,
            order=_order(job),
        )
        sections = training.run(folder)
        if first:
            if job.get("keep_weights"):
                keep_weights(training.networks, files)
            runtime = sections.pop("runtime") | _runtime(device, cell) | {"restarts": job.get("restarts", 0)}
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
            beat("write the record")
            records.write_record(folder, record)
            log.finish(record)
            log.write("phase", {"phase": "done"})
    finally:
        log.close()
        dist.destroy_process_group()


def _told(job: Mapping[str, Any], cell: CellSpec, files: CellFolder) -> dict[str, RunFacts]:
    """Return what each logger that a job wants is told of the cell."""
    return {
        name: RunFacts(key=cell.key, label=cell.label, config=cell.to_dict(), folder=files.of_logger(name))
        for name in job["loggers"]
    }


def _order(job: Mapping[str, Any]) -> Order | None:
    """Return what a job says of checkpoints, None where it wants none."""
    asked = job.get("checkpoints")
    return None if asked is None else Order(**{**asked, "folder": Path(asked["folder"])})


def _device(kind: Device, local_rank: int) -> torch.device:
    """Return this rank's device; on GPUs the one numbered like the local rank."""
    if kind == "cpu":
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
        return torch.device("cpu")
    torch.cuda.set_device(local_rank)
    return torch.device("cuda", local_rank)


def _choose_algorithms(*, deterministic: bool) -> None:
    """Make the same seed give the same losses bit for bit on the same machine, or let a GPU be as fast as it can.

    Precision is the same in both: TF32 as torch has it. The fast side was not run on a GPU by us so far.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # in both: torch reads it once in a process
    torch.use_deterministic_algorithms(deterministic, warn_only=True)
    # A debugging aid that deterministic mode switches on, and that would be timed:
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = not deterministic


def _runtime(device: torch.device, cell: CellSpec) -> dict[str, Any]:
    """Return the facts that only the running worker knows."""
    cuda = device.type == "cuda"
    return {
        "backend": dist.get_backend(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "deterministic": cell.deterministic,
        "gpu": torch.cuda.get_device_name(device) if cuda else None,
        "nccl": ".".join(map(str, torch.cuda.nccl.version()))  # type: ignore[no-untyped-call]
        if cuda
        else None,
    }
