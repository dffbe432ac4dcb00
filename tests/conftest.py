"""Records as rank 0 writes them, for the tests of results and reports."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from rsbench.cell import KEY_VERSION
from rsbench.results.schema import SCHEMA

SPLIT_MS = {
    "data_s": 1.0,
    "forward_s": 20.0,
    "backward_s": 30.0,
    "compress_s": 0.0,
    "wait_s": 47.0,
    "decompress_s": 0.0,
    "optimizer_s": 1.5,
    "other_s": 0.5,
}
DENSE_BYTES = 4_000_000


def _cell(**changes: Any) -> dict[str, Any]:
    cell = {
        "dataset": "ucm21",
        "dataset_fingerprint": "f00d",
        "model": "smallvgg",
        "weights": None,
        "compressor": "none",
        "ratio": None,
        "match": "payload",
        "lr": 0.05,
        "seed": 0,
        "workers": 2,
        "device": "cpu",
        "epochs": 30,
        "max_steps": None,
        "batch_size": 32,
        "image_size": 64,
        "split": "50/10/40",
        "optimizer": "sgd",
    }
    unknown = changes.keys() - cell.keys() - {"link", "sync", "prune", "partition"}  # where they are not the default
    assert not unknown, unknown
    return cell | changes


def _traffic(name: str, ratio: float | None, one_d_share: float) -> dict[str, Any]:
    steps = 600
    share = {"none": 1.0, "fp16": 0.5, "noop": 0.0}.get(name, 1 / (ratio or 100.0))
    density = {"none": 1.0, "fp16": 1.0, "noop": 0.0}.get(name, share / 2)
    return {
        "payload_bytes_total": int(DENSE_BYTES * steps * share),
        "dense_bytes_total": DENSE_BYTES * steps,
        "wire_bytes_total": DENSE_BYTES * steps * share,
        "dense_wire_bytes_total": float(DENSE_BYTES * steps),
        "payload_bytes_per_step": int(DENSE_BYTES * share),
        "compression_ratio": 1 / share if share else None,
        "steady_ratio": 1 / share if share else None,
        "wire_ratio": 1 / share if share else None,
        "density": density,
        "density_per_tensor": {
            "features.0.weight": density * 1.5 if ratio else density,
            "head.weight": density / 2 if ratio else density,
            "head.bias": 1.0,
        },
        "one_d_share": one_d_share,
        "buffer_bytes": 1500,
        "steps": steps,
    }


def _accuracy(score: float, task: str, baselines: dict[str, dict[str, float]]) -> dict[str, Any]:
    if task == "targets":
        scores = {"auc_pd_pf": score, "auc_pd_tau": score - 0.3, "auc_pf_tau": 0.02}
        extra: dict[str, Any] = {"roc": [[0.0, 0.0], [0.1, score], [1.0, 1.0]]}
    else:
        scores = {"oa": score, "aa": score - 0.005, "kappa": score - 0.03}
        extra = {"per_class": [score, score], "confusion": [[10, 2], [1, 11]]}
    first = next(iter(scores))
    epochs = [{"epoch": epoch, "loss": 0.5, **scores, first: score + 0.01} for epoch in (0, 1)]
    test = {**scores, "loss": 0.7, **extra, "samples": 840}
    return {"val": epochs, "val_score": score + 0.01, "test": test, "pictures": [], "baselines": baselines}


def _history(score: float | None, step_s: float, traffic: dict[str, Any]) -> list[dict[str, Any]]:
    """Return four epochs: the validation score comes to half, four fifths, 96 % and all of where it ends."""
    return [
        {
            "step": traffic["steps"] * epoch // 4,
            "elapsed_s": traffic["steps"] * epoch / 4 * step_s,
            "payload_bytes_total": traffic["payload_bytes_total"] * epoch // 4,
            "lr": 0.05,
            "train_loss": 1.0 / epoch,
            "val_loss": None if score is None else 1.2 / epoch,
            "val_score": None if score is None else score * share,
            "density_per_tensor": traffic["density_per_tensor"],
        }
        for epoch, share in enumerate((0.5, 0.8, 0.96, 1.0), start=1)
    ]


def _record(
    *,
    oa: float = 0.8,
    task: str = "scenes",
    baselines: dict[str, dict[str, float]] | None = None,
    note: str | None = None,
    history: bool = False,
    key_version: int = KEY_VERSION,
    status: str = "done",
    reason: str = "",
    started_utc: str = "2026-01-31T12:00:00Z",
    split_ms: dict[str, float] | None = None,
    one_d_share: float = 0.01,
    provenance: dict[str, Any] | None = None,
    dataset: dict[str, Any] | None = None,
    **cell_changes: Any,
) -> dict[str, Any]:
    cell = _cell(**cell_changes)
    name = cell["compressor"].partition(":")[0]
    parts = {part: ms / 1000 for part, ms in (SPLIT_MS | (split_ms or {})).items()}
    record: dict[str, Any] = {
        "schema": SCHEMA,
        "key": hashlib.sha256(json.dumps(cell, sort_keys=True).encode()).hexdigest()[:12],
        "key_version": key_version,
        "status": status,
        "reason": reason,
        "started_utc": started_utc,
        "wall_s": 61.5,
        "cell": cell,
        "compressor": None,
        "dataset": None,
        "model": None,
        "traffic": None,
        "time": None,
        "accuracy": None,
        "memory": None,
        "provenance": {
            "rsbench": "0.1.0",
            "versions": {"torch": "2.14.1"},
            "cpu_model": "Example CPU",
            "runtime": {"backend": "gloo", "gpu": None},
            **(provenance or {}),
        },
    }
    if status != "done":
        return record
    matched = cell["ratio"] is not None
    step_s = sum(parts.values())
    traffic = _traffic(name, cell["ratio"], one_d_share)
    compressor = {"name": name, "text": cell["compressor"], "trains": name != "noop", "matched": matched}
    return record | {
        "compressor": compressor | ({"note": note} if note else {}),
        "dataset": {
            "name": cell["dataset"],
            "title": "UC Merced Land Use",
            "classes": [f"class {index}" for index in range(21)],
            "train": 1050,
            "val": 210,
            "test": 840,
            "split": cell["split"],
            "task": task,
            "fingerprint": "f00d",
            "part": None,
            "synthetic": False,
            **(dataset or {}),
        },
        "model": {"name": "smallvgg", "parameters": 1_130_000, "one_d_elements": 373, "dense_bytes": DENSE_BYTES},
        "traffic": traffic,
        "time": {
            **parts,
            "step_time_s": step_s,
            "overlapped_s": 0.002,
            "images_per_s": cell["workers"] * cell["batch_size"] / step_s,
            "steps_counted": 595,
            "steps_skipped": 5,
            "train_s": 60.0,
        },
        "accuracy": None if name == "noop" else _accuracy(oa, task, baselines or {}),
        "history": _history(None if name == "noop" else oa + 0.01, step_s, traffic) if history else [],
        "memory": {"peak_rss_bytes": 400_000_000, "peak_cuda_bytes": None},
    }


@pytest.fixture(scope="session")
def make_record() -> Callable[..., dict[str, Any]]:
    """Return a maker of records: keywords of ``_record`` (``oa`` is the task's first metric) and a cell's fields."""
    return _record


@pytest.fixture
def grid_records() -> list[dict[str, Any]]:
    """Return a grid of 5 methods, 2 learning rates and 3 seeds with a failed and a timed-out cell."""
    methods = {
        "none": (None, 0.80, {}),
        "noop": (None, 0.0, {"wait_s": 0.0}),
        "topk": (100.0, 0.74, {"compress_s": 60.0, "wait_s": 5.0, "decompress_s": 4.0}),
        "dgc": (100.0, 0.805, {"compress_s": 40.0, "wait_s": 5.0, "decompress_s": 4.0}),
        "rsdgc": (100.0, 0.812, {"compress_s": 50.0, "wait_s": 5.0, "decompress_s": 6.0}),
    }
    records = []
    for seed in (0, 1, 2):
        for name, (ratio, oa, split_ms) in methods.items():
            for lr in (0.01, 0.05):
                wobble = 0.004 * seed * (1 if name == "rsdgc" else -1) + (0.003 if seed == 1 else 0)
                wobble += 0.0001 * seed * (name in {"topk", "dgc"})  # no two differences are alike
                status, reason = "done", ""
                if (name, lr, seed) == ("dgc", 0.05, 2):
                    status, reason = "failed", "rank 1 was killed by signal 9\n(SIGKILL)"
                if (name, lr, seed) == ("topk", 0.01, 1):
                    status, reason = "timeout", "no end within 600 s"
                records.append(
                    _record(
                        compressor=name,
                        ratio=ratio,
                        lr=lr,
                        seed=seed,
                        oa=oa + wobble - (0.02 if lr == 0.01 and name != "dgc" else 0),
                        status=status,
                        reason=reason,
                        split_ms=split_ms,
                        started_utc=f"2026-01-31T12:{len(records):02d}:00Z",
                    )
                )
    return records


HOSTILE = "a<b>&c|d_e%f#g$h~i^j\\k{l}m -- ,, \"q\" 's' `x` [1] *y*\n<script>\tλ 地図 é ±\u200b\x00\x1f,\r\nend"


@pytest.fixture
def hostile_records() -> list[dict[str, Any]]:
    """Return records with characters that mean something to some format wherever a record holds free text."""
    data = {"title": HOSTILE, "warnings": [HOSTILE], "split": HOSTILE, "part": HOSTILE}
    machine = {"cpu_model": HOSTILE, "argv": ["rsbench", "compare", HOSTILE]}
    model = f"net {HOSTILE}"
    baselines = {f"det {HOSTILE}": {"oa": 0.5, "aa": 0.4, "kappa": 0.3}}
    return [
        _record(model=model, dataset=data, provenance=machine, baselines=baselines),
        _record(model=model, compressor="topk", ratio=10.0, dataset=data, provenance=machine, note=HOSTILE),
        _record(model=model, compressor=HOSTILE, status="failed", reason=HOSTILE, provenance=machine),
    ]


@pytest.fixture
def target_records() -> list[dict[str, Any]]:
    """Return target detection by 4 methods over 3 seeds, with two detectors that need no training."""
    baselines = {
        "CEM": {"auc_pd_pf": 0.9421, "auc_pd_tau": 0.41, "auc_pf_tau": 0.05},
        "ACE": {"auc_pd_pf": 0.9612, "auc_pd_tau": 0.31, "auc_pf_tau": 0.01},
    }
    data = {
        "title": "Targets in a made-up scene",
        "classes": ["background", "target"],
        "warnings": ["Random pixel splits leak: neighbours of training pixels are tested."],
    }
    gains = {
        "none": (0.0, 0.0, 0.0),
        "topk": (-0.021, -0.019, -0.02),
        "dgc": (0.004, -0.006, 0.003),
        "rsdgc": (0.001, 0.002, 0.001),
    }
    return [
        _record(
            task="targets",
            dataset=data,
            baselines=baselines,
            compressor=name,
            ratio=None if name == "none" else 100.0,
            seed=seed,
            oa=(0.971, 0.968, 0.974)[seed] + gain[seed],
            optimizer="adam",
            note="Adam: momentum=0, error feedback only" if name in {"dgc", "rsdgc"} else None,
            history=True,
            provenance={"argv": ["rsbench", "compare", "--seeds", "0,1,2", "--out", "my results"]},
            split_ms={} if name == "none" else {"compress_s": 30.0, "wait_s": 5.0},
        )
        for seed in (0, 1, 2)
        for name, gain in gains.items()
    ]
