"""What shells offer: names, and options after a colon, at any place of a list."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from rsbench.cli.grammar import completion
from rsbench.planning import probe

CONTEXT = click.Context(click.Command("compare"))
OPTION = click.Option(["--x"])


def offered(complete: completion.Complete, text: str) -> list[str]:
    return [item.value for item in complete(CONTEXT, OPTION, text)]


@pytest.mark.parametrize(
    ("complete", "text", "expected"),
    [
        (completion.datasets, "ucm", ["ucm21"]),
        (completion.datasets, "ucm21,nwp", ["ucm21,nwpu45"]),
        (completion.datasets, "ucm21,nwpu45:", []),
        (completion.compressors, "rsd", ["rsdgc"]),
        (completion.compressors, "none,rsd", ["none,rsdgc"]),
        (completion.compressors, "none,rsdgc:alp", ["none,rsdgc:alpha="]),
        (completion.compressors, "rsdgc:alpha=0.5,selec", ["rsdgc:alpha=0.5,selector="]),
        (completion.compressors, "rsdgc:alpha=0.5,to", ["rsdgc:alpha=0.5,topk"]),
        (completion.compressors, "nothing:al", []),
        (completion.compressors, "none,,to", ["none,,topk"]),
        (completion.links, "ge", ["geo"]),
        (completion.links, "50mbit,geo:la", ["50mbit,geo:latency="]),
        (completion.syncs, "rou", ["rounds:"]),
        (completion.syncs, "steps,dil", ["steps,diloco"]),
        (completion.partitions, "", ["iid", "blocks", "classes:", "dirichlet:", "modality"]),
    ],
)
def test_the_last_item_of_a_list_is_completed(complete: completion.Complete, text: str, expected: list[str]) -> None:
    assert offered(complete, text) == expected


def test_models_come_from_what_is_known_of_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "model_names", lambda: {"scenes": ["resnet18", "vgg19"], "pixels": ["cnn", "resnet18"]})
    assert offered(completion.models, "") == ["cnn", "resnet18", "vgg19"]
    assert offered(completion.models, "cnn,res") == ["cnn,resnet18"]


def test_plans_are_shipped_ones_or_files() -> None:
    assert offered(completion.plans, "paper-sce") == ["paper-scene"]
    (item,) = completion.plans(CONTEXT, OPTION, "./mine")
    assert (item.type, item.value) == ("file", "./mine")


def test_completing_names_loads_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys, click; from rsbench.cli.grammar import completion as c\n"
        "for each in (c.datasets, c.compressors, c.links, c.syncs, c.partitions, c.plans):\n"
        "    assert each(click.Context(click.Command('x')), click.Option(['--x']), '')\n"
        "assert not {'torch', 'pandas', 'rich'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
