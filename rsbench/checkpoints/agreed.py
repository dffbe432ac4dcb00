"""The checkpoint that a run goes on from: the newest that all ranks have whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch.distributed as dist

from rsbench.checkpoints.shelf import DamagedCheckpointError, Header, Shelf, refuse_other_run
from rsbench.checkpoints.tensor_file import read_tensors
from rsbench.errors import RsbenchError
from rsbench.measure.gather import gather_json


def newest_of_all(
    shelf: Shelf, facts: Mapping[str, Any], *, reset_compressor: bool
) -> tuple[Header | None, Any, list[str]]:
    """Return this rank's part of the newest checkpoint that all ranks have whole; all ranks call it together.

    Args:
        shelf: of the cell.
        facts: of this run, in which a checkpoint must agree.
        reset_compressor: let the compressor differ.

    Returns:
        Its header and state, both None where there is none, and a sentence for each that is damaged on some rank.

    Raises:
        RsbenchError: a whole one is of another run; on all ranks.
    """
    rank = dist.get_rank()
    every: list[list[tuple[int, str]]] = gather_json([(step, _launch(shelf, step, rank)) for step in shelf.steps(rank)])
    problems: list[str] = []
    for step in _of_one_launch([dict(one) for one in every]):
        header, state, problem, refused = _try(shelf, step, rank, facts, reset_compressor=reset_compressor)
        answers: list[list[str]] = gather_json([problem, refused])
        if refusals := [one for _, one in answers if one]:
            raise RsbenchError(refusals[0])
        damaged = {number: one for number, (one, _) in enumerate(answers) if one}
        if not damaged:
            return header, state, problems
        first = min(damaged)
        problems.append(f"The checkpoint of step {step} is left out: {damaged[first]} (rank {first})")
    return None, None, problems


def _launch(shelf: Shelf, step: int, rank: int) -> str:
    """Return which launch wrote a checkpoint, empty where its header is damaged."""
    try:
        return shelf.read_header(step, rank).launch
    except DamagedCheckpointError:
        return ""


def _of_one_launch(every: Sequence[Mapping[int, str]]) -> list[int]:
    """Return the steps of which all ranks have a checkpoint of the same launch, or a damaged one, the newest first.

    Others were being written at a kill, or are of a process that had lost the cell.
    """
    steps = set(every[0]).intersection(*every)
    return sorted((step for step in steps if len({one[step] for one in every} - {""}) <= 1), reverse=True)


def _try(
    shelf: Shelf, step: int, rank: int, facts: Mapping[str, Any], *, reset_compressor: bool
) -> tuple[Header | None, Any, str, str]:
    """Return a rank's header and state, what is damaged, and why it is refused."""
    try:
        header = shelf.read_header(step, rank)
        refuse_other_run(header.facts, facts, but=["compressor"] if reset_compressor else [], place=shelf.folder)
        state = read_tensors(shelf.tensors(step, rank), size_bytes=header.size_bytes, sha256=header.sha256)
    except DamagedCheckpointError as error:
        return None, None, str(error), ""
    except RsbenchError as error:
        return None, None, "", str(error)
    return header, state, "", ""
