"""The front of rows that no other beats in bytes and in score."""

from __future__ import annotations

from collections.abc import Sequence


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Return the indices of the (bytes, score) points on the front: lower bytes and higher score are better.

    A point is on it when no other has as few bytes and as high a score, and better in one of the two; equal points
    stand or fall together. Indices come by bytes, fewest first.
    """
    order = sorted(range(len(points)), key=lambda index: (points[index][0], -points[index][1]))
    front: list[int] = []
    for index in order:
        if not front or points[index] == points[front[-1]] or points[index][1] > points[front[-1]][1]:
            front.append(index)
    return front
