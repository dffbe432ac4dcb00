"""Own models: a callable is imported, called with the sizes of the data, and held to what training needs."""

from __future__ import annotations

import ast
import importlib
import inspect
import sysconfig
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn

from rsbench.console import harmless
from rsbench.errors import RsbenchError, did_you_mean
from rsbench.models import own_modules, packages
from rsbench.models.origin import Origin, origin_of, source_of
from rsbench.models.weights import load, read_file
from rsbench.recipe.model_text import PACKAGES, ModelText, parse_model

_WORDS: Final = {"true": True, "false": False, "none": None}
_BY_POSITION: Final = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL)


def is_own(model: str) -> bool:
    """Return whether a model's text asks for code that rsbench does not bring.

    Raises:
        RsbenchError: the text cannot be read, or its module or file is not there.
    """
    return parse_model(model).place in PACKAGES or origin_of(model) is not None


def build(model: str, sizes: Mapping[str, int], *, weights: str | None = None) -> nn.Module:
    """Import and call an own model; what it draws comes from torch's global generator.

    Args:
        model: as ``--model`` takes it.
        sizes: the keywords that a callable may take -> their values: ``num_classes``, ``in_channels``, ``image_size``,
            for pixels ``aux_channels``.
        weights: a file of a state dict or checkpoint; None keeps the callable's own values.

    Returns:
        The network.

    Raises:
        RsbenchError: one sentence on what the code did wrong, with its file and line.
    """
    text, make, keywords = _prepared(model, sizes)
    with blamed(model):
        network = make(**keywords)
    if not isinstance(network, nn.Module):
        raise RsbenchError(f"{model} returned {_kind(network)}; it must return a torch.nn.Module.")
    if weights is not None:
        if not Path(weights).exists():
            raise RsbenchError(
                f"--weights {weights}: there is no such file; {text.text} takes a file saved with "
                "torch.save(model.state_dict(), FILE)."
            )
        load(network, model, weights, read_file(Path(weights)))
    return network


def _prepared(model: str, sizes: Mapping[str, int]) -> tuple[ModelText, Callable[..., Any], dict[str, Any]]:
    """Return a model's text, its callable, and the keywords that this is called with."""
    origin = origin_of(model)
    text = parse_model(model) if origin is None else origin.text
    given = {key: _value(value) for key, value in text.parameters}
    if origin is None:
        return text, packages.maker(text, sizes), given
    make = _callable(model, origin)
    return text, make, _keywords(model, make, sizes, given)


def takes_two_inputs(model: str) -> bool:
    """Return whether a callable has a parameter ``aux_channels``: its network then gets each modality by itself."""
    origin = origin_of(model)
    if origin is None:
        return False
    accepted = _signature(model, _callable(model, origin))
    return "aux_channels" in accepted or _takes_all(accepted)


def record_section(model: str, network: nn.Module) -> dict[str, Any]:
    """Return what a record says of an own model: its callable, class, code and files; nothing of ours.

    Args:
        model: canonical text.
        network: as the callable returned it.
    """
    if not is_own(model):
        return {}
    origin = origin_of(model)
    called = f"{origin.module}:{origin.text.name}" if origin else model
    return {
        "own": {
            "callable": called,
            "class": f"{type(network).__module__}.{type(network).__qualname__}",
            "source": source_of(model),
            "files": origin.hashes if origin else {},
        }
    }


def _callable(model: str, origin: Origin) -> Callable[..., Any]:
    """Import the module and return the callable; torch's generator is as it was before.

    Raises:
        RsbenchError: importing fails, or there is no such callable.
    """
    own_modules.enter(origin)
    with blamed(model), torch.random.fork_rng(devices=[]):
        module = importlib.import_module(origin.module)
    if Path(getattr(module, "__file__", None) or "").resolve() != origin.file.resolve():
        raise RsbenchError(
            f"{model}: the name {origin.module} belongs to another module ({module!r}); rename {origin.file.name}."
        )
    found: Any = module
    for part in origin.text.name.split("."):
        if not hasattr(found, part):
            names = [name for name, value in vars(found).items() if callable(value) and not name.startswith("_")]
            hint = did_you_mean(part, names) if names else ""
            raise RsbenchError(f"{model}: {origin.file.name} has no {origin.text.name}.{hint}")
        found = getattr(found, part)
    if not callable(found) or isinstance(found, nn.Module):
        raise RsbenchError(
            f"{model} is {_kind(found)}; name a function or class that builds the network anew each time."
        )
    make: Callable[..., Any] = found
    return make


def _signature(model: str, make: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """Return what a callable takes.

    Raises:
        RsbenchError: Python cannot tell, as for some compiled code.
    """
    try:
        return inspect.signature(make).parameters
    except (TypeError, ValueError) as error:
        raise RsbenchError(f"{model} does not say what it takes ({error}); write a function around it.") from error


def _takes_all(accepted: Mapping[str, inspect.Parameter]) -> bool:
    return any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in accepted.values())


def _keywords(
    model: str, make: Callable[..., Any], sizes: Mapping[str, int], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a callable is called with: of the sizes as many as it takes, and the parameters of the text.

    Raises:
        RsbenchError: it needs more than it is given, or takes no such parameter.
    """
    accepted = _signature(model, make)
    takes_all = _takes_all(accepted)
    for name in given:
        if name in sizes:
            raise RsbenchError(f"{model}: {name} comes from the data; leave it out.")
        if name not in accepted and not takes_all:
            own = [key for key in accepted if key not in sizes]
            hint = did_you_mean(name, own) if own else " It has no parameters of its own."
            raise RsbenchError(f'{model} takes no parameter "{name}".{hint}')
    told = {name: value for name, value in sizes.items() if name in accepted or takes_all}
    needed = [
        name
        for name, parameter in accepted.items()
        if parameter.default is parameter.empty
        and parameter.kind is not inspect.Parameter.VAR_KEYWORD
        and parameter.kind is not inspect.Parameter.VAR_POSITIONAL
        and (name not in {**told, **given} or parameter.kind in _BY_POSITION)
    ]
    if needed:
        raise RsbenchError(
            f"{model} needs {', '.join(needed)}, which rsbench does not know: it gives {', '.join(sizes)} by keyword; "
            f"add a default, or write it after the model, such as {model}{',' if given else ':'}{needed[0]}=VALUE."
        )
    return {**told, **given}


def _value(text: str) -> Any:
    """Return a parameter's value: a number, true, false or none, otherwise text."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        number = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return number if isinstance(number, int | float) else text


@contextmanager
def blamed(model: str, doing: str = "") -> Iterator[None]:
    """Turn whatever own code raises within into one sentence with its file and line.

    Args:
        model: as ``--model`` takes it.
        doing: what it was asked for, such as ``"in a forward pass "``, with a space at its end.

    Raises:
        RsbenchError: in place of anything else, ``SystemExit`` too.
    """
    try:
        yield
    except RsbenchError:
        raise
    except SystemExit as error:
        raise RsbenchError(f"{model} called sys.exit({error.code!r}) ({_place(error)}); return a model.") from error
    except Exception as error:
        first = (str(error).strip().splitlines() or [""])[0]
        words = f"{type(error).__name__}: {first}".rstrip(" :.")[:300]
        raise RsbenchError(f"{model} raised {harmless(words)} {doing}({_place(error)}).") from error


def _place(error: BaseException) -> str:
    """Return ``nets.py:12``: the innermost line outside of installed packages, or the innermost of all."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_seen_from_here(error.filename)}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    elsewhere = (sysconfig.get_path("purelib"), sysconfig.get_path("stdlib"), str(Path(__file__).parents[1]), "<")
    own = [frame for frame in frames if not frame.filename.startswith(elsewhere)]
    frame = (own or frames)[-1]
    return f"{_seen_from_here(frame.filename)}:{frame.lineno}"


def _seen_from_here(file: str) -> str:
    path = Path(file)
    roots = [root for root in (Path(sysconfig.get_path("purelib")), Path.cwd()) if path.is_relative_to(root)]
    return str(path.relative_to(roots[0]) if roots else path)


def _kind(value: object) -> str:
    """Return ``None`` or ``an object of type int``."""
    return "None" if value is None else f"an object of type {type(value).__name__}"
