"""What replaces paths and names of a machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from result_folders import DATA, HOME, HOST, LOG, NAMES, OUT

from rsbench.bundles.names import MachineNames, names_of


def of_machine() -> MachineNames:
    record = {"provenance": {"host": HOST, "argv": ["rsbench", "--data-root", f"{HOME}/data"]}}
    job = {"data": f"{DATA}/x", "checkpoints": {"folder": f"{OUT}/cells/a/checkpoints"}}
    return names_of(Path(OUT), [record], [job])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"{OUT}/cells/a", "<out>/cells/a"),
        (f"{OUT}-2/cells/a", "<out>/../results-2/cells/a"),
        (f"at {DATA}/x.png", "at <data>/x.png"),
        (json.dumps(f"{OUT}/x"), '"<out>/x"'),
        (f"{HOME}/a.txt", "<home>/a.txt"),
        ("/home/bob/a.txt", "<home>/a.txt"),
        ("/home/bob/deep/er/a.txt", "<path1>/a.txt"),
        ("/usr/lib/python3.11/json/decoder.py", "<python>/lib/python3.11/json/decoder.py"),
        ("/opt/x/rsbench/train/loop.py", "<rsbench>/rsbench/train/loop.py"),
        (f"host {HOST} says", "host <host> says"),
        ("10.20.30.40:29500", "<address>:29500"),
        ("80/10/10, 5 images/s, and/or", "80/10/10, 5 images/s, and/or"),
        ("torch 2.14.1, ratio 100.5", "torch 2.14.1, ratio 100.5"),
    ],
)
def test_texts_hold_marks_in_place_of_names(text: str, wanted: str) -> None:
    assert of_machine().in_text(text) == wanted


def test_logs_hold_no_name() -> None:
    log = of_machine().in_text(LOG)
    assert [name for name in NAMES if name in log or ascii(name)[1:-1] in log] == []
    assert 'File "<python>/lib/python3.11/site-packages/torch/nn/linear.py", line 12, in forward' in log


def test_two_folders_never_become_one() -> None:
    names = of_machine()
    texts = [names.in_paths(path) for path in ("/a/b/w.pt", "/a/c/w.pt", "/a/b/v.pt")]
    assert texts == ["<path1>/w.pt", "<path2>/w.pt", "<path1>/v.pt"]


def test_a_command_keeps_its_options() -> None:
    argv = ["rsbench", "compare", "--out", "mine/results", "--data-root=/d/e", "--plan", "jobs/p.toml", "--lr=0.05"]
    value: Any = of_machine().in_value({"argv": [*argv, "--rdzv-endpoint", f"{HOST}:29500", "--yes"]})
    wanted = ["rsbench", "compare", "--out", "<out>", "--data-root=<data>", "--plan", "<path1>/p.toml", "--lr=0.05"]
    assert value["argv"] == [*wanted, "--rdzv-endpoint", "<host>:29500", "--yes"]


def test_own_models_of_a_list_lose_their_folder_and_nothing_else() -> None:
    models = "/srv/p/deep/nets.py:make:width=3,depth=4,/srv/p/deep/nets.py:Late,resnet18,../q/more.py:x,lib/own.py:y"
    names = of_machine()
    value: Any = names.in_value({"argv": ["rsbench", "compare", "--model", models, f"--model={models}"]})
    shown = "<path1>/nets.py:make:width=3,depth=4,<path1>/nets.py:Late,resnet18,<path2>/more.py:x,lib/own.py:y"
    assert value["argv"][3:] == [shown, f"--model={shown}"]
    assert names.in_text("/srv/p/deep/nets.py:12 raised") == "<path1>/nets.py:12 raised"


def test_variables_in_a_command_hold_marks_like_their_options() -> None:
    given = [
        "RSBENCH_COMPARE_DATA_ROOT=/srv/x/lab",
        "RSBENCH_DATA_ROOT=lab-of/bob",
        "RSBENCH_COMPARE_OUT=mine/r",
        "RSBENCH_COMPARE_PLAN=jobs-of/bob.toml",
        "RSBENCH_COMPARE_MODEL=/srv/x/lab/n.py:make",
        "RSBENCH_COMPARE_RATIO=10,50",
    ]
    record = {"provenance": {"argv": ["env", *given, "rsbench", "compare"]}}
    names = names_of(Path(OUT), [record], [])
    value: Any = names.in_value(record)
    assert value["provenance"]["argv"] == [
        "env",
        "RSBENCH_COMPARE_DATA_ROOT=<data>",
        "RSBENCH_DATA_ROOT=<data>",
        "RSBENCH_COMPARE_OUT=<out>",
        "RSBENCH_COMPARE_PLAN=<path1>/bob.toml",
        "RSBENCH_COMPARE_MODEL=<data>/n.py:make",
        "RSBENCH_COMPARE_RATIO=10,50",
        "rsbench",
        "compare",
    ]
    assert names.in_text("/srv/x/lab/ucm") == "<data>/ucm"


def test_classes_may_have_the_name_of_a_machine_and_numbers_stay() -> None:
    names = names_of(Path("/r/out"), [{"provenance": {"host": "river", "argv": []}}], [])
    section = {"classes": ["river", "road"], "lr": 0.05, "steps": 7, "deep": [1.5, None, True]}
    assert names.in_value({"dataset": section, "host": "river"}) == {"dataset": section, "host": "<host>"}


def test_names_that_tell_nothing_stay() -> None:
    names = names_of(Path("/r/out"), [{"provenance": {"host": "localhost"}}], [])
    assert names.in_text("the root of localhost") == "the root of localhost"


def test_jobs_and_records_of_any_form_are_read() -> None:
    record = {"provenance": {"host": 7, "argv": "no list"}}
    names = names_of(Path("/r/out"), [record], [{"checkpoints": "x", "data": 3}, {"checkpoints": {"folder": None}}])
    assert names.in_value({"argv": "--seeds 7", "n": 7}) == {"argv": "--seeds 7", "n": 7}


def test_a_file_with_a_name_is_found() -> None:
    names = of_machine()
    assert names.has_name(f"\x89PNG {HOST} \0".encode())
    assert names.has_path(json.dumps({"x": OUT}).encode())
    assert not names.has_name(b"\x89PNG nothing")
