"""The grid: order, rows that are not matched, plan files, devices."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsbench.errors import RsbenchError
from rsbench.planning import devices, plan_file
from rsbench.planning import grid as plan
from rsbench.planning.devices import DeviceRequest

FACTS = {
    "synthetic": plan.DatasetDefaults(
        fingerprint="f", model="smallvgg", optimizer="sgd", lr=0.05, epochs=3, batch_size=32, image_size=64
    )
}


def test_default_grid_has_four_cells_in_order() -> None:
    cells = plan.Grid().cells(FACTS)
    assert [(cell.compressor, cell.ratio) for cell in cells] == [
        ("none", None),
        ("topk", 100.0),
        ("dgc", 100.0),
        ("rsdgc", 100.0),
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


def test_a_cell_asked_for_twice_runs_once() -> None:
    assert len(plan.Grid(compressors=("topk", "topk:density=0.5", "topk")).cells(FACTS)) == 2


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        (plan.Grid(compressors=("rsdcg",)), 'Did you mean "rsdgc"'),
        (plan.Grid(datasets=("ucm12",)), 'Did you mean "ucm21"'),
        (plan.Grid(ratios=(0.0,)), "ratio is 0"),
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


def test_plan_file(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text('dataset = "ucm21"\nmax-steps = 3\nseeds = [0, 2]\nratio = [10, 20]\n')
    known = ["dataset", "max_steps", "seeds", "ratio"]
    assert plan_file.read(path, known).options == {
        "dataset": "ucm21",
        "max_steps": 3,
        "seeds": "0,2",
        "ratio": [10, 20],
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [("ratios = 3", 'Did you mean "ratio"'), ("ratio = ", "not valid TOML"), ("[ratio]\na = 1", "table")],
)
def test_wrong_plan_files(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(text)
    with pytest.raises(RsbenchError, match=words):
        plan_file.read(path, ["ratio", "dataset"])


def test_missing_plan_file(tmp_path: Path) -> None:
    with pytest.raises(RsbenchError, match=r"none\.toml cannot be read"):
        plan_file.read(tmp_path / "none.toml", [])


@pytest.mark.parametrize(
    ("asked", "gpus", "nodes", "chosen"),
    [
        (DeviceRequest(), 0, 1, ((2,), "cpu")),
        (DeviceRequest(), 3, 1, ((3,), "cuda")),
        (DeviceRequest(), 3, 2, ((6,), "cuda")),
        (DeviceRequest(gpus=(2,)), 4, 1, ((2,), "cuda")),
        (DeviceRequest(workers=(3,)), 4, 1, ((3,), "cpu")),
        (DeviceRequest(workers=(3,), device="cpu"), 4, 2, ((6,), "cpu")),
        (DeviceRequest(device="cpu"), 4, 1, ((2,), "cpu")),
        (DeviceRequest(device="cuda"), 4, 1, ((4,), "cuda")),
        (DeviceRequest(workers=(1,), device="cuda"), 4, 1, ((1,), "cuda")),
    ],
)
def test_devices(
    monkeypatch: pytest.MonkeyPatch, asked: DeviceRequest, gpus: int, nodes: int, chosen: tuple[int, str]
) -> None:
    monkeypatch.setattr("rsbench.planning.probe.gpu_count", lambda: gpus)
    assert devices.resolve(asked, nodes=nodes) == chosen


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (DeviceRequest(gpus=(4,)), "only 1 GPU: .* --workers 4 --device cpu, or .* --gpus 1"),
        (DeviceRequest(workers=(2,), device="cuda"), "--workers 2 --device cpu"),
        (DeviceRequest(gpus=(1,), workers=(1,)), "not both"),
        (DeviceRequest(gpus=(0,)), "--gpus is 0"),
        (DeviceRequest(workers=(-1,)), "--workers is -1"),
    ],
)
def test_wrong_devices(monkeypatch: pytest.MonkeyPatch, asked: DeviceRequest, words: str) -> None:
    monkeypatch.setattr("rsbench.planning.probe.gpu_count", lambda: 1)
    with pytest.raises(RsbenchError, match=words):
        devices.resolve(asked, nodes=1)


def test_no_gpu_names_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rsbench.planning.probe.gpu_count", lambda: 0)
    with pytest.raises(RsbenchError, match=r"no GPU that torch can use: .* --workers 4 --device cpu"):
        devices.resolve(DeviceRequest(gpus=(4,)), nodes=1)
