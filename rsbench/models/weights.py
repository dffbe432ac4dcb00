"""Initial weights from files and from torchvision: found under any prefix, refused when they do not fit."""

from __future__ import annotations

import dataclasses
import re
import warnings
import weakref
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from rsbench.errors import RsbenchError

LEAST_SHARE = 0.9
"""Of a network's tensors, head aside, so many must be in a file of weights."""
_NESTS = ("state_dict", "model_state_dict", "model", "network", "net", "weights")
"""Keys under which checkpoints keep the weights (Lightning's is the first)."""
_WRAPPERS = re.compile(r"(?<![^.])(?:_orig_mod|_checkpoint_wrapped_module|_fsdp_wrapped_module)\.")
"""What torch.compile and others put into names, at any place."""
_SHOWN = 5
_DEPTH = 5

Tensors = dict[str, torch.Tensor]


@dataclasses.dataclass(frozen=True)
class LoadedWeights:
    """How many of a network's tensors came from given weights.

    Attributes:
        loaded: tensors that were copied.
        tensors: tensors of the network.
        random: names of those, head aside, that kept their random values; of parts that kept all, the part's name.
    """

    loaded: int
    tensors: int
    random: tuple[str, ...]


_loaded: weakref.WeakKeyDictionary[nn.Module, LoadedWeights] = weakref.WeakKeyDictionary()


def load(model: nn.Module, name: str, weights: str, given: Tensors) -> None:
    """Copy all tensors that fit into a network; the head, its last layer, may be missing or of another shape.

    Names may have a prefix, as DDP (``module.``) and Lightning give it: the one under which most names are found.

    Args:
        model: whose values are replaced.
        name: of the network, for the sentence.
        weights: where they come from, for the sentence.
        given: name -> tensor.

    Raises:
        RsbenchError: fewer than 90 % of the tensors, head and counters of batches aside, are there in the same shape,
            or one holds inf or nan.
    """
    mine = model.state_dict()
    given = without_prefix(given, mine)
    fitting = {key: value for key, value in given.items() if key in mine and _fits(value, mine[key])}
    head = _head(model)
    wanted = [key for key in mine if key not in head and not key.endswith("num_batches_tracked")]
    lacking = [key for key in wanted if key not in fitting]
    if len(wanted) - len(lacking) < LEAST_SHARE * len(wanted) or not fitting:
        raise RsbenchError(_misfit(name, weights, given, mine, wanted, lacking))
    for key, value in fitting.items():
        if not bool(value.isfinite().all()):
            raise RsbenchError(f"{weights} holds inf or nan in {key}; give weights of a training that did not diverge.")
    model.load_state_dict({**mine, **fitting})
    _loaded[model] = LoadedWeights(len(fitting), len(mine), tuple(lacking))


def load_part(model: nn.Module, part: str, name: str, weights: str, given: Tensors) -> None:
    """Copy tensors into one part of a network, as :func:`load` does into a whole one; the other parts keep theirs.

    Args:
        model: the whole network.
        part: name of one of its children, whose tensors have the names that it gives them.
        name: of the network, for the sentence.
        weights: where they come from, for the sentence.
        given: name -> tensor.

    Raises:
        RsbenchError: as :func:`load` does.
    """
    module = model.get_submodule(part)
    load(module, f"the {part} of {name}", weights, given)
    filled = _loaded[module]
    others = [child for child, _ in model.named_children() if child != part]
    random = (*(f"{part}.{key}" for key in filled.random), *others)
    _loaded[model] = LoadedWeights(filled.loaded, len(model.state_dict()), random)


def loaded_weights(model: nn.Module) -> LoadedWeights | None:
    """Return how many of a network's tensors given weights filled; None for one with random weights."""
    return _loaded.get(model)


def _fits(value: torch.Tensor, own: torch.Tensor) -> bool:
    """Return whether a tensor can be copied into one of the network's: its shape, plain numbers, values in memory."""
    plain = value.layout == torch.strided and value.device.type == "cpu" and not value.is_quantized
    return plain and not value.is_complex() and value.shape == own.shape


def without_prefix(given: Mapping[str, torch.Tensor], names: Mapping[str, Any]) -> Tensors:
    """Return tensors under a network's own names: without the prefix that most of them share.

    Args:
        given: name -> tensor, as saved.
        names: the network's own.

    Raises:
        RsbenchError: they are there as often under two prefixes, of a teacher and a student for example.
    """
    plain = {_WRAPPERS.sub("", key): value for key, value in given.items()}
    prefixes: Counter[str] = Counter()
    for key in plain:
        parts = key.split(".")
        prefixes.update(".".join(parts[:cut]) for cut in range(len(parts)) if ".".join(parts[cut:]) in names)
    if not prefixes:
        return plain
    most = [prefix for prefix, count in prefixes.items() if count == max(prefixes.values())]
    if len(most) > 1 and "" not in most:
        raise RsbenchError(
            f"The weights hold two networks that fit, {_plain(most[0])} and {_plain(most[1])}; save the one that is "
            "meant."
        )
    prefix = "" if "" in most else most[0]
    start = f"{prefix}." if prefix else ""
    return {key.removeprefix(start): value for key, value in plain.items() if key.startswith(start)}


def _head(model: nn.Module) -> set[str]:
    """Return the names of the tensors of a network's last layer, whose shape depends on the classes."""
    layers = [
        name for name, module in model.named_modules() if next(module.parameters(recurse=False), None) is not None
    ]
    last = layers[-1] + "." if layers and layers[-1] else ""
    return {key for key in model.state_dict() if key.startswith(last)}


def _misfit(
    name: str, weights: str, given: Tensors, mine: Mapping[str, torch.Tensor], wanted: list[str], lacking: list[str]
) -> str:
    shapes = {
        key: f"{key} ({'x'.join(map(str, given[key].shape))} there, {'x'.join(map(str, mine[key].shape))} here)"
        for key in lacking
        if key in given
    }
    lines = [shapes.get(key, key) for key in lacking[:_SHOWN]]
    more = f" and {len(lacking) - _SHOWN} more" if len(lacking) > _SHOWN else ""
    held = f", such as {_plain(next(iter(given)))}" if given else ""
    return (
        f"{weights} fits {len(wanted) - len(lacking)} of {len(wanted)} tensors of {name} (head aside), fewer than "
        f"{LEAST_SHARE:.0%}: not {', '.join(lines)}{more}. It holds {len(given)} tensors{held}; give weights of "
        f"{name}, saved with torch.save(model.state_dict(), FILE)."
    )


def read_file(path: Path) -> Tensors:
    """Return the tensors of a file, a state dict or a checkpoint that holds one; no code in it is ever run.

    Raises:
        RsbenchError: it is no plain file, no file of torch's, or holds Python objects or no tensors.
    """
    if not path.is_file():
        raise RsbenchError(
            f"--weights {path} is no plain file; give a file saved with torch.save(model.state_dict(), ...)."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old formats
            state: object = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise RsbenchError(f"{path} cannot be read as a state dict: {_why(error)}.") from error
    return _tensors(path, state)


def _why(error: Exception) -> str:
    """Return in one sentence why torch did not read a file."""
    found = re.search(r"(?:GLOBAL|global) ([\w.]+)", str(error))
    if found or "weights_only" in str(error):
        what = f"the Python object {found[1]}" if found else "Python objects"
        return (
            f"it holds {what} besides tensors, which is not loaded because it could run code; save the weights "
            "alone with torch.save(model.state_dict(), FILE)"
        )
    words = (str(error).splitlines() or [type(error).__name__])[0][:120].rstrip(".")
    return f"{_plain(words)}; save one with torch.save(model.state_dict(), FILE)"


def _tensors(path: Path, state: object) -> Tensors:
    """Return the state dict in what a file holds, which may be nested in a checkpoint."""
    for _ in range(_DEPTH):
        nests = (
            [state[key] for key in _NESTS if isinstance(state.get(key), Mapping)] if isinstance(state, Mapping) else []
        )
        if not nests:
            break
        state = nests[0]
    found = state.items() if isinstance(state, Mapping) else ()
    tensors = {key: value for key, value in found if isinstance(key, str) and isinstance(value, torch.Tensor)}
    if not tensors:
        raise RsbenchError(
            f"{path} holds no state dict of tensors; save one with torch.save(model.state_dict(), FILE)."
        )
    return tensors


def _plain(text: str) -> str:
    """Return text from a file with its control characters spelt out."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:120])
