"""What every format draws: tables of texts, in sections, in a report. Formats only draw, they compute nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Self

from rsbench.reports.document.bibliography import Bibliography, Named
from rsbench.reports.document.calculator import Advisor, Calculator
from rsbench.reports.document.figure import Panel

if TYPE_CHECKING:
    import pandas


_SENTENCE: Final = re.compile(r"(?<=\.)\s+(?=[A-Z])")


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column's heading and how it reads.

    Attributes:
        title: heading without its unit.
        unit: such as ``ms`` or ``%``; empty for none.
        better: which direction is better, None where neither is.
        align: names left, numbers right.
        key: name for programs, which stays when the title changes; empty makes one of the title.
        is_first: is read first, and so shown first where room is short.
    """

    title: str
    unit: str = ""
    better: Literal["higher", "lower"] | None = None
    align: Literal["left", "right"] = "right"
    key: str = ""
    is_first: bool = False

    @property
    def heading(self) -> str:
        """The title, its unit and an arrow that points to better: ``OA (%) ↑``."""
        arrow = {"higher": " ↑", "lower": " ↓", None: ""}[self.better]
        return f"{self.title}{f' ({self.unit})' if self.unit else ''}{arrow}"

    @property
    def name(self) -> str:
        """The key, made of the title where none was given: ``payload_step``."""
        return self.key or re.sub(r"\W+", "_", self.title.lower()).strip("_")


class Cell(NamedTuple):
    """A text with what it shows, for programs.

    Attributes:
        text: as people read it.
        value: a number, text, flag, None, or a dataclass of such.
        is_best: the best of its column, or not shown to differ from it.
    """

    text: str
    value: Any = None
    is_best: bool = False


Row = tuple[Cell | str, ...]
"""A text alone is its own value."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A titled grid of texts.

    Attributes:
        title: one line.
        columns: headings, left to right.
        rows: one text a column; every row has as many as there are columns.
        is_detail: may be folded away or left out where room is short.
        values: what the texts show, in the same places; empty where the texts are all there is.
        leading: columns that tell rows apart, the first ones; they are repeated where a table is cut by columns.
        calculator: what a page needs to compute the table anew for another link; None for tables that stay.
        advisor: what a page needs to say what to use on a reader's link; None but for the table that answers that.
        best: row and column of the cells to be shown in bold.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    is_detail: bool = False
    values: tuple[tuple[Any, ...], ...] = ()
    leading: int = 1
    calculator: Calculator | None = None
    advisor: Advisor | None = None
    best: frozenset[tuple[int, int]] = frozenset()

    def __post_init__(self) -> None:
        """Refuse a row that does not fit the columns."""
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"{self.title}: a row has {len(row)} texts for {len(self.columns)} columns")

    @classmethod
    def of(
        cls,
        title: str,
        columns: Iterable[Column],
        cells: Iterable[Row],
        *,
        is_detail: bool = False,
        calculator: Calculator | None = None,
        advisor: Advisor | None = None,
    ) -> Self:
        """Return a table of cells."""
        whole = [[cell if isinstance(cell, Cell) else Cell(cell, cell) for cell in row] for row in cells]
        return cls(
            title=title,
            columns=tuple(columns),
            rows=tuple(tuple(cell.text for cell in row) for row in whole),
            is_detail=is_detail,
            values=tuple(tuple(cell.value for cell in row) for row in whole),
            calculator=calculator,
            advisor=advisor,
            best=frozenset(
                (number, place) for number, row in enumerate(whole) for place, cell in enumerate(row) if cell.is_best
            ),
        )

    def frame(self) -> pandas.DataFrame:
        """Return the table as a DataFrame of texts, for notebooks and CSV."""
        import pandas  # late: start-up

        return pandas.DataFrame(list(self.rows), columns=[column.title for column in self.columns], dtype=object)


@dataclass(frozen=True, kw_only=True)
class Section:
    """All that belongs to one setting: data set, model, workers, device, recipe and hardware.

    Attributes:
        title: names the setting.
        facts: lines on how it was run.
        tables: in reading order.
        notes: footnotes; ``[n]`` in a table means the n-th.
        conclusion: what the tables say to somebody who has to choose.
        figures: panels for the formats that draw, in reading order.
        origin: name and value of what the numbers come from: versions, machine, data, settings.
        answers: the conclusion's sentences that say what to use; the others say why and how far to trust them.
        basis: how many cells and seeds the conclusion is from; empty where it is of several settings.
        named: the data set, the model and the compressors, for works to cite; None where there are several.
    """

    title: str
    facts: tuple[str, ...]
    tables: tuple[Table, ...]
    notes: tuple[str, ...]
    conclusion: str
    figures: tuple[Panel, ...] = ()
    origin: tuple[tuple[str, str], ...] = ()
    named: Named | None = None
    answers: tuple[str, ...] = ()
    basis: str = ""

    @property
    def sentences(self) -> list[str]:
        """The conclusion's sentences; the first one is the answer."""
        return _SENTENCE.split(self.conclusion)

    @property
    def further_answers(self) -> list[str]:
        """The answers behind the first sentence."""
        return [sentence for sentence in self.sentences[1:] if sentence in self.answers]

    @property
    def reasons(self) -> list[str]:
        """The sentences that are no answers."""
        return [sentence for sentence in self.sentences[1:] if sentence not in self.answers]


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that was recorded, ready to be drawn.

    Attributes:
        title: heading of the whole.
        sections: one a setting.
        problems: sentences on records that could not be used.
        methods: flat table with raw numbers, one row a setting and method.
        cells: flat table with raw numbers, one row a cell.
        figures: panels on several sections at once.
        how_to_read: sentences on what the tables' columns mean.
        links: flat table with raw numbers, one row a setting, link and method; None where no link was asked for.
        files: names of the files that are written beside this one.
        bibliography: works that the formats which cite may cite.
    """

    title: str
    sections: tuple[Section, ...]
    problems: tuple[str, ...]
    methods: Table
    cells: Table
    figures: tuple[Panel, ...] = ()
    how_to_read: tuple[str, ...] = ()
    links: Table | None = None
    files: tuple[str, ...] = ()
    bibliography: Bibliography = field(default_factory=Bibliography)


@dataclass
class Notes:
    """Footnotes in the order of their first use, each once."""

    texts: list[str] = field(default_factory=list)

    def mark(self, text: str) -> str:
        """Return the mark, ``[1]``, that stands for this text."""
        if text not in self.texts:
            self.texts.append(text)
        return f"[{self.texts.index(text) + 1}]"
