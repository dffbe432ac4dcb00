"""Short names of cells."""

from __future__ import annotations

from dataclasses import replace

from screen_parts import SPEC

from rsbench.run.screen.labels import Labels


def test_what_all_cells_share_is_said_once() -> None:
    specs = [replace(SPEC, compressor="none", ratio=None), *(replace(SPEC, seed=seed) for seed in (0, 1))]
    labels = Labels.of(specs)
    assert labels.common == "ucm21, smallvgg, lr 0.05, 2 workers"
    assert [labels.label(spec) for spec in specs] == ["none, seed 0", "rsdgc 100x, seed 0", "rsdgc 100x, seed 1"]


def test_one_cell_is_called_by_its_method() -> None:
    labels = Labels.of([SPEC])
    assert labels.label(SPEC) == "rsdgc 100x"
    assert labels.common == "ucm21, smallvgg, lr 0.05, seed 0, 2 workers"


def test_links_data_sets_and_rates_are_named_where_they_differ() -> None:
    other = replace(SPEC, dataset="nwpu45", lr=0.1, link="50mbit", deterministic=False)
    assert Labels.of([SPEC, other]).label(other) == f"rsdgc 100x, nwpu45, lr 0.1, fast, {other.link}"


def test_no_cells_have_nothing_in_common() -> None:
    assert Labels.of([]).common == ""


def test_own_models_are_called_by_their_file_unless_two_would_have_one_name() -> None:
    one, same, other = (replace(SPEC, model=f"/srv/{file}:make") for file in ("a/nets.py", "b/nets.py", "a/more.py"))
    assert [Labels.of([one, other]).label(spec) for spec in (one, other)] == [
        "rsdgc 100x, nets:make",
        "rsdgc 100x, more:make",
    ]
    assert Labels.of([one, same]).label(same) == "rsdgc 100x, /srv/b/nets.py:make"
