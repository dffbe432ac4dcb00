"""Records with all that figures are made of: histories, confusion, curves of detection, pictures. All made up."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

Maker = Callable[..., dict[str, Any]]


def with_history(record: dict[str, Any], *, epochs: int = 30, tensors: int = 8) -> dict[str, Any]:
    """Return the record with one entry an epoch; densities of rsdgc change."""
    if record["status"] != "done":
        return record
    seed, name = record["cell"]["seed"], record["compressor"]["name"]
    sent, score = record["traffic"]["payload_bytes_total"], (record["accuracy"] or {}).get("val_score")
    history = []
    for epoch in range(1, epochs + 1):
        done = epoch / epochs
        wobble = 0.01 * math.sin(7 * epoch + 3 * seed)
        drift = (1 - 0.7 * done) if name == "rsdgc" else 1.0
        density = record["traffic"]["density"]
        history.append(
            {
                "step": 20 * epoch,
                "elapsed_s": 20 * epoch * record["time"]["step_time_s"] + 0.3 * seed,
                "payload_bytes_total": int(sent * done),
                "lr": 0.05 * (1 - done),
                "train_loss": 3 * math.exp(-3.5 * done) + abs(wobble) + 0.05,
                "val_loss": 2 * math.exp(-2 * done) + 0.3,
                "val_score": None if score is None else score * (1 - math.exp(-5 * done)) + wobble,
                "density_per_tensor": {
                    f"features.{tensor}.weight": min(1.0, density * (1 + 3 * drift * tensor / tensors))
                    for tensor in range(tensors)
                },
            }
        )
    return record | {"history": history}


def with_confusion(record: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Return the record with a confusion matrix of as many classes as there are names."""
    if record["accuracy"] is None:
        return record
    count, hit = len(names), round(40 * record["accuracy"]["test"]["oa"])
    matrix = [[0] * count for _ in range(count)]
    for row in range(count):
        matrix[row][row] = hit
        for other in range(1, 4):
            matrix[row][(row + other * other) % count] += (40 - hit) // (other + 1)
    test = record["accuracy"]["test"] | {"confusion": matrix, "per_class": [hit / 40] * count}
    return record | {
        "dataset": record["dataset"] | {"classes": names},
        "accuracy": record["accuracy"] | {"test": test},
    }


def with_pictures(record: dict[str, Any], folder: Path, *, files: tuple[str, ...] = ("map.png",)) -> dict[str, Any]:
    """Return the record of pixels as if read from a folder, in which its first picture is."""
    if record["accuracy"] is None:
        return record
    folder.mkdir(parents=True, exist_ok=True)
    (folder / files[0]).write_bytes(png(64, 48))
    title = "prediction, truth beside it"
    pictures = [{"file": file, "title": title, "path": str(folder / file)} for file in files]
    data = record["dataset"] | {"task": "pixels", "title": "Houston 2013"}
    return record | {"dataset": data, "accuracy": record["accuracy"] | {"pictures": pictures}}


def with_targets(record: dict[str, Any]) -> dict[str, Any]:
    """Return the record as one of target detection, with its receiver operating characteristic."""
    if record["accuracy"] is None:
        return record
    strength = 4 + 20 * record["accuracy"]["test"]["oa"]
    fractions = [0.0, *(10 ** (-4 + 4 * index / 400) for index in range(401))]
    test = {
        "auc_pd_pf": 1 - 0.05 / strength,
        "auc_pd_tau": 0.6,
        "auc_pf_tau": 0.02,
        "loss": 0.1,
        "samples": 10_000,
        "roc": [[pf, 1 - (1 - min(1.0, pf)) * math.exp(-strength * pf * 20) if pf else 0.0] for pf in fractions],
    }
    data = record["dataset"] | {"task": "targets", "title": "San Diego", "classes": ["background", "aircraft"]}
    val = [{"epoch": 0, "loss": 0.1, **{name: test[name] for name in ("auc_pd_pf", "auc_pd_tau", "auc_pf_tau")}}]
    return record | {"dataset": data, "accuracy": record["accuracy"] | {"val": val, "test": test}}


def png(width: int, height: int) -> bytes:
    """Return a small picture of coloured squares."""
    rows = b"".join(
        b"\0" + bytes(value for x in range(width) for value in (60 + 40 * (x // 16), 90 + 40 * (y // 16), 120))
        for y in range(height)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
