"""The compression ratio that was asked for against the one that real hooks sent, and the largest difference.

    python tests/programs/asked_and_sent.py [--found FILE] [--models M,M] [--ratios R,R] [--compressors TEXT TEXT ...]

Trains real networks for 20 steps on made-up pictures and adds up what the hooks hand to collectives. One process is
enough: payload is counted at the call, and a message's size follows from its plan alone, so it is the same on all ranks
and at every world size (``torchrun --nproc-per-node 2`` on this file shows that). FILE keeps what was found, and a
second run goes on from there. Needs a few minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import torch
import torch.distributed as dist
from rank import leave
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors import parse
from rsbench.errors import RsbenchError
from rsbench.measure.asked_ratio import TOLERANCE, difference
from rsbench.measure.older_torch import no_buffer_sync
from rsbench.planning import byte_matching, probe_worker
from rsbench.planning.probe import ModelFacts
from rsbench.tasks import TASKS

STEPS: Final = 20
SAMPLES: Final = 2
MODELS: Final[dict[str, tuple[str, dict[str, int], int]]] = {
    "fusion-cnn": ("pixels", {"classes": 15, "hsi_bands": 144, "aux_channels": 1}, 11),
    "aae": ("targets", {"bands": 64}, 1),
    "smallvgg": ("scenes", {"classes": 21}, 64),
    "mobilenet_v2": ("scenes", {"classes": 21}, 64),
    "resnet18": ("scenes", {"classes": 21}, 64),
}
COMPRESSORS: Final = (
    "topk",
    "topk:values=fp16,one_d=select",
    "randomk:one_d=select",
    "blocktopk:neighborhood=tile,p=16",
    "dgc:warmup_steps=2",
    "rsdgc:update_steps=5",
    "rsdgc:policy=lamp,update_steps=1,one_d=select,p=5",
    "rsdgc:ceiling=0.2,update_steps=7,floor=0",
)
RATIOS: Final = (10.0, 100.0, 500.0)


def facts_of(model: str) -> ModelFacts:
    task, inputs, size = MODELS[model]
    answer = probe_worker.model_facts(task=task, model=model, inputs=inputs, image_size=size, weights=None)
    networks = {n: {k: tuple(s) for k, s in shapes.items()} for n, shapes in answer.pop("networks").items()}
    return ModelFacts(networks=networks, **answer)


def networks_of(model: str) -> dict[str, nn.Module]:
    task, inputs, size = MODELS[model]
    torch.manual_seed(0)
    networks: dict[str, nn.Module] = TASKS[task].build(model, inputs, image_size=size)
    return networks


def sent_ratios(text: str, model: str, steps: int = STEPS, cap_mb: float = 25.0) -> dict[str, float]:
    """Train for some steps; the ratios of payload and of modelled wire bytes over them."""
    task, inputs, size = MODELS[model]
    kind, networks = TASKS[task], networks_of(model)
    models, compressors, optimizers = {}, {}, {}
    for name, network in networks.items():
        models[name] = DistributedDataParallel(network, bucket_cap_mb=cap_mb, **no_buffer_sync())
        compressors[name] = parse(text)
        compressors[name].register(models[name])
        groups = compressors[name].param_groups(network, lr=0.001, momentum=0.9)
        optimizers[name] = torch.optim.SGD(groups)
    payload = dense = 0
    for step in range(steps):
        torch.manual_seed(step)
        example = kind.example(inputs, image_size=size, samples=SAMPLES)
        batch = tuple(torch.rand_like(part) if part.is_floating_point() else part for part in example)
        for name, loss in kind.losses(models, batch):
            loss.backward()
            stats = compressors[name].step_stats()
            payload, dense = payload + stats["payload_bytes"], dense + stats["dense_bytes"]
            nn.utils.clip_grad_norm_(networks[name].parameters(), 1.0)
            optimizers[name].step()
            optimizers[name].zero_grad()
    return {"sent": dense / payload}


def case(text: str, model: str, ratio: float) -> dict[str, Any]:
    """Match, train, compare; what is refused says why."""
    facts = facts_of(model)
    sizes: dict[str, Any] = {"workers": 2, "steps": STEPS}
    try:
        matched = byte_matching.match_bytes(parse(text), facts, ratio=ratio, match="payload", **sizes)
    except RsbenchError as refusal:
        return {"refused": str(refusal)}
    estimate = byte_matching.estimate(matched, facts, batch_size=SAMPLES, **sizes)
    return {"run": matched.text, "planned": estimate.compression_ratio, **sent_ratios(matched.text, model)}


def cases(arguments: argparse.Namespace) -> Iterator[tuple[str, dict[str, Any]]]:
    kept = arguments.found.read_text().splitlines() if arguments.found and arguments.found.exists() else []
    known = dict(json.loads(line) for line in kept)
    for model in arguments.models.split(","):
        for text in arguments.compressors:
            for ratio in map(float, arguments.ratios.split(",")):
                key = f"{model} {text} {ratio:g}x"
                if key not in known:
                    known[key] = case(text, model, ratio)
                    if arguments.found and dist.get_rank() == 0:
                        with arguments.found.open("a") as file:
                            file.write(json.dumps([key, known[key]]) + "\n")
                yield key, {**known[key], "asked": ratio}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--found", type=Path, help="file that keeps what was found")
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--ratios", default=",".join(f"{ratio:g}" for ratio in RATIOS))
    parser.add_argument("--compressors", nargs="+", default=COMPRESSORS)
    arguments = parser.parse_args()
    if "RANK" in os.environ:
        dist.init_process_group("gloo")
    else:
        store = Path(tempfile.mkdtemp()) / "store"
        dist.init_process_group("gloo", init_method=f"file://{store}", rank=0, world_size=1)
    largest, where, refused = 0.0, "nothing", 0
    for key, found in cases(arguments):
        if "refused" in found:
            refused += 1
            line = f"{key}: refused: {found['refused']}"
        else:
            miss = difference(found["asked"], found["sent"])
            if abs(miss) > abs(largest):
                largest, where = miss, key
            mark = "" if abs(miss) <= TOLERANCE else "  <-- off"
            line = f"{key}: planned {found['planned']:.2f}x, sent {found['sent']:.2f}x ({100 * miss:+.2f} %){mark}"
        if dist.get_rank() == 0:
            print(line, flush=True)
    if dist.get_rank() == 0:
        print(f"Largest difference: {100 * largest:+.2f} % ({where}). {refused} refused as out of reach.")
    leave()


if __name__ == "__main__":
    main()
