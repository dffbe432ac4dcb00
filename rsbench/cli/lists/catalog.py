"""Lists of what rsbench knows by name: compressors, data sets, links, partitions, plans and ways to exchange."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rsbench.cli.lists.table import Asked, Listing, Row
from rsbench.links.link import PRESETS, WIRED, Link, parse_link
from rsbench.planning import plan_file
from rsbench.recipe import partition, sync

if TYPE_CHECKING:
    from rsbench.datasets.base import Family, Origin

ORIGINS: Final[dict[Origin, str]] = {
    "generated": "generated",
    "fetch": "data fetch",
    "homepage": "homepage (-v)",
    "authors": "its authors",
    "own": "your files",
}
"""Where a data set comes from, in words for a table."""


def compressors(asked: Asked) -> Listing:
    """Return the compressors, with source and options as details."""
    from rsbench.compressors import COMPRESSORS  # late: start-up

    rows = []
    for name, compressor in COMPRESSORS.items():
        options = [dataclasses.asdict(option) | {"type": option.type.__name__} for option in compressor.options()]
        details = [f"{o['name']}={o['default']} ({o['type']}, {o['allowed']}): {o['help']}" for o in options]
        rows.append(
            Row(
                name=name,
                texts=(name, compressor.doc()),
                facts={
                    "name": name,
                    "title": compressor.title,
                    "summary": compressor.doc(),
                    "source": compressor.source,
                    "options": options,
                },
                details=(f"Source: {compressor.source}", *details),
            )
        )
    hint = "Options of each: rsbench list compressors -v. Use: --compressor NAME:KEY=VALUE,..."
    return Listing(
        what="compressors",
        columns=("Compressor", "What it does"),
        rows=tuple(rows),
        hints=() if asked.verbose else (hint,),
    )


def datasets(asked: Asked) -> Listing:
    """Return the data sets, with layout, licence, citation and homepage as details."""
    from rsbench import datasets as table  # late: start-up

    rows = []
    for name, kind in table.available().items():
        dataset = kind()
        recipe = {
            "image_size_px": dataset.image_size,
            "epochs": dataset.epochs,
            "batch_size": dataset.batch_size,
            "lr": dataset.lr,
        }
        told = (
            ("Recipe", f"{dataset.image_size} px, {dataset.epochs} epochs, learning rate {dataset.lr:g} by default"),
            ("Layout", dataset.layout),
            ("Licence", dataset.licence),
            ("Cite", dataset.citation),
            ("Homepage", dataset.homepage),
        )
        rows.append(
            Row(
                name=name,
                texts=(name, dataset.title, dataset.contents, ORIGINS[dataset.origin]),
                facts={
                    "name": name,
                    "title": dataset.title,
                    "task": dataset.task,
                    "contents": dataset.contents,
                    "default": recipe,
                    "layout": dataset.layout,
                    "licence": dataset.licence,
                    "citation": dataset.citation,
                    "homepage": dataset.homepage or None,
                    "origin": dataset.origin,
                    "family": dataset.family.name if dataset.family else None,
                    "files": [
                        {"file": item.file, "addresses": [item.url, *item.mirrors], "md5": item.md5}
                        for item in dataset.downloads
                    ],
                },
                details=tuple(f"{title}: {text}" for title, text in told if text),
                folded=_family(dataset.family, dataset.origin) if dataset.family else None,
            )
        )
    hint = "Layout, licence, citation and homepage of each: rsbench list datasets -v. Use: --dataset NAME."
    return Listing(
        what="datasets",
        columns=("Data set", "Title", "Contents", "Source"),
        rows=tuple(rows),
        hints=() if asked.verbose else (hint,),
    )


def links(asked: Asked) -> Listing:
    """Return the links that ``--link`` knows by name, with the source of their numbers as details."""
    named = {name: (link, link.source) for name, link in PRESETS.items()}
    named |= {name: (parse_link(name), source) for name, source in WIRED.items()}
    hint = "Any other: --link 50mbit, --link 100mbit:up=20mbit,latency=30ms, --link geo:latency=600ms."
    return Listing(
        what="links",
        columns=("Link", "Rates and round trip", "Source"),
        rows=tuple(_link(name, link, source) for name, (link, source) in named.items()),
        hints=(hint,),
    )


def partitions(asked: Asked) -> Listing:
    """Return what ``--partition`` takes."""
    return Listing(
        what="partitions",
        columns=("Partition", "Which samples a worker trains on"),
        rows=tuple(_described(form, words) for form, words in partition.describe()),
        hints=("A worker keeps its samples for the whole run, except under iid. See docs/partitions.md.",),
    )


def plans(asked: Asked) -> Listing:
    """Return the plans that come with rsbench, with their whole text as details."""
    hint = "Use: rsbench compare --plan NAME [--plan-size quick] [--dry-run]. Whole files: rsbench list plans -v."
    return Listing(
        what="plans",
        columns=("Plan", "Question"),
        rows=tuple(_plan(name, path) for name, path in plan_file.shipped().items()),
        hints=() if asked.verbose else (hint,),
    )


def ways_to_exchange(asked: Asked) -> Listing:
    """Return what ``--sync`` takes, with the options of rounds."""
    options = [f"{name}: {words}" for name, words in sync.options()]
    return Listing(
        what="sync",
        columns=("Way", "When workers exchange, and what"),
        rows=tuple(_described(form, words) for form, words in sync.describe()),
        results=(
            "Options of rounds follow after a colon: --sync rounds:8:nesterov:outer_lr=0.5,state=reset",
            *(f"  {option}" for option in options),
        ),
        hints=("A step is one batch of a worker in every row. See docs/rounds.md.",),
    )


def _family(family: Family, origin: Origin) -> Row:
    """Return the row of data sets that were published together."""
    texts = (family.name, family.title, family.contents, ORIGINS[origin])
    return Row(name=family.name, texts=texts, facts={"name": family.name, "title": family.title})


def _link(name: str, link: Link, source: str) -> Row:
    """Return the row of a link."""
    facts = {
        "name": name,
        "down_bits_per_s": link.down_bits_per_s,
        "up_bits_per_s": link.up_bits_per_s,
        "round_trip_s": link.round_trip_s,
        "source": source,
    }
    return Row(name=name, texts=(name, link.title.removeprefix(f"{name}: "), source), facts=facts)


def _described(form: str, words: str) -> Row:
    """Return the row of a form that an option takes."""
    return Row(name=form, texts=(form, words), facts={"form": form, "meaning": words})


def _plan(name: str, path: Path) -> Row:
    """Return the row of a plan."""
    text = path.read_text(encoding="utf-8")
    content = tomllib.loads(text)
    return Row(
        name=name,
        texts=(name, content["title"]),
        facts={"name": name, "title": content["title"], "content": content},
        details=tuple(text.splitlines()),
    )
