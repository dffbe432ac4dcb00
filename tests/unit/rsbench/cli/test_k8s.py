"""``rsbench k8s`` checks what `compare` will be asked, then writes one file."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from kubernetes_pod import arguments, objects

from rsbench.cli.main import main
from rsbench.cli.request import request_from

EXAMPLES = Path(__file__).parents[4] / "examples" / "kubernetes"
OF_PODS = ("--image", "ghcr.io/you/rsbench:0.1.0", "--nodes", "2", "--gpus-per-node", "4")


def k8s(*words: str) -> Result:
    return CliRunner().invoke(main, ["k8s", *words])


def test_compare_in_each_pod_is_asked_what_the_user_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ("--dataset", "nwpu45", "--ratio=50", "--seeds", "0,1", "--out", "rsbench-results/a b", "--max-steps", "7")
    done = k8s(*OF_PODS, *asked, "--output", "-")
    assert done.exit_code == 0, done.output
    words = arguments(objects(done.stdout)["Job"]["spec"]["template"]["spec"], 1)
    monkeypatch.setenv("RSBENCH_TOKEN", "0123456789abcdef")
    context = main.commands[words[0]].make_context("compare", words[1:])  # type: ignore[attr-defined]
    request = request_from(context, context.params)
    assert (request.nodes.count, request.nodes.rank) == (2, 1)
    assert request.nodes.address == ("rsbench-0.rsbench.lab.svc.cluster.local", 29500)
    assert request.out == Path("rsbench-results/a b")
    assert request.survival.max_restarts == 10, "nodes wait for one that comes back"
    (grid,) = request.grids
    assert (grid.datasets, grid.ratios, grid.seeds) == (("nwpu45",), (50.0,), (0, 1))
    assert (grid.devices.gpus, grid.recipe.max_steps) == ((4,), 7)


def test_restarts_are_as_many_as_the_user_says() -> None:
    done = k8s(*OF_PODS, "--max-restarts", "3", "--output", "-")
    words = arguments(objects(done.stdout)["Job"]["spec"]["template"]["spec"], 0)
    context = main.commands["compare"].make_context("compare", words[1:])  # type: ignore[attr-defined]
    assert context.params["max_restarts"] == 3


@pytest.mark.parametrize("sample", ["job", "trainjob"])
def test_samples_are_what_their_first_line_writes(sample: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (EXAMPLES / f"{sample}.yaml").read_text(encoding="utf-8")
    command = shlex.split(text.splitlines()[0].removeprefix("# "))
    monkeypatch.setattr(sys, "argv", command)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, command[1:])
    assert done.exit_code == 0, done.output
    (written,) = tmp_path.iterdir()
    assert written.read_text(encoding="utf-8") == text
    assert f"Next: kubectl apply -f {written.name}." in done.stderr


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    there = tmp_path / "mine.yaml"
    there.write_text("mine")
    done = k8s(*OF_PODS, "--output", str(there))
    assert done.exit_code == 2
    assert "is there already: remove it, or give another --output." in done.output
    assert there.read_text() == "mine"
    (tmp_path / "link.yaml").symlink_to(tmp_path / "elsewhere")
    assert k8s(*OF_PODS, "--output", str(tmp_path / "link.yaml")).exit_code == 2
    assert not (tmp_path / "elsewhere").exists()


WRONG = [
    (("--dataset", "nwpu4"), 'no data set "nwpu4". Did you mean "nwpu45"?'),
    (("--datset", "nwpu45"), "There is no option --datset. Did you mean --dataset?"),
    (("--compressor", "topk:densty=0.1"), "densty"),
    (("--lr", "fast"), "'fast' is not a number"),
    (("--nnodes", "2"), "Leave out --nnodes: --nodes says how many pods there are."),
    (("--node-rank", "0"), "Leave out --node-rank"),
    (("--rdzv-endpoint", "a:1"), "Leave out --rdzv-endpoint"),
    (("--dry-run",), "Leave out --dry-run"),
    (("--workers", "2"), "--gpus excludes --workers and --device"),
    (("--gpus", "8"), "Leave out --gpus: each pod gets --gpus-per-node"),
    (("--out", "/scratch/a"), "--out is /scratch/a, but what outlives a pod stands in the volume rsbench-results"),
    (("--out", "rsbench-results/../a"), "--out is rsbench-results/../a"),
    (("--data-root", "images"), "stands in the volume data"),
    (("--link", "50mbit"), "--link"),
    (("--tuning-seed", "9", "--lr", "0.1"), "--tuning-seed works on one machine"),
    (("--seeds", "0-9999"), "more than 2,000: ask for fewer, or add --yes"),
    (("--name", "Study"), '--name is "Study"'),
    (("--plan", "paper-scen"), 'Did you mean "paper-scene"?'),
]


@pytest.mark.parametrize(("words", "sentence"), WRONG)
def test_a_mistake_is_one_sentence_and_no_file(
    words: tuple[str, ...], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = k8s(*OF_PODS, *words)
    assert done.exit_code == 2, done.output
    assert sentence in done.output
    assert len(done.output.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_pods_without_gpus_say_how_many_workers_they_have() -> None:
    for words in ((), ("--device", "cuda", "--workers", "2"), ("--gpus", "4")):
        done = k8s("--image", "rsbench", *words, "--output", "-")
        assert (done.exit_code, done.stdout) == (2, "")
        assert "give --gpus-per-node N, or --workers N for CPUs" in done.output
    done = k8s("--image", "rsbench", "--workers", "2", "--output", "-")
    (container,) = objects(done.stdout)["Job"]["spec"]["template"]["spec"]["containers"]
    assert container["args"] == ["compare", "--max-restarts", "10", "--workers", "2"]


def test_pods_have_shipped_plans_but_no_file_of_the_users(tmp_path: Path) -> None:
    assert k8s("--image", "rsbench", "--gpus-per-node", "8", "--plan", "paper-scene", "--output", "-").exit_code == 0
    plan = tmp_path / "mine.toml"
    plan.write_text('dataset = ["synthetic"]\n')
    done = k8s(*OF_PODS, "--plan", str(plan), "--output", "-")
    assert done.exit_code == 2
    assert "which pods do not have" in done.output
