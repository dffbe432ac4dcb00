"""Whatever is typed or stands in a plan: one harmless sentence at once, exit code 2."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Call = Callable[..., Result]
NINES = "9" * 5000
ESCAPE = "\x1b]0;owned\x07\x1b[2J"


def assert_one_sentence(result: Result, words: str) -> None:
    assert result.exit_code == 2, (result.stdout, result.stderr)
    assert words in result.stderr, result.stderr
    lines = result.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("Error: ") and lines[0].endswith(".")
    assert lines[0].isprintable() and len(lines[0]) < 1500, lines[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--seeds", "0-99999999999"], "100,000,000,000 repeats, but rsbench takes at most 10,000"),
        (["--seeds", NINES], "not whole numbers of at most 18 digits"),
        (["--seeds", "5-1"], 'The seeds "5-1" end before they begin'),
        (["--seeds", "0-9999"], "up to 40,000 cells, more than 2,000: ask for fewer, or add --yes"),
        (["--seeds", "0-9999", "--yes", "--lr", 1, "--lr", 2], "up to 80,000 cells, but rsbench takes at most 50,000"),
        (["--tuning-seed", NINES], "is not a whole number"),
        (["--tuning-seed", -1], "seed is -1"),
        (["--epochs", 10**12], "epochs is 1,000,000,000,000, but rsbench takes at most 1,000,000"),
        (["--epochs", NINES], "(5,002 characters) is not a whole number"),
        (["--batch-size", 10**9], "batch_size is 1,000,000,000, but"),
        (["--image-size", 10**9], "image_size is 1,000,000,000, but"),
        (["--max-steps", 10**15], "max_steps is"),
        (["--workers", 10**12], "more than the 65,536 workers"),
        (["--ratio", NINES], "ratio is inf"),
        (["--ratio", "nan"], "ratio is nan"),
        (["--ratio", "1e300"], "rsbench takes at most"),
        (["--lr", "1e300"], "lr is"),
        (["--density", "nan"], "density is nan, out of range"),
        (["--bucket-cap-mb", "1e30"], "bucket_cap_mb is"),
        (["--warmup-epochs", "1e30"], "warmup_epochs is"),
        (["--split", f"{NINES}/1"], 'write "official"'),
        (["--split", "/" * 5000], 'write "official"'),
        (["--split", "١٠/٩٠"], 'write "official"'),
        (["--compressor", f"topk:density={NINES}"], "5,000 characters; no option needs as many"),
        (["--compressor", "topk:warmup_steps=1000000000000"], "out of range"),
        (["--compressor", "topk:density=1e400"], "must be a number"),
        (["--compressor", f"topk:{ESCAPE}=1"], "has no option"),
        (["--timeout", NINES], "is no duration"),
        (["--budget", "1e999h"], "is no duration"),
        (["--nnodes", 10**12], "--nnodes is 1000000000000, but must be 1 to 65,536"),
        (["--rdzv-endpoint", "http://h:1"], "--rdzv-endpoint takes HOST:PORT"),
        (["--plan", "x" * 3000], "File name too long; check that path"),
        (["--plan", "/dev/zero"], 'There is no plan "/dev/zero"'),
        ([f"--no{ESCAPE}"], r"There is no option --no\x1b]0;owned\x07\x1b[2J"),
        ([f"extra{ESCAPE}"], r"unexpected extra argument (extra\x1b]0;owned\x07\x1b[2J)"),
        (["--device", ESCAPE], "is not one of 'cpu', 'cuda'"),
        (["--dataset", ESCAPE], r"There is no data set"),
        (["--dataset", "q\udcffz"], r"q\xffz"),
    ],
)
def test_compare(rsbench: Call, launcher: Any, arguments: list[object], words: str) -> None:
    assert_one_sentence(rsbench("compare", *arguments), words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([f"comp{ESCAPE}"], r"No such command 'comp\x1b]0;owned\x07\x1b[2J'"),
        (["run", "--seed", 2**70], "not whole numbers of at most 18 digits"),
        (["run", "--seed", NINES], "is not a whole number"),
        (["list", ESCAPE], r"\x1b]0;owned"),
        (["list", "runs", "--out", ESCAPE], r"There is no result folder \x1b]0;owned"),
        (["list", "runs", "--out", "a\udcffb"], r"There is no result folder a\xffb"),
        (["report", ESCAPE], r"There is no result folder \x1b]0;owned"),
        (["report", "--format", ","], "Invalid value for '--format': item 1 of ',' is empty"),
        (["report", "--format", ESCAPE], "There is no report format"),
        (["data", "check", ESCAPE], r"\x1b]0;owned"),
        (["data", "fetch", "../../etc"], "There is no data set"),
        (["bench", "--workers", 10**9], "bench takes at most --workers 256"),
        (["bench", "--repeats", NINES], "is not a whole number"),
        (["bench", "--density", "nan"], "out of range"),
        (["bench", "--json", "/nowhere/x.json"], "is no file that can be written"),
        (["bench", "--compressor", ESCAPE], "There is no compressor"),
    ],
)
def test_other_commands(rsbench: Call, small_synthetic: None, arguments: list[object], words: str) -> None:
    assert_one_sentence(rsbench(*arguments), words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("epochs = 1000000000000", "epochs is 1,000,000,000,000, but rsbench takes at most"),
        (f"seeds = {list(range(20_000))}", "20,000 repeats, but rsbench takes at most 10,000"),
        (f"epochs = {NINES}", "is not valid TOML"),
        (f"epochs = {'[' * 5000}{']' * 5000}", "brackets nested too deep"),
        ("epochs = [[1]]", 'a list within a list in "epochs"'),
        ("lr = [{a = 1}]", 'a table within a list in "lr"'),
        ("out = 1979-05-27", 'a date or time in "out"'),
        ("out = 3", "out = 3, but that option takes a text in quotes"),
        ("data-root = true", "data-root = true, but that option takes a text in quotes"),
        ('out = "a\\u0000b"', "texts without zero bytes"),
        ("epochs = [1, 2]", "epochs = [1, 2], but that option takes one value"),
        ("epochs = true", "epochs = true, but that option takes a text or a number"),
        ("epochs = 1.5", "epochs = 1.5: '1.5' is not a valid integer"),
        ("workers = 'many'", "workers = \"many\": 'many' is not a valid integer"),
        ("timeout = -3", "timeout = -3: '-3' is no duration"),
        ("compressor = []", "takes at least one value"),
        ("dry-run = 'yes'", 'dry-run = "yes", but that option takes true or false'),
        ("yes = true", '"yes", which is no option'),
        ("batch-size = 1\nbatch_size = 2", '"batch_size" twice'),
        ('"a\\u001b[2J" = 3', r'"a\x1b[2J", which is no option'),
        ("# " + "x" * 1_000_001, "larger than 1,000,000 bytes"),
    ],
)
def test_plans(rsbench: Call, launcher: Any, tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(text)
    assert_one_sentence(rsbench("compare", "--plan", path), words)


def test_a_plan_that_is_no_plain_file_is_not_waited_for(rsbench: Call, launcher: Any, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "plan.toml")
    assert_one_sentence(rsbench("compare", "--plan", tmp_path / "plan.toml"), "no plain file")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    assert_one_sentence(rsbench("compare", "--plan", tmp_path / "bytes.toml"), "is no text in UTF-8")


@pytest.mark.parametrize("command", [["compare"], ["run"], ["bench"]])
def test_environment_variables(
    rsbench: Call, launcher: Any, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "abc")
    assert_one_sentence(rsbench(*command), 'OMP_NUM_THREADS is "abc", but must be a whole number from 1 to 4,096')


def test_a_fault_of_our_own_is_told_as_such(rsbench: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError(f"eels {ESCAPE}")

    monkeypatch.setattr("rsbench.cli.lists.table.make_console", broken)
    result = rsbench("list", "plans")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("Error: ValueError; this is a fault of rsbench: please report it")
    assert r"eels \x1b]0;owned\x07" in result.stderr and "\x1b" not in result.stderr
