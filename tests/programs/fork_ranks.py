"""Imports torch and the compressors once, and then becomes the ranks of other programs by forking.

``python fork_ranks.py`` reads one order a line, ``[{"argv": [program, ...], "env": {...}, "output": file}, ...]``, runs
its processes to the end and prints their exit statuses. It starts no thread of its own, so that forks are safe.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import sys
import traceback
from typing import Any, NoReturn

from rsbench.compressors.kernels.dispatch import kernels_in_use

USED = (
    "torch._dynamo",  # the first step of an optimizer imports it
    "rsbench.train.loop",
)
"""Modules that, with the compiled loops, take most of a rank's first seconds."""


def become(process: dict[str, Any]) -> NoReturn:
    """Run a program as the main program of this process, as Python itself would."""
    output = os.open(process["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.environ.update(process["env"])
    sys.argv = process["argv"]
    status = 1
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def serve() -> None:
    """Fork the processes of each order, and answer when all have ended."""
    for line in sys.stdin:
        started = []
        for process in json.loads(line):
            pid = os.fork()
            if pid == 0:
                become(process)
            started.append(pid)
        print(json.dumps([os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in started]), flush=True)


if __name__ == "__main__":
    for name in USED:
        importlib.import_module(name)
    kernels_in_use("auto")
    serve()
