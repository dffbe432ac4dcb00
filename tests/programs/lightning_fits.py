"""Small fits for test_lightning.py, run as ``python lightning_fits.py CASE``; the last line printed is JSON."""

from __future__ import annotations

import hashlib
import json
import logging
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import lightning
import torch
from rank import leave
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from rsbench.compressors import DGC, Compressor
from rsbench.errors import RsbenchError
from rsbench.lightning import CompressGradients


class Net(lightning.LightningModule):
    def __init__(self, compressor: Compressor) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.compressor = compressor
        self.net = nn.Linear(20, 10)

    def training_step(self, batch: list[torch.Tensor], batch_idx: int) -> torch.Tensor:
        return self.net(batch[0]).square().mean()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.compressor.param_groups(self, lr=0.1, momentum=0.9))


class Manual(Net):
    """Backward under no_sync, so that DDP exchanges nothing; with Lightning's optimizer or the bare one."""

    bare = False

    def __init__(self, compressor: Compressor) -> None:
        super().__init__(compressor)
        self.automatic_optimization = False

    def training_step(self, batch: list[torch.Tensor], batch_idx: int) -> None:
        with self.trainer.strategy.model.no_sync():
            self.manual_backward(super().training_step(batch, batch_idx))
        self.optimizers(use_pl_optimizer=not self.bare).step()


class BareManual(Manual):
    bare = True


def fit(
    model: type[Net] = Net, *, epochs: int = 1, resume: Path | None = None, strategy: str = "ddp", devices: int = 1
) -> tuple[lightning.Trainer, str]:
    compressor = DGC(density=0.05)
    net = model(compressor)
    trainer = lightning.Trainer(
        accelerator="cpu", devices=devices, strategy=strategy, max_epochs=epochs,
        callbacks=[CompressGradients(compressor)],
        logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    rng = torch.Generator().manual_seed(0)
    loader = DataLoader(TensorDataset(torch.randn(48, 20, generator=rng)), batch_size=4)
    trainer.fit(net, loader, ckpt_path=resume)
    return trainer, hashlib.sha256(net.net.weight.detach().numpy().tobytes()).hexdigest()


def refusal(*arguments: Any, **keywords: Any) -> str:
    try:
        fit(*arguments, **keywords)
    except RsbenchError as error:
        return str(error)
    return "no error"


def resume() -> dict[str, str]:
    _, straight = fit(epochs=2, devices=2)
    trainer, _ = fit(epochs=1, devices=2)
    folder = [tempfile.mkdtemp() if trainer.global_rank == 0 else ""]
    torch.distributed.broadcast_object_list(folder)
    file, cut = Path(folder[0]) / "whole.ckpt", Path(folder[0]) / "cut.ckpt"
    trainer.save_checkpoint(file)
    _, resumed = fit(epochs=2, devices=2, resume=file)
    if trainer.global_rank == 0:
        checkpoint = torch.load(file, weights_only=True)
        assert [state["rank"] for state in checkpoint["callbacks"].pop("CompressGradients")["ranks"]] == [0, 1]
        torch.save(checkpoint, cut)
    torch.distributed.barrier()
    _, without_state = fit(epochs=2, devices=2, resume=cut)
    return {"straight": straight, "resumed": resumed, "without_state": without_state}


def other_world_size() -> str:
    """A checkpoint of one rank, edited to look as if two had written it."""
    trainer, _ = fit()
    file = Path(tempfile.mkdtemp()) / "edited.ckpt"
    trainer.save_checkpoint(file)
    checkpoint = torch.load(file, weights_only=True)
    states = checkpoint["callbacks"]["CompressGradients"]["ranks"]
    checkpoint["callbacks"]["CompressGradients"]["ranks"] = [{**states[0], "world_size": 2, "rank": r} for r in (0, 1)]
    torch.save(checkpoint, file)
    return refusal(epochs=2, resume=file)


def misuse() -> dict[str, str]:
    return {
        "other_world_size": other_world_size(),
        "no_sync": refusal(Manual),
        "bare_optimizer": refusal(BareManual),
        "not_ddp": refusal(strategy="auto"),
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.getLogger("lightning").setLevel(logging.ERROR)
    found = {"resume": resume, "misuse": misuse}[sys.argv[1]]()
    if torch.distributed.get_rank() == 0:
        print(json.dumps(found))
    torch.distributed.barrier()
    leave()
