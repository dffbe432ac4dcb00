"""Facts of each task: what it is scored by and what its records hold beside that. Torch-free."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from rsbench.errors import RsbenchError, did_you_mean

Detail = Literal["number", "numbers", "pairs", "lists of counts", "fractions by name"]
"""Kinds of what a test gives beside its metrics; :mod:`rsbench.results.checks` has a check for each."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A number that a task's test gives.

    Attributes:
        name: in records, ``oa``.
        heading: in tables, ``OA``.
        percent: whether the number is a fraction that tables show in percent; differences then are points.
        decimals: how many are shown, in the unit of the table.
        higher_is_better: False for a false-alarm measure.
        least: the lowest value there can be.
        most: the highest value there can be.
    """

    name: str
    heading: str
    percent: bool = True
    decimals: int = 1
    higher_is_better: bool = True
    least: float = 0.0
    most: float = 1.0

    def text(self, value: float) -> str:
        """Return ``OA 91.2 %``."""
        unit = " %" if self.percent else ""
        return f"{self.heading} {(100 if self.percent else 1) * value:.{self.decimals}f}{unit}"

    def rank(self, value: float) -> float:
        """Return a value turned so that larger is better."""
        return value if self.higher_is_better else -value


LOSS: Final = Metric(name="loss", heading="loss", percent=False, decimals=5, higher_is_better=False, most=math.inf)
"""What learning rates are compared by where validation has no marks."""


def largest_share(of_classes: Sequence[int]) -> float:
    """Return the share of the most frequent class, which is the OA of calling all samples so; 0 without samples."""
    return max(of_classes, default=0) / max(1, sum(of_classes))


def f1_of_all_changed(of_classes: Sequence[int]) -> float:
    """Return the F1 of calling all pixels changed, 2p/(1+p) where a share p is; of (unchanged, changed) pixels."""
    unchanged, changed = of_classes
    return 2 * changed / max(1, unchanged + 2 * changed)


@dataclass(frozen=True, kw_only=True)
class TaskFacts:
    """What tables and records need to know of a task.

    Attributes:
        title: in words.
        sample: what is counted: ``image``.
        metrics: the one that rows are compared by comes first.
        details: what a record's ``accuracy.test`` holds beside the metrics: name -> kind of value.
        of_one_scene: whether samples are places of one scene, which can be cut into stripes.
        validated_by_loss: whether validation has no marks, so that its loss is all that chooses a learning rate.
        tests_all: whether every sample is tested, whatever the split and the seed.
        one_class_a_sample: whether each sample has one class, by which it can be dealt out or chosen, and whose label
            can be smoothed.
        guess: test samples of each class -> the first metric of a guess that looks at no sample.
        sized_for: the data that its models are listed for, as :attr:`rsbench.datasets.Survey.inputs` gives them.
        sized_at: side of a picture or patch that its models are listed for, in pixels.
    """

    title: str
    sample: str
    metrics: tuple[Metric, ...]
    details: Mapping[str, Detail] = field(default_factory=dict)
    of_one_scene: bool = False
    validated_by_loss: bool = False
    tests_all: bool = False
    one_class_a_sample: bool = False
    guess: Callable[[Sequence[int]], float] = largest_share
    sized_for: Mapping[str, int]
    sized_at: int

    @property
    def metric(self) -> Metric:
        """The metric that rows are compared by."""
        return self.metrics[0]

    @property
    def validation(self) -> Metric:
        """What chooses a learning rate."""
        return LOSS if self.validated_by_loss else self.metric


_CLASSIFICATION: Final = (
    Metric(name="oa", heading="OA"),
    Metric(name="aa", heading="AA"),
    Metric(name="kappa", heading="kappa", percent=False, decimals=3, least=-1.0),
)
_CLASSES: Final[Mapping[str, Detail]] = {"per_class": "numbers", "confusion": "lists of counts"}
_DETECTION: Final = (
    Metric(name="auc_pd_pf", heading="AUC(Pd,Pf)", percent=False, decimals=4),
    Metric(name="auc_pd_tau", heading="AUC(Pd,tau)", percent=False, decimals=4),
    Metric(name="auc_pf_tau", heading="AUC(Pf,tau)", percent=False, decimals=4, higher_is_better=False),
)

_CHANGE: Final = (
    Metric(name="f1", heading="F1 of change"),
    Metric(name="iou", heading="IoU"),
    Metric(name="precision", heading="Precision"),
    Metric(name="recall", heading="Recall"),
    Metric(name="oa", heading="OA"),
    Metric(name="kappa", heading="kappa", percent=False, decimals=3, least=-1.0),
)
UNCERTAINTY_SOURCES: Final[Mapping[str, str]] = {
    "network": "the network's own",
    "entropy": "entropy of the probability",
}
"""Uncertainties that change maps are scored for: key in ``accuracy.test.uncertainty`` -> words."""
SUREST: Final = 0.9
"""Share of the test pixels, the surest ones, that are scored once more."""
UNCERTAINTY: Final = (
    Metric(name="auroc", heading="AUROC of errors", percent=False, decimals=3),
    Metric(name="f1_surest", heading=f"F1 of the surest {SUREST:.0%}".replace("%", " %")),
)
"""What each uncertainty is scored by; undefined scores are null."""

TASKS: Final[dict[str, TaskFacts]] = {
    "scenes": TaskFacts(
        title="scene classification",
        sample="image",
        metrics=_CLASSIFICATION,
        details=_CLASSES,
        one_class_a_sample=True,
        sized_for={"classes": 21},
        sized_at=224,
    ),
    "pixels": TaskFacts(
        title="multi-modal pixel classification",
        sample="pixel",
        metrics=_CLASSIFICATION,
        details=_CLASSES,
        of_one_scene=True,
        one_class_a_sample=True,
        sized_for={"classes": 15, "hsi_bands": 144, "aux_channels": 1},
        sized_at=9,
    ),
    "targets": TaskFacts(
        title="hyperspectral target detection",
        sample="pixel",
        metrics=_DETECTION,
        details={"roc": "pairs"},
        of_one_scene=True,
        tests_all=True,
        guess=lambda _: 0.5,
        sized_for={"bands": 189},
        sized_at=1,
    ),
    "changes": TaskFacts(
        title="change detection",
        sample="tile",
        metrics=_CHANGE,
        details={"confusion": "lists of counts", "uncertainty": "fractions by name"},
        guess=f1_of_all_changed,
        sized_for={"classes": 2, "channels": 3},
        sized_at=256,
    ),
    "anomalies": TaskFacts(
        title="hyperspectral anomaly detection",
        sample="pixel",
        metrics=_DETECTION,
        details={"roc": "pairs", "detectors": "fractions by name", "loss_share": "number"},
        of_one_scene=True,
        validated_by_loss=True,
        tests_all=True,
        guess=lambda _: 0.5,
        sized_for={"bands": 189},
        sized_at=1,
    ),
}
"""Name of the task in ``record["dataset"]["task"]`` -> its facts; :data:`rsbench.tasks.TASKS` has the classes."""


def facts_of(task: str) -> TaskFacts:
    """Return the facts of a task.

    Raises:
        RsbenchError: nobody has described that task here.
    """
    if task not in TASKS:
        raise RsbenchError(
            f'rsbench.metrics.TASKS has no facts of the task "{task}": add its title, its metrics and what its test '
            f"gives beside them.{did_you_mean(task, TASKS)}"
        )
    return TASKS[task]


def score_text(record: Mapping[str, Any]) -> str:
    """Return ``test OA 91.2 %``, by the task's first metric; empty for a record without accuracy."""
    if not record.get("accuracy"):
        return ""
    metric = facts_of(record["dataset"]["task"]).metric
    value = record["accuracy"]["test"][metric.name]
    return "" if value is None else f"test {metric.text(value)}"


def validation_score(record: Mapping[str, Any]) -> float | None:
    """Return the score or loss on the validation samples that chooses a learning rate, None where there is none."""
    accuracy = record.get("accuracy")
    if not accuracy:
        return None
    if facts_of(record["dataset"]["task"]).validated_by_loss:
        return accuracy["val"][-1]["loss"] if accuracy["val"] else None
    score: float | None = accuracy["val_score"]
    return score


def validation_text(sample: Mapping[str, Any]) -> str:
    """Return ``val OA 91.2 %`` for an epoch's raw sample, its loss where there is no score.

    The sample is of the task that has most of its metrics.
    """
    metric = max(TASKS.values(), key=lambda task: sum(one.name in sample for one in task.metrics)).metric
    if sample.get(metric.name) is not None:
        return f"val {metric.text(sample[metric.name])}"
    return f"val loss {sample['loss']:.4g}" if sample.get("loss") is not None else ""
