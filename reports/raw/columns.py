"""The data dictionary: every column of the flat files, which writers, :func:`rsbench.load` and documentation share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from rsbench.reports.raw.shared_columns import (
    GAPS,
    IMAGES_PER_S,
    KEY,
    MEMORY,
    METHOD,
    P_VALUES,
    PAIRED_SEEDS,
    PRUNE,
    RATIO_NOTE,
    ROUND,
    SELECTION,
    SETTING,
    STEP_COUNTS,
    STEP_TIMES,
    SYNC,
    TEST,
    TEST_SD,
    TRAFFIC,
    UNCERTAINTY_COLUMNS,
    VALIDATION_SCORE,
    WHAT,
    Column,
    Kind,
    means_of,
)

_METHODS: Final = (
    *SETTING,
    METHOD,
    Column("compressor", "text", "", "Compressor with its options, as asked for"),
    Column("ratio_asked", "float", "", "Asked compression ratio, empty for rows that take none"),
    WHAT["match"],
    replace(WHAT["lr"], meaning="Learning rate with the best validation score"),
    Column("lrs_tried", "text", "", "Learning rates that were run, separated by spaces"),
    Column("cells_done", "int", "", "Cells of the row that are done"),
    Column("cells_not_done", "int", "", "Cells of the row that failed or were stopped"),
    Column("seeds", "int", "", "Seeds at the chosen learning rate"),
    *means_of([VALIDATION_SCORE]),
    *(one for pair in zip(means_of(TEST), TEST_SD, strict=True) for one in pair),
    *means_of(UNCERTAINTY_COLUMNS),
    *GAPS,
    PAIRED_SEEDS,
    Column("paired_sd", "float", "", "Standard deviation of the paired differences"),
    *P_VALUES,
    Column("on_pareto_front", "bool", "", "Whether no other row is both more accurate and smaller"),
    *means_of((*TRAFFIC, *STEP_TIMES, IMAGES_PER_S)),
    *STEP_COUNTS,
    Column("speed_up", "float", "", "Step time of none divided by that of the row, as measured"),
    Column("break_even", "text", "", "Where the row is faster than none: below or above a speed, always or never"),
    Column("break_even_bits_per_s", "float", "bit/s", "Modelled link speed at which the row is as fast as none"),
    Column("break_even_low_bits_per_s", "float", "bit/s", "Lower end of the range of that speed"),
    Column("break_even_high_bits_per_s", "float", "bit/s", "Upper end of the range of that speed"),
    Column("break_even_doubt", "text", "", "Why that speed is not to be trusted, empty for no reason"),
    *means_of(MEMORY),
    *SYNC,
    PRUNE,
    *means_of(SELECTION),
    RATIO_NOTE,
)
_CELL: Final = (
    WHAT["dataset"],
    Column("dataset_fingerprint", "text", "", "What identifies the files of the data set"),
    WHAT["model"],
    Column("weights", "text", "", "Initial weights, empty for random ones"),
    Column("compressor", "text", "", "Compressor with its options, as asked for"),
    Column("ratio", "float", "", "Asked compression ratio, empty for cells that take none"),
    *(WHAT[name] for name in ("match", "lr")),
    Column("seed", "int", "", "Repeat: decides validation samples, initial weights and batches"),
    *(WHAT[name] for name in ("workers", "device")),
    Column("epochs", "int", "", "Passes over the training samples that were asked for"),
    Column("max_steps", "int", "", "Optimizer steps after which the run was to stop, empty for no limit"),
    Column("batch_size", "int", "", "Samples of a worker in a step"),
    Column("image_size", "int", "px", "Height and width of images or patches"),
    Column("split", "text", "", "How samples were split into training, validation and test"),
    Column("optimizer", "text", "", "sgd, adam or adamw"),
    Column("momentum", "float", "", "Of SGD"),
    Column("weight_decay", "float", "", "Of SGD"),
    Column("schedule", "text", "", "How the learning rate falls: cosine, step or constant"),
    Column("warmup_epochs", "float", "epochs", "Epochs in which the learning rate rises"),
    Column("clip_norm", "float", "", "Largest norm of the averaged gradient, empty for no clipping"),
    Column("label_smoothing", "float", "fraction", "Share of the target spread over the other classes"),
    Column("channels_last", "bool", "", "Whether images and weights lie in memory with channels last"),
    Column("bf16", "bool", "", "Whether training ran under bfloat16 autocast"),
    Column("bucket_cap_mb", "float", "MiB", "Bucket size of DistributedDataParallel"),
    *(WHAT[name] for name in ("partition", "deterministic")),
    Column("link", "text", "", "Emulated links of the workers, empty for the machine as it is"),
    SYNC[0],
    PRUNE,
)
_CELLS: Final = (
    Column("set", "text", "", "With --compare: A or B, the result folder that the cell is of"),
    KEY,
    Column("status", "text", "", "done, failed, timeout, interrupted or skipped"),
    Column("reason", "text", "", "Why the cell is not done, empty for done cells"),
    Column("started_utc", "text", "", "Start of the cell, such as 2026-01-31T12:00:00Z"),
    Column("wall_s", "float", "s", "Time of the cell from start to end"),
    WHAT["key_version"],
    *_CELL,
    WHAT["hardware"],
    Column("compressor_run", "text", "", "Compressor as it ran, with the density that was solved for the ratio"),
    WHAT["part"],
    VALIDATION_SCORE,
    *TEST,
    *UNCERTAINTY_COLUMNS,
    Column("test_samples", "int", "", "Number of test samples"),
    *(*TRAFFIC, *STEP_TIMES, IMAGES_PER_S),
    *STEP_COUNTS,
    *MEMORY,
    *SELECTION,
    Column("command", "text", "", "Command that ran the cell"),
    RATIO_NOTE,
    Column("resumed_from_step", "text", "", "Steps of the checkpoints that the cell went on from, separated by spaces"),
    Column("steps_redone", "int", "", "Steps that ran again after checkpoints"),
    Column("restarts", "int", "", "How often the workers were started again"),
    Column("compressor_reset_at_step", "int", "", "Step at which the compressor began with an empty memory"),
)
_OF_SET: Final[tuple[tuple[str, Kind, str, str], ...]] = (
    ("lr", "float", "", "Learning rate with the best validation score"),
    ("seeds", "int", "", "Seeds at that learning rate"),
    ("score", "float", "", "Metric on the test samples, mean over the seeds"),
    ("score_sd", "float", "", "Standard deviation of the metric over the seeds"),
    ("payload_bytes_total", "float", "bytes", "Bytes that a worker handed to collectives in the run"),
    ("step_time_s", "float", "s", "Time of a step"),
)
_LINKS: Final = (
    *SETTING,
    Column("link", "text", "", "Link that was asked for"),
    Column("down_bits_per_s", "float", "bit/s", "Speed of the link to a worker"),
    Column("up_bits_per_s", "float", "bit/s", "Speed of the link from a worker"),
    Column("round_trip_s", "float", "s", "Round trip of the link"),
    METHOD,
    Column("steps", "float", "", "Optimizer steps of the run; mean over the seeds"),
    Column("link_step_s", "float", "s", "Modelled time of a step on the link"),
    Column("link_step_low_s", "float", "s", "Lower end of the range of that time"),
    Column("link_step_high_s", "float", "s", "Upper end of the range of that time"),
    Column("doubt", "text", "", "Why the times are not to be trusted, empty for no reason"),
    Column("link_speed_up", "float", "", "Modelled step time of none divided by that of the row"),
    Column("run_s", "float", "s", "Modelled time of all steps"),
    Column("target_validation_score", "float", "", "Validation score that rows are asked to reach"),
    Column("target_steps", "float", "", "Steps until the row reached it, empty where it did not"),
    Column("target_s", "float", "s", "Modelled time until the row reached it"),
    Column("sent_bytes", "float", "bytes", "Bytes that a worker sends in the run, headers included"),
    Column("received_bytes", "float", "bytes", "Bytes that a worker receives in the run, headers included"),
    Column("visible_s", "float", "s", "With --contact: length of a pass"),
    Column("period_s", "float", "s", "With --contact: time from one pass to the next"),
    Column("elapsed_s", "float", "s", "With --contact: time to the end of the run, waiting included"),
    Column("passes", "float", "", "With --contact: passes until the end of the run"),
)
_CHANGES: Final = (
    Column("setting", "text", "", "Title of the setting"),
    METHOD,
    Column("metric", "text", "", "Metric that is compared"),
    *(
        Column(f"{letter.lower()}_{name}", kind, unit, f"{meaning}, in result folder {letter}")
        for letter in "AB"
        for name, kind, unit, meaning in _OF_SET
    ),
    Column("difference", "float", "", "Metric of B minus that of A; mean over the seeds that both have"),
    Column("difference_low", "float", "", "Lower end of its 95 % interval"),
    Column("difference_high", "float", "", "Upper end of its 95 % interval"),
    PAIRED_SEEDS,
    *P_VALUES,
)
_STEP: Final = (
    Column("step", "int", "", "Number of the step, from 0"),
    Column("epoch", "int", "", "Number of the epoch, from 0"),
    Column("loss", "float", "", "Training loss of the step"),
    WHAT["lr"],
    Column("images", "int", "", "Samples of the step, of all workers together"),
    Column("payload_bytes", "float", "bytes", "Bytes that a worker handed to collectives in the step"),
    Column("warmup", "bool", "", "Whether summaries leave the step out"),
    *STEP_TIMES,
    ROUND,
)
_WHOSE: Final = (KEY, WHAT["dataset"], WHAT["model"], METHOD)
_CURVES: Final = (
    *_WHOSE,
    *(one for one in _CELL if one.name in {"compressor", "ratio", "lr", "seed", "workers"}),
    Column("step", "int", "", "Optimizer steps so far"),
    Column("elapsed_s", "float", "s", "Time of training so far"),
    Column("payload_bytes_total", "float", "bytes", "Bytes that a worker handed to collectives so far"),
    Column("score_bytes", "int", "bytes", "Bytes handed to collectives to exchange scores so far, beside the payload"),
    Column("train_loss", "float", "", "Training loss since the last entry"),
    Column("val_loss", "float", "", "Loss on the validation samples"),
    Column("val_score", "float", "", "First metric of the task on the validation samples"),
    Column("step_lr", "float", "", "Learning rate at that step"),
)
COLUMNS: Final[Mapping[str, tuple[Column, ...]]] = {
    "methods.csv": _METHODS,
    "cells.csv": _CELLS,
    "links.csv": _LINKS,
    "changes.csv": _CHANGES,
    "samples.jsonl": _STEP,
}
"""Name of a file -> its columns, in order; of ``samples.jsonl``, the fields of its lines of kind ``step``.

``report.json`` holds the rows of ``methods.csv``, ``cells.csv`` and ``links.csv`` under the same names. A file has
those columns only that some row has a use for.
"""
FRAMES: Final[Mapping[str, tuple[Column, ...]]] = {
    "methods": _METHODS,
    "cells": _CELLS,
    "links": _LINKS,
    "curves": _CURVES,
    "steps": (*_WHOSE, *_STEP),
}
"""Name of a frame of :class:`rsbench.frames.results.Results` -> its columns, all of which it has, in order."""


def in_order(file: str, names: Sequence[str]) -> list[str]:
    """Return the names in the order of a file's columns, those last that it does not know.

    Records of a newer rsbench may have fields of cells that are not known here.
    """
    known = [column.name for column in COLUMNS[file] if column.name in names]
    return [*known, *(name for name in names if name not in known)]
