"""What a part finds, one JSON object a line, written as it comes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Skipped(Exception):
    """A law that does not apply here; the text says why."""


def hold(holds: bool, words: str) -> None:
    """Raise unless a law holds."""
    if not holds:
        raise AssertionError(words)


class Findings:
    """The file of one rank of a part.

    Args:
        file: one JSON object a line.
    """

    def __init__(self, file: Path) -> None:
        self._stream = file.open("a", encoding="utf-8")

    def _write(self, **line: Any) -> None:
        print(json.dumps(line), file=self._stream, flush=True)

    def figure(self, name: str, subject: str, value: float, unit: str) -> None:
        """Keep a number that was measured."""
        self._write(kind="figure", name=name, subject=subject, value=value, unit=unit)

    def skipped(self, name: str, subject: str, reason: str) -> None:
        """Keep what was left out, and why."""
        self._write(kind="skipped", name=name, subject=subject, detail=reason)

    def law(self, name: str, subject: str, check: Callable[[], str]) -> bool:
        """Run a check; whatever it raises breaks the law, apart from :class:`Skipped`. Return whether it is unbroken.

        Args:
            name: of the law.
            subject: what it is checked of, mostly a compressor's text.
            check: returns what is worth telling of a law that holds.
        """
        started = time.perf_counter()
        line: dict[str, Any] = {"kind": "law", "name": name, "subject": subject, "ok": True}
        try:
            line["detail"] = check()
        except Skipped as reason:
            self.skipped(name, subject, str(reason))
            return True
        except Exception as error:  # a law that raises is broken, and the next one is checked all the same
            first = (str(error).strip().splitlines() or [""])[0]
            line |= {"ok": False, "detail": f"{type(error).__name__}: {first}"[:400]}
        self._write(**line, wall_s=round(time.perf_counter() - started, 3))
        return bool(line["ok"])


def read(files: list[Path]) -> list[dict[str, Any]]:
    """Return what the ranks of a part found; a law holds where it holds on all ranks, figures are rank 0's."""
    ranks = [[json.loads(line) for line in _whole_lines(file)] for file in files]
    first, others = ranks[0], ranks[1:]
    for line in first:
        if line["kind"] != "law":
            continue
        for rank, lines in enumerate(others, start=1):
            other = next((o for o in lines if (o["name"], o["subject"]) == (line["name"], line["subject"])), None)
            if line["ok"] and (other is None or not other.get("ok", False)):
                words = "no word of it" if other is None else other["detail"]
                line |= {"ok": False, "detail": f"rank {rank}: {words}"}
    return first


def _whole_lines(file: Path) -> list[str]:
    """Return the lines of a file that were written to their end."""
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    return [line for line in text.splitlines(keepends=True) if line.endswith("\n")]
