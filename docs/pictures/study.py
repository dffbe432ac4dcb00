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
    figure, axes = plt.subplots(figsize=(8, 5.2), layout="constrained")
    for number, (label, row) in enumerate(sorted(rows.items(), key=lambda one: -float(one[1]["test_oa"]))):
        sent, score = float(row["payload_bytes_per_step"]), 100 * float(row["test_oa"])
        half = 50 * (float(row["oa_minus_none_high"]) - float(row["oa_minus_none_low"])) if row["paired_sd"] else None
        beside = 1 + 0.05 * (number % 5 - 2)  # rows of one ratio stand side by side
        axes.errorbar(sent * beside, score, yerr=half, fmt="o", capsize=2, markersize=4, label=label)
    axes.set(xscale="log", title=TITLE, xlabel="payload bytes a step (rows of one ratio are drawn side by side)")
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    figure.savefig(HERE / "rs-dgc.svg", metadata={"Date": None})


def _rows(folder: Path) -> list[dict[str, str]]:
    """Return the rows of a report that have a test OA."""
    with (folder / "methods.csv").open(encoding="utf-8", newline="") as stream:
        return [row for row in csv.DictReader(stream) if row["test_oa"]]


if __name__ == "__main__":
    main()
