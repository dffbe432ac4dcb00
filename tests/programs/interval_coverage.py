"""How often intervals of a table hold every true difference at once, on made scores that share a reference.

    python tests/programs/interval_coverage.py [ROWS SEEDS TABLES]

Scores of a seed have a part in common (sd 1 point), each method its own (sd 0.5 points), the reference, too, so that
the differences of a table are correlated; true differences are drawn anew for each table (sd 1 point).
"""

from __future__ import annotations

import random
import sys

from rsbench.reports.analysis.statistics.differences import Difference, paired_difference, simultaneous

CASES = ((1, 3), (3, 3), (3, 5), (3, 10), (10, 3), (10, 10), (30, 5))


def table(rng: random.Random, rows: int, seeds: int) -> tuple[list[float], dict[int, Difference | None]]:
    """True differences of some methods to their reference, and what a table says of them, each judged alone."""
    common = [rng.gauss(0.8, 0.01) for _ in range(seeds)]
    reference = {seed: score + rng.gauss(0, 0.005) for seed, score in enumerate(common)}
    truths = [rng.gauss(0, 0.01) for _ in range(rows)]
    gaps = {
        row: paired_difference(
            {seed: score + truth + rng.gauss(0, 0.005) for seed, score in enumerate(common)}, reference
        )
        for row, truth in enumerate(truths)
    }
    return truths, gaps


def holds_all(truths: list[float], gaps: dict[int, Difference | None]) -> bool:
    """Whether each interval holds its true difference."""
    return all(
        gap is not None and gap.low is not None and gap.high is not None and gap.low <= truth <= gap.high
        for truth, gap in zip(truths, gaps.values(), strict=True)
    )


def main(rows: int, seeds: int, tables: int) -> None:
    """Print the shares of tables whose intervals hold all true differences."""
    rng = random.Random(100 * rows + seeds)
    alone = together = 0
    for _ in range(tables):
        truths, gaps = table(rng, rows, seeds)
        alone += holds_all(truths, gaps)
        together += holds_all(truths, simultaneous(gaps))
    print(f"{rows} rows, {seeds} seeds, intervals of one comparison each: {alone / tables:.4f}")
    print(f"{rows} rows, {seeds} seeds, simultaneous intervals: {together / tables:.4f}")


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    for rows, seeds in [(given[0], given[1])] if given else CASES:
        main(rows, seeds, given[2] if given else 10_000)
