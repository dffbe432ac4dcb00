"""Which checkpoint ranks go on from, where their disks do not hold the same ones."""

from __future__ import annotations

import pytest

from rsbench.checkpoints.agreed import _of_one_launch


@pytest.mark.parametrize(
    ("every", "steps"),
    [
        ([{60: "a", 40: "a"}, {40: "a"}], [40]),
        ([{60: "a", 40: "a"}, {60: "b", 40: "a"}], [40]),
        ([{60: "", 40: "a"}, {60: "a", 40: "a"}], [60, 40]),
        ([{60: "a"}, {40: "a"}], []),
        ([{}], []),
    ],
)
def test_ranks_go_on_from_what_one_launch_wrote_on_all(every: list[dict[int, str]], steps: list[int]) -> None:
    assert _of_one_launch(every) == steps
