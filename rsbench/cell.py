"""One cell of the grid: everything that changes its numbers, and nothing else."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final, Literal, get_args

from rsbench.errors import RsbenchError, did_you_mean
from rsbench.links.worker_links import parse_worker_links
from rsbench.recipe.model_text import canonical_model, short_model
from rsbench.recipe.partition import Partition, parse_partition
from rsbench.recipe.prune import Prune, parse_prune
from rsbench.recipe.ranges import check_choice, check_most, check_numbers
from rsbench.recipe.split import check_split
from rsbench.recipe.sync import EVERY_STEP, Sync, parse_sync

Match = Literal["payload", "wire", "density"]
Device = Literal["cpu", "cuda"]
Schedule = Literal["cosine", "step", "constant", "poly"]
Optimizer = Literal["sgd", "adam", "adamw"]

MATCHES: Final[tuple[str, ...]] = get_args(Match)
DEVICES: Final[tuple[str, ...]] = get_args(Device)
SCHEDULES: Final[tuple[str, ...]] = get_args(Schedule)
OPTIMIZERS: Final[tuple[str, ...]] = get_args(Optimizer)
KEY_VERSION: Final = 3
"""Goes up when code changes the numbers of every cell, so that all run again; the record schema has its own number."""
CHANGED_DEFAULTS: Final[Mapping[str, int]] = {"rsdgc": 1}
"""Compressor -> how often a default of its options changed: its cells run again, those of others do not."""
WIRE_VERSION: Final = 2
"""Goes up when the formula of wire bytes changes, and with it the density of cells that match them."""
KEY_VERSION_UNSAID: Final = 2
"""That of records which do not say theirs."""
EARLIER_RULES: Final = "an earlier version, whose drawn test samples changed with the seed"
"""What made cells of a key version below :data:`KEY_VERSION`, in words."""
KEY_FIELDS: Final = (
    *("dataset", "dataset_fingerprint", "model", "weights", "compressor", "ratio", "match", "lr", "seed", "workers"),
    *("device", "epochs", "max_steps", "batch_size", "image_size", "split", "optimizer", "momentum", "weight_decay"),
    *("schedule", "warmup_epochs", "clip_norm", "label_smoothing", "channels_last", "bf16", "bucket_cap_mb"),
)
"""The fields that every key holds. Not to be changed: a later field enters a key only where it is not its default."""
FAST: Final = "cuDNN takes the kernels that were fastest in a trial, and sums come in any order"
"""What a cell that is not deterministic allows on a GPU, in words. Precision is the same: TF32 as torch has it."""
_CHOICES: Final = {"match": MATCHES, "device": DEVICES, "schedule": SCHEDULES, "optimizer": OPTIMIZERS}
_KINDS: Final[Mapping[str, type | tuple[type, ...]]] = {"text": str, "a whole number": int, "a number": (int, float)}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a cell trains, whatever it compares.

    Attributes:
        weights: torchvision enum or file of the initial weights; None for random ones.
        max_steps: stop after so many optimizer steps; None trains all epochs.
        split: ``official``, ``A/B/C`` or ``A/B`` in percent, for random pixels ``random:A/B/C``; ``redrawn:`` before
            percentages draws the test part, too, with each seed.
        partition: canonical text of which worker trains on what (:mod:`rsbench.recipe.partition`); None for iid.
        momentum: of SGD (and of compressors that own it).
        weight_decay: of SGD.
        schedule: how the learning rate falls.
        warmup_epochs: over how many epochs the learning rate rises, at most a quarter of the run.
        clip_norm: largest norm of the averaged gradient; None does not clip.
        label_smoothing: share of the target spread over the other classes.
        channels_last: memory layout of images and weights.
        bf16: train under bfloat16 autocast.
        bucket_cap_mb: bucket size of DistributedDataParallel, in MiB.
        deterministic: the same seed gives the same numbers bit for bit on the same machine; False lets a GPU take its
            fastest algorithms (:data:`FAST`).
    """

    weights: str | None = None
    max_steps: int | None = None
    split: str = "official"
    partition: str | None = None
    momentum: float = 0.9
    weight_decay: float = 5e-4
    schedule: Schedule = "cosine"
    warmup_epochs: float = 1.0
    clip_norm: float | None = None
    label_smoothing: float = 0.0
    channels_last: bool = False
    bf16: bool = False
    bucket_cap_mb: float = 25.0
    deterministic: bool = True


@dataclass(frozen=True, kw_only=True)
class CellSpec(Recipe):
    """One run: data set x model x compressor x ratio x learning rate x seed x world size, with its recipe.

    Two specs that differ in any field may give different numbers, so each has its own key. Paths, time-outs
    and everything else that leaves the numbers alone are not here.

    Attributes:
        dataset: name of the data set, as ``rsbench list datasets`` shows it.
        dataset_fingerprint: what identifies the files that were found (names and sizes).
        model: canonical text of a network (:mod:`rsbench.recipe.model_text`).
        compressor: canonical text ``name:key=value,...`` as asked for, before bytes are matched.
        ratio: how many times fewer bytes than dense are asked for (>= 1); None for rows that are not matched.
        match: which bytes ``ratio`` counts.
        lr: peak learning rate.
        seed: repeat; decides what validates, initial weights and batches, for every compressor alike; what tests only
            where the split is ``redrawn:``.
        workers: processes in all (the world size).
        device: what each worker trains on.
        epochs: passes over the training images.
        batch_size: images per worker and step.
        image_size: height and width in pixels.
        optimizer: ``sgd``, or ``adam`` or ``adamw`` with their usual betas, for which ``momentum`` plays no part.
        link: canonical text of emulated links (:mod:`rsbench.links.worker_links`); None for whatever is there.
        sync: canonical text of how often workers exchange (:mod:`rsbench.recipe.sync`); None for every step. The
            length of rounds that the ratio chooses stands in it once it is known, but in no key.
        prune: canonical text of which training samples are kept (:mod:`rsbench.recipe.prune`); None for all.
        model_source: what an own model's code is (:mod:`rsbench.models.origin`); None for ours.
    """

    dataset: str
    dataset_fingerprint: str
    model: str
    compressor: str
    ratio: float | None
    match: Match = "payload"
    lr: float
    seed: int
    workers: int
    device: Device
    epochs: int
    batch_size: int
    image_size: int
    split: str = field()  # no default here: a cell says how it was cut
    optimizer: Optimizer = "sgd"
    link: str | None = None
    sync: str | None = None
    prune: str | None = None
    model_source: str | None = None

    def __post_init__(self) -> None:
        """Refuse values that no run can have.

        Raises:
            RsbenchError: names the first such field.
        """
        check_most({name: getattr(self, name) for name in _fields_of("int") | _fields_of("float")})
        self._make_canonical()
        for name, choices in _CHOICES.items():
            check_choice(name, getattr(self, name), choices)
        check_numbers(asdict(self))
        check_split(self.split)

    def _make_canonical(self) -> None:
        """Write one value in one way, so that it has one key: 100 and 100.0, 50mbit and 50Mbit/s."""
        object.__setattr__(self, "model", canonical_model(self.model))
        for name in _fields_of("float"):
            if isinstance(getattr(self, name), int):
                object.__setattr__(self, name, float(getattr(self, name)))
        if self.link is not None:
            object.__setattr__(self, "link", parse_worker_links(self.link).text)
        if self.sync is not None:
            object.__setattr__(self, "sync", parse_sync(self.sync).label or None)
        if self.prune is not None:
            object.__setattr__(self, "prune", parse_prune(self.prune).label or None)
        if self.partition is not None:
            object.__setattr__(self, "partition", parse_partition(self.partition).label or None)

    @property
    def key(self) -> str:
        """Twelve hexadecimal digits that are equal for equal specs."""
        rules: dict[str, int] = {"schema": KEY_VERSION} | ({"wire": WIRE_VERSION} if self.match == "wire" else {})
        changed = CHANGED_DEFAULTS.get(self.compressor.partition(":")[0])
        rules |= {} if changed is None else {"defaults": changed}
        text = json.dumps({**rules, **self.to_dict(), **self._asked_sync}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def _asked_sync(self) -> dict[str, str]:
        """How often workers exchange as it was asked for, without the length that the ratio chose."""
        return {} if self.sync is None else {"sync": self.synchronization.asked.text}

    @property
    def synchronization(self) -> Sync:
        """How often workers exchange."""
        return EVERY_STEP if self.sync is None else parse_sync(self.sync)

    @property
    def pruning(self) -> Prune:
        """Which training samples are kept."""
        return parse_prune(self.prune)

    @property
    def partitioning(self) -> Partition:
        """Which worker trains on which samples."""
        return Partition() if self.partition is None else parse_partition(self.partition)

    @property
    def derived_seed(self) -> int:
        """Seed of weights, validation part and batches: it depends on data set and repeat, never on the compressor."""
        return int.from_bytes(hashlib.sha256(f"{self.dataset}:{self.seed}".encode()).digest()[:4], "big")

    @property
    def row(self) -> tuple[str, ...]:
        """What a row stands for: all that changes its numbers, learning rates and seeds apart."""
        asked = self.to_dict() | self._asked_sync
        return tuple(str(value) for name, value in asked.items() if name not in {"lr", "seed"})

    @property
    def label(self) -> str:
        """Short name for people, such as ``ucm21 smallvgg rsdgc 100x lr 0.05 seed 0, 2 workers``."""
        ratio = "" if self.ratio is None else f" {self.ratio:g}x"
        count = "1 worker" if self.workers == 1 else f"{self.workers} workers"
        place = ", ".join(filter(None, [count, "" if self.deterministic else "fast", self.partition, self.link]))
        method = " ".join(filter(None, [f"{self.compressor}{ratio}", self.sync, self.prune]))
        return f"{self.dataset} {short_model(self.model)} {method} lr {self.lr:g} seed {self.seed}, {place}"

    @property
    def folder_name(self) -> str:
        """The name of the cell's folder; the key makes it unique, the rest makes it readable."""
        ratio = "" if self.ratio is None else f"-{self.ratio:g}x"
        method = "-".join(filter(None, [self.compressor, *self._asked_sync.values(), self.prune]))
        compressor = re.sub(r"[^A-Za-z0-9.]+", "_", method)[:60]
        model = re.sub(r"[^\w.-]+", "_", short_model(self.model))[:60]
        return f"{self.dataset}-{model}-{compressor}{ratio}-lr{self.lr:g}-s{self.seed}-{self.key}"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain JSON values, in the order of records.

        A field that later work adds is there where it differs from its default only, so that done cells keep their keys
        and stand in one table with those that run today.
        """
        values = asdict(self)
        told = {name: values.pop(name) for name in KEY_FIELDS}
        default = {field.name: field.default for field in fields(self)}
        return told | {name: value for name, value in values.items() if value != default[name]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> CellSpec:
        """Build a spec from what ``to_dict`` gave.

        Args:
            values: field name -> value; fields with a default may be left out.

        Raises:
            RsbenchError: a field is unknown, missing or of the wrong kind.
        """
        known = {field.name for field in fields(cls)}
        texts, wholes, reals = map(_fields_of, ("str", "int", "float"))
        for name, value in values.items():
            if name not in known:
                raise RsbenchError(f'A cell has no field "{name}".{did_you_mean(name, known)}')
            wanted = {"text": name in texts, "a whole number": name in wholes, "a number": name in reals}
            for words in (words for words, applies in wanted.items() if applies and value is not None):
                if not isinstance(value, _KINDS[words]) or isinstance(value, bool):
                    raise RsbenchError(f'The cell field "{name}" is {value!r}, but must be {words}.')
        try:
            return cls(**values)
        except TypeError as error:
            raise RsbenchError(f"A cell is not complete: {error}.") from error


def key_version_of(record: Mapping[str, Any]) -> int:
    """Return the :data:`KEY_VERSION` by which a record's numbers were made."""
    return int(record.get("key_version", KEY_VERSION_UNSAID))


def _fields_of(kind: str) -> set[str]:
    """Return the names of a cell's fields of a numeric type, None allowed or not."""
    return {field.name for field in fields(CellSpec) if str(field.type).split(" ", maxsplit=1)[0] == kind}
