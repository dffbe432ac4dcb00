"""The words of ``--partition``: canonical, and refused in a sentence that says what to write."""

from __future__ import annotations

import pytest

from rsbench.errors import RsbenchError
from rsbench.recipe.partition import KINDS, Partition, describe, parse_partition


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("iid", "iid"),
        (" Blocks ", "blocks"),
        ("classes:05", "classes:5"),
        ("dirichlet:0.30", "dirichlet:0.3"),
        ("dirichlet:1e-1", "dirichlet:0.1"),
        ("dirichlet:.5", "dirichlet:0.5"),
        ("modality", "modality"),
    ],
)
def test_one_partition_has_one_text(text: str, canonical: str) -> None:
    assert parse_partition(text).text == canonical
    assert parse_partition(canonical) == parse_partition(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("block", r'Did you mean "blocks"'),
        ("", "write iid, blocks, classes:K"),
        ("iid:", "iid takes nothing after it"),
        ("blocks:3", "blocks takes nothing after it"),
        ("classes", "how many classes a client has: write classes:5"),
        ("classes:", "how many classes a client has"),
        ("classes:0", "whole number from 1"),
        ("classes:2.5", "whole number from 1"),
        ("classes:5:6", "whole number from 1"),
        ("classes:٣", "whole number from 1"),
        ("dirichlet", "write dirichlet:0.3"),
        ("dirichlet:0", "from 0.001 to 1,000,000"),
        ("dirichlet:nan", "from 0.001"),
        ("dirichlet:1e9", "from 0.001"),
        ("dirichlet:-1", "from 0.001"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(text: str, words: str) -> None:
    with pytest.raises(RsbenchError, match=words) as refused:
        parse_partition(text)
    assert str(refused.value).startswith(f'--partition "{text}"')


def test_titles_say_it_in_words() -> None:
    assert parse_partition("classes:1").title == "1 class a client"
    assert parse_partition("classes:5").title == "5 classes a client"
    assert parse_partition("dirichlet:0.1").title == "class shares from Dirichlet(0.1)"
    assert [form.partition(":")[0] for form, _ in describe()] == list(KINDS)


SCENES, PIXELS = {"classes": 10}, {"classes": 6, "hsi_bands": 63, "aux_channels": 2}
CUBE, TARGETS, CHANGES = {**PIXELS, "aux_channels": 0}, {"bands": 72}, {"classes": 2, "channels": 3}


def check(text: str, task: str, inputs: dict[str, int], workers: int = 2) -> None:
    parse_partition(text).check(task=task, inputs=inputs, workers=workers)


def test_what_a_task_can_have_passes() -> None:
    for text, task, inputs in [
        *((text, "scenes", SCENES) for text in ("iid", "classes:5", "classes:10", "dirichlet:0.1")),
        *((text, "pixels", PIXELS) for text in ("blocks", "classes:3", "dirichlet:9", "modality")),
        *((text, "targets", TARGETS) for text in ("iid", "blocks")),
    ]:
        check(text, task, inputs)
    Partition().check(task="one from outside", inputs={}, workers=1)


@pytest.mark.parametrize(
    ("text", "task", "inputs", "workers", "words"),
    [
        ("blocks", "scenes", SCENES, 2, "scene classification has a picture a sample: write classes:5 or dirichlet"),
        *(
            (
                text,
                "changes",
                CHANGES,
                2,
                f"{text}: change detection has no class a sample and no single scene: write iid",
            )
            for text in ("classes:2", "dirichlet:0.3", "blocks", "modality")
        ),
        ("classes:1", "targets", TARGETS, 2, "target detection has none: write blocks"),
        ("dirichlet:1", "targets", TARGETS, 2, "target detection has none: write blocks"),
        ("classes:11", "scenes", SCENES, 2, "more classes than the 10 that there are"),
        ("classes:4", "scenes", SCENES, 2, "leaves 2 of 10 classes to no client.*2 workers: write classes:5"),
        ("classes:3", "scenes", SCENES, 3, "leaves 1 of 10 classes to no client.*write classes:4"),
        ("modality", "pixels", CUBE, 2, "has one only"),
        ("modality", "scenes", SCENES, 2, "has one only"),
        ("modality", "pixels", PIXELS, 1, "needs 2 workers"),
    ],
)
def test_what_it_cannot_have_is_refused_with_what_works(
    text: str, task: str, inputs: dict[str, int], workers: int, words: str
) -> None:
    with pytest.raises(RsbenchError, match=words):
        check(text, task, inputs, workers)
