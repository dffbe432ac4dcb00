"""The grid that a user asks for, and the cells that it stands for."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from rsbench.cell import CellSpec, Device, Match, Optimizer, Recipe
from rsbench.errors import RsbenchError
from rsbench.links.worker_links import WorkerLinks, parse_worker_links
from rsbench.models.origin import source_of
from rsbench.models.rates import default_rate
from rsbench.planning.devices import DeviceRequest, resolve
from rsbench.recipe.partition import parse_partition
from rsbench.recipe.ranges import check_ratio
from rsbench.recipe.split import check_split
from rsbench.recipe.sync import EVERY_STEP, parse_sync

if TYPE_CHECKING:
    from rsbench.compressors import Compressor

DEFAULT_COMPRESSORS: Final = ("none", "topk", "dgc", "rsdgc")
DEFAULT_RATIO: Final = 50.0
"""The ratio of RS-DGC's headline result ("more than 50x", Xie et al., TGRS 2024); see decision 0043."""
MOST_UNASKED: Final = 2_000
"""Cells of a plan that run without ``--yes``."""
MOST_CELLS: Final = 50_000
"""Cells of a plan, whatever is asked."""
MOST_SEEDS: Final = 10_000
"""Seeds of a grid."""
FAST_ON_CPUS: Final = "Note: --fast changes nothing on CPUs: these are the cells of --deterministic, with their keys."
_SEEDS: Final = re.compile(r"([0-9]{1,18})(?:-([0-9]{1,18}))?")


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Everything that one ``rsbench compare`` compares.

    Attributes:
        datasets: names, as are ``models``.
        optional: those that only a family's name stands for; they are left out where they are missing.
        models: names; none takes each data set's own.
        compressors: texts ``name:key=value,...``.
        ratios: compression ratios that compressors and rounds are brought to, where no setting or length is given.
        density: fixed share of elements to send instead of ``ratios``; None matches bytes.
        lrs: learning rates; none takes each data set's own, or that of a network that needs a smaller one.
        tuning_seed: the repeat whose validation data choose each row's learning rate; None runs all rates everywhere.
        seeds: repeats; the outermost loop, so that a machine that slows down does so for every compressor.
        match: which bytes the ratios count.
        links: texts of emulated links (:mod:`rsbench.links.worker_links`), None for whatever is there; all methods run
            over one, then over the next, within a seed.
        syncs: how often workers exchange, canonical texts (:mod:`rsbench.recipe.sync`), None for every step; a method's
            follow one another.
        prunes: which training samples are kept, canonical texts (:mod:`rsbench.recipe.prune`), None for all; they
            follow one another, too.
        devices: workers and device as the user said them.
        workers: processes in all; several compare world sizes; :meth:`placed` takes them from ``devices``.
        device: what each worker trains on, taken from ``devices`` too.
        epochs: passes over the training images.
        batch_size: images per worker and step.
        image_size: in pixels.
        optimizer: as the three before it, None takes each data set's own.
        recipe: how each cell trains; Adam has no use for its ``momentum``, nor CPUs for cells that are not
            ``deterministic``.
    """

    datasets: tuple[str, ...] = ("synthetic",)
    optional: frozenset[str] = frozenset()
    models: tuple[str, ...] = ()
    compressors: tuple[str, ...] = DEFAULT_COMPRESSORS
    ratios: tuple[float, ...] = (DEFAULT_RATIO,)
    density: float | None = None
    lrs: tuple[float, ...] = ()
    tuning_seed: int | None = None
    seeds: tuple[int, ...] = (0,)
    match: Match = "payload"
    links: tuple[str | None, ...] = (None,)
    syncs: tuple[str | None, ...] = (None,)
    prunes: tuple[str | None, ...] = (None,)
    devices: DeviceRequest = field(default_factory=DeviceRequest)
    workers: tuple[int, ...] = (2,)
    device: Device = "cpu"
    epochs: int | None = None
    batch_size: int | None = None
    image_size: int | None = None
    optimizer: Optimizer | None = None
    recipe: Recipe = field(default_factory=Recipe)

    def placed(self, *, nodes: int, check_gpus: bool = True) -> Grid:
        """Return this grid with the workers and the device that it comes to on so many nodes.

        Args:
            nodes: machines.
            check_gpus: refuse more GPUs than this machine has; False plans for another machine.

        Raises:
            RsbenchError: options that contradict each other, more GPUs than there are, or a link of no worker.
        """
        workers, device = resolve(self.devices, nodes=nodes, check_gpus=check_gpus)
        for links in self.worker_links:
            links.check_ranks(min(workers))
        if self.worker_links and nodes > 1:
            raise RsbenchError(
                f"--link works on one machine, not on {nodes} nodes: measure their real link with --interface."
            )
        return replace(self, workers=workers, device=device)

    @property
    def worker_links(self) -> tuple[WorkerLinks, ...]:
        """The links that are emulated."""
        return tuple(parse_worker_links(text) for text in self.links if text is not None)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on options that change nothing on the device of this grid, see :meth:`placed`."""
        in_vain = self.device == "cpu" and not self.recipe.deterministic
        return (FAST_ON_CPUS,) if in_vain else ()

    def check(self) -> None:
        """Refuse unknown names and impossible numbers before anything slow happens.

        Raises:
            RsbenchError: one sentence, with a suggestion where a name is misspelt.
        """
        from rsbench import datasets  # late: start-up

        check_size([self], yes=True)
        for name in self.datasets:
            datasets.get(name)
        check_split(self.recipe.split)
        parse_partition(self.recipe.partition or "iid")
        if self.tuning_seed in self.seeds:
            raise RsbenchError(
                f"The tuning seed {self.tuning_seed} is among the seeds: the run that chooses a learning rate would"
                " then count in the table as well, which favours its rate; give it a number of its own."
            )
        for ratio in self.ratios:  # also where no row of the grid has a ratio
            check_ratio(ratio)
        if self.density is not None and not 0 < self.density <= 1:
            raise RsbenchError(
                f"density is {self.density:g}, out of range: a share of the elements is above 0 and at most 1."
            )
        replace(self, seeds=(self.seeds[0], max(self.seeds))).planned_cells()

    @property
    def most_cells(self) -> int:
        """How many cells it is at most, counted without making them."""
        data = (self.datasets, self.models, self.prunes)
        chosen = (*data, self.workers, self.links, self.syncs, self.compressors, self.ratios, self.lrs)
        seeds = len(self.seeds) + (self.tuning_seed is not None)
        return seeds * math.prod(max(1, len(values)) for values in chosen)

    def planned_cells(self) -> list[CellSpec]:
        """Return the most cells that run, without a look at data: of a study, the tuning seed's and one rate's."""
        anything = DatasetDefaults(
            fingerprint="", model="", optimizer="sgd", lr=1.0, epochs=1, batch_size=1, image_size=1
        )
        defaults = dict.fromkeys(self.datasets, anything)
        if self.tuning_seed is None:
            return self.cells(defaults)
        tuning, chosen = replace(self, seeds=(self.tuning_seed,)), replace(self, lrs=self.lrs[:1])
        return [*tuning.cells(defaults), *chosen.cells(defaults)]

    def cells(self, datasets: Mapping[str, DatasetDefaults]) -> list[CellSpec]:
        """Return the cells in the order in which they run, each once.

        Args:
            datasets: for each name in ``self.datasets`` what its files and class say.

        Raises:
            RsbenchError: a value that no cell can have.
        """
        rows = self._rows()
        cells = [
            CellSpec(
                **self._shared(name, datasets[name]),
                model=model,
                compressor=text,
                ratio=ratio,
                match="payload" if ratio is None else self.match,
                lr=lr,
                seed=seed,
                workers=workers,
                link=link,
                sync=sync,
                prune=prune,
                model_source=source_of(model),
            )
            for seed in self.seeds
            for name in self.datasets
            for workers in self.workers
            for link in self.links
            for model in self.models or (datasets[name].model,)
            for text, ratio, sync in rows
            for prune in self.prunes
            for lr in self.lrs or (default_rate(model, datasets[name].lr),)
        ]
        return list(dict.fromkeys(cells))

    def _shared(self, name: str, data: DatasetDefaults) -> dict[str, Any]:
        """Return what all cells of a data set have in common."""
        asked = {field: getattr(self, field) for field in ("epochs", "batch_size", "image_size", "optimizer")}
        chosen = {field: getattr(data, field) if value is None else value for field, value in asked.items()}
        unused: dict[str, Any] = {} if chosen["optimizer"] == "sgd" else {"momentum": 0.0}
        unused |= {"deterministic": True} if self.device == "cpu" else {}
        place = {"dataset": name, "dataset_fingerprint": data.fingerprint, "device": self.device}
        return {**place, **chosen, **asdict(self.recipe), **unused}

    def _rows(self) -> list[tuple[str, float | None, str | None]]:
        """Return (canonical compressor, ratio or None, way to exchange) in the order given."""
        from rsbench import compressors  # late: start-up
        from rsbench.compressors.base.differences import check_differences  # late: start-up

        in_rounds = any(parse_sync(sync).in_rounds for sync in self.syncs if sync is not None)
        rows: list[tuple[str, float | None, str | None]] = []
        for text in self.compressors:
            compressor: Compressor = compressors.parse(text)
            if in_rounds:
                check_differences(compressor)
            if self.density is not None and compressor.is_open and compressor.setting == "density":
                compressor = compressor.with_density(self.density)
            for ratio, sync in itertools.product(self.ratios, self.syncs):
                if self._follows_ratio(compressor, sync):
                    rows.append((compressor.text, ratio, sync))
                else:
                    rows.append((_text_without_ratio(compressor), None, sync))
        return rows

    def _follows_ratio(self, compressor: Compressor, sync: str | None) -> bool:
        """Return whether the ratio chooses anything of a row.

        Raises:
            RsbenchError: it is to choose the length of rounds, but cannot.
        """
        in_bytes = self.density is None and self.match != "density"
        rounds = parse_sync(sync) if sync is not None else EVERY_STEP
        if not rounds.by_ratio:
            return compressor.is_open and (in_bytes or (self.density is None and compressor.setting == "density"))
        given = f'--sync "{rounds.text}"'
        if rounds.every:
            raise RsbenchError(f"{given} is a length that a ratio chose: to give it, write rounds:{rounds.every}.")
        if not in_bytes:
            raise RsbenchError(f"{given} takes its length from --ratio in bytes: give a length, such as rounds:8.")
        if compressor.is_open and compressor.setting == "density":
            raise RsbenchError(
                f"{given} leaves open how long rounds of {compressor.name} are, which reaches a ratio by its density in"
                f" rounds of any length: give one, such as rounds:8, or a density: {compressor.name}:density=0.01."
            )
        return True


def _text_without_ratio(compressor: Compressor) -> str:
    """Return the text of a row without a ratio: a rank or levels that are the default are not named, given or not."""
    if compressor.setting != "density":
        compressor = compressor.replace()
        compressor.setting_given = False
    return compressor.text


@dataclass(frozen=True, kw_only=True)
class DatasetDefaults:
    """What a cell takes from its data set when the user says nothing."""

    fingerprint: str
    model: str
    optimizer: Optimizer
    lr: float
    epochs: int
    batch_size: int
    image_size: int


def parse_seeds(text: str) -> tuple[int, ...]:
    """Read ``0,1,2`` or ``0-4``.

    Raises:
        RsbenchError: says what seeds look like.
    """
    ranges: list[range] = []
    for part in text.split(","):
        match = _SEEDS.fullmatch(part.strip())
        if match is None:
            where = f' at "{part.strip()}"' if part != text else ""
            raise RsbenchError(
                f'The seeds "{text}" are not whole numbers of at most 18 digits{where}: write --seeds 0,1,2 or --seeds'
                " 0-4."
            )
        ranges.append(range(int(match[1]), int(match[2] or match[1]) + 1))
        if not ranges[-1]:
            raise RsbenchError(f'The seeds "{part.strip()}" end before they begin: write --seeds 0,1,2 or --seeds 0-4.')
    count = sum(last - first for first, last in ((each.start, each.stop) for each in ranges))
    if count > MOST_SEEDS:
        raise RsbenchError(f'The seeds "{text}" are {count:,} repeats, but rsbench takes at most {MOST_SEEDS:,}.')
    return tuple(dict.fromkeys(seed for each in ranges for seed in each))


def check_size(grids: Sequence[Grid], *, yes: bool) -> None:
    """Refuse more cells than anybody can mean.

    Args:
        grids: the parts of a plan.
        yes: the user said that so many are meant.

    Raises:
        RsbenchError: more than :data:`MOST_CELLS`, or than :data:`MOST_UNASKED` and nobody said yes.
    """
    count = sum(grid.most_cells for grid in grids)
    if count > MOST_CELLS:
        raise RsbenchError(f"That is up to {count:,} cells, but rsbench takes at most {MOST_CELLS:,}: ask for fewer.")
    if count <= MOST_UNASKED or yes:
        return
    count = len({cell for grid in grids for cell in grid.planned_cells()})
    if count > MOST_UNASKED:
        raise RsbenchError(
            f"That is up to {count:,} cells, more than {MOST_UNASKED:,}: ask for fewer, or add --yes if you mean it."
        )


def unique(values: Sequence[Any]) -> tuple[Any, ...]:
    """Return the values in order, each once."""
    return tuple(dict.fromkeys(values))
