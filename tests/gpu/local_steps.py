"""A law of rounds: those of one step are an exchange at every step, and ranks agree after each."""

from __future__ import annotations

import torch
from findings import Skipped, hold
from handed import MIXED, SMALL_CAP_MB, Dictated, random_gradients
from place import Place
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors import parse
from rsbench.compressors.base.differences import check_differences
from rsbench.errors import RsbenchError
from rsbench.rounds import Rounds

STEPS, RATE = 3, 2.0**-4
NEAR, NEAR_IN_HALF = 1e-5, 2e-3
"""Half precision rounds a difference of parameters, which is not in all bits the gradient times the rate."""


def rounds_of_one_step(place: Place, text: str) -> str:
    """Plain SGD, each step's gradients exchanged, against local steps whose differences are."""
    try:
        check_differences(parse(text))
    except RsbenchError as error:
        raise Skipped(str(error)) from None
    stepped, in_rounds = Dictated(MIXED, place.device), Dictated(MIXED, place.device)
    model, compressor = DistributedDataParallel(stepped, bucket_cap_mb=SMALL_CAP_MB), parse(text)
    compressor.register(model)
    optimizer = torch.optim.SGD(compressor.param_groups(stepped, lr=RATE, momentum=0.0))
    local = torch.optim.SGD(in_rounds.parameters(), lr=RATE)
    rounds = Rounds(in_rounds, local, parse(text), "rounds:1", bucket_cap_mb=SMALL_CAP_MB)
    for step in range(STEPS):
        gradients = random_gradients(MIXED, 1000 * step + place.rank, place.device)
        for net, steps in ((model, optimizer), (in_rounds, local)):
            steps.zero_grad()
            net(gradients).backward()
            steps.step()
        rounds.step()
    pairs = zip(stepped.parameters(), in_rounds.parameters(), strict=True)
    gap = max(float((one - other).detach().abs().max()) for one, other in pairs)
    hold(gap <= (NEAR_IN_HALF if "fp16" in text else NEAR), f"the largest difference is {gap:.1e}")
    return f"{gap:.0e}"
