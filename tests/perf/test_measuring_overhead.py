"""What measuring may cost a step. Run as ``test_engine_speed.py``; nothing else should run beside it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.timeout(900)
PROGRAM = Path(__file__).parents[1] / "programs" / "measuring_overhead.py"
MEASURED_LIMIT, PLAIN_LIMIT = 1.02, 1.05


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    done = subprocess.run([sys.executable, PROGRAM], capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    print(json.dumps(answer, indent=1))
    return answer


def test_measuring_costs_at_most_2_percent_of_a_step(found: dict[str, Any]) -> None:
    assert found["measured / silent"]["median"] <= MEASURED_LIMIT, found


def test_none_costs_at_most_5_percent_more_than_plain_ddp(found: dict[str, Any]) -> None:
    assert found["measured / plain"]["median"] <= PLAIN_LIMIT, found
