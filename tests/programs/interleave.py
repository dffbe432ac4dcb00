"""``interleave.py FIRST LAST``: seeded schedules of commands on one result folder, with signals at random times.

Each schedule starts some ``rsbench compare`` (plain, ``--rerun``, all of one grid or all of one study), each a process
of its own, with a launcher that trains nothing. Some get SIGKILL, SIGINT or SIGTERM. A last plain command ends the
schedule. Prints what was counted as JSON; all that is called ``lost``, ``twice``, ``false`` or ``torn`` must be empty.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fake_worker import done_record

from rsbench.cell import CellSpec
from rsbench.cli.main import main as rsbench
from rsbench.datasets.scenes.synthetic import Synthetic
from rsbench.launch.failure import Cause
from rsbench.launch.launcher import Outcome
from rsbench.launch.signals import StopSignals
from rsbench.planning import probe
from rsbench.results import records
from rsbench.results.folder import CellFolder, write_file
from rsbench.run import compare, reporting

GRID = ["--compressor", "none", "--compressor", "topk:density=0.1", "--seeds", "0,1"]
STUDY = ["--compressor", "topk:density=0.1", "--lr", "0.1", "--lr", "0.2", "--tuning-seed", "9", "--seeds", "0"]
CELLS = {"grid": 4, "study": 3}


def note(log: Path, *words: object) -> None:
    """Append a line in one write, so that lines of processes do not mix."""
    line = " ".join(map(str, (time.monotonic_ns(), os.getpid(), *words))) + "\n"
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, line.encode())
    os.close(handle)


class StandIn:
    """A launcher whose cells take some milliseconds; some fail."""

    def __init__(self, stop: StopSignals, log: Path, chance: random.Random) -> None:
        self.stop, self.log, self.chance = stop, log, chance
        note(log, "ready")

    def run(self, folder: Path, *, workers_per_node: int, tick: Callable[[], None]) -> Outcome:
        job = json.loads(CellFolder(folder).job.read_text())
        key = CellSpec.from_dict(job["cell"]).key
        note(self.log, "begin", key)
        end = time.monotonic() + self.chance.choice([0.002, 0.02, 0.2])
        while time.monotonic() < end:
            tick()
            if self.stop.number is not None:
                return failure("interrupted", "stopped")
            time.sleep(0.002)
        if self.chance.random() < 0.08:
            note(self.log, "fail", key)
            return failure("failed", "as it was told to")
        mark = f"{os.getpid()}-{time.monotonic_ns()}"
        CellFolder(folder).samples.write_text(mark)
        (folder / "map.png").write_text(mark)
        CellFolder(folder).events.mkdir()
        (CellFolder(folder).events / "events").write_text(mark)
        record = done_record(job, key) | {"wall_s": time.monotonic()}
        record["provenance"] = {**record["provenance"], "mark": mark}
        record["accuracy"]["val_score"] = job["cell"]["lr"]
        records.write_record(folder, record)
        note(self.log, "end", key)  # after the record: a kill between them leaves whole numbers
        return Outcome(status="done", wall_s=0.1)

    places = close = staticmethod(tuple)


def failure(status: Any, reason: str) -> Outcome:
    return Outcome(status=status, cause=Cause(reason=reason, log=None, tail=()), wall_s=0.1)


def stand_in(place: Path) -> None:
    """Take torch and images out of the command."""
    facts = probe.ModelFacts(name="m", networks={"": {"w": (20, 30)}}, activation_bytes=1.0, flops=1.0)
    probe.model_facts = lambda *_: facts  # type: ignore[assignment]
    probe.gpu_count = lambda: 0
    prepared = type("Prepared", (), {"warnings": (), "remade": "", "folder": place})
    Synthetic.prepare = lambda *_, **__: prepared()  # type: ignore[method-assign]
    reporting.reports.write_report = lambda found, out, **_: [write_file(out / "report.md", str(len(found)))]  # type: ignore
    reporting.reports.show = lambda *_: None  # type: ignore[attr-defined]
    reporting.reports.build_report = lambda found, *_, **__: found  # type: ignore[attr-defined]


@dataclass
class Command:
    """One process of the command."""

    pid: int
    output: Path
    rerun: bool
    done_before: int
    signals: list[tuple[float, int]]
    status: int | None = None
    done_after: int = 0


@dataclass
class Schedule:
    """One seed's commands on one folder."""

    seed: int
    place: Path
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.kind = self.chance.choice(["grid", "grid", "study"])
        self.out, self.log = self.place / "out", self.place / "log"

    def start(self, number: int, rerun: bool, signals: list[tuple[float, int]]) -> Command:
        output = self.place / f"output-{number}"
        options = {"grid": GRID, "study": STUDY}[self.kind]
        arguments = ["compare", *options, "--workers", "2", "--device", "cpu", "--out", str(self.out)]
        seed, before = self.chance.random(), self.done()
        pid = os.fork()
        if pid == 0:
            code = 70
            try:
                handle = os.open(output, os.O_WRONLY | os.O_CREAT)
                os.dup2(handle, 1)
                os.dup2(handle, 2)
                compare.make_launcher = lambda _, stop, rendezvous: StandIn(stop, self.log, random.Random(seed))
                rsbench([*arguments, *(["--rerun"] if rerun else [])])
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 71
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                os._exit(code)
        return Command(pid=pid, output=output, rerun=rerun, done_before=before, signals=signals)

    def done(self) -> int:
        """Return how many cells are done; what was done once must stay so."""
        now = set()
        for path in self.out.glob("cells/*/record.json"):
            with contextlib.suppress(Exception):
                if records.read_record(path)["status"] == "done":
                    now.add(path.parent.name)
        for name in self.seen - now:
            self.wrong.append(f"lost {name}")
        self.seen |= now
        return len(now)

    def run(self) -> None:
        waiting = sorted(
            (self.chance.uniform(0, 0.12), self.chance.random() < 0.35, self._signals())
            for _ in range(self.chance.randint(2, 4))
        )
        began, commands = time.monotonic(), []
        while waiting or any(command.status is None for command in commands):
            now = time.monotonic() - began
            while waiting and waiting[0][0] <= now:
                start_s, rerun, signals = waiting.pop(0)
                commands.append(self.start(len(commands), rerun, [(start_s + at, number) for at, number in signals]))
            for command in commands:
                self._tend(command, now)
            self.done()
            time.sleep(0.001)
            if now > 60:
                self.wrong.append("false: a command does not end")
                for command in commands:
                    if command.status is None:
                        os.kill(command.pid, signal.SIGKILL)
                        os.waitpid(command.pid, 0)
                break
        self._end_with_a_plain_command(len(commands))
        self._look_at(commands)

    def _signals(self) -> list[tuple[float, int]]:
        if self.chance.random() < 0.4:
            return []
        number = self.chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
        first = self.chance.uniform(0.0, 0.7)
        again = number == signal.SIGINT and self.chance.random() < 0.5
        return [(first, number), *([(first + self.chance.uniform(0, 0.03), number)] if again else [])]

    def _tend(self, command: Command, now: float) -> None:
        if command.status is not None:
            return
        while command.signals and command.signals[0][0] <= now:
            os.kill(command.pid, command.signals.pop(0)[1])
        pid, status = os.waitpid(command.pid, os.WNOHANG)
        if pid:
            command.status, command.done_after = os.waitstatus_to_exitcode(status), self.done()

    def _end_with_a_plain_command(self, number: int) -> None:
        """Run the command until nothing fails; the folder is whole then."""
        for turn in range(10):
            last = self.start(number + turn, False, [])
            while last.status is None:
                self._tend(last, 0.0)
                time.sleep(0.001)
            self._look_at([last])
            if last.status == 0:
                break
        else:
            self.wrong.append(f"false: the last command ends with {last.status}: {last.output.read_text()}")
        for path in self.out.glob("cells/*"):
            self._check_whole(CellFolder(path))

    def _check_whole(self, cell: CellFolder) -> None:
        names = {file.name for file in cell.path.iterdir()}
        extra = names - {
            ".lock",
            ".claims",
            "record.json",
            "job.json",
            "samples.jsonl",
            "map.png",
            "tensorboard",
            "failed",
        }
        if extra:
            self.wrong.append(f"torn: {sorted(extra)} left in {cell.path.name}")
        mark = records.read_record(cell.record)["provenance"].get("mark")
        if not all(file.read_text() == mark for file in (cell.samples, cell.path / "map.png", cell.events / "events")):
            self.wrong.append(f"torn: {cell.path.name}")

    def _look_at(self, commands: list[Command]) -> None:
        every = CELLS[self.kind]
        events = list(self._events())
        for command in commands:
            text = command.output.read_text() if command.output.exists() else ""
            ours = [(at, word, key) for at, pid, word, key in events if pid == command.pid]
            self.counts["commands"] += 1
            self.counts[f"exit {command.status}"] += 1
            self.counts["cells begun"] += sum(word == "begin" for _, word, _ in ours)
            self.counts["cells waited for"] += text.count("its end is waited for")
            self.counts["cells left to another"] += text.count("has run it meanwhile")
            for wrong in self._false_words(command, text, ours, every):
                self.wrong.append(f"false: {wrong}: exit {command.status}, {text!r}")
            ready = min((at for at, word, _ in ours if word == "ready"), default=0)
            for at, word, key in ours:
                ended = [
                    then for then, _, what, which in events if what == "end" and which == key and ready < then < at
                ]
                if word == "begin" and ended:
                    self.wrong.append(f"twice: {key} by {command.pid}")

    def _false_words(self, command: Command, text: str, ours: Any, every: int) -> Iterator[str]:
        if "Traceback" in text:
            yield "a traceback"
        if command.status == 0 and command.done_after < every:
            yield "exit 0 without all"
        if "before any cell was begun" in text and any(word == "begin" for _, word, _ in ours):
            yield "a cell was begun"
        if command.status == 1 and "failed" not in text:
            yield "no failure"
        if command.status not in (0, 1, 130, 143, -2, -9, -15):
            yield "exit code"
        if not command.rerun and "Stopped: " in text:
            said = int(text.split("Stopped: ")[1].split(maxsplit=1)[0])
            if not command.done_before <= said <= command.done_after or said == every:
                yield f"{said} done, not {command.done_before} to {command.done_after}"

    def _events(self) -> Iterator[tuple[int, int, str, str]]:
        for line in self.log.read_text().splitlines() if self.log.exists() else []:
            at, pid, word, *key = line.split()
            yield int(at), int(pid), word, key[0] if key else ""


def main() -> None:
    first, last = int(sys.argv[1]), int(sys.argv[2])
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    for seed in range(first, last + 1):
        with tempfile.TemporaryDirectory() as place:
            stand_in(Path(place))
            schedule = Schedule(seed, Path(place))
            schedule.run()
            counts += schedule.counts
            wrong += [f"seed {seed}: {text}" for text in schedule.wrong]
    kinds = {kind: [text for text in wrong if f": {kind}" in text] for kind in ("lost", "twice", "false", "torn")}
    print(json.dumps({"schedules": last - first + 1, **counts, **kinds}, indent=1))


if __name__ == "__main__":
    main()
