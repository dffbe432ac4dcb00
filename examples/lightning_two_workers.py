"""RS-DGC under Lightning: two CPU processes, synthetic images (made up here, no data set).

The callback registers the compressor once Lightning has wrapped the model, and stops the run if it is not used.
``python examples/lightning_two_workers.py`` prints, among Lightning's own lines::

    epoch 0 step 0 loss 1.449 sent 1,776 of 103,952 bytes
    ...
    epoch 1 step 20 loss 0.238 sent 1,768 of 103,952 bytes
"""

import lightning
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from rsbench.compressors import RSDGC
from rsbench.lightning import CompressGradients


def synthetic_images(count: int) -> TensorDataset:
    """Noise of shape [3, 16, 16] whose brightness tells its class, 0 to 3."""
    rng = torch.Generator().manual_seed(0)
    y = torch.randint(4, (count,), generator=rng)
    return TensorDataset(0.5 * torch.randn(count, 3, 16, 16, generator=rng) + (y.view(-1, 1, 1, 1) - 1.5), y)


class Scenes(lightning.LightningModule):
    """A small network that trains with a compressor."""

    def __init__(self, compressor: RSDGC) -> None:
        super().__init__()
        self.compressor = compressor
        self.net = nn.Sequential(nn.Conv2d(3, 32, 3), nn.ReLU(), nn.Flatten(), nn.Linear(32 * 14 * 14, 4))

    def training_step(self, batch: list[torch.Tensor]) -> torch.Tensor:
        """Cross-entropy of a batch."""
        return nn.functional.cross_entropy(self.net(batch[0]), batch[1])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """SGD; the compressor keeps the momentum of what it compresses."""
        return torch.optim.SGD(self.compressor.param_groups(self, lr=0.005, momentum=0.9))

    def on_train_batch_end(self, outputs: dict[str, torch.Tensor], batch: list[torch.Tensor], batch_idx: int) -> None:
        """Say how it goes."""
        if batch_idx % 20 == 0:
            s = self.compressor.step_stats()
            loss = f"epoch {self.current_epoch} step {batch_idx} loss {outputs['loss']:.3f}"
            self.print(f"{loss} sent {s['payload_bytes']:,} of {s['dense_bytes']:,} bytes")


if __name__ == "__main__":
    lightning.seed_everything(0)
    compressor = RSDGC(density=0.01)
    trainer = lightning.Trainer(
        accelerator="cpu", devices=2, strategy="ddp", max_epochs=2, callbacks=[CompressGradients(compressor)],
        logger=False, enable_checkpointing=False, enable_progress_bar=False,
    )  # fmt: skip
    trainer.fit(Scenes(compressor), DataLoader(synthetic_images(1920), batch_size=32, shuffle=True))
