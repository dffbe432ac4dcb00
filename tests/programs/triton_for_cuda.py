"""Triton's kernels compiled for a GPU that is not there: down to its machine code, without running them.

Writes name of a kernel -> "" or what went wrong, as JSON.
"""

from __future__ import annotations

import json
import traceback
from typing import Any

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from rsbench.compressors.device import triton_kernels as kernels
from rsbench.compressors.device import triton_message_kernels as message_kernels
from rsbench.compressors.message.checksum import GOLDEN

TARGET = GPUTarget("cuda", 80, 32)
F, L, W, H, B = "*fp32", "*i64", "*i32", "*i16", "*u8"
RUN = {"CHUNK": 4096}
CASES: list[tuple[str, list[str], dict[str, Any]]] = [
    ("check", [F, L, L, W], RUN),
    *(("take_in", [F, F, F, F, L, L, W, W, "i32", "fp32"], {"RULE": rule, **RUN}) for rule in range(3)),
    ("statistics", [F, F, F, F, L, L, L], {"L2": False, "SECOND": 2, "PER": 256, "WIDTH": 16}),
    ("statistics", [F, F, F, F, L, L, L], {"L2": True, "SECOND": 0, "PER": 1, "WIDTH": 4096}),
    ("combine", [F, F, F, L, L, L, "fp32"], {"NORM": True, "TWO": True, **RUN}),
    ("combine", [F, F, F, L, L, L, "fp32"], {"NORM": False, "TWO": False, **RUN}),
    *(("histogram", [F, F, L, L, W, W], {"SHIFT": s, "BITS": b, **RUN}) for s, b in ((20, 11), (10, 10), (0, 10))),
    *(("pick", [W, L, W], {"FIRST": first, "BITS": bits}) for first, bits in ((True, 11), (False, 10))),
    ("count", [F, F, L, L, W, W, "i32"], RUN),
    ("collect", [F, F, L, L, W, W, W, "i32", L, L, L], RUN),
    *(("send", [F, F, F, L, L, L, L], {"HAS_U": has, **RUN}) for has in (True, False)),
    ("fillers", [L, L, L, "i32"], {"FILLER": 65535, **RUN}),
    ("encode", [L, L, L, L, L, L, L, W, H, "i32"], {"FILLER": 65535, **RUN}),
    ("checksum_parts", [W, L, "i32"], {"GOLDEN": GOLDEN, **RUN}),
    ("checksum", [L, W, "i32"], RUN),
    ("unpack", [B, H, L, L, L, "i32", "i32"], {"FILLER": 65535, **RUN}),
    ("place", [B, W, L, L, L, L, L, W, "i32", "i32", "i32"], RUN),
    ("add", [F, F, L, W, L, L, "fp32"], RUN),
]


def compiled(name: str, types: list[str], constants: dict[str, Any]) -> str:
    """Compile one kernel with these types of its arguments; return what went wrong."""
    kernel: Any = getattr(kernels, name, None) or getattr(message_kernels, name)
    signature = dict(zip(kernel.arg_names, [*types, *["constexpr"] * len(constants)], strict=True))
    try:
        made = triton.compile(ASTSource(kernel, signature, constants), TARGET, {"enable_fp_fusion": False})
        assert made.asm["ptx"]
    except Exception:
        return traceback.format_exc()
    return ""


if __name__ == "__main__":
    print(json.dumps({f"{name} {constants}": compiled(name, types, constants) for name, types, constants in CASES}))
