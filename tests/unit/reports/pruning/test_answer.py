"""The sentences on training with fewer samples: what they cost in all is never left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pruned_records import pruned
from report_parts import comparison_of, only_section

from rsbench.reports.pruning.answer import selection_answer

Maker = Callable[..., dict[str, Any]]


def rows(make_record: Maker, prune: str, *oas: float, random_oas: tuple[float, ...] = ()) -> list[dict[str, Any]]:
    """All samples, a selection, and a draw at random over as many seeds."""
    noise = (0.0, 0.004, -0.003)
    found = [make_record(seed=seed, oa=0.88 + noise[seed]) for seed in range(len(oas))]
    found += [pruned(make_record, prune, seed=seed, oa=oa) for seed, oa in enumerate(oas)]
    return found + [pruned(make_record, "random:0.5", seed=seed, oa=oa) for seed, oa in enumerate(random_oas)]


def test_half_of_the_samples_with_equal_epochs(make_record: Maker) -> None:
    words = selection_answer(
        comparison_of(rows(make_record, "tdds:0.5", 0.85, 0.855, 0.848, random_oas=(0.83, 0.831, 0.832)))
    )
    assert words.startswith("none, tdds:0.5: 50 % of the samples and 50 % of the bytes in training, -2.9 points [")
    assert "] against all samples and +2.0 points [" in words
    assert words.endswith("scoring sends 801 MB, so that in all it sends 83.4 % of what training on all samples does.")


def test_equal_steps_save_nothing_and_it_says_so(make_record: Maker) -> None:
    words = selection_answer(comparison_of(rows(make_record, "tdds:0.5,budget=steps", 0.86, 0.866, 0.85)))
    assert "50 % of the samples and 100 % of the bytes in training" in words
    assert words.endswith("in all it sends 133 % of what training on all samples does: no bytes are saved.")


def test_a_long_scoring_phase_saves_nothing(make_record: Maker) -> None:
    words = selection_answer(comparison_of(rows(make_record, "el2n:0.9,epochs=30", 0.87)))
    assert "90 % of the samples and 90 % of the bytes in training" in words
    assert words.endswith("in all it sends 190 % of what training on all samples does: no bytes are saved.")


def test_one_seed_and_unclear_differences_are_said(make_record: Maker) -> None:
    one = selection_answer(comparison_of(rows(make_record, "tdds:0.5", 0.85, random_oas=(0.83,))))
    assert (
        "-3.0 points (one seed tells nothing) against all samples and +2.0 points (one seed tells nothing) against"
        in one
    )
    some = rows(make_record, "tdds:0.5", 0.85, 0.82, 0.86, random_oas=(0.84, 0.85, 0.845))
    assert "(no difference can be told from 3 seeds)" in selection_answer(comparison_of(some))


def test_a_draw_alone_has_no_scoring(make_record: Maker) -> None:
    words = selection_answer(comparison_of([make_record(oa=0.88), pruned(make_record, "random:0.5", oa=0.85)]))
    assert words.endswith("nothing is scored, and it sends 50 % of what training on all samples does.")
    assert "at random (" not in words


def test_the_validation_score_chooses_who_speaks(make_record: Maker) -> None:
    worse = pruned(make_record, "tdds:0.5", oa=0.80)
    better = pruned(make_record, "el2n:0.5", oa=0.85)
    worse["accuracy"]["test"]["oa"] = 0.99  # which nobody looks at
    assert selection_answer(comparison_of([make_record(), worse, better])).startswith("none, el2n:0.5: ")


def test_without_rows_on_all_samples_nothing_is_said(make_record: Maker) -> None:
    assert selection_answer(comparison_of([pruned(make_record, "tdds:0.5")])) == ""
    assert selection_answer(comparison_of([make_record()])) == ""


def test_links_are_advised_among_rows_on_all_samples(make_record: Maker) -> None:
    pair = [make_record(oa=0.88), pruned(make_record, "tdds:0.5", oa=0.9)]
    assert only_section(pair).conclusion == (
        f"{selection_answer(comparison_of(pair))} Accuracy differences cannot be judged from one seed: "
        "add --seeds 0,1,2."
    )
    pair.append(make_record(compressor="rsdgc", ratio=100.0, oa=0.88))
    more = only_section(pair)
    assert "use rsdgc 100x" in more.conclusion
    assert not any("tdds" in words for words in more.answers)


def test_without_none_on_all_samples_the_option_that_adds_it_is_named(make_record: Maker) -> None:
    lacks = "There is no finished run of none on all samples to compare with: add"
    topk = {"compressor": "topk", "ratio": 100.0}
    pruned_none, pruned_topk = pruned(make_record, "tdds:0.5"), pruned(make_record, "tdds:0.5", **topk)
    whole_topk = make_record(**topk)
    assert only_section([pruned_none]).conclusion == f"{lacks} none to --prune."
    assert only_section([pruned_topk, whole_topk]).conclusion.endswith(f"{lacks} none to --compressor.")
    assert only_section([pruned_topk]).conclusion == f"{lacks} none to --compressor and none to --prune."


def test_pruned_rows_have_no_break_even_speed(make_record: Maker) -> None:
    topk = {"compressor": "topk", "ratio": 100.0}
    comparison = comparison_of([make_record(), make_record(**topk), pruned(make_record, "random:0.5", **topk)])
    assert [method.label for method in comparison.finished if comparison.break_even(method)] == ["topk 100x"]


def test_rows_with_smaller_batches_share_no_work(make_record: Maker) -> None:
    slow = pruned(make_record, "random:0.05")
    slow["time"]["forward_s"] *= 3
    comparison = comparison_of([make_record(), slow])
    assert [method.has_whole_batches for method in comparison.finished] == [True, False]
    assert comparison.base == comparison_of([make_record()]).base
    assert "Times are rough" not in only_section([make_record(), slow]).conclusion
