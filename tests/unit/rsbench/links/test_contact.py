"""Links that are there for a while in each period."""

from __future__ import annotations

import pytest

from rsbench.errors import RsbenchError
from rsbench.links.contact import Contact, parse_contact


@pytest.mark.parametrize(
    ("text", "visible_s", "period_s", "title"),
    [
        ("8m/95m", 480, 5700, "8 min of each 95 min"),
        ("30 s / 1.5h", 30, 5400, "30 s of each 90 min"),
        ("12h/1d", 43200, 86400, "12 h of each 1 d"),
        ("1min/1min", 60, 60, "1 min of each 1 min"),
    ],
)
def test_a_contact_is_read(text: str, visible_s: float, period_s: float, title: str) -> None:
    contact = parse_contact(text)
    assert (contact.visible_s, contact.period_s, contact.title) == (visible_s, period_s, title)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("8m", "write 8m/95m"),
        ("8/95", "write 8m/95m"),
        ("8m/95m/3m", "write 8m/95m"),
        ("95m/8m", "at most as long as its period"),
        ("0s/1m", "longer than 0 s"),
        ("1d/900d", "at most a year"),
    ],
)
def test_what_is_no_contact_is_refused(text: str, words: str) -> None:
    with pytest.raises(RsbenchError) as caught:
        parse_contact(text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("busy_s", "passes", "elapsed_s"),
    [
        (0, 1, 0),
        (100, 1, 100),
        (480, 1, 480),  # a whole pass is not followed by an empty one
        (481, 2, 5700 + 1),
        (3 * 480, 3, 2 * 5700 + 480),
        (1000, 3, 2 * 5700 + 40),
    ],
)
def test_training_goes_on_in_passes_only(busy_s: float, passes: int, elapsed_s: float) -> None:
    contact = Contact(visible_s=480, period_s=5700)
    assert (contact.passes(busy_s), contact.elapsed_s(busy_s)) == (passes, pytest.approx(elapsed_s))


def test_long_runs_take_as_much_longer_as_the_link_is_there_less() -> None:
    contact = Contact(visible_s=480, period_s=5700)
    assert contact.elapsed_s(1e6) * contact.duty == pytest.approx(1e6, rel=1e-3)
    assert Contact(visible_s=60, period_s=60).elapsed_s(1234.5) == pytest.approx(1234.5)
