from __future__ import annotations

import random

from rsbench.reports.analysis.statistics.pareto import pareto_front


def test_stats_pareto_front_is_what_no_point_beats() -> None:
    rng = random.Random(0)
    points = [(float(rng.randrange(12)), rng.randrange(12) / 10) for _ in range(60)]

    def beaten(one: tuple[float, float]) -> bool:
        return any(other != one and other[0] <= one[0] and other[1] >= one[1] for other in points)

    front = pareto_front(points)
    assert sorted(front) == [index for index, point in enumerate(points) if not beaten(point)]
    assert [points[index][0] for index in front] == sorted(points[index][0] for index in front)
    assert len(front) > 2
    assert pareto_front([]) == []
    assert pareto_front([(1.0, 0.5), (1.0, 0.5)]) == [0, 1]
