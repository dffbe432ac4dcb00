"""Gradient compressors as DDP communication hooks, and the table of them.

Importing this package does not import torch; putting a compressor to work does::

    from rsbench.compressors import RSDGC

    compressor = RSDGC(density=0.001)
    model = DistributedDataParallel(net)
    compressor.register(model)
    optimizer = torch.optim.SGD(compressor.param_groups(net, lr=0.1, momentum=0.9, weight_decay=1e-4))
"""

from __future__ import annotations

import dataclasses

if __name__ != "rsbench.compressors":
    raise ImportError(
        f"This folder was imported as {__name__!r}; import rsbench.compressors instead, and do not put the folder "
        "above it on sys.path."
    )

from rsbench.compressors.base import options
from rsbench.compressors.base.compressor import Compressor
from rsbench.compressors.base.momentum import MomentumCompressor
from rsbench.compressors.base.options import option
from rsbench.compressors.base.quantized import QuantizedCompressor
from rsbench.compressors.base.sparse import SparseCompressor
from rsbench.compressors.blocktopk import BlockTopK
from rsbench.compressors.dgc import DGC
from rsbench.compressors.fp16 import FP16
from rsbench.compressors.gcc import GCC
from rsbench.compressors.none import NoCompression
from rsbench.compressors.noop import Noop
from rsbench.compressors.powersgd import PowerSGD
from rsbench.compressors.qsgd import QSGD
from rsbench.compressors.randomk import RandomK
from rsbench.compressors.rs_dgc import RSDGC
from rsbench.compressors.signsgd import SignSGD
from rsbench.compressors.topk import TopK
from rsbench.errors import RsbenchError, did_you_mean
from rsbench.plugins import refuse_broken, table_with_plugins

__all__ = [
    "COMPRESSORS",
    "DGC",
    "FP16",
    "GCC",
    "QSGD",
    "RSDGC",
    "BlockTopK",
    "Compressor",
    "MomentumCompressor",
    "NoCompression",
    "Noop",
    "PowerSGD",
    "QuantizedCompressor",
    "RandomK",
    "SignSGD",
    "SparseCompressor",
    "TopK",
    "option",
    "parse",
]

PLUGINS = "rsbench.compressors"
"""Entry-point group of compressors that other packages bring."""

COMPRESSORS: dict[str, type[Compressor]] = table_with_plugins(
    PLUGINS,
    {
        cls.name: cls
        for cls in (NoCompression, FP16, Noop, RandomK, TopK, BlockTopK, DGC, RSDGC, GCC, PowerSGD, QSGD, SignSGD)
    },
    Compressor,
)
"""Name on the command line -> class, plug-ins of the entry-point group ``rsbench.compressors`` included."""


def is_ours(text: str) -> bool:
    """Tell whether the compressor that a text names is rsbench's own, and no plug-in's.

    Raises:
        RsbenchError: unknown name or option.
    """
    return type(parse(text)).__module__.partition(".")[0] == __name__.partition(".")[0]


def parse(text: str) -> Compressor:
    """Build a compressor from ``name[:key=value,...]``, as ``--compressor`` takes it.

    Raises:
        RsbenchError: unknown name or option (with a suggestion), or a value out of range.
    """
    name, _, rest = text.strip().partition(":")
    if name not in COMPRESSORS:
        refuse_broken(PLUGINS, name)
        words = name.split()
        if len(words) > 1 and all(word in COMPRESSORS for word in words):
            raise RsbenchError(f"{name!r} is no compressor: separate values with commas: {','.join(words)}.")
        raise RsbenchError(f"There is no compressor {name!r}.{did_you_mean(name, COMPRESSORS)}")
    cls = COMPRESSORS[name]
    fields = {field.name: field for field in dataclasses.fields(cls)}
    values = {}
    for pair in filter(None, rest.split(",")):
        key, equals, value = (part.strip() for part in pair.partition("="))
        if not equals:
            raise RsbenchError(f"{text!r}: {pair!r} is not key=value; write {name}:key=value,key=value.")
        if key not in fields:
            known = did_you_mean(key, fields) if fields else " It has none."
            raise RsbenchError(f"The compressor {name} has no option {key!r}.{known}")
        if key in values:
            raise RsbenchError(f"{text!r} gives {key!r} twice; give it once.")
        values[key] = options.read(name, fields[key], value)
    compressor = cls(**values)
    compressor.setting_given = cls.setting in values
    return compressor
