"""What CLI tests share: a command runner, a launcher that trains nothing, and tiny workers for the real one."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner, Result

from rsbench.cell import CellSpec
from rsbench.datasets.scenes.synthetic import Synthetic
from rsbench.launch.failure import Cause
from rsbench.launch.launcher import Outcome, WorkerLauncher
from rsbench.launch.rendezvous import Rendezvous
from rsbench.launch.signals import StopSignals
from rsbench.planning import probe
from rsbench.planning.request import Request
from rsbench.results import records
from rsbench.results.folder import CellFolder

FAKE_WORKER = Path(__file__).parents[1] / "programs" / "fake_worker.py"


def _fake_worker_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rsbench_fake_worker", FAKE_WORKER)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


done_record = _fake_worker_module().done_record


class FakeLauncher:
    """Writes a record at once; cells whose label contains a word of ``fails`` fail."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.fails: dict[str, Outcome] = {}
        self.after: Callable[[], None] = lambda: None

    def run(self, folder: Path, *, workers_per_node: int, tick: Callable[[], None]) -> Outcome:
        job = json.loads(CellFolder(folder).job.read_text())
        text = job["compressor"]
        self.ran.append(text.partition(":")[0])
        tick()
        self.after()
        for word, outcome in self.fails.items():
            if word in text:
                return outcome
        records.write_record(folder, done_record(job, CellSpec.from_dict(job["cell"]).key))
        return Outcome(status="done", wall_s=0.1)

    def close(self) -> None:
        return


@pytest.fixture(scope="session")
def model_facts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where facts about models are kept for all tests: each costs seconds to ask torch for."""
    return tmp_path_factory.mktemp("facts")


@pytest.fixture
def small_synthetic(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, model_facts: Path) -> None:
    """No images are drawn: what is decoded is not looked at by fake workers."""
    folder = tmp_path / "scenes"
    folder.mkdir()

    class Prepared:
        warnings = ()
        remade = ""

    Prepared.folder = folder  # type: ignore[attr-defined]
    monkeypatch.setattr(Synthetic, "prepare", lambda *args, **kwargs: Prepared())
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "facts").symlink_to(model_facts)
    monkeypatch.setenv("RSBENCH_CACHE", str(tmp_path / "cache"))
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def launcher(monkeypatch: pytest.MonkeyPatch, small_synthetic: None) -> FakeLauncher:
    """The fake launcher, in place."""
    fake = FakeLauncher()
    monkeypatch.setattr("rsbench.run.compare.make_launcher", lambda request, stop, rendezvous: fake)
    monkeypatch.setattr("rsbench.planning.probe.gpu_count", lambda: 0)
    return fake


@pytest.fixture
def rsbench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """Call the command line in an empty folder: ``rsbench("compare", "--lr", 0.1)``."""
    from rsbench.cli.main import main

    place = tmp_path / "work"
    place.mkdir(exist_ok=True)
    monkeypatch.chdir(place)
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: object) -> Result:
        return CliRunner().invoke(main, [str(argument) for argument in arguments])

    return call


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch, launcher: FakeLauncher) -> None:
    """Shapes of a small network, without asking torch; no report."""
    facts = probe.ModelFacts(name="m", networks={"": {"w": (200, 300)}}, activation_bytes=1.0, flops=1.0)
    monkeypatch.setattr(probe, "model_facts", lambda *_: facts)
    monkeypatch.setattr("rsbench.reports.write_report", lambda *_, **__: [])


@pytest.fixture
def fake_workers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, small_synthetic: None) -> Callable[[str], None]:
    """The real launcher, tiny workers that do what the text says for the compressor ``topk``; others succeed."""
    library = tmp_path / "library"
    library.mkdir()
    shutil.copy(FAKE_WORKER, library / "rsbench_fake_worker.py")
    monkeypatch.setenv("PYTHONPATH", str(library), prepend=os.pathsep)

    def install(behaviour: str, timeout_s: float = 60.0) -> None:
        (library / "behaviour").write_text(behaviour)

        def make(request: Request, stop: StopSignals, rendezvous: Rendezvous | None) -> WorkerLauncher:
            return WorkerLauncher(stop=stop, timeout_s=timeout_s, grace_s=2.0, work="rsbench_fake_worker:work")

        monkeypatch.setattr("rsbench.run.compare.make_launcher", make)

    return install


def failed(reason: str) -> Outcome:
    """An outcome of a failed cell."""
    return Outcome(status="failed", cause=Cause(reason=reason, log=Path("rank1.log"), tail=("last line",)), wall_s=1.0)


@pytest.fixture
def recorded(rsbench: Callable[..., Result], launcher: FakeLauncher) -> None:
    """Two finished cells whose records say when a step exchanges what."""
    assert rsbench("compare", "--compressor", "none", "--compressor", "topk").exit_code == 0
    for file in Path("rsbench-results").glob("cells/*/record.json"):
        record = records.read_record(file)
        op = "all_reduce" if record["cell"]["compressor"] == "none" else "all_gather"
        call = {"op": op, "payload_bytes": 4e6 if op == "all_reduce" else 4e4, "per_step": 1.0, "blocking": False}
        parts = ("ready_s", "compress_s", "wait_s", "took_s", "decompress_s", "compress_cpu_s", "decompress_cpu_s")
        bucket = dict.fromkeys(parts, 0.001)
        phase = dict.fromkeys(("before_s", "forward_s", "backward_s", "after_s"), 0.02)
        record["exchange"] = {
            "phases": [{**phase, "buckets": [{**bucket, "calls": [{**call, "workers": 2}]}]}],
            **{"load": 1.0, "steps": 9, "foreign_share": 0.0, "cores": 2, "ranks_here": 2},
        }
        records.write_record(file.parent, record)
