"""The notebook of examples/, run by a kernel of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from result_folders import measured, write_cell

Maker = Callable[..., dict[str, Any]]
NOTEBOOK = Path(__file__).parents[2] / "examples" / "notebook.ipynb"


def executed(folder: Path, replaced: dict[str, str]) -> Any:
    """Run the notebook in a folder, the source of tagged cells replaced; return it with its outputs."""
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    for cell in notebook.cells:
        for tag in cell.metadata.get("tags", []):
            cell.source = replaced.get(tag, cell.source)
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    return notebook


def outputs(notebook: Any, kind: str) -> list[str]:
    """Return what cells put out of a kind, such as ``image/png``."""
    every = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output["data"][kind] for output in every if kind in output.get("data", {})]


def test_it_is_kept_without_outputs() -> None:
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert all(cell.outputs == [] and cell.execution_count is None for cell in notebook.cells if "outputs" in cell)


def test_it_shows_table_and_plots_of_results_that_are_there(tmp_path: Path, make_record: Maker) -> None:
    for ratio in (None, 20.0, 100.0):
        record = make_record(compressor="topk" if ratio else "none", ratio=ratio, oa=0.8, history=True)
        write_cell(tmp_path / "results", measured(record))
    notebook = executed(tmp_path, {"run": 'results = rsbench.load("results")'})
    texts = outputs(notebook, "text/plain")
    assert "topk 20x" in texts[0] and "80.0" in texts[0]
    assert any("down_bits_per_s" in text and "topk 100x" in text for text in texts)
    assert len(outputs(notebook, "image/png")) == 3


@pytest.mark.long
@pytest.mark.timeout(900)
def test_it_runs_a_comparison(tmp_path: Path) -> None:
    options = "options |= {'compressor': ['none', 'topk'], 'ratio': 100, 'max_steps': 6, 'model': 'smallvgg'}\n"
    notebook = executed(tmp_path, {"run": f"{options}results = rsbench.compare(**options)"})
    assert "topk 100x" in outputs(notebook, "text/plain")[0]
    assert (tmp_path / "notebook-results" / "report.html").is_file()
