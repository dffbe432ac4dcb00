"""Paths and names of a machine, and what a bundle writes in their place."""

from __future__ import annotations

import getpass
import json
import os
import platform
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from rsbench.recipe.items import split_items
from rsbench.results.schema import Record

OUT: Final = "<out>"
DATA: Final = "<data>"
HOME: Final = "<home>"
USER: Final = "<user>"
HOST: Final = "<host>"
ADDRESS: Final = "<address>"
_TELL_NOTHING: Final = frozenset({"root", "localhost", "user", "nobody"})
"""Names that tell nothing of a machine or a person."""
_NAMING: Final = frozenset({"provenance", "host", "reason", "text"})
"""Fields of records, jobs and samples in which the name of a user or a host may be.

Elsewhere only paths are replaced: a class of a data set may have the name of a machine.
"""
_HARDWARE: Final = frozenset({"os", "cpu_model", "versions", "runtime", "python"})
"""Fields of a provenance that name products, which decide what is compared with what."""
_PATH_OPTIONS: Final[Mapping[str, str]] = {"--out": OUT, "--data-root": DATA}
_FILE_OPTIONS: Final = frozenset({"--plan", "--weights"})
_VARIABLE: Final = "RSBENCH_"
"""What the variables that set options begin with."""
_ELSEWHERE: Final = ("/", "~", "../")
"""What paths outside the working folder begin with."""
_HOME: Final = re.compile(r"(?<![\w.-])/(?:home|Users)/[^\s/\"'`:,;()<>|\\]+|(?<![\w./-])/root(?![\w-])")
_PYTHON: Final = re.compile(r"(?:<\w+>)?(?:/[\w.+@ -]+)+(?=/lib/python3\.\d+/)")
_SOURCE: Final = re.compile(r"(?:<\w+>)?(?:/[\w.+@-]+)+(?=/rsbench/[\w/]+\.py)")
_FOLDER: Final = re.compile(r"(?<![\w.>/:@-])((?:<home>|<data>)?(?:/[^\s/\"'`:,;()<>|\[\]{}\\]+)+)(?=/[^\s/\"'`])")
_IP: Final = re.compile(
    r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])|(?<![\w:])(?:[0-9a-f]{1,4}:){4,7}[0-9a-f]{1,4}(?!\w)"
)


class MachineNames:
    """Replaces paths, users, hosts and addresses in texts; the same one by the same mark everywhere.

    Folders that are neither the result folder, the data nor a home become ``<path1>``, ``<path2>``, in the order in
    which they are met: two folders never become one.

    Args:
        paths: absolute path -> mark.
        names: user's or host's name -> mark.
    """

    def __init__(self, paths: Mapping[str, str], names: Mapping[str, str]) -> None:
        self._paths = {form: mark for path, mark in paths.items() if len(path) > 1 for form in _forms(path)}
        self._names = {name: mark for name, mark in names.items() if _tells(name)}
        self._folders: dict[str, str] = {}
        self._path = _any_of(self._paths, before=r"(?<![\w.-])", after=r"(?![\w-])")
        self._name = _any_of(self._names, before=r"(?<![A-Za-z0-9])", after=r"(?![A-Za-z0-9])")

    def in_paths(self, text: str) -> str:
        """Return a text without paths."""
        if "/" not in text and "%2F" not in text:
            return text
        return _FOLDER.sub(lambda found: self._folder(found[1]), self._known(text))

    def in_text(self, text: str) -> str:
        """Return a text without paths, names of users and hosts, and addresses."""
        text = self._name.sub(lambda found: self._names[found[0]], self.in_paths(text))
        return _IP.sub(ADDRESS, text)

    def in_value(self, value: Any, *, everywhere: bool = False) -> Any:
        """Return a JSON value with other texts, numbers as they are.

        Args:
            value: dicts, lists, texts, numbers.
            everywhere: replace names in all texts, not only in fields that people or machines write.
        """
        if isinstance(value, str):
            return self.in_text(value) if everywhere else self.in_paths(value)
        if isinstance(value, list):
            return [self.in_value(item, everywhere=everywhere) for item in value]
        if isinstance(value, dict):
            return {
                self.in_paths(name): self._command(item)
                if name == "argv"
                else self.in_value(item, everywhere=name in _NAMING or (everywhere and name not in _HARDWARE))
                for name, item in value.items()
            }
        return value

    def has_path(self, data: bytes) -> bool:
        """Tell whether a known path is somewhere in a file."""
        return any(path.encode("utf-8", "surrogateescape") in data for path in self._paths)

    def has_name(self, data: bytes) -> bool:
        """Tell whether a known path, or a name of four characters or more, is somewhere in a file."""
        names = (name.encode("utf-8", "surrogateescape") for name in self._names if len(name) > 3)
        return self.has_path(data) or any(name in data for name in names)

    def _known(self, text: str) -> str:
        """Return a text with marks for the places that need no number."""
        text = self._path.sub(lambda found: self._paths[found[0]], text)
        text = _HOME.sub(HOME, text)
        return _SOURCE.sub("<rsbench>", _PYTHON.sub("<python>", text))

    def _folder(self, path: str) -> str:
        if path in (HOME, DATA, OUT):
            return path
        return self._folders.setdefault(path, f"<path{len(self._folders) + 1}>")

    def _command(self, argv: Any) -> Any:
        """Return a command line whose words for places are marks."""
        if not isinstance(argv, list) or not all(isinstance(word, str) for word in argv):
            return self.in_value(argv, everywhere=True)
        words, before = [], ""
        for word in argv:
            name, equals, value = _parted(word)
            if equals:
                words.append(f"{name}={self._word(_option(name), value)}")
            else:
                words.append(word if word.startswith("--") else self._word(before, word))
            before = word
        return words

    def _word(self, option: str, value: str) -> str:
        """Return the value of an option."""
        if option in _PATH_OPTIONS:
            return _PATH_OPTIONS[option]
        if option in _FILE_OPTIONS:
            return self._file(value) if "/" in value else self.in_text(value)
        try:
            items = split_items(value) if "/" in value else [value]
        except ValueError:  # no list: a command of other times, or of other programs
            items = [value]
        return ",".join(map(self._item, items))

    def _item(self, item: str) -> str:
        """Return an item of a list, such as ``/srv/lab/nets.py:make``."""
        if not item.startswith(_ELSEWHERE):
            return self.in_text(item)
        file, colon, rest = item.partition(":")
        return self._file(file) + colon + self.in_text(rest)

    def _file(self, path: str) -> str:
        """Return a path of which only the last part stays."""
        folder, file = os.path.split(path)
        return f"{self._folder(self._known(folder.rstrip('/')))}/{self.in_text(file)}"


def names_of(out: Path, records: Sequence[Record], jobs: Sequence[Mapping[str, Any]]) -> MachineNames:
    """Return the names of this machine and of those that made some records.

    Args:
        out: the result folder.
        records: of its cells.
        jobs: what their workers were asked to do, as ``job.json`` has it.
    """
    paths = {str(out.resolve()): OUT, str(out.absolute()): OUT, str(Path.home()): HOME}
    hosts = {platform.node(), *(str(record["provenance"].get("host") or "") for record in records)}
    for job in jobs:
        checkpoints = job.get("checkpoints")
        folder = str(checkpoints.get("folder")) if isinstance(checkpoints, dict) else ""
        if "/cells/" in folder:
            paths[folder.partition("/cells/")[0]] = OUT
        if os.path.isabs(str(job.get("data") or "")):
            paths[os.path.dirname(str(job["data"]))] = DATA
    for argv in (record["provenance"].get("argv") for record in records):
        paths |= dict(_places(argv if isinstance(argv, list) else []))
    homes = {"/".join(path.split("/")[:3]) for path in paths if path.startswith(("/home/", "/Users/"))}
    beside = {os.path.dirname(path): f"{mark}/.." for path, mark in paths.items() if path.count("/") > 3}
    users = {os.path.basename(home) for home in homes}
    with suppress(OSError, KeyError):
        users.add(getpass.getuser())
    whole = {name: HOST for name in hosts} | {name.partition(".")[0]: HOST for name in hosts}
    return MachineNames({**beside, **dict.fromkeys(homes, HOME), **paths}, {**dict.fromkeys(users, USER), **whole})


def _places(argv: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """Yield the absolute places that a command names, with their marks."""
    words = [word for text in argv if isinstance(text, str) for word in text.split("=", 1)]
    for name, value in pairwise(words):
        option = _option(name)
        if option in _PATH_OPTIONS and os.path.isabs(value):
            yield value.rstrip("/"), _PATH_OPTIONS[option]


def _parted(word: str) -> tuple[str, str, str]:
    """Return name, equals sign and value of ``--out=x`` or ``RSBENCH_COMPARE_OUT=x``; other words have no value."""
    return word.partition("=") if word.startswith(("--", _VARIABLE)) else (word, "", "")


def _option(name: str) -> str:
    """Return the option that a variable such as ``RSBENCH_COMPARE_DATA_ROOT`` sets; other names are as they were."""
    if not name.startswith(_VARIABLE):
        return name
    places = (*_PATH_OPTIONS, *_FILE_OPTIONS)
    return next((option for option in places if name.endswith(option[1:].replace("-", "_").upper())), name)


def _tells(name: str) -> bool:
    """Return whether a name can be told from other words and numbers."""
    return len(name) > 1 and not name.isdecimal() and name.lower() not in _TELL_NOTHING


def _forms(path: str) -> set[str]:
    """Return how a path is spelt in plain text, in JSON and in addresses."""
    return {path, json.dumps(path)[1:-1], quote(path), ascii(path)[1:-1]}


def _any_of(texts: Iterable[str], *, before: str, after: str) -> re.Pattern[str]:
    """Return the pattern of any of some texts, the longest first; of none at all it matches nothing."""
    longest = sorted(texts, key=lambda text: (-len(text), text))
    return re.compile(f"{before}(?:{'|'.join(map(re.escape, longest))}){after}" if longest else r"(?!)")
