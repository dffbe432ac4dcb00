"""Columns that several flat files have, with what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from rsbench.metrics import TASKS, UNCERTAINTY, UNCERTAINTY_SOURCES, Metric

Kind = Literal["text", "int", "float", "bool"]


@dataclass(frozen=True)
class Column:
    """One column of a flat file.

    Attributes:
        name: in the heading of a CSV file, the keys of a JSON file, and the frames of :func:`rsbench.load`.
        kind: of its values, any of which may be missing.
        unit: of its numbers; empty for texts, flags, counts and numbers without a unit.
        meaning: one sentence without a full stop.
    """

    name: str
    kind: Kind
    unit: str
    meaning: str


def _metrics() -> dict[str, Metric]:
    """Return the metrics of all tasks by name."""
    return {metric.name: metric for task in TASKS.values() for metric in task.metrics}


def _unit(metric: Metric) -> str:
    return "fraction" if metric.percent else ""


def means_of(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Return the same columns as means over the seeds of a method."""
    return tuple(replace(one, kind="float", meaning=f"{one.meaning}; mean over the seeds") for one in columns)


WHAT: Final = {
    "dataset": Column("dataset", "text", "", "Data set, as `rsbench list datasets` names it"),
    "model": Column("model", "text", "", "Network, as `rsbench list models` names it"),
    "workers": Column("workers", "int", "", "Processes that trained together (the world size)"),
    "device": Column("device", "text", "", "What each worker trained on: cpu or cuda"),
    "hardware": Column("hardware", "text", "", "Model of the GPU, or of the CPU where there was none"),
    "part": Column("part", "text", "", "Part of the data set that was found, empty for the whole set"),
    "key_version": Column("key_version", "int", "", "Version of the rules by which the numbers were made"),
    "partition": Column("partition", "text", "", "Which worker trained on which samples, empty for iid"),
    "deterministic": Column("deterministic", "bool", "", "Whether a repeat gives the same numbers bit for bit"),
    "task": Column("task", "text", "", f"Task of the data set: {', '.join(TASKS)}"),
    "lr": Column("lr", "float", "", "Peak learning rate"),
    "match": Column("match", "text", "", "Which bytes the ratio counts: payload, wire or density"),
}
SETTING: Final = tuple(
    WHAT[name]
    for name in (
        *("dataset", "model", "workers", "device", "hardware", "part", "task", "key_version"),
        *("partition", "deterministic"),
    )
)
METHOD: Final = Column("method", "text", "", "Row of the main table: compressor, ratio and way to exchange")
TRAFFIC: Final = (
    Column("payload_bytes_per_step", "float", "bytes", "Bytes that a worker handed to collectives in a step"),
    Column("payload_bytes_total", "float", "bytes", "Bytes that a worker handed to collectives in the whole run"),
    Column("dense_bytes_total", "float", "bytes", "Bytes that dense float32 gradients would have taken in the run"),
    Column("wire_bytes_total", "float", "bytes", "Bytes that a worker sent in the run, by a model of the collectives"),
    Column("wire_bytes_measured_total", "float", "bytes", "Bytes that a worker sent in the run, as the kernel counted"),
    Column("wire_bytes_received_total", "float", "bytes", "Bytes that a worker received in the run, as counted"),
    Column("dense_wire_bytes_total", "float", "bytes", "Modelled bytes on the wire of dense float32 gradients"),
    Column("compression_ratio", "float", "", "Dense bytes divided by payload bytes, over the whole run"),
    Column("steady_ratio", "float", "", "The same after warm-up, in which compressors may send more"),
    Column("wire_ratio", "float", "", "Dense bytes on the wire divided by modelled bytes on the wire"),
    Column("density", "float", "fraction", "Share of the gradient's elements that were sent"),
    Column("one_d_share", "float", "fraction", "Share of the payload that one-dimensional tensors took"),
    Column("buffer_bytes", "float", "bytes", "Bytes of model buffers that are sent beside the gradients"),
    Column("steps", "int", "", "Optimizer steps of the run"),
)
STEP_TIMES: Final = (
    Column("step_time_s", "float", "s", "Time of a step, from asking for the batch to the end of the optimizer step"),
    Column("data_s", "float", "s", "Part of a step: until the batch is on the device"),
    Column("forward_s", "float", "s", "Part of a step: forward pass and loss"),
    Column("backward_s", "float", "s", "Part of a step: backward pass, without the compressor"),
    Column("compress_s", "float", "s", "Part of a step: selecting and encoding what is sent"),
    Column("wait_s", "float", "s", "Part of a step: waiting for the collective"),
    Column("skew_s", "float", "s", "Part of a step: waiting for the slowest worker"),
    Column("decompress_s", "float", "s", "Part of a step: decoding what was received"),
    Column("optimizer_s", "float", "s", "Part of a step: clipping, optimizer and schedule"),
    Column("other_s", "float", "s", "Part of a step: the rest"),
    Column("overlapped_s", "float", "s", "Time of collectives behind the backward pass, no part of the sum"),
)
KEY: Final = Column("key", "text", "", "Twelve hexadecimal digits that are equal for equal cells")
ROUND: Final = Column("round_s", "float", "s", "Part of a step: end of a round of local steps, without the exchange")
IMAGES_PER_S: Final = Column("images_per_s", "float", "1/s", "Samples that all workers together trained on in a second")
STEP_COUNTS: Final = (
    Column("steps_counted", "int", "", "Steps that the times are of"),
    Column("steps_skipped", "int", "", "First steps that the times leave out"),
)
SYNC: Final = (
    Column("sync", "text", "", "How often workers exchange, empty for every step"),
    *means_of(
        (
            Column("exchanges", "int", "", "Exchanges of the run"),
            Column("local_steps", "int", "", "Steps from one exchange to the next"),
            Column("payload_bytes_per_exchange", "float", "bytes", "Bytes handed to collectives in an exchange"),
            Column("payload_bytes_per_sample", "float", "bytes", "Bytes handed to collectives for a sample"),
            ROUND,
            Column("s_per_sample", "float", "s", "Time of a step divided by the samples of a step"),
        )
    ),
)
PRUNE: Final = Column("prune", "text", "", "Which training samples were kept, empty for all")
SELECTION: Final = (
    Column("kept_samples", "int", "", "Training samples that were kept"),
    Column("scoring_steps", "int", "", "Optimizer steps of the scoring phase, part of steps"),
    Column("scoring_payload_bytes", "int", "bytes", "Payload of the scoring phase, part of payload_bytes_total"),
    Column("score_bytes", "int", "bytes", "Bytes handed to collectives to exchange scores, beside the payload"),
    Column("scoring_s", "float", "s", "Time of training in the scoring phase"),
    Column("train_s", "float", "s", "Time of training in all phases"),
)
"""What rows tell that train on some of the samples."""
MEMORY: Final = (
    Column("peak_rss_bytes", "float", "bytes", "Most memory that a worker took on the host"),
    Column("peak_cuda_bytes", "float", "bytes", "Most memory that a worker's tensors took on its GPU"),
)
RATIO_NOTE: Final = Column("ratio_note", "text", "", "What was asked and what was sent, where the ratio was missed")
VALIDATION_SCORE: Final = Column(
    "validation_score",
    "float",
    "",
    "First metric of the task on the validation samples; their loss where they have no marks",
)
TEST: Final = tuple(
    Column(f"test_{metric.name}", "float", _unit(metric), f"{metric.heading} on the test samples")
    for metric in _metrics().values()
)
TEST_SD: Final = tuple(
    Column(f"{one.name}_sd", one.kind, one.unit, f"{one.meaning}; standard deviation over the seeds") for one in TEST
)
UNCERTAINTY_COLUMNS: Final = tuple(
    Column(f"test_{source}_{metric.name}", "float", _unit(metric), f"{metric.heading}, by {words}")
    for source, words in UNCERTAINTY_SOURCES.items()
    for metric in UNCERTAINTY
)
FIRST: Final = {task.metric.name: task.metric for task in TASKS.values()}.values()
GAPS: Final = tuple(
    Column(f"{metric.name}_minus_none{end}", "float", _unit(metric), f"{metric.heading} minus that of none{words}")
    for metric in FIRST
    for end, words in (
        ("", "; mean over the seeds that both have"),
        ("_low", "; lower end of its 95 % interval"),
        ("_high", "; upper end of its 95 % interval"),
    )
)
PAIRED_SEEDS: Final = Column("paired_seeds", "int", "", "Seeds that both rows have")
P_VALUES: Final = (
    Column("p", "float", "", "p value of the paired t test"),
    Column("p_corrected", "float", "", "The same, corrected for the number of rows"),
)
