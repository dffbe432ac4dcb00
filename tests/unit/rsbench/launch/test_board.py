"""Orders on node 0's board: each node takes each once, and what a lost node had taken is known."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from rsbench.launch import board
from rsbench.launch.board import Board


def on_a_board(check: Callable[[Board], Awaitable[None]]) -> None:
    async def run() -> None:
        await check(Board())

    asyncio.run(asyncio.wait_for(run(), 30))


async def waits(work: Awaitable[Any]) -> bool:
    """Whether something is not there yet; it is given up."""
    done, waiting = await asyncio.wait([asyncio.ensure_future(work)], timeout=0.05)
    for task in waiting:
        task.cancel()
    return not done


def taken(number: int, order: str) -> str:
    return json.dumps({"number": number, "order": order})


def test_a_node_takes_each_order_once_and_may_ask_for_it_again() -> None:
    async def check(it: Board) -> None:
        await it.give("first")
        assert await it.take(1, "a", 0) == taken(1, "first")
        assert await it.take(1, "a", 0) == taken(1, "first"), "the answer may have been lost"
        assert await waits(it.take(1, "a", 1))
        await it.give("second")
        assert await it.take(1, "a", 1) == taken(2, "second")

    on_a_board(check)


def test_a_node_that_was_started_again_does_not_do_what_its_earlier_life_began() -> None:
    async def check(it: Board) -> None:
        await it.give("first")
        await it.take(1, "a", 0)
        again = asyncio.ensure_future(it.take(1, "b", 0))
        assert await waits(asyncio.shield(again))
        await it.give("second")
        assert await again == taken(2, "second")

    on_a_board(check)


def test_a_node_that_comes_late_takes_the_order_that_stands_and_no_earlier_one() -> None:
    async def check(it: Board) -> None:
        await it.give("first")
        await it.give("second")
        assert await it.take(1, "a", 0) == taken(2, "second")
        assert await it.newer(0) == "2"
        assert await waits(it.newer(2))

    on_a_board(check)


def test_who_has_not_taken_an_order_is_waited_for_or_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "AWAY_S", 0.0)

    async def check(it: Board) -> None:
        await it.present(2, "c", asyncio.sleep(0))
        await it.give("first")
        await it.take(1, "a", 0)
        assert await it.all_took(2, patient=False) == "2"
        patient = asyncio.ensure_future(it.all_took(2, patient=True))
        assert await waits(asyncio.shield(patient))
        await it.take(2, "d", 0)
        assert await patient == ""

    on_a_board(check)


def test_only_a_node_that_has_taken_the_order_that_stands_is_trouble(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(board, "AWAY_S", 0.0)

    def told() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    async def check(it: Board) -> None:
        await it.give("first")
        await it.present(1, "a", asyncio.sleep(0))
        it.trouble(1, "a", 1, "it failed")
        assert told() == [], "it has not begun"
        await it.take(1, "a", 0)
        it.trouble(1, "b", 1, "it failed")
        it.trouble(1, "a", 0, "it failed")
        assert told() == [], "another life, another order"
        it.trouble(1, "a", 1, "x" * 10_000)
        assert told() == [{"node": 1, "order": 1, "reason": "x" * board.REASON_CHARACTERS}]
        await it.present(1, "a", asyncio.sleep(0))
        assert told() == [{"node": 1, "order": 1, "reason": ""}]

    on_a_board(check)


def test_a_node_that_comes_back_before_anybody_missed_it_has_ended_all_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def check(it: Board) -> None:
        await it.give("first")
        await it.take(1, "a", 0)
        stays = asyncio.Event()
        lives = [asyncio.ensure_future(it.present(1, life, stays.wait())) for life in ("a", "b")]
        await asyncio.sleep(0.01)
        assert json.loads(capsys.readouterr().out) == {"node": 1, "order": 1, "reason": ""}
        for life in lives:
            life.cancel()

    on_a_board(check)
