"""Records with all that figures are made of: histories, confusion, curves of detection, pictures. All made up."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rsbench.errors import RsbenchError
from rsbench.results import schema

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


def rich(make_record: Maker, tmp_path: Path) -> list[dict[str, Any]]:
    """Return records of three methods over two seeds with everything that scenes have."""
    records = [
        with_history(make_record(compressor=name, ratio=ratio, seed=seed, oa=0.8 + seed / 100), epochs=6)
        for seed in (0, 1)
        for name, ratio in (("none", None), ("topk", 100.0), ("rsdgc", 100.0))
    ]
    names = ["Healthy grass", "水", "Parking <1>"]
    return [with_pictures(with_confusion(record, names), tmp_path / record["key"]) for record in records]


def with_all(make_record: Maker, tmp_path: Path) -> dict[str, Any]:
    """Return one small record with everything that scenes have."""
    record = with_history(make_record(compressor="rsdgc", ratio=10.0), epochs=2, tensors=2)
    return with_pictures(with_confusion(record, ["a", "b"]), tmp_path)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths to all values of a record, of lists to the first item only."""
    if isinstance(value, dict):
        return [path, *(leaf for key, item in value.items() for leaf in leaves(item, (*path, key)))]
    if isinstance(value, list) and value:
        return [path, *leaves(value[0], (*path, 0))]
    return [path]


def changed(record: dict[str, Any], path: tuple[Any, ...], odd: Any) -> dict[str, Any] | None:
    """Return the record with another value at a path, None where the schema refuses that."""
    section = record
    for key in path[:-1]:
        section = section[key]
    section[path[-1]] = odd
    try:
        schema.check(record)
    except RsbenchError:
        return None
    return record


def fusion_records(make_record: Maker) -> list[dict[str, Any]]:
    """Return records of three models, over three seeds, under two methods."""
    means = {"hsi": (0.83, 0.84, 0.85), "lidar": (0.60, 0.62, 0.61), "fusion": (0.87, 0.89, 0.90)}
    return [
        make_record(
            task="pixels",
            model=model,
            oa=oa - (0.01 + 0.0001 * seed if name == "topk" else 0),
            compressor=name,
            seed=seed,
            provenance={"argv": ["rsbench", "compare", "--model", "hsi", "--model", "lidar"]},
        )
        for model, values in means.items()
        for seed, oa in enumerate(values)
        for name in ("none", "topk")
    ]
