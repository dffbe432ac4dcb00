"""Environment variables that a run reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsbench.cli.environment import check_environment, check_rank
from rsbench.errors import RsbenchError


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_PORT"])
@pytest.mark.parametrize("text", ["abc", "-1", "1.5", "4,2", " 1", "٣", "9" * 5000, "1e3", "99999999"])
def test_what_is_no_number_is_named(name: str, text: str) -> None:
    with pytest.raises(RsbenchError, match=rf"variable {name} is .* whole number from . to .*`unset {name}`"):
        check_environment({name: text})


def test_sound_and_empty_ones_pass(tmp_path: Path) -> None:
    check_environment({"OMP_NUM_THREADS": "4", "RANK": "0", "WORLD_SIZE": "2", "RSBENCH_CACHE": str(tmp_path / "new")})
    check_environment({"OMP_NUM_THREADS": "", "RSBENCH_CACHE": ""})


def test_a_cache_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RsbenchError, match=r"RSBENCH_CACHE names .*a file is in the way"):
        check_environment({"RSBENCH_CACHE": str(tmp_path / "file" / "below")})


def test_a_place_among_workers_is_whole() -> None:
    place = {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}
    check_rank(place)
    with pytest.raises(RsbenchError, match="nothing says MASTER_ADDR and MASTER_PORT"):
        check_rank({"RANK": "0", "WORLD_SIZE": "1"})
    with pytest.raises(RsbenchError, match="RANK is 2, but must be below WORLD_SIZE, which is 2"):
        check_rank({**place, "RANK": "2"})
