"""``rsbench bench`` on a small model with two real gloo processes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Call = Callable[..., Result]


def test_a_small_model_is_timed_and_samples_are_kept(rsbench: Call) -> None:
    result = rsbench(
        *(
            "bench",
            "--model",
            "squeezenet1_1",
            "--density",
            0.01,
            "--repeats",
            1,
            "--no-plain-hooks",
            "--json",
            "b.json",
        ),
        *("--compressor", "noop", "--compressor", "rsdgc", "--compressor", "topk:kernels=eager"),
    )
    assert result.exit_code == 0, result.output
    parts = ("torch.topk of |g|", "accumulate", "score by NSI", "select by magnitude, eager", "encode for NSI")
    for words in ("plain DDP", "rsdgc", "topk:kernels=eager", "loopback", "Written: b.json", "Loops", *parts):
        assert words in result.output
    kept = json.loads(Path("b.json").read_text())
    assert kept["provenance"]["versions"]["torch"]
    assert len(kept["ranks"]) == 2
    for rank in kept["ranks"]:
        assert len(rank["rsdgc"]["compress_s"]) == len(rank["rsdgc"]["exchange_s"]) == 5
        assert 0 < rank["rsdgc"]["payload_bytes"][0] < 4 * kept["elements"] / 20
        assert rank["noop"]["payload_bytes"][0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--model", "resnet81"), "resnet18"),
        (("--density", 0), "--density 0 is out of range"),
        (("--repeats", 0), "at least 1"),
        (("--compressor", "tokp"), 'Did you mean "topk"'),
    ],
)
def test_mistakes_get_one_sentence(rsbench: Call, arguments: tuple[object, ...], words: str) -> None:
    result = rsbench("bench", *arguments)
    assert result.exit_code == 2
    assert words in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("word", ["", "no-"])
def test_the_old_words_for_plain_hooks_go_on_working_and_say_the_new_ones(rsbench: Call, word: str) -> None:
    result = rsbench("bench", f"--{word}rivals", "--repeats", 0)
    assert result.stderr.splitlines()[0] == f"--{word}rivals is now called --{word}plain-hooks."
    assert "at least 1" in result.stderr
    assert "rivals" not in rsbench("bench", "--help").output
