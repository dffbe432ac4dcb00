"""What people do to a model with a hook, as small cases; each prints what happens on each rank.

torchrun --nproc-per-node 2 tests/programs/hook_cases.py sparse|deepcopy|adamw[,CASE ...] [SPEC ...]

HOOK_CASES_STORE names a file where ranks meet without torchrun.
"""

from __future__ import annotations

import copy
import datetime
import itertools
import os
import sys
import warnings
from typing import Any

import torch
import torch.distributed as dist
from rank import leave
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors import Compressor, parse


def sparse(compressor: Compressor, rank: int) -> None:
    """Train an embedding whose gradient is sparse."""
    network = nn.Sequential(nn.Embedding(50, 8, sparse=True), nn.Flatten(), nn.Linear(24, 4))
    model = DistributedDataParallel(network)
    compressor.register(model)
    optimizer = torch.optim.SGD(compressor.param_groups(network, lr=0.1))
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(torch.randint(50, (8, 3))), torch.randint(4, (8,))).backward()
    optimizer.step()
    print(rank, "trained")


def deepcopy(compressor: Compressor, rank: int) -> None:
    """Copy a model with a hook in the three ways in which people do; train the copy without registering anew."""
    model = DistributedDataParallel(nn.Linear(20, 4))
    compressor.register(model)
    ways: dict[str, Any] = {
        "AveragedModel(ddp)": torch.optim.swa_utils.AveragedModel,
        "deepcopy(ddp)": copy.deepcopy,
        "torch.save(ddp)": lambda m: torch.save(m, "/dev/null"),
    }
    for name, way in ways.items():
        way(model)
        print(rank, compressor.name, name, "works")
    copied = copy.deepcopy(model)
    try:
        copied(torch.ones(2, 20)).sum().backward()
    except Exception as error:  # what a user would see
        print(rank, compressor.name, "deepcopy(ddp) backward", type(error).__name__, error)


def adamw(compressor: Compressor, rank: int) -> None:
    """Give groups that are made for SGD to AdamW; SPEC is a compressor that keeps momentum."""
    network = nn.Linear(20, 4)
    compressor.register(DistributedDataParallel(network))
    groups = compressor.param_groups(network, lr=1e-3, momentum=0.9, weight_decay=0.1)
    print(rank, "weight_decay of AdamW:", [g["weight_decay"] for g in torch.optim.AdamW(groups).param_groups])


warnings.filterwarnings("ignore")
cases, texts = sys.argv[1].split(","), sys.argv[2:] or ["topk:density=0.1"]
store = os.environ.get("HOOK_CASES_STORE")
place = {"init_method": f"file://{store}", "rank": int(os.environ["RANK"]), "world_size": int(os.environ["WORLD_SIZE"])}
dist.init_process_group("gloo", timeout=datetime.timedelta(seconds=25), **(place if store else {}))
for case, text in itertools.product(cases, texts):
    torch.manual_seed(0)
    try:
        {"sparse": sparse, "deepcopy": deepcopy, "adamw": adamw}[case](parse(text), dist.get_rank())
    except Exception as error:  # what a user would see, on each rank
        print(dist.get_rank(), text.partition(":")[0], type(error).__name__, error)
leave()
