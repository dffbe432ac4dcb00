"""What would make the host wait for a GPU, made an error on any device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

OPERATIONS = (
    "aten::_local_scalar_dense",
    "aten::nonzero",
    "aten::masked_select",
    "aten::equal",
    "aten::is_nonzero",
    "aten::bincount",
    "aten::_unique2",
    "aten::unique_dim",
    "aten::repeat_interleave",
)
"""Operations whose result, or its shape, needs a number on the host."""
METHODS = ("item", "tolist", "numpy", "cpu", "__bool__", "__int__", "__float__", "__index__")


class Counting(TorchDispatchMode):
    """Count operations that start a kernel, and refuse those that make the host wait."""

    VIEWS = ("view", "slice", "select", "split", "expand", "unsqueeze", "squeeze", "alias", "as_strided", "t", "detach")

    def __init__(self) -> None:
        super().__init__()
        self.kernels: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func._schema.name
        assert name not in OPERATIONS, f"{name} makes the host wait"
        if name in ("aten::index", "aten::index_put", "aten::index_put_"):
            assert all(index is None or index.dtype != torch.bool for index in args[1]), f"{name} by a mask"
        short = name.removeprefix("aten::")
        if not any(short == view or short.startswith((f"{view}.", f"{view}_")) for view in self.VIEWS) and not (
            short.startswith(("empty", "new_empty", "_unsafe_view", "_reshape"))
        ):
            self.kernels.append(short)
        return func(*args, **(kwargs or {}))


@contextmanager
def no_host_reads(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counting]:
    """Refuse operations and methods that read a number on the host; count the others."""

    def refuse(name: str) -> Any:
        def read(*given: Any, **options: Any) -> Any:
            raise AssertionError(f"Tensor.{name} makes the host wait")

        return read

    with monkeypatch.context() as patch, Counting() as counting:
        for name in METHODS:
            patch.setattr(torch.Tensor, name, refuse(name))
        yield counting
