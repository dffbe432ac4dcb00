"""RS-DGC under Accelerate: two CPU processes, synthetic images (made up here, no data set).

The model that ``prepare`` returns is a DistributedDataParallel, so ``compressor.register`` takes it as it is::

    torchrun --standalone --nproc-per-node 2 examples/accelerate_two_workers.py

(without MPI, ``accelerate launch --cpu --num_processes 2`` starts one process only). It prints, losses vary a little::

    epoch 0 step 0 loss 1.402 sent 1,776 of 103,952 bytes
    epoch 0 step 20 loss 0.757 sent 1,768 of 103,952 bytes
    epoch 1 step 0 loss 0.621 sent 1,768 of 103,952 bytes
    epoch 1 step 20 loss 0.364 sent 1,768 of 103,952 bytes
"""

import torch
from accelerate import Accelerator
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from rsbench.compressors import RSDGC


def synthetic_images(count: int) -> TensorDataset:
    """Noise of shape [3, 16, 16] whose brightness tells its class, 0 to 3."""
    rng = torch.Generator().manual_seed(0)
    y = torch.randint(4, (count,), generator=rng)
    return TensorDataset(0.5 * torch.randn(count, 3, 16, 16, generator=rng) + (y.view(-1, 1, 1, 1) - 1.5), y)


def main() -> None:
    """Train for two epochs of 30 steps."""
    accelerator = Accelerator(cpu=True)
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 32, 3), nn.ReLU(), nn.Flatten(), nn.Linear(32 * 14 * 14, 4))
    compressor = RSDGC(density=0.01)
    optimizer = torch.optim.SGD(compressor.param_groups(net, lr=0.005, momentum=0.9))
    loader = DataLoader(synthetic_images(1920), batch_size=32, shuffle=True)
    model, optimizer, loader = accelerator.prepare(net, optimizer, loader)
    compressor.register(model)
    for epoch in range(2):
        for step, (x, y) in enumerate(loader):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            accelerator.backward(loss)
            optimizer.step()
            if step % 20 == 0:
                sent = compressor.step_stats()
                accelerator.print(
                    f"epoch {epoch} step {step} loss {loss:.3f} "
                    f"sent {sent['payload_bytes']:,} of {sent['dense_bytes']:,} bytes"
                )
    accelerator.free_memory()


if __name__ == "__main__":
    main()
    torch.distributed.destroy_process_group()  # with no model left, so that gloo's threads are gone before Python is
