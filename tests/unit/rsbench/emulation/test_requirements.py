from __future__ import annotations

import os
import subprocess
import sys

import pytest
from emulated import give_rights_away

from rsbench.emulation import requirements
from rsbench.errors import RsbenchError
from rsbench.links.worker_links import parse_worker_links

LINKS = [(parse_worker_links("50mbit"), 2)]


def test_other_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(RsbenchError, match="on Linux only"):
        requirements.check(LINKS)


def test_no_iproute2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "SYSTEM_PATH", "/nowhere")
    with pytest.raises(RsbenchError, match="install the package iproute2"):
        requirements.check(LINKS)


def test_an_interface_that_is_not_there() -> None:
    with pytest.raises(RsbenchError, match='no network interface "ib7"'):
        requirements.check([], "ib7")


def test_an_interface_and_a_link() -> None:
    with pytest.raises(RsbenchError, match="give one or the other"):
        requirements.check(LINKS, "lo")


def test_nothing_is_needed_where_nothing_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    requirements.check([])


@pytest.mark.skipif(os.getuid() != 0, reason="needs root, to give its rights away")
def test_a_user_without_rights_is_told_in_one_sentence() -> None:
    program = "from rsbench.emulation import requirements; print(requirements.problem(delay=False))"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, preexec_fn=give_rights_away)
    assert done.stdout.startswith("Emulated links need root, or the capabilities CAP_SYS_ADMIN, CAP_NET_ADMIN")
    assert done.stdout.count("\n") == 1
