"""Draw the figure of docs/rs-dgc.md from the folders of its study.

    rsbench report rs-dgc-study/methods
    rsbench report rs-dgc-study/thousand
    python docs/pictures/study.py rs-dgc-study/methods rs-dgc-study/thousand

A bar is the 95 % interval of a row's difference to none, put around the row's mean, as in the report.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Final

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt

HERE: Final = Path(__file__).parent
TITLE: Final = "EuroSAT, 19,980 test images: OA (%) against payload bytes a step"


def main() -> None:
    """Write ``rs-dgc.svg`` beside this file."""
    if len(sys.argv) < 2:
        sys.exit("Usage: python docs/pictures/study.py RESULTS [RESULTS ...]")
    rows = {row["method"]: row for folder in sys.argv[1:] for row in _rows(Path(folder))}
    mpl.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "rsbench", "font.size": 9}
    figure, axes = plt.subplots(figsize=(8, 4.8), layout="constrained")
    families: dict[str, list[dict[str, str]]] = {}
    for row in sorted(rows.values(), key=lambda one: -float(one["test_oa"])):
        families.setdefault(_family(row["compressor"]), []).append(row)
    for number, (family, members) in enumerate(families.items()):
        beside = 10 ** (0.035 * (number - len(families) / 2))  # rows of one ratio stand side by side
        sent = [beside * float(row["payload_bytes_per_step"]) for row in members]
        scores = [100 * float(row["test_oa"]) for row in members]
        axes.errorbar(
            sent, scores, yerr=[_half(row) for row in members], fmt="o:", capsize=2, markersize=4, label=family
        )
    axes.set(xscale="log", title=TITLE, xlabel="payload bytes a step (rows of one ratio are drawn side by side)")
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    figure.savefig(HERE / "rs-dgc.svg", metadata={"Date": None})


def _family(compressor: str) -> str:
    """Return a compressor's text without what only 1,000x asks for."""
    name, _, options = compressor.partition(":")
    kept = [option for option in options.split(",") if option and option != "one_d=select"]
    return name + (":" + ",".join(kept) if kept else "")


def _half(row: dict[str, str]) -> float:
    """Return half the interval of the difference to none, in points; 0 for none."""
    return 50 * (float(row["oa_minus_none_high"]) - float(row["oa_minus_none_low"])) if row["paired_sd"] else 0.0


def _rows(folder: Path) -> list[dict[str, str]]:
    """Return the rows of a report that have a test OA."""
    with (folder / "methods.csv").open(encoding="utf-8", newline="") as stream:
        return [row for row in csv.DictReader(stream) if row["test_oa"]]


if __name__ == "__main__":
    main()
