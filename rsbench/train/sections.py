"""The sections of a record that only a trained network's process can tell: compressor, model, memory, history."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import nn

from rsbench.cell import CellSpec
from rsbench.compressors import Compressor
from rsbench.compressors.base import differences
from rsbench.measure import asked_ratio, memory
from rsbench.measure.totals import RunTotals
from rsbench.models import own
from rsbench.models.weights import loaded_weights
from rsbench.tasks import Networks

HISTORY_ENTRIES = 100
"""At most so many entries of a run's history are kept in its record."""


def compressor_section(compressor: Compressor, cell: CellSpec) -> dict[str, Any]:
    """Return what ran, and in ``note`` what a row of the table has to say about its optimizer (nothing for most)."""
    note = ""
    if compressor.owns_momentum((2, 2)):
        if cell.synchronization.in_rounds:
            note = differences.NOTE
        elif cell.optimizer != "sgd":
            note = "Adam: momentum=0, error feedback only"
    return {
        "name": compressor.name,
        "text": compressor.text,
        "trains": compressor.trains,
        "matched": cell.ratio is not None,
        "note": note,
    }


def traffic_section(totals: RunTotals, buffer_bytes: int, cell: CellSpec, samples: int) -> dict[str, Any]:
    """Return the run's bytes, and in ``ratio_note`` that they are not what was asked for (empty where they are).

    Args:
        totals: of the run.
        buffer_bytes: of averaged buffers.
        cell: what was asked for.
        samples: that all workers together trained on, repeats included.
    """
    traffic = totals.traffic()
    note = asked_ratio.miss_text({"ratio": cell.ratio, "match": cell.match}, traffic)
    per_sample = {"payload_bytes_per_sample": traffic["payload_bytes_total"] / (samples / cell.workers)}
    return {**traffic, **per_sample, "buffer_bytes": buffer_bytes, "ratio_asked": cell.ratio, "ratio_note": note}


def model_section(name: str, networks: Networks) -> dict[str, Any]:
    """Return a model's sizes, and how many tensors given weights filled.

    Parameters that networks share count once, but are sent for each; frozen ones are not sent.
    """
    every = [parameter for network in networks.values() for parameter in network.parameters()]
    sent = [parameter for parameter in every if parameter.requires_grad]
    distinct = {id(parameter): parameter for parameter in every}.values()
    given = [loaded for loaded in map(loaded_weights, networks.values()) if loaded is not None]
    return {
        "name": name,
        **({"weights": dataclasses.asdict(given[0])} if given else {}),
        **{key: facts for network in networks.values() for key, facts in own.record_section(name, network).items()},
        **{key: facts for network in networks.values() for key, facts in _own_facts(network).items()},
        "parameters": sum(p.numel() for p in distinct),
        "one_d_elements": sum(p.numel() for p in sent if p.dim() < 2),
        "dense_bytes": 4 * sum(p.numel() for p in sent),
    }


def _own_facts(network: nn.Module) -> dict[str, Any]:
    """Return what a network has its record say (its optional method ``record_facts``), by the name of the method."""
    tell = getattr(network, "record_facts", None)
    return {} if tell is None else dict(tell())


def memory_section(device: torch.device) -> dict[str, Any]:
    """Return the largest memory so far of any rank, of its process and of the tensors on its GPU (None on a CPU)."""
    resident = memory.peak_resident_bytes()
    cuda = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else 0
    peaks = torch.tensor([resident, cuda], dtype=torch.int64, device=device)
    dist.all_reduce(peaks, dist.ReduceOp.MAX)
    return {"peak_rss_bytes": int(peaks[0]), "peak_cuda_bytes": int(peaks[1]) if device.type == "cuda" else None}


def thinned(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return at most 100 entries, evenly spread, the last among them."""
    if len(history) <= HISTORY_ENTRIES:
        return history
    kept = np.linspace(0, len(history) - 1, HISTORY_ENTRIES).round().astype(int)
    return [history[position] for position in kept]
