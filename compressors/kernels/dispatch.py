"""Which implementation runs: compiled where it can, torch operations everywhere else."""

from __future__ import annotations

import contextlib
import functools
import importlib
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from rsbench.compressors.memory.error_feedback import ErrorFeedback, NoMemory
from rsbench.compressors.selection.scores import Score
from rsbench.compressors.selection.selectors import RandomSelector, SampledSelector, Selector
from rsbench.compressors.selection.threshold_pass import ThresholdPass, eager_threshold_pass
from rsbench.errors import RsbenchError
from rsbench.measure.heartbeat import beat
from rsbench.paths import cache_root

if TYPE_CHECKING:
    from rsbench.compressors.kernels.bucket import BucketKernels

_PATIENCE_S = 120.0
"""How long a process waits for another that compiles, before it compiles by itself."""
_NO_CACHE = "cannot cache function"
"""What numba says where it finds no folder that it may write its cache to."""
_log = logging.getLogger(__name__)


def choose_threshold_pass(wanted: str) -> ThresholdPass:
    """Return the pass that an option ``kernels`` asks for.

    Args:
        wanted: ``auto`` takes compiled loops where numba works, ``compiled`` insists on them, ``eager`` takes torch.

    Raises:
        RsbenchError: ``compiled`` without a numba that works.
    """
    if wanted == "eager":
        return eager_threshold_pass
    compiled, reason = _compiled()
    if compiled is None and wanted == "compiled":
        raise RsbenchError(
            f"kernels=compiled needs numba, which does not work here ({reason}); run pip install 'rsbench[fast]', or "
            "leave that option out."
        )
    return compiled or eager_threshold_pass


def choose_bucket_kernels(
    wanted: str, memory: NoMemory, selector: Selector, score: Score, masking_density: float
) -> BucketKernels | None:
    """Return the compiled calls for whole buckets, which serve a residual with a sampled or a random selector."""
    if choose_threshold_pass(wanted) is eager_threshold_pass:
        return None
    if not isinstance(memory, ErrorFeedback) or not memory.places:
        return None
    from rsbench.compressors.kernels.bucket import BucketKernels, DrawnKernels  # late: numba may be missing

    if isinstance(selector, RandomSelector):
        return DrawnKernels(memory, selector)
    return (
        BucketKernels(memory, selector.hints, score, masking_density) if isinstance(selector, SampledSelector) else None
    )


def kernels_in_use(wanted: str) -> str:
    """Return ``compiled`` or ``eager``, whichever an option asks for on this machine."""
    return "eager" if choose_threshold_pass(wanted) is eager_threshold_pass else "compiled"


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let one process of this machine compile; the others then load what it left in numba's cache.

    Without filelock they compile side by side.
    """
    beat("compile loops")
    try:
        filelock = importlib.import_module("filelock")
    except ModuleNotFoundError:
        yield
        return
    lock = filelock.FileLock(
        Path(tempfile.gettempdir()) / f"rsbench-numba-{os.getuid() if hasattr(os, 'getuid') else 0}.lock"
    )
    with contextlib.suppress(OSError, filelock.Timeout):
        lock.acquire(timeout=_PATIENCE_S)
    try:
        yield
    finally:
        lock.release()


def _loops() -> ModuleType:
    """Import and try out the compiled loops; return the module of those of one tensor."""
    module = importlib.import_module("rsbench.compressors.kernels.tensor")
    module.try_out()
    importlib.import_module("rsbench.compressors.kernels.bucket").try_out()
    return module


def with_a_cache(load: Callable[[], ModuleType]) -> ModuleType:
    """Load compiled loops; where numba may write neither beside them nor at home, below rsbench's own cache.

    Raises:
        RsbenchError: that cannot be written either.
    """
    try:
        return load()
    except RuntimeError as error:
        if _NO_CACHE not in str(error):
            raise
    config: Any = importlib.import_module("numba").config

    folder = cache_root() / "numba"
    before, config.CACHE_DIR = config.CACHE_DIR, str(folder)
    try:
        return load()
    except RuntimeError as error:
        config.CACHE_DIR = before
        if _NO_CACHE not in str(error):
            raise
        raise RsbenchError(
            f"numba may write its cache neither beside rsbench nor in the home folder nor in {folder}: set "
            "NUMBA_CACHE_DIR or RSBENCH_CACHE to a folder that can be written"
        ) from error


def loaded(load: Callable[[], ModuleType]) -> tuple[ModuleType | None, str]:
    """Return the module of compiled loops that ``load`` tries out, and an empty string; or None and why numba fails."""
    try:
        with one_at_a_time():
            return with_a_cache(load), ""
    except ModuleNotFoundError:
        return None, "it is not installed"
    except Exception as error:  # whatever a compiler can raise: the torch operations do the same work
        _log.warning("rsbench: numba fails here (%s); torch operations take over, more slowly.", error)
        return None, str(error).splitlines()[0] if str(error) else type(error).__name__


@functools.cache
def _compiled() -> tuple[ThresholdPass | None, str]:
    """Return the compiled pass and an empty string, or None and why not; it is tried once in a process."""
    module, reason = loaded(_loops)
    threshold_pass: ThresholdPass | None = module and module.compiled_threshold_pass
    return threshold_pass, reason
