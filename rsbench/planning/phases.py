"""A cell's phases before they run: what goes together, the bytes that are matched over all, and each one's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from rsbench import compressors
from rsbench.cell import CellSpec
from rsbench.compressors import Compressor
from rsbench.compressors.base.planned_collective import PlannedCollective
from rsbench.errors import RsbenchError
from rsbench.planning import byte_matching
from rsbench.planning.estimate import Estimate
from rsbench.planning.probe import ModelFacts
from rsbench.planning.run_bytes import Run
from rsbench.recipe.phases import Phase
from rsbench.recipe.prune import WAYS, Prune
from rsbench.recipe.sync import Sync

_OWNER_BYTES: Final = 4
"""Of each sample an exchange of scores hands over which rank saw it first, an int32."""


@dataclass(frozen=True, kw_only=True)
class PlannedPhase:
    """What one of several phases takes.

    Attributes:
        name: of the phase.
        samples: training samples.
        epochs: passes over them.
        steps: optimizer steps.
        payload_bytes: of one worker.
        wire_bytes: of one worker, headers included, as modelled.
        score_bytes: that one worker hands over to exchange scores, beside the payload.
    """

    name: str
    samples: int
    epochs: int
    steps: int
    payload_bytes: int
    wire_bytes: float
    score_bytes: int


def check_phases(spec: CellSpec, phases: Sequence[Phase]) -> None:
    """Refuse phases that cannot be trained as they are asked for.

    Raises:
        RsbenchError: a phase ends before its workers would exchange, or nothing can be scored.
    """
    sync, last = spec.synchronization, phases[-1]
    if spec.pruning.scores and sync.every > 1:
        raise RsbenchError(
            f"--prune {spec.prune} exchanges scores where an epoch ends, but --sync {spec.sync} exchanges once in "
            f"{sync.every:,} local steps: leave one of the two out, or keep samples with random:{spec.pruning.share:g}."
        )
    if spec.pruning.scores and not compressors.parse(spec.compressor).trains:
        raise RsbenchError(
            f"--prune {spec.prune} scores samples by training, but {spec.compressor} does not train: leave one of the "
            "two out."
        )
    if sync.every > last.steps:
        raise RsbenchError(
            f"--sync {spec.sync} exchanges once in {sync.every:,} local steps, but this run has "
            f"{last.steps:,} ({last.per_epoch:,} an epoch): ask for at most {last.steps:,} local steps, or for more "
            "--epochs."
        )


def rounds_of(spec: CellSpec, phases: Sequence[Phase], model: ModelFacts) -> CellSpec:
    """Return the cell with the length of its rounds, where the ratio chooses it.

    Args:
        spec: the cell.
        phases: of the cell.
        model: its shapes.

    Raises:
        RsbenchError: rounds of no length reach the ratio.
    """
    sync = spec.synchronization
    if not sync.by_ratio or spec.ratio is None:
        return spec
    chosen = byte_matching.shortest_rounds(
        lambda rounds: _compressor(spec, phases, rounds),
        model,
        ratio=spec.ratio,
        match=spec.match,
        workers=spec.workers,
        steps=[phase.steps for phase in phases],
        bucket_cap_mb=spec.bucket_cap_mb,
        sync=sync,
    )
    return replace(spec, sync=chosen.text)


def _compressor(spec: CellSpec, phases: Sequence[Phase], sync: Sync) -> Compressor:
    """Return a cell's compressor as it was asked for, told how often it exchanges."""
    exchanges_per_epoch = max(1, round(phases[-1].per_epoch / sync.every))
    return compressors.parse(spec.compressor).for_run(steps_per_epoch=exchanges_per_epoch)


def match(spec: CellSpec, phases: Sequence[Phase], model: ModelFacts) -> tuple[str, Estimate]:
    """Return the compressor with the setting that gives the asked ratio over all phases, and what they will take.

    What a compressor does once in an epoch, it does by the epochs of the last phase.

    Args:
        spec: the cell.
        phases: of the cell.
        model: its shapes.

    Raises:
        RsbenchError: the ratio is out of reach.
    """
    sync, steps = spec.synchronization, [phase.steps for phase in phases]
    compressor = byte_matching.match_bytes(
        _compressor(spec, phases, sync),
        model,
        ratio=spec.ratio,
        match=spec.match,
        workers=spec.workers,
        steps=steps,
        bucket_cap_mb=spec.bucket_cap_mb,
        sync=sync,
    )
    estimate = byte_matching.estimate(
        compressor,
        model,
        workers=spec.workers,
        steps=steps,
        batch_size=spec.batch_size,
        bucket_cap_mb=spec.bucket_cap_mb,
        sync=sync,
    )
    return compressor.text, estimate


def planned_phases(
    spec: CellSpec, phases: Sequence[Phase], compressor: str, model: ModelFacts, *, classes: int
) -> tuple[PlannedPhase, ...]:
    """Return what each phase takes; nothing for a single one, which takes what its cell takes.

    Args:
        spec: the cell.
        phases: of the cell.
        compressor: canonical text, matched.
        model: its shapes.
        classes: of the data.
    """
    if len(phases) == 1:
        return ()
    matched = compressors.parse(compressor).for_workers(spec.workers)
    whole = Run(
        facts=model,
        phase_steps=tuple(phase.steps for phase in phases),
        workers=spec.workers,
        bucket_cap_mb=spec.bucket_cap_mb,
        sync=spec.synchronization,
    )
    planned = []
    for phase in phases:
        run = replace(whole, phase_steps=(phase.steps,))
        planned.append(
            PlannedPhase(
                name=phase.name,
                samples=phase.samples,
                epochs=phase.epochs,
                steps=phase.steps,
                payload_bytes=run.payload(matched),
                wire_bytes=run.wire(matched),
                score_bytes=score_bytes(spec.pruning, phase, classes=classes),
            )
        )
    return tuple(planned)


def score_bytes(prune: Prune, phase: Phase, *, classes: int) -> int:
    """Return the bytes that one worker hands over to exchange the scores of a phase.

    Args:
        prune: the selection.
        phase: one of the cell.
        classes: of the data.
    """
    row_bytes = None if phase.name != "score" else WAYS[prune.kind].row_bytes
    return 0 if row_bytes is None else phase.epochs * phase.samples * (_OWNER_BYTES + row_bytes(classes))


def score_exchanges(phases: Sequence[PlannedPhase]) -> list[PlannedCollective]:
    """Return what one worker hands over to exchange scores: at each epoch's end who saw a sample, and what it saw."""
    scoring = [phase for phase in phases if phase.score_bytes]
    return [PlannedCollective("all_reduce", phase.score_bytes, 2 * phase.epochs) for phase in scoring]
