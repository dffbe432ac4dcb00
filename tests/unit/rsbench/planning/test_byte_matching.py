"""Matching bytes: the density that is solved gives the ratio that was asked."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from rsbench.compressors import PowerSGD, parse
from rsbench.errors import RsbenchError
from rsbench.planning import byte_matching
from rsbench.planning.estimate import Estimate
from rsbench.planning.probe import ModelFacts
from rsbench.recipe import epochs
from rsbench.recipe.sync import parse_sync

FACTS = ModelFacts(
    name="toy",
    networks={
        "": {"conv": (64, 32, 3, 3), "bias": (64,), "big": (512, 1024), "head": (10, 512), "stem": (16, 3, 7, 7)}
    },
)


@pytest.mark.parametrize("text", ["topk", "dgc", "dgc:warmup_steps=5", "rsdgc", "rsdgc:policy=uniform,p=2"])
@pytest.mark.parametrize("ratio", [2.0, 10.0, 30.0, 100.0])
def test_payload_ratio_is_met_over_the_run(text: str, ratio: float) -> None:
    compressor = parse(text).for_run(steps_per_epoch=20)
    matched = byte_matching.match_bytes(compressor, FACTS, ratio=ratio, match="payload", workers=2, steps=1000)
    found = byte_matching.estimate(matched, FACTS, workers=2, steps=1000, batch_size=1).compression_ratio
    assert ratio <= found < 1.02 * ratio


@pytest.mark.parametrize("text", ["topk", "rsdgc"])
@pytest.mark.parametrize("way", ["accumulate:4", "rounds:8", "rounds:7:nesterov"])
@pytest.mark.parametrize("match", ["payload", "wire"])
def test_a_ratio_counts_the_run_against_an_exchange_at_every_step(text: str, way: str, match: str) -> None:
    sync = parse_sync(way)
    given: dict[str, Any] = {"workers": 2, "steps": 1000, "sync": sync}
    matched = byte_matching.match_bytes(parse(text), FACTS, ratio=20, match=match, **given)
    found = byte_matching.estimate(matched, FACTS, batch_size=1, **given)
    assert (found.compression_ratio if match == "payload" else found.wire_ratio) == pytest.approx(20, rel=0.02)
    assert sum(call.calls for call in found.collectives) >= sync.exchanges(1000)
    dense = byte_matching.estimate(parse("none"), FACTS, batch_size=1, **given)
    assert dense.compression_ratio == pytest.approx(1000 / sync.exchanges(1000))


def test_in_rounds_buffers_are_a_part_of_what_a_ratio_counts() -> None:
    normed = dataclasses.replace(FACTS, buffer_bytes=(20_000,))
    given: dict[str, Any] = {"workers": 2, "steps": 1000}
    rounds, steps = parse_sync("rounds:8"), parse_sync("steps")
    for sync, extra in ((rounds, 125 * 20_000), (steps, 0)):
        plain, more = (
            byte_matching.estimate(parse("none"), f, sync=sync, batch_size=1, **given) for f in (FACTS, normed)
        )
        assert more.total_payload_bytes - plain.total_payload_bytes == extra
        assert (more.wire_bytes > plain.wire_bytes) == (extra > 0)
    matched = byte_matching.match_bytes(parse("topk"), normed, ratio=100, match="payload", sync=rounds, **given)
    found = byte_matching.estimate(matched, normed, sync=rounds, batch_size=1, **given)
    assert found.compression_ratio == pytest.approx(100, rel=0.01)
    with pytest.raises(RsbenchError, match=r"averaged buffers, such as batch norm's, are 9[0-9]% of those bytes"):
        byte_matching.match_bytes(parse("topk"), normed, ratio=2000, match="payload", sync=rounds, **given)


def test_in_rounds_a_tensor_that_networks_share_is_sent_once() -> None:
    shared = ModelFacts(name="two", networks={"a": {"w": (8, 4)}, "b": {"w": (8, 4), "v": (4,)}}, repeated=("b.w",))
    given: dict[str, Any] = {"workers": 2, "steps": 10, "batch_size": 1}
    totals = [
        byte_matching.estimate(parse("none"), shared, sync=parse_sync(way), **given).total_payload_bytes
        for way in ("steps", "accumulate:2", "rounds:2")
    ]
    assert totals == [10 * 4 * 68, 5 * 4 * 68, 5 * 4 * 36]


def test_extra_without_a_density_is_refused() -> None:
    given = {"ratio": 20, "match": "payload", "workers": 2, "steps": 100}
    with pytest.raises(RsbenchError, match=r"^topk:extra=0\.5 gives extra, which --ratio sets: leave it out, or give"):
        byte_matching.match_bytes(parse("topk:extra=0.5"), FACTS, **given)
    both = parse("topk:density=0.01,extra=0.5")
    assert byte_matching.match_bytes(both, FACTS, **given) is both


def test_wire_ratio_counts_the_growth_of_all_gather() -> None:
    matched = byte_matching.match_bytes(parse("topk"), FACTS, ratio=20, match="wire", workers=4, steps=100)
    found = byte_matching.estimate(matched, FACTS, workers=4, steps=100, batch_size=1)
    assert found.wire_ratio == pytest.approx(20, rel=0.02)
    assert found.compression_ratio == pytest.approx(40, rel=0.02)


@pytest.mark.parametrize("text", ["topk", "gcc:residual=true", "qsgd", "powersgd"])
def test_each_of_several_networks_has_its_own_headers_on_the_wire_too(text: str) -> None:
    networks = {name: {"w": (128, 64), "b": (128,)} for name in "ade"}
    facts = ModelFacts(name="three", networks=networks)  # at 2 workers an all-gather takes what an all-reduce does
    found = byte_matching.estimate(parse(text), facts, workers=2, steps=10, batch_size=1)
    single = ModelFacts(name="one", networks={"": networks["a"]})
    one = byte_matching.estimate(parse(text), single, workers=2, steps=10, batch_size=1)
    assert found.wire_ratio == pytest.approx(one.wire_ratio)
    assert found.compression_ratio == pytest.approx(one.compression_ratio)


def test_density_match_is_one_over_the_ratio() -> None:
    assert byte_matching.match_bytes(parse("dgc"), FACTS, ratio=50, match="density", workers=2, steps=9).text == (
        "dgc:density=0.02"
    )


@pytest.mark.parametrize("text", ["none", "fp16", "noop", "topk:density=0.5"])
def test_rows_without_matching_stay_as_they_are(text: str) -> None:
    assert byte_matching.match_bytes(parse(text), FACTS, ratio=100, match="payload", workers=2, steps=9).text == text


def test_a_ratio_out_of_reach_is_refused_with_its_limit() -> None:
    with pytest.raises(RsbenchError, match=r"rsdgc cannot compress toy 1e\+06x .* it reaches [\d,]+x") as refusal:
        byte_matching.match_bytes(parse("rsdgc"), FACTS, ratio=1e6, match="payload", workers=2, steps=9)
    limit = int(str(refusal.value).split("--ratio ")[1].split()[0].rstrip("."))
    assert byte_matching.match_bytes(parse("rsdgc"), FACTS, ratio=limit, match="payload", workers=2, steps=9)


def test_the_remedy_names_select_where_one_dimensional_tensors_weigh() -> None:
    facts = ModelFacts(name="norms", networks={"": {"w": (8, 8, 3, 3), "bias": (4096,)}})
    with pytest.raises(RsbenchError, match="one_d=select"):
        byte_matching.match_bytes(parse("topk"), facts, ratio=1000, match="payload", workers=2, steps=9)


def test_the_sentence_names_what_really_stands_in_the_way() -> None:
    facts = ModelFacts(name="norms", networks={"": {"w": (64, 64, 3, 3), "bias": (4096,)}})

    def refusal(text: str, ratio: float, match: str = "payload", workers: int = 2) -> str:
        with pytest.raises(RsbenchError) as caught:
            byte_matching.match_bytes(parse(text), facts, ratio=ratio, match=match, workers=workers, steps=100)
        return str(caught.value)

    assert "one_d=select" not in refusal("topk:one_d=select", 1e6)
    assert "rsdgc:alpha=0.5,one_d=select" in refusal("rsdgc:alpha=0.5", 1e6)
    assert "warmup_steps" in refusal("dgc:warmup_steps=60", 50)
    assert "--ratio 0" not in refusal("topk", 100, "wire", 64)


def test_limits_of_known_models_are_those_of_the_design() -> None:
    """VGG-19 with 45 outputs: 13,741 elements in 1-D tensors, 19 neighbourhoods, a header of 16 bytes a bucket."""
    config = [64, 64, 128, 128, 256, 256, 256, 256, 512, 512, 512, 512, 512, 512, 512, 512]
    shapes: dict[str, tuple[int, ...]] = {}
    for i, (inputs, outputs) in enumerate(zip([3, *config], config, strict=False)):
        shapes |= {f"{i}.w": (outputs, inputs, 3, 3), f"{i}.b": (outputs,)}
    for i, (inputs, outputs) in enumerate([(25088, 4096), (4096, 4096), (4096, 45)]):
        shapes |= {f"fc{i}.w": (outputs, inputs), f"fc{i}.b": (outputs,)}
    facts = ModelFacts(name="vgg19", networks={"": shapes})
    assert facts.parameters == 139_754_605
    with pytest.raises(RsbenchError, match=r"10,018x"):
        compressor = parse("rsdgc:policy=uniform")
        byte_matching.match_bytes(compressor, facts, ratio=20_000, match="payload", workers=2, steps=100)


def test_steps() -> None:
    assert epochs.steps_per_epoch(1050, workers=2, batch_size=32) == 16
    assert epochs.steps_per_epoch(10, workers=2, batch_size=32) == 1
    assert epochs.total_steps(16, epochs=3, max_steps=40) == 40
    with pytest.raises(RsbenchError, match="at most 3 workers"):
        epochs.steps_per_epoch(3, workers=4, batch_size=1)


SMALL = ModelFacts(name="small", networks={"": {"conv": (32, 16, 3, 3), "bias": (32,), "head": (15, 288)}})


def planned(text: str, facts: ModelFacts, ratio: float, **asked: Any) -> Estimate:
    """What planning promises at a ratio."""
    sizes: dict[str, Any] = {"workers": 2, "steps": 500, **asked}
    match = sizes.pop("match", "payload")
    compressor = byte_matching.match_bytes(parse(text), facts, ratio=ratio, match=match, **sizes)
    return byte_matching.estimate(compressor, facts, batch_size=1, **sizes)


@pytest.mark.parametrize(("ceiling", "ratio"), [(0.2, 10), (0.05, 30), (0.01, 200)])
@pytest.mark.parametrize("policy", ["uniform", "global_rank"])
def test_a_ceiling_that_can_hold_the_budget_keeps_the_ratio(policy: str, ceiling: float, ratio: float) -> None:
    found = planned(f"rsdgc:ceiling={ceiling},policy={policy},update_steps=50", FACTS, ratio)
    assert found.compression_ratio == pytest.approx(ratio, rel=0.01)


def test_a_ceiling_that_cannot_is_refused_with_its_reach() -> None:
    with pytest.raises(RsbenchError, match=r"10x .*toy: with every layer at its ceiling of 0\.01 it is at") as refusal:
        planned("rsdgc:ceiling=0.01,update_steps=50", FACTS, 10)
    least = int(str(refusal.value).split("--ratio ")[1].split()[0])
    assert "raise the ceiling" in str(refusal.value)
    found = planned("rsdgc:ceiling=0.01,update_steps=50", FACTS, least).compression_ratio
    assert found == pytest.approx(least, rel=0.01)


def test_values_of_16_bits_cannot_be_brought_to_less_than_their_half() -> None:
    with pytest.raises(RsbenchError, match=r"with every tensor sent whole it is at 2x; ask for at least --ratio 2\."):
        planned("topk:values=fp16", ModelFacts(name="one", networks={"": {"w": (400, 500)}}), 1.5)


@pytest.mark.parametrize("asked", [{"ratio": 10.0, "match": "density"}, {"ratio": None, "text": ",density=0.1"}])
def test_a_density_above_the_ceiling_is_refused(asked: dict[str, Any]) -> None:
    compressor = parse("rsdgc:ceiling=0.01" + asked.pop("text", ""))
    with pytest.raises(RsbenchError, match=r"density of 0\.1, but its ceiling .* 0\.01: raise the ceiling"):
        byte_matching.match_bytes(compressor, FACTS, **{"match": "payload", **asked}, workers=2, steps=9)


@pytest.mark.parametrize(
    "text", ["topk", "topk:values=bf16", "dgc", "rsdgc:update_steps=50", "blocktopk:p=8,neighborhood=tile"]
)
@pytest.mark.parametrize("ratio", [3, 7, 11, 17])
def test_what_whole_blocks_leave_is_shared_out(text: str, ratio: float) -> None:
    assert planned(text, SMALL, ratio).compression_ratio == pytest.approx(ratio, rel=0.01)


def test_one_density_stays_as_it_is_where_it_is_good_enough() -> None:
    matched = byte_matching.match_bytes(parse("topk"), FACTS, ratio=100, match="payload", workers=2, steps=1000)
    assert matched.text == f"topk:density={matched.density:.9g}", "no extra, so that such runs are as they were"


@pytest.mark.parametrize("workers", [2, 3, 8])
@pytest.mark.parametrize("text", ["topk", "rsdgc:update_steps=1,policy=lamp", "rsdgc:update_steps=3,warmup_steps=20"])
def test_wire_ratios_count_broadcasts_as_broadcasts(text: str, workers: int) -> None:
    assert planned(text, SMALL, 3, match="wire", workers=workers).wire_ratio == pytest.approx(3, rel=0.01)


def test_a_run_too_short_to_take_turns_says_so() -> None:
    few = planned("rsdgc:p=16,neighborhood=tile,update_steps=1", FACTS, 60, steps=1)
    assert few.uncertain_share > 0.01
    assert planned("rsdgc:p=16,neighborhood=tile,update_steps=1", FACTS, 60, steps=100).uncertain_share < 0.01


@pytest.mark.parametrize("ratio", [20.0, 47.0, 90.0])
@pytest.mark.parametrize("way", ["steps", "rounds:3"])
def test_a_rank_is_the_one_of_most_bytes_within_the_ratio(ratio: float, way: str) -> None:
    given: dict[str, Any] = {"workers": 2, "steps": 100, "sync": parse_sync(way)}
    matched = byte_matching.match_bytes(parse("powersgd"), FACTS, ratio=ratio, match="payload", **given)
    sent = {
        rank: byte_matching.estimate(PowerSGD(rank=rank / 200), FACTS, batch_size=1, **given).total_payload_bytes
        for rank in range(200, 12_000)
    }
    most = max(bytes_ for bytes_ in sent.values() if bytes_ <= FACTS.dense_bytes * 100 / ratio)
    assert byte_matching.estimate(matched, FACTS, batch_size=1, **given).total_payload_bytes == most


@pytest.mark.parametrize(("ratio", "bits"), [(2, 8), (3.9, 8), (4, 4), (7.8, 4), (8, 2), (15, 2)])
def test_levels_are_the_finest_within_the_ratio(ratio: float, bits: int) -> None:
    """A value takes so many bits and a 512th of a norm's 32; nothing else weighs in one large matrix."""
    facts = ModelFacts(name="one", networks={"": {"w": (1024, 1024)}})
    found = byte_matching.match_bytes(parse("qsgd"), facts, ratio=ratio, match="payload", workers=2, steps=10)
    assert found.text == f"qsgd:levels={ {2: 1, 4: 7, 8: 127}[bits] }"
    reached = byte_matching.estimate(found, facts, workers=2, steps=10, batch_size=1).compression_ratio
    assert reached == pytest.approx(32 / (bits + 32 / 512), rel=1e-4) and reached >= ratio


@pytest.mark.parametrize("text", ["powersgd:rank=4", "powersgd:rank=2.5", "qsgd:levels=7", "qsgd:group=64,levels=3"])
def test_a_given_setting_stays(text: str) -> None:
    given = {"ratio": 15, "match": "payload", "workers": 2, "steps": 9}
    assert byte_matching.match_bytes(parse(text), FACTS, **given).text == text


@pytest.mark.parametrize(
    ("text", "ratio", "words"),
    [
        (
            "powersgd",
            250,
            r"factors of one column .rank=1. it reaches 208\.5x .* sent whole, are 2% .* --ratio 208 or add",
        ),
        (
            "qsgd",
            20,
            r"with 2 bits a value and a norm a group .levels=1. it reaches 15\.[0-9]+x .*--ratio 15 or add --sync",
        ),
    ],
)
def test_a_rank_or_levels_out_of_reach_are_refused_with_the_limit(text: str, ratio: float, words: str) -> None:
    with pytest.raises(RsbenchError, match=words):
        byte_matching.match_bytes(parse(text), FACTS, ratio=ratio, match="payload", workers=2, steps=9)


def chosen(text: str, ratio: float, facts: ModelFacts = FACTS, steps: int = 1000, match: str = "payload") -> int:
    """The length that is chosen of rounds."""
    given: dict[str, Any] = {"ratio": ratio, "match": match, "workers": 2, "steps": [steps]}
    return byte_matching.shortest_rounds(lambda _: parse(text), facts, sync=parse_sync("rounds"), **given).every


@pytest.mark.parametrize(
    ("ratio", "every"), [(1, 1), (2, 2), (2.5, 3), (19.5, 20), (100, 100), (300, 334), (1000, 1000)]
)
def test_dense_rounds_are_as_long_as_the_ratio_says_over_whole_exchanges(ratio: float, every: int) -> None:
    assert chosen("none", ratio) == every


@pytest.mark.parametrize(
    ("text", "coarsest"),
    [("powersgd", "powersgd:rank=1"), ("qsgd", "qsgd:levels=1"), ("qsgd:levels=7", "qsgd:levels=7"), ("fp16", "fp16")],
)
@pytest.mark.parametrize("match", ["payload", "wire"])
def test_rounds_are_the_shortest_at_which_the_coarsest_setting_fits(text: str, coarsest: str, match: str) -> None:
    normed = dataclasses.replace(FACTS, buffer_bytes=(2_000,))
    for ratio in (3, 40, 330):
        every = chosen(text, ratio, normed, match=match)
        reached = []
        for length in (every, every - 1):
            if not length:
                continue
            sync = parse_sync(f"rounds:{length}")
            found = byte_matching.estimate(parse(coarsest), normed, workers=2, steps=1000, batch_size=1, sync=sync)
            reached.append(found.wire_ratio if match == "wire" else found.compression_ratio)
        assert reached[0] >= ratio and all(one < ratio for one in reached[1:]), (ratio, every, reached)


def test_rounds_that_cannot_reach_a_ratio_are_refused_with_the_limit() -> None:
    with pytest.raises(
        RsbenchError, match=r"none in rounds cannot .* after all 40 steps, it reaches 40x; .* --ratio 40,"
    ):
        chosen("none", 50, steps=40)
    assert chosen("none", 40, steps=40) == 40
