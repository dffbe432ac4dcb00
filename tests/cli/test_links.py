"""``--link``, ``--link-of`` and ``--interface``: what is planned, and what is refused before anything starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Call = Callable[..., Result]
TWO = ("--workers", 2, "--device", "cpu", "--compressor", "none")


@pytest.fixture(autouse=True)
def no_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rsbench.emulation.requirements.EmulatedNetwork", None)  # nothing may come so far


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--link", "50mbbit"], 'link speed "50mbbit" cannot be read'),
        (["--link", "geoo"], 'There is no link "geoo". Did you mean "geo"?'),
        (["--link-of", "1=10mbit"], "--link-of gives one worker another link than --link gives all: add --link"),
        (["--link", "none", "--link-of", "1=10mbit"], "add --link, such as 50mbit"),
        (["--link", "50mbit", "--link-of", "2=10mbit"], "There is no worker 2 to give a link of its own"),
        (["--link", "50mbit", "--link-of", "10mbit"], "write RANK=LINK, such as 3=10mbit"),
        (["--interface", "ib7"], 'no network interface "ib7"'),
        (["--link", "50mbit", "--interface", "lo"], "give one or the other"),
    ],
)
@pytest.mark.parametrize("command", ["compare", "run"])
def test_what_cannot_be_is_one_sentence(rsbench: Call, command: str, options: list[str], words: str) -> None:
    more = TWO[:4] if command == "run" else TWO
    result = rsbench(command, *more, *options)
    assert result.exit_code == 2, result.output
    assert words in result.output.replace("\n", " ") and result.output.count("Error: ") == 1
    assert not Path("rsbench-results").exists()


def test_a_plan_gives_links(rsbench: Call, tmp_path: Path) -> None:
    plan = tmp_path / "links.toml"
    plan.write_text('workers = 2\ndevice = "cpu"\nlink = ["10mbit", "none"]\nlink-of = "2=5mbit"\n')
    result = rsbench("compare", "--plan", plan)
    assert result.exit_code == 2, result.output
    assert "There is no worker 2 to give a link of its own" in result.output.replace("\n", " ")


def test_inside_torchrun_links_are_refused(rsbench: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    result = rsbench("run", "--link", "50mbit")
    assert result.exit_code == 2
    assert "--link and --interface are for workers that rsbench starts" in result.output
