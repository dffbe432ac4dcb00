"""The processor's name and vectors, and whether it was quiet."""

from __future__ import annotations

import subprocess
import sys

import bench_samples
import pytest

from rsbench.bench import machine


@pytest.mark.parametrize(
    ("cpuinfo", "kind", "width"),
    [
        ("flags\t\t: fpu sse2 avx avx2 avx512f avx512bw\n", "x86_64", ("AVX-512", 512)),
        ("processor: 0\nflags : sse2 avx avx2\n", "x86_64", ("AVX2", 256)),
        ("flags : fpu sse2 avx\n", "x86_64", ("AVX", 256)),
        ("flags : fpu sse2\n", "x86_64", ("SSE2", 128)),
        ("Features\t: fp asimd crc32\n", "aarch64", ("NEON", 128)),
        ("", "arm64", ("NEON", 128)),
        ("", "x86_64", None),
        ("model name : avx2 in a name\n", "riscv64", None),
    ],
)
def test_the_widest_vectors_are_named(cpuinfo: str, kind: str, width: tuple[str, int] | None) -> None:
    assert machine.vector_width(cpuinfo, kind) == width


def test_this_processor_is_described() -> None:
    facts = machine.processor()
    assert facts["cpu"]
    assert 1 <= facts["cores"] <= facts["threads"]
    assert facts["turbo"] in (True, False, None)


def test_own_work_is_not_others(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, busy, own = iter([100.0, 110.0]), iter([50.0, 68.0]), iter([1.0, 16.0])
    monkeypatch.setattr(machine.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(machine, "_busy_s", lambda: next(busy))
    monkeypatch.setattr(machine, "_own_s", lambda: next(own))
    assert machine.Watch().seen()["others_cores"] == pytest.approx((18 - 15) / 10)


def test_own_work_is_counted_with_that_of_ended_children() -> None:
    before = machine._own_s()
    busy = "import time\nwhile time.process_time() < 0.2: pass"
    subprocess.run([sys.executable, "-c", busy], check=True)
    assert machine._own_s() - before >= 0.2


def test_a_quiet_machine_is_not_warned_of_and_another_one_is() -> None:
    quiet = bench_samples.MACHINE
    assert machine.warning(quiet, 2) == ""
    assert "others kept 1.5 cores busy" in machine.warning({**quiet, "others_cores": 1.5}, 2)
    assert "its load was 2.5 at the start and 1.9 at the end" in machine.warning({**quiet, "load_start": 2.5}, 2)
    assert "its load was 0.1 at the start and 5.0 at the end" in machine.warning({**quiet, "load_end": 5.0}, 2)
    assert "4 compute threads shared 2 cores" in machine.warning(quiet, 4)
    assert machine.warning({**quiet, "load_start": None, "load_end": None, "others_cores": None}, 2) == ""
