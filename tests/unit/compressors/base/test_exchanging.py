"""The options of an exchange: what they refuse, and what they leave as it was."""

from __future__ import annotations

import pytest

from rsbench.compressors import COMPRESSORS, parse
from rsbench.compressors.base.exchanges import EXCHANGES
from rsbench.errors import RsbenchError
from rsbench.links.wire import data_bytes

SHAPES = {"a": (256, 300), "b": (256,), "c": (32, 16, 3, 3)}
WITH_EXCHANGES = ("topk", "blocktopk", "dgc", "rsdgc")


def test_exchange_is_an_option_of_four_compressors() -> None:
    with_option = [n for n, c in COMPRESSORS.items() if "oktopk" in str([o.allowed for o in c.options()])]
    assert sorted(with_option) == sorted(WITH_EXCHANGES)


def test_exchange_is_refused_where_it_cannot_work() -> None:
    with pytest.raises(RsbenchError, match=r"topk: exchange=shared sums values.*leave out values=fp16"):
        parse("topk:exchange=shared,values=fp16")
    with pytest.raises(RsbenchError, match="per_node=2 is for exchange=hierarchical; leave it out"):
        parse("dgc:per_node=2")
    with pytest.raises(RsbenchError, match="is not one of its choices"):
        parse("dgc:exchange=ring")


def test_exchange_of_old_leaves_text_and_identity_as_they_were() -> None:
    """So that cells keep their keys, and states saved before there was a choice are taken."""
    assert parse("topk:exchange=all_gather").text == "topk"
    assert "exchange" not in parse("topk").identity and "per_node" not in parse("dgc").identity
    assert "exchange=shared,per_node=0" in parse("dgc:exchange=shared").identity
    assert parse("topk:exchange=oktopk").text == "topk:exchange=oktopk"


@pytest.mark.parametrize("name", WITH_EXCHANGES)
@pytest.mark.parametrize("workers", [2, 4, 64])
def test_exchange_does_not_change_the_payload_much(name: str, workers: int) -> None:
    """One message a rank in all of them: a ratio asks for about the same density, whatever the exchange."""
    sent = {
        exchange: parse(f"{name}:density=0.05,exchange={exchange}").for_workers(workers).payload_bytes(SHAPES, 1)
        for exchange in EXCHANGES
    }
    assert sent["hierarchical"] == sent["all_gather"] == sent["shared"] + 8
    assert sent["oktopk"] == pytest.approx(sent["all_gather"], rel=0.01 + 0.002 * workers)


def wire(text: str, workers: int) -> float:
    """Bytes that one rank sends in a run of ten steps, but headers and handshakes."""
    planned = parse(text).for_workers(workers).collectives(SHAPES, 10)
    return sum(data_bytes(each.op, each.payload_bytes, each.ranks or workers) for each in planned)


@pytest.mark.parametrize("exchange", ["shared", "oktopk"])
def test_exchange_keeps_the_bytes_of_a_rank_where_all_gather_grows(exchange: str) -> None:
    four, many = (wire(f"topk:density=0.05,exchange={exchange}", workers) for workers in (4, 16))
    assert many / four == pytest.approx((15 / 16) / (3 / 4), rel=0.06), "2 (W-1)/W"
    assert wire("topk:density=0.05", 16) == pytest.approx(5 * wire("topk:density=0.05", 4))


def test_exchange_between_nodes_sends_each_message_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compressor = parse("topk:density=0.05,exchange=hierarchical,per_node=2").for_workers(16)
    dense, between, inside, _ = compressor.collectives(SHAPES, 10)
    message = parse("topk:density=0.05").total_payload_bytes(SHAPES, 10)
    assert (dense.op, dense.ranks, dense.counted) == ("all_reduce", 2, 0)
    assert (between.op, between.ranks, between.counted) == ("all_gather", 8, message)
    assert between.payload_bytes == pytest.approx(message / 2, abs=4 * 10)
    assert (inside.op, inside.ranks, inside.payload_bytes) == ("all_gather", 2, 8 * between.payload_bytes)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "8")
    told = parse("topk:exchange=hierarchical").for_workers(16).collectives(SHAPES, 1)
    assert [each.ranks for each in told[:3]] == [8, 2, 8]
