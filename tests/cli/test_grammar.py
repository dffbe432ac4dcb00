"""Typing mistakes get one sentence that says what was meant; a list may be written in many ways."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from rsbench.cli.main import main
from rsbench.cli.request import request_from
from rsbench.planning.grid import Grid

TYPOS = [
    ("copmare", "Did you mean 'compare'?"),
    ("list modles", 'Did you mean "models"?'),
    ("completion fsh", 'Did you mean "fish"?'),
    ("compare --ratoi 10", "There is no option --ratoi. Did you mean --ratio?"),
    ("compare --max-step 10", "Did you mean --max-steps?"),
    ("compare --determinstic", "Did you mean --deterministic?"),
    ("compare --dataset ucm22", 'Did you mean "ucm21"?'),
    ("compare --dataset synthetic,ucm22", 'There is no data set "ucm22". Did you mean "ucm21"?'),
    ("compare --compressor topkk", 'Did you mean "topk"?'),
    ("compare --compressor none,topkk", "There is no compressor 'topkk'. Did you mean \"topk\"?"),
    ("compare --compressor none,rsdgc:aplha=0.5", 'Did you mean "alpha"?'),
    ("compare --compressor rsdgc:alpha=x", "rsdgc: alpha=x must be a number"),
    ("compare --compressor rsdgc,alpha=0.5", "write rsdgc:alpha=0.5."),
    ("compare --compressor none,,topk", "item 2 of 'none,,topk' is empty"),
    ("compare --compressor none,", "item 2 of 'none,' is empty"),
    ("compare --ratio 10x,0.5x", "ratio is 0.5, but"),
    ("compare --ratio 10,x,100", "item 2 of 3: 'x' is not a number"),
    ("compare --ratio 10;100", "'10;100' is not a number"),
    ("compare --ratio 100,0.5", "ratio is 0.5"),
    ("compare --lr 0,01", "write 0.01 for a fraction, or 0,1."),
    ("compare --gpus 2,two", "item 2 of 2: 'two' is not a whole number"),
    ("compare --seeds 0,x", 'are not whole numbers of at most 18 digits at "x"'),
    ("compare --seeds 0..4", "write --seeds 0,1,2 or --seeds 0-4"),
    ("compare --seeds 4-0", "end before they begin"),
    ("compare --sync steps,round:8", 'Did you mean "rounds"?'),
    ("compare --sync steps,rounds", "give one, such as rounds:8"),
    ("compare --prune none,tdd:0.5", 'Did you mean "tdds"?'),
    ("compare --prune tdds:0.5,epoch=9,none", 'Did you mean "epochs"?'),
    ("compare --prune tdds,epochs=9", "write tdds:epochs=9."),
    ("run --prune none,tdds:0.5", "run takes one value, not 2"),
    ("compare --link geoo", 'Did you mean "geo"?'),
    ("compare --link geo,latency=600ms", "write geo:latency=600ms."),
    ("compare --link 50mbit,geo:latecy=600ms", 'Did you mean "latency"?'),
    ("compare --link 50mbit --link-of 3:10mbit", "write RANK=LINK, such as 3=10mbit"),
    ("compare --partition dirichlett:0.1", 'Did you mean "dirichlet"?'),
    ("compare --optimizer admw", 'Did you mean "adamw"?'),
    ("compare --timeout 5x", "write 90s, 30m or 2h"),
    ("compare --plan paper-scen", 'Did you mean "paper-scene"?'),
    ("run --ratio 10,100", "run takes one value, not 2; rsbench compare takes several"),
    ("run --compressor none,topk", "run takes one value, not 2"),
    ("run --gpus 1 --gpus 2", "'--gpus': run takes one value, not 2"),
    ("run --seed 0,1", "'--seed': run takes one value, not 2"),
    ("report --format md,pdf", 'There is no report format "pdf"'),
    ("report --format md,,csv", "item 2 of 'md,,csv' is empty"),
    ("scale --link 1gbit,10gbitt", 'The link speed "10gbitt" cannot be read'),
    ("bench --compressor none,topkk", 'Did you mean "topk"?'),
    ("bench --density 0.1,x", "--density 0.1,x is no list of numbers"),
    ("slurm --ratoi 10", "Did you mean --ratio?"),
    ("slurm --ratio 10,x", "item 2 of 2: 'x' is not a number"),
]


@pytest.mark.parametrize(("line", "sentence"), TYPOS)
def test_a_typing_mistake_is_one_sentence(
    line: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, line.split(" "), prog_name="rsbench")
    assert (done.exit_code, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


SPELLINGS: list[tuple[list[str], dict[str, tuple[object, ...]]]] = [
    (["--ratio", "10,100"], {"ratios": (10.0, 100.0)}),
    (["--ratio", "10", "--ratio", "100"], {"ratios": (10.0, 100.0)}),
    (["--ratio", "10, 100", "--ratio=1e3"], {"ratios": (10.0, 100.0, 1000.0)}),
    (["--lr", "0.01,0.05"], {"lrs": (0.01, 0.05)}),
    (["--seeds", "0-2,7"], {"seeds": (0, 1, 2, 7)}),
    (["--seeds", "0", "--seeds", "1, 2"], {"seeds": (0, 1, 2)}),
    (["--dataset", "ucm21,nwpu45,ucm21"], {"datasets": ("ucm21", "nwpu45")}),
    (["--model", "resnet18,pkg.nets:make"], {"models": ("resnet18", "pkg.nets:make")}),
    (["--model", "fedfusion:rank=4,join=sum,resnet18"], {"models": ("fedfusion:rank=4,join=sum", "resnet18")}),
    (["--compressor", "none,topk,dgc"], {"compressors": ("none", "topk", "dgc")}),
    (
        ["--compressor", "none,topk,rsdgc:alpha=0.5,warmup=exp,dgc"],
        {"compressors": ("none", "topk", "rsdgc:alpha=0.5,warmup=exp", "dgc")},
    ),
    (
        ["--compressor", "none, topk:density=0.01", "--compressor", "dgc"],
        {"compressors": ("none", "topk:density=0.01", "dgc")},
    ),
    (["--sync", "steps,accumulate:8"], {"syncs": (None, "accumulate:8")}),
    (
        ["--sync", "rounds:8:nesterov:outer_lr=0.5,state=reset,steps"],
        {"syncs": ("rounds:8:nesterov:outer_lr=0.5,state=reset", None)},
    ),
    (
        ["--prune", "none,tdds:.5,epochs=9,budget=steps,random:0.5", "--prune", "none"],
        {"prunes": (None, "tdds:0.5,epochs=9,budget=steps", "random:0.5")},
    ),
    (["--link", "none,50mbit"], {"links": (None, "50mbit")}),
    (["--link", "geo:latency=600ms,up=1mbit,50mbit"], {"links": ("geo:up=1mbit,latency=600ms", "50mbit")}),
    (["--link", "50mbit", "--link-of", "1=leo,3=10mbit"], {"links": ("50mbit;1=leo;3=10mbit",)}),
]


@pytest.mark.parametrize(("words", "expected"), SPELLINGS)
def test_a_list_may_be_written_with_commas_by_repetition_or_both(
    words: list[str], expected: dict[str, tuple[object, ...]]
) -> None:
    grid = grid_of(*words)
    assert {name: getattr(grid, name) for name in expected} == expected


def grid_of(*words: str) -> Grid:
    context = main.commands["compare"].make_context("compare", list(words))
    (grid,) = request_from(context, context.params).grids
    return grid


def test_devices_are_lists_too() -> None:
    assert grid_of("--gpus", "1,2").devices.gpus == (1, 2)
    assert grid_of("--workers", "2", "--workers", "4,8").devices.workers == (2, 4, 8)


def test_a_plan_writes_lists_in_the_same_ways(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(
        'compressor = ["none,topk", "rsdgc:alpha=0.5,warmup=exp"]\nratio = "10, 100"\nseeds = [0, "2-3"]\n'
        'gpus = [1, 2]\nlink = "50mbit,geo:latency=600ms,up=1mbit"\n'
    )
    grid = grid_of("--plan", str(plan))
    assert grid.compressors == ("none", "topk", "rsdgc:alpha=0.5,warmup=exp")
    assert (grid.ratios, grid.seeds, grid.devices.gpus) == ((10.0, 100.0), (0, 2, 3), (1, 2))
    assert grid.links == ("50mbit", "geo:up=1mbit,latency=600ms")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["list"],
            "Missing argument WHAT: give one of compressors, datasets, links, models, partitions, plans, prune, runs",
        ),
        (
            ["compare", "--compressor", "none topk"],
            "separate values with commas: none,topk.",
        ),
        (["compare", "--compressor", ""], "--compressor is empty: give a value, or leave it out."),
    ],
)
def test_what_is_missing_or_run_together_is_said_in_one_line(words: list[str], sentence: str) -> None:
    done = CliRunner().invoke(main, words, prog_name="rsbench")
    assert done.exit_code == 2 and sentence in done.stderr and "\\n" not in done.stderr
