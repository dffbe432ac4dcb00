"""The grid: order, and rows that are not matched."""

from __future__ import annotations

from typing import Any

import pytest

from rsbench.errors import RsbenchError
from rsbench.planning import grid as plan
from rsbench.planning.devices import DeviceRequest
from rsbench.planning.grid import Grid, check_size, parse_seeds

FACTS = {
    "synthetic": plan.DatasetDefaults(
        fingerprint="f", model="smallvgg", optimizer="sgd", lr=0.05, epochs=3, batch_size=32, image_size=64
    )
}


def test_default_grid_has_four_cells_in_order() -> None:
    cells = plan.Grid().cells(FACTS)
    assert [(cell.compressor, cell.ratio) for cell in cells] == [
        ("none", None),
        ("topk", 50.0),
        ("dgc", 50.0),
        ("rsdgc", 50.0),
    ]
    assert {cell.epochs for cell in cells} == {3}


def test_repeats_are_the_outermost_loop() -> None:
    cells = plan.Grid(compressors=("none", "topk"), lrs=(0.1, 0.2), seeds=(0, 1)).cells(FACTS)
    assert [cell.seed for cell in cells] == [0] * 4 + [1] * 4
    assert [(cell.compressor, cell.lr) for cell in cells[:4]] == [
        ("none", 0.1),
        ("none", 0.2),
        ("topk", 0.1),
        ("topk", 0.2),
    ]


def test_dense_rows_run_once_and_given_densities_are_kept() -> None:
    grid = plan.Grid(compressors=("none", "fp16", "noop", "topk", "topk:density=0.03"), ratios=(10.0, 100.0))
    rows = [(cell.compressor, cell.ratio) for cell in grid.cells(FACTS)]
    assert rows == [
        ("none", None),
        ("fp16", None),
        ("noop", None),
        ("topk", 10.0),
        ("topk", 100.0),
        ("topk:density=0.03", None),
    ]


def rows(*compressors: str, **asked: Any) -> list[tuple[str, float | None, str | None]]:
    grid = plan.Grid(compressors=compressors, **asked)
    return [(cell.compressor, cell.ratio, cell.sync) for cell in grid.cells(FACTS)]


def test_ranks_and_levels_follow_the_ratio_unless_they_are_given() -> None:
    texts = ("powersgd", "qsgd:group=64", "powersgd:rank=4", "qsgd:levels=7", "powersgd:rank=2")
    without = [("powersgd", None, None), ("qsgd", None, None), ("powersgd:rank=2", None, None)]
    matched = [("powersgd", 20.0, None), ("qsgd:group=64", 20.0, None)]
    assert rows(*texts, ratios=(20.0,)) == matched + without, "a default that is given has the key that it had"
    kept = [("powersgd", None, None), ("qsgd:group=64", None, None), *without[1:]]
    assert rows(*texts, ratios=(20.0,), match="density") == rows(*texts, density=0.1) == kept


def test_rounds_without_a_length_follow_the_ratio() -> None:
    assert rows("none", "powersgd:rank=4", "topk:density=0.1", ratios=(20.0, 50.0), syncs=(None, "rounds")) == [
        (text, ratio, sync)
        for text, bare in (("none", "none"), ("powersgd:rank=4", "powersgd"), ("topk:density=0.1", "topk:density=0.1"))
        for text, ratio, sync in ((bare, None, None), (text, 20.0, "rounds"), (text, 50.0, "rounds"))
    ]


@pytest.mark.parametrize(
    ("text", "asked", "words"),
    [
        ("topk", {}, r'--sync "rounds" leaves open how long rounds of topk are.*give one, such as rounds:8, or a dens'),
        ("none", {"syncs": ("rounds=8",)}, "a length that a ratio chose: to give it, write rounds:8"),
        ("none", {"match": "density"}, "takes its length from --ratio in bytes: give a length"),
        ("none", {"density": 0.1}, "takes its length from --ratio in bytes: give a length"),
    ],
)
def test_rounds_that_nothing_gives_a_length_are_refused(text: str, asked: dict[str, Any], words: str) -> None:
    with pytest.raises(RsbenchError, match=words):
        rows(text, **{"syncs": ("rounds",), **asked})


def test_density_replaces_the_ratio() -> None:
    cells = plan.Grid(compressors=("none", "topk", "dgc:density=0.5"), density=0.02).cells(FACTS)
    assert [(cell.compressor, cell.ratio) for cell in cells] == [
        ("none", None),
        ("topk:density=0.02", None),
        ("dgc:density=0.5", None),
    ]


def test_rows_that_are_not_matched_have_one_key_for_every_match() -> None:
    (payload,) = plan.Grid(compressors=("none",), match="payload").cells(FACTS)
    (wire,) = plan.Grid(compressors=("none",), match="wire").cells(FACTS)
    assert payload.key == wire.key


def test_on_cpus_fast_cells_are_the_deterministic_ones_and_a_note_says_so() -> None:
    fast = plan.Grid(compressors=("none",), recipe=plan.Recipe(deterministic=False))
    assert fast.cells(FACTS) == plan.Grid(compressors=("none",)).cells(FACTS)
    assert fast.notes == (
        "Note: --fast changes nothing on CPUs: these are the cells of --deterministic, with their keys.",
    )
    assert plan.Grid().notes == ()


def test_on_gpus_fast_cells_are_other_cells() -> None:
    fast = plan.Grid(compressors=("none",), device="cuda", recipe=plan.Recipe(deterministic=False))
    [cell] = fast.cells(FACTS)
    [usual] = plan.Grid(compressors=("none",), device="cuda").cells(FACTS)
    assert not cell.deterministic and usual.deterministic and cell.key != usual.key
    assert fast.notes == ()


def test_a_cell_asked_for_twice_runs_once() -> None:
    assert len(plan.Grid(compressors=("topk", "topk:density=0.5", "topk")).cells(FACTS)) == 2


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        (plan.Grid(compressors=("rsdcg",)), 'Did you mean "rsdgc"'),
        (plan.Grid(datasets=("ucm12",)), 'Did you mean "ucm21"'),
        (plan.Grid(ratios=(0.0,)), "ratio is 0"),
        (plan.Grid(compressors=("none",), ratios=(100.0, float("nan"))), "ratio is nan"),
        (plan.Grid(lrs=(0.0,)), "lr is 0"),
        (plan.Grid(epochs=0), "epochs is 0"),
        (plan.Grid(recipe=plan.Recipe(split="70/20")), "sum to 100"),
    ],
)
def test_wrong_grids_are_refused_at_once(grid: plan.Grid, words: str) -> None:
    with pytest.raises(RsbenchError, match=words):
        grid.check()


@pytest.mark.parametrize(("text", "seeds"), [("0", (0,)), ("0,1,2", (0, 1, 2)), ("3-5, 9", (3, 4, 5, 9))])
def test_seeds(text: str, seeds: tuple[int, ...]) -> None:
    assert plan.parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "a", "-1", "1.5", "2-1"])
def test_wrong_seeds(text: str) -> None:
    with pytest.raises(RsbenchError, match="--seeds 0,1,2"):
        plan.parse_seeds(text)


def test_cells_of_two_grids_that_are_equal_run_once() -> None:
    facts: dict[str, Any] = {
        "synthetic": plan.DatasetDefaults(
            fingerprint="f", model="smallvgg", optimizer="sgd", lr=0.05, epochs=1, batch_size=2, image_size=16
        )
    }
    grids = [plan.Grid(compressors=("none",)), plan.Grid(compressors=("none", "topk"))]
    assert len(dict.fromkeys(spec for grid in grids for spec in grid.cells(facts))) == 2


def test_networks_without_batch_norm_take_a_smaller_default_rate_unless_one_is_given() -> None:
    facts: dict[str, Any] = {
        "synthetic": plan.DatasetDefaults(
            fingerprint="f", model="smallvgg", optimizer="sgd", lr=0.05, epochs=1, batch_size=2, image_size=32
        )
    }
    models = ("vgg19", "vgg19_bn", "resnet18")
    grid = plan.Grid(models=models, compressors=("none",))
    assert {cell.model: cell.lr for cell in grid.cells(facts)} == {"vgg19": 0.01, "vgg19_bn": 0.05, "resnet18": 0.05}
    asked = plan.Grid(models=models, compressors=("none",), lrs=(0.05,))
    assert {cell.lr for cell in asked.cells(facts)} == {0.05}


def test_a_large_grid_is_asked_about_and_a_huge_one_refused_without_making_its_cells() -> None:
    large = Grid(seeds=tuple(range(600)), lrs=(0.1, 0.2), tuning_seed=600)
    assert large.most_cells == 601 * 2 * 4
    with pytest.raises(RsbenchError, match=r"up to 2,408 cells, more than 2,000: .* --yes"):
        check_size([large], yes=False)
    check_size([large], yes=True)
    check_size([Grid(seeds=tuple(range(500)))], yes=False)
    with pytest.raises(RsbenchError, match=r"up to 52,888 cells, but rsbench takes at most 50,000"):
        check_size([large] * 11, yes=True)
    huge = Grid(seeds=tuple(range(10_000)), lrs=tuple(range(1, 10_001)))
    with pytest.raises(RsbenchError, match=r"up to 400,000,000 cells"):
        huge.check()


@pytest.mark.parametrize(
    "text", ["", ",", "1,", "-", "1-", "-1", "1--2", "1 2", "1e3", "٣", "²", "0x1", "9" * 19, "3-1"]
)
def test_seeds_that_are_none_are_one_sentence(text: str) -> None:
    with pytest.raises(RsbenchError, match=r"write --seeds 0,1,2 or --seeds 0-4\.$"):
        parse_seeds(text)


def test_all_methods_run_over_one_link_then_over_the_next() -> None:
    grid = plan.Grid(compressors=("none", "topk"), links=("50mbit", None), workers=(2, 4), seeds=(0, 1))
    cells = grid.cells(FACTS)
    assert len(cells) == grid.most_cells == 16
    assert [(cell.seed, cell.workers, cell.link, cell.compressor) for cell in cells[:5]] == [
        (0, 2, "50mbit", "none"),
        (0, 2, "50mbit", "topk"),
        (0, 2, None, "none"),
        (0, 2, None, "topk"),
        (0, 4, "50mbit", "none"),
    ]


def test_selections_of_a_method_follow_one_another() -> None:
    grid = plan.Grid(compressors=("none", "topk"), prunes=(None, "tdds:0.5"), syncs=(None, "rounds:8"))
    cells = grid.cells(FACTS)
    assert len(cells) == grid.most_cells == 8
    assert [(cell.compressor, cell.sync, cell.prune) for cell in cells[:5]] == [
        ("none", None, None),
        ("none", None, "tdds:0.5"),
        ("none", "rounds:8", None),
        ("none", "rounds:8", "tdds:0.5"),
        ("topk", None, None),
    ]
    assert len({cell.key for cell in cells}) == len({cell.folder_name for cell in cells}) == 8


def test_links_need_their_workers_and_one_machine() -> None:
    devices = DeviceRequest(workers=(4, 2), device="cpu")
    grid = plan.Grid(devices=devices, links=("50mbit;2=10mbit", None))
    with pytest.raises(RsbenchError, match=r"no worker 2 .* 2 workers are numbered from 0 to 1"):
        grid.placed(nodes=1)
    grid = plan.Grid(devices=devices, links=("50mbit",))
    assert grid.placed(nodes=1).workers == (4, 2)
    with pytest.raises(RsbenchError, match="--link works on one machine, not on 2 nodes"):
        grid.placed(nodes=2)
