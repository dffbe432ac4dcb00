"""The name of this machine."""

from __future__ import annotations

import socket
import threading

import pytest

from rsbench.cli import host_name
from rsbench.cli.host_name import host_name_problems


def test_a_name_without_an_address_is_told_with_its_remedy() -> None:
    def fails(name: str) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    (problem,) = host_name_problems("gpu01.invalid", fails)
    assert 'The name of this machine, "gpu01.invalid", has no address' in problem
    assert '"127.0.1.1 gpu01.invalid" to /etc/hosts' in problem
    (problem,) = host_name_problems("a" * 70)
    assert "has no address" in problem, "a label that is too long is no UnicodeError"


def test_a_name_service_that_is_silent_does_not_hold_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_name, "WAIT_S", 0.01)
    (problem,) = host_name_problems("gpu01", lambda name: threading.Event().wait(5))
    assert "got no answer from the name service" in problem


def test_a_name_with_an_address_is_no_problem() -> None:
    assert host_name_problems("localhost", lambda name: None) == []
