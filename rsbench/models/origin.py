"""Where an own model's code is, and what it is: found by reading files, never by running them. Torch-free."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from rsbench.errors import RsbenchError, did_you_mean
from rsbench.recipe.model_text import FORMS, PACKAGES, ModelText, parse_model

GROUP: Final = "rsbench.models"
"""Entry-point group: name -> callable."""
SHIPPED: Final = Path(__file__).with_name("sizes.json")
"""The names of the models of ours, with their sizes."""
_HASHED: Final = "sha256:"
_OURS: Final = "rsbench"
"""Imported by own models, but not a part of them."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The code behind a model's text.

    Attributes:
        text: the parts of the text; an entry point's name is replaced by the callable that it stands for.
        root: folder that the module is imported from.
        module: dotted name.
        file: of the module.
    """

    text: ModelText
    root: Path
    module: str
    file: Path

    @property
    def files(self) -> list[Path]:
        """The module's file, and every file below ``root`` that it imports, directly or through others; sorted."""
        return [self.file] if self.distribution else sorted(_imported(self.root, self.module))

    @property
    def distribution(self) -> str | None:
        """Name and version of the installed package that the file belongs to; None for code in a working folder."""
        places = [Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib")]
        if not any(self.file.resolve().is_relative_to(place) for place in places):
            return None
        return _installed(self.module.partition(".")[0])

    @property
    def hashes(self) -> dict[str, str]:
        """File, as seen from ``root`` -> SHA-256 of its bytes."""
        return {path.relative_to(self.root).as_posix(): _sha256(path) for path in self.files}

    @property
    def source(self) -> str:
        """``sha256:...`` over the files' names and hashes; for an installed package its name and version."""
        lines = "".join(f"{sha}  {name}\n" for name, sha in self.hashes.items())
        return self.distribution or f"{_HASHED}{hashlib.sha256(lines.encode()).hexdigest()}"


def source_of(model: str) -> str | None:
    """Return what a cell says of a model's code; None for the models that rsbench brings.

    Args:
        model: as ``--model`` takes it.

    Returns:
        ``timm 1.0.31`` for an installed package, ``sha256:...`` for other code.

    Raises:
        RsbenchError: the text cannot be read, or its package, module or file is not there.
    """
    text = parse_model(model)
    if text.place in PACKAGES:
        return f"{text.place} {version_of(text.place)}"
    origin = origin_of(model)
    return None if origin is None else origin.source


def may_change(source: str | None) -> bool:
    """Return whether code may change under one version: that of a working folder, not that of an installed package."""
    return source is not None and source.startswith(_HASHED)


def version_of(package: str) -> str:
    """Return the version of ``timm`` or ``torchgeo``.

    Raises:
        RsbenchError: it is not installed.
    """
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        raise RsbenchError(
            f"--model {package}:NAME needs the package {package}, which is not installed: pip install "
            f"'rsbench[{package}]'."
        ) from None


def origin_of(model: str) -> Origin | None:
    """Return where an own model's code is; None for a name that is no entry point, and for :data:`PACKAGES`.

    Raises:
        RsbenchError: the text cannot be read, or its module or file is not there.
    """
    text = parse_model(model)
    if not text.place:
        value = offered().get(text.name)
        if value is None:
            return None
        module, _, name = value.partition(":")
        text = ModelText(place=module.strip(), name=name.partition("[")[0].strip(), parameters=text.parameters)
    if text.place in PACKAGES:
        return None
    if text.is_file:
        file = Path(text.place)
        if not file.is_file():
            raise RsbenchError(f"--model {model}: there is no file {text.place}.{_near(file.parent, file.name)}")
        return Origin(text=text, root=file.parent.resolve(), module=file.stem, file=file.resolve())
    for root in _roots(text.place.partition(".")[0]):
        found = _file(root, text.place)
        if found:
            return Origin(text=text, root=root, module=text.place, file=found)
    raise RsbenchError(
        f"--model {model}: there is no module {text.place} in {Path.cwd()} or among the installed packages."
        f"{_near(Path.cwd().joinpath(*text.place.split('.')[:-1]), text.place.rpartition('.')[2])}"
    )


@cache
def offered() -> dict[str, str]:
    """Return the models that installed packages offer: name -> ``module:callable``; nothing is imported.

    Names of ours stay ours.
    """
    try:
        entries = metadata.entry_points(group=GROUP)
        return {entry.name: entry.value for entry in entries if entry.name not in shipped_sizes()}
    except Exception:  # metadata of any installed package may be damaged; rsbench.plugins warns of it
        return {}


@cache
def shipped_sizes() -> dict[str, dict[str, Any]]:
    """Return what is shipped of the models of ours: name -> the fields of a size, as planning has them."""
    sizes: dict[str, dict[str, Any]] = json.loads(SHIPPED.read_bytes())
    return sizes


def _roots(top: str) -> list[Path]:
    """Return the folders that a top-level module is looked for in: the working folder, then where Python finds it."""
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError, AttributeError):
        spec = None
    places: Sequence[str] = () if spec is None else spec.submodule_search_locations or [spec.origin or ""]
    return [Path.cwd(), *(Path(place).resolve().parent for place in places if place)]


def _file(root: Path, module: str) -> Path | None:
    """Return the source file of a module below a folder."""
    path = root.joinpath(*module.split("."))
    return next((file for file in (path / "__init__.py", path.with_name(f"{path.name}.py")) if file.is_file()), None)


def _near(folder: Path, name: str) -> str:
    """Return a sentence with the nearest name in a folder, or with the forms of ``--model``."""
    try:
        there = [path for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()]
    except OSError:
        there = []
    names = [path.name if name.endswith(".py") else path.stem for path in there]
    hint = did_you_mean(name, names) if names else ""
    return hint if "Did you mean" in hint else f" Give {FORMS}."


def _imported(root: Path, module: str) -> set[Path]:
    """Return the files below a folder that a module consists of; what they import from elsewhere is not theirs."""
    files: set[Path] = set()
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in seen or name.partition(".")[0] in ("", _OURS):
            continue
        seen.add(name)
        waiting.append(name.rpartition(".")[0])
        file = _file(root, name)
        if file is not None:
            files.add(file)
            waiting += _names(file, name)
    return files


def _names(file: Path, module: str) -> Iterator[str]:
    """Yield the modules that a file may import; names that are no modules are among them."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, RecursionError):  # importing it says what is wrong
        return
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join(filter(None, [*parts, node.module or ""]))
            yield from filter(None, (base, *(f"{base}.{alias.name}" if base else alias.name for alias in node.names)))


@cache
def _installed(top: str) -> str | None:
    """Return name and version of the distribution that a top-level package came with, mostly one of the same name."""
    with suppress(metadata.PackageNotFoundError):
        return f"{top} {metadata.version(top)}"
    owners = metadata.packages_distributions().get(top)  # seconds: reads what all distributions hold
    return f"{owners[0]} {metadata.version(owners[0])}" if owners else None


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise RsbenchError(f"{path} cannot be read: {error.strerror}; --model needs it.") from error
