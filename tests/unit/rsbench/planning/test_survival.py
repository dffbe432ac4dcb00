"""What the user asks of checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rsbench.errors import RsbenchError
from rsbench.planning.survival import Survival


def test_a_job_is_told_where_and_how_often() -> None:
    order = Survival(every=20, reset_compressor=True).order(Path("/x/checkpoints"))
    assert order == {"folder": "/x/checkpoints", "every": 20, "reset_compressor": True}
    assert Survival(checkpoints=False).order(Path("/x")) is None


@pytest.mark.parametrize("asked", [{"every": 20}, {"reset_compressor": True}])
def test_no_checkpoints_and_some_contradict_each_other(asked: dict[str, Any]) -> None:
    with pytest.raises(RsbenchError, match="--no-checkpoints wants none"):
        Survival(checkpoints=False, **asked)
