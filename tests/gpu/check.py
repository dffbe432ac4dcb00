"""The check of one machine: every part in processes of its own, each result kept as it comes. Started by check.sh."""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import findings
from processes import run_ranks
from programme import PROGRAMME, Part
from table import write_table

HERE = Path(__file__).parent
BUDGET_S = 450.0
FACTS_LIMIT_S = 120.0
LEAST_S = 5.0
"""A part is not begun with less time left."""
ENVIRONMENT = """environment:
  OUT       folder of the results
  PYTHON    interpreter that has torch [python, else python3]
  WHEELS    folder with wheels of pure-Python packages that the machine lacks [tests/gpu/wheels]
  UCM_ROOT  folder above UCMerced_LandUse, for the training cell; else pictures are generated"""


def machine() -> dict[str, Any]:
    """Return the facts of this machine; ``broken`` says what keeps every part from running."""
    command = [sys.executable, str(HERE / "machine.py")]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=FACTS_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return {"broken": f"torch did not tell of this machine within {FACTS_LIMIT_S:.0f} s"}
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
        return {"broken": f"torch cannot be asked: {last} (PYTHON names another interpreter)"}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if "numpy" in found["missing_packages"]:
        found["broken"] = "NumPy is missing, and no part runs without it"
    return found


class Check:
    """What was found so far, and its files.

    Args:
        out: folder of the results.
        facts: of the machine.
        device: ``cuda`` or ``cpu``.
        budget_s: seconds for all parts together.
    """

    def __init__(self, out: Path, facts: dict[str, Any], device: str, budget_s: float) -> None:
        self.out, self.machine, self.device = out, facts, device
        self.parts: list[dict[str, Any]] = []
        self.finished = False
        self._end = time.monotonic() + budget_s
        (out / "parts").mkdir(parents=True, exist_ok=True)
        self.write()

    def run(self, part: Part, *, wanted: bool = True) -> None:
        """Run a part, or say why not; then write all that is known.

        Args:
            part: of the programme.
            wanted: whether it was asked for.
        """
        started = time.monotonic()
        result: dict[str, Any] = {"name": part.name, "title": part.title, "findings": []}
        reason = part.reason_to_skip(self.device, self.machine) if wanted else "not asked for"
        left_s = self._end - started
        if reason:
            result |= {"status": "skipped", "reason": reason}
        elif left_s < LEAST_S:
            result |= {"status": "late", "reason": "no time was left to begin it"}
        else:
            result |= self._run(part, min(part.limit_s, left_s))
        result["wall_s"] = round(time.monotonic() - started, 1)
        self.parts.append(result)
        self._tell(result)
        self.write()

    def _run(self, part: Part, limit_s: float) -> dict[str, Any]:
        files = [self.out / "parts" / f"{part.name}-{rank}.jsonl" for rank in range(part.workers)]
        for file in files:
            file.unlink(missing_ok=True)
        command = [sys.executable, str(HERE / part.script), "--device", self.device]
        command += ["--backend", part.backend_on(self.device, self.machine)]
        fault = run_ranks(command, files, self.out / "parts" / f"{part.name}.log", limit_s)
        found = findings.read(files)
        broken = sum(line["kind"] == "law" and not line["ok"] for line in found)
        status = fault.status if fault else "broken" if broken else "done"
        return {"status": status, "reason": fault.words if fault else "", "findings": found}

    def _tell(self, result: dict[str, Any]) -> None:
        """Print a part's verdict, and what broke."""
        laws = [line for line in result["findings"] if line["kind"] == "law"]
        broken = [line for line in laws if not line["ok"]]
        counts = f"{len(laws) - len(broken)} of {len(laws)} held" if laws else ""
        words = "; ".join(filter(None, (counts, result["reason"])))
        print(f"{result['status']:8} {result['title']}  ({result['wall_s']} s)  {words}", flush=True)
        for line in broken:
            print(f"         {line['name']}, {line['subject']}: {line['detail']}", flush=True)

    @property
    def passed(self) -> bool:
        """Whether the check came to its end, all laws held and all that was asked for and can run here ran."""
        fine = all(part["status"] in ("done", "skipped") for part in self.parts)
        return self.finished and fine and "broken" not in self.machine

    def finish(self) -> None:
        """Note that no part is left, and write all that is known."""
        self.finished = True
        self.write()

    def write(self) -> None:
        """Write ``results.json`` and ``results.md``."""
        results = {"passed": self.passed, "finished": self.finished, "device": self.device}
        results |= {"machine": self.machine, "parts": self.parts}
        (self.out / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        (self.out / "results.md").write_text(write_table(results), encoding="utf-8")


def main() -> int:
    """Check this machine; return the exit code."""
    parser = _parser()
    told = parser.parse_args()
    chosen = [word for word in told.only.split(",") if word]
    unknown = set(chosen) - {part.name for part in PROGRAMME}
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    facts = machine()
    device = facts.get("device", "cpu") if told.device == "auto" else told.device
    if device == "cuda" and not facts.get("card"):
        parser.error(f"--device cuda: {facts.get('broken', 'torch sees no GPU here')}")
    try:
        check = Check(told.out.resolve(), facts, device, told.budget)
    except OSError as error:
        parser.error(f"--out {told.out} cannot be written: {error.strerror}")
    return _checked(check, chosen)


def _parser() -> argparse.ArgumentParser:
    parts = "\n".join(f"  {part.name:10}{part.title}" for part in PROGRAMME)
    parser = argparse.ArgumentParser(
        prog="check.sh",
        description="Checks rsbench on this machine; docs/gpu.md says what the tables mean.",
        epilog=f"parts, in this order:\n{parts}\n\n{ENVIRONMENT}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, default=Path("gpu-check"), help="folder of the results [$OUT, gpu-check]")
    parser.add_argument("--device", choices=("auto", "cuda", "cpu"), default="auto", help="what is checked [auto]")
    parser.add_argument(
        "--budget", type=float, default=BUDGET_S, metavar="S", help=f"seconds for all parts together [{BUDGET_S:.0f}]"
    )
    parser.add_argument("--only", default="", metavar="PART,...", help="some parts [all]")
    return parser


def _checked(check: Check, chosen: list[str]) -> int:
    """Run the parts that were chosen, all of them if none was; return the exit code."""
    facts = check.machine
    where = facts.get("broken") or facts["card" if check.device == "cuda" else "cpu"]
    print(f"rsbench on {check.device}: {where}; torch {facts.get('torch') or 'unknown'}", flush=True)
    try:
        for part in PROGRAMME if "broken" not in facts else ():
            check.run(part, wanted=not chosen or part.name in chosen)
    except KeyboardInterrupt:
        print(f"stopped; what was found so far: {check.out / 'results.md'}", flush=True)
        return 128 + signal.SIGINT
    check.finish()
    print(f"{'passed' if check.passed else 'FAILED'}: {check.out / 'results.md'}", flush=True)
    return 0 if check.passed else 1


if __name__ == "__main__":
    sys.exit(main())
