"""The random generators that a rank shares with what it imports: torch's, numpy's and Python's."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch


def random_state(device: torch.device) -> dict[str, Any]:
    """Return where the generators stand; :func:`set_random_state` takes it."""
    _, numbers, position, has_normal, normal = np.random.get_state()
    version, words, gauss = random.getstate()
    state: dict[str, Any] = {"torch": torch.get_rng_state()}
    state["numpy"] = {
        "numbers": torch.from_numpy(np.asarray(numbers, dtype=np.int64)),
        "position": [int(position), int(has_normal), float(normal)],
    }
    state["python"] = {"version": version, "words": torch.tensor(words, dtype=torch.int64), "gauss": gauss}
    if device.type == "cuda":  # not run on a GPU by us so far
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def set_random_state(state: dict[str, Any], device: torch.device) -> None:
    """Put the generators back to where they stood."""
    torch.set_rng_state(state["torch"])
    numbers = state["numpy"]["numbers"].numpy().astype(np.uint32)
    position, has_normal, normal = state["numpy"]["position"]
    np.random.set_state(("MT19937", numbers, position, has_normal, normal))
    python = state["python"]
    random.setstate((python["version"], tuple(python["words"].tolist()), python["gauss"]))
    if device.type == "cuda":
        torch.cuda.set_rng_state(state["cuda"], device)
