"""DiLoCo with RS-DGC in a plain loop: two CPU processes, synthetic images (made up here, no data set).

Each process trains its bare network; after every 15 steps the parameter difference goes through the compressor::

    torchrun --standalone --nproc-per-node 2 examples/rounds_two_workers.py

It prints, losses vary a little::

    round 1 loss 0.144 sent 1,776 of 103,952 bytes
    round 2 loss 0.059 sent 1,768 of 103,952 bytes
    round 3 loss 0.040 sent 1,768 of 103,952 bytes
    round 4 loss 0.006 sent 1,768 of 103,952 bytes
    ranks equal: True
"""

import torch
import torch.distributed as dist
from torch import nn

from rsbench.compressors import RSDGC
from rsbench.rounds import Rounds


def synthetic_batch() -> tuple[torch.Tensor, torch.Tensor]:
    """Noise of shape [32, 3, 16, 16] whose brightness tells its class, 0 to 3."""
    y = torch.randint(4, (32,))
    return 0.5 * torch.randn(32, 3, 16, 16) + (y.view(-1, 1, 1, 1) - 1.5), y


def main() -> None:
    """Train for 62 steps."""
    torch.manual_seed(dist.get_rank())  # each rank its own data; Rounds starts all with rank 0's weights
    net = nn.Sequential(nn.Conv2d(3, 32, 3), nn.ReLU(), nn.Flatten(), nn.Linear(32 * 14 * 14, 4))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.005, momentum=0.9)
    rounds = Rounds(net, optimizer, RSDGC(density=0.01), "diloco:15")
    for _ in range(62):
        x, y = synthetic_batch()
        loss = nn.functional.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if rounds.step() and dist.get_rank() == 0:  # a round has ended: all ranks have the same parameters
            sent = rounds.compressor.step_stats()
            print(
                f"round {rounds.done} loss {loss:.3f} sent {sent['payload_bytes']:,} of {sent['dense_bytes']:,} bytes"
            )
    rounds.finish()  # the last round is a short one
    every: list[list[list[float]]] = [[]] * dist.get_world_size()
    dist.all_gather_object(every, [p.tolist() for p in net.parameters()])
    if dist.get_rank() == 0:
        print("ranks equal:", all(other == every[0] for other in every))


if __name__ == "__main__":
    dist.init_process_group("gloo")  # "nccl" on GPUs
    main()
    dist.destroy_process_group()  # once networks and compressor are gone: gloo's threads must not outlive Python
