"""Initial weights: under any prefix and in any checkpoint, refused when they do not fit, never run as code."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from rsbench.errors import RsbenchError
from rsbench.models import torchvision
from rsbench.models.weights import LoadedWeights, loaded_weights
from rsbench.train.sections import model_section

Tensors = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def source() -> nn.Module:
    """A trained network with ten classes: 122 tensors, 2 of the head and 20 counters of batches among them."""
    torch.manual_seed(7)
    return torchvision.build("resnet18", classes=10, image_size=64)


def under(prefix: str, tensors: Tensors) -> Tensors:
    return {prefix + name: tensor for name, tensor in tensors.items()}


def built(path: Path, state: object) -> nn.Module:
    torch.save(state, path)
    return torchvision.build("resnet18", classes=3, image_size=64, weights=str(path))


WAYS: dict[str, Callable[[Tensors], Any]] = {
    "plain": lambda t: t,
    "DDP": lambda t: under("module.", t),
    "compiled": lambda t: under("_orig_mod.", t),
    "DDP of a compiled one": lambda t: under("module._orig_mod.", t),
    "one stage compiled": lambda t: {n.replace("layer1.", "layer1._orig_mod."): v for n, v in t.items()},
    "Lightning": lambda t: {
        "epoch": 3,
        "state_dict": under("model.", t) | {"criterion.weight": torch.ones(10)},
        "optimizer_states": [{"state": {}, "param_groups": []}],
    },
    "nested and DDP": lambda t: {"model": under("module.", t), "optimizer": {}, "epoch": 3},
    "without the head": lambda t: {n: v for n, v in t.items() if not n.startswith("fc.")},
    "student, part of a teacher": lambda t: under("student.", t) | {"teacher.conv1.weight": t["conv1.weight"] + 1},
}


@pytest.mark.parametrize("way", WAYS)
def test_all_but_the_head_is_loaded(way: str, source: nn.Module, tmp_path: Path) -> None:
    network = built(tmp_path / "w.pt", WAYS[way](source.state_dict()))
    mine, theirs = network.state_dict(), source.state_dict()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine if not name.startswith("fc."))
    assert mine["fc.weight"].shape == (3, 512)
    section = model_section("resnet18", {"": network})
    assert section["weights"] == {"loaded": 120, "tensors": 122, "random": ()}


@pytest.mark.usefixtures("alone")
def test_a_file_saved_from_ddp_itself(tmp_path: Path) -> None:
    source = torchvision.build("smallvgg", classes=10, image_size=32)
    torch.save(DistributedDataParallel(source).state_dict(), tmp_path / "w.pt")
    network = torchvision.build("smallvgg", classes=10, image_size=32, weights=str(tmp_path / "w.pt"))
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), source.parameters(), strict=True))


def test_a_network_without_given_weights_has_no_such_field(source: nn.Module) -> None:
    assert "weights" not in model_section("resnet18", {"": source})


def test_counters_of_batches_are_not_asked_for(source: nn.Module, tmp_path: Path) -> None:
    kept = {n: v for n, v in source.state_dict().items() if "num_batches_tracked" not in n}
    assert loaded_weights(built(tmp_path / "w.pt", kept)) == LoadedWeights(100, 122, ())


def test_nine_tenths_are_enough_and_what_stays_random_is_named(source: nn.Module, tmp_path: Path) -> None:
    names = [n for n in source.state_dict() if "num_batches" not in n and not n.startswith("fc.")]
    for left_out in (10, 11):
        kept = {n: source.state_dict()[n] for n in names[left_out:]}
        if left_out == 10:
            assert loaded_weights(built(tmp_path / "w.pt", kept)) == LoadedWeights(90, 122, tuple(names[:10]))
        else:
            with pytest.raises(RsbenchError, match=r"fits 89 of 100 tensors of resnet18 .* not conv1\.weight, bn1"):
                built(tmp_path / "w.pt", kept)


class Code:
    """Runs a command when it is unpickled."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.proof}",)


def cyclic() -> dict[str, Any]:
    state: dict[str, Any] = {}
    state["model"] = state
    return state


REFUSED: dict[str, tuple[Callable[[Tensors], Any], str]] = {
    "one matching name": (
        lambda t: under("module.", {"conv1.weight": t["conv1.weight"]}),
        r"fits 1 of 100 tensors of resnet18 \(head aside\), fewer than 90%: not bn1\.weight, .* and 94 more",
    ),
    "another network": (lambda t: under("features.", {"0.weight": t["conv1.weight"]}), "fits 0 of 100 tensors"),
    "other shapes": (lambda t: {n: v[:1] if v.dim() else v for n, v in t.items()}, r"1x3x7x7 there, 64x3x7x7 here"),
    "two networks": (lambda t: under("student.", t) | under("teacher.", t), "two networks .*, student and teacher"),
    "nan": (lambda t: t | {"conv1.weight": t["conv1.weight"] * float("nan")}, r"inf or nan in conv1\.weight"),
    "no values": (lambda t: {n: v.to("meta") for n, v in t.items()}, "fits 0 of 100"),
    "sparse": (lambda t: {n: v.to_sparse() if v.dim() == 1 else v for n, v in t.items()}, "fits 20 of 100"),
    "names that clear the screen": (lambda t: under("\x1b[2J", {"x": t["conv1.weight"]}), r"such as \\x1b\[2Jx"),
    "a list": (lambda t: [1, 2], "no state dict of tensors"),
    "nothing": (lambda t: {}, "no state dict of tensors"),
    "numbers for names": (lambda t: {1: torch.ones(2)}, "no state dict of tensors"),
    "a circle": (lambda t: cyclic(), "no state dict of tensors"),
    "code": (lambda t: t | {"x": Code(Path("/x"))}, "the Python object posix.system besides tensors, .* run code"),
    "a whole network": (lambda t: torchvision.SmallVGG(3, 16), "object rsbench.models.torchvision.SmallVGG besides"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_does_not_fit_is_refused_in_one_line(what: str, source: nn.Module, tmp_path: Path) -> None:
    make, words = REFUSED[what]
    with pytest.raises(RsbenchError, match=words) as raised:
        built(tmp_path / "w.pt", make(source.state_dict()))
    assert str(raised.value).isprintable()


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    proof, bare, zipped = (tmp_path / name for name in ("proof", "bare.pt", "zipped.pt"))
    bare.write_bytes(pickle.dumps(Code(proof)))
    torch.save({"state_dict": {"conv1.weight": Code(proof)}}, zipped)
    for file in (bare, zipped):
        with pytest.raises(RsbenchError, match="could run code"):
            torchvision.build("resnet18", classes=3, image_size=64, weights=str(file))
    assert not proof.exists()


def test_what_is_no_plain_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pt")
    (tmp_path / "folder.pt").mkdir()
    for name in ("pipe.pt", "folder.pt"):
        with pytest.raises(RsbenchError, match=f"{name} is no plain file"):
            torchvision.build("resnet18", classes=3, image_size=64, weights=str(tmp_path / name))
