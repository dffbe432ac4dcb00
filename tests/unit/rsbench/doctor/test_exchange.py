"""Two real processes exchange; those that fail or hang are ended and named."""

from __future__ import annotations

import sys

import pytest

from rsbench.doctor import exchange
from rsbench.errors import RsbenchError


def test_two_processes_exchange_over_gloo() -> None:
    took = exchange.measure("gloo")
    assert took.payload_bytes == 2**24
    assert 0 < took.latency_s < took.payload_s < 60
    assert took.bytes_per_s == pytest.approx(2**24 / took.payload_s)


def test_a_process_that_fails_is_quoted() -> None:
    worker = (sys.executable, "-c", "import sys; sys.exit('RuntimeError: no route to host')")
    with pytest.raises(RsbenchError, match=r"over gloo \(RuntimeError: no route to host\): check that a firewall"):
        exchange.measure("gloo", worker=worker)


def test_processes_that_hang_are_ended() -> None:
    worker = (sys.executable, "-c", "import time; time.sleep(600)")
    with pytest.raises(RsbenchError, match=r"over nccl \(no answer in 0.2 s\): check the driver"):
        exchange.measure("nccl", worker=worker, patience_s=0.2)


def test_a_process_that_says_nothing() -> None:
    with pytest.raises(RsbenchError, match="they ended without a word"):
        exchange.measure("gloo", worker=(sys.executable, "-c", "raise SystemExit(3)"))
