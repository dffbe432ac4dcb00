"""A callback that puts a compressor to work in Lightning's Trainer; the only module that imports Lightning.

``DDPStrategy(ddp_comm_hook=...)`` registers hooks on CUDA only and ignores them without a word on the CPU; this
callback registers on any device, and stops the run when the hook is not called.
"""

from __future__ import annotations

import io
from typing import Any

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors import Compressor
from rsbench.errors import RsbenchError
from rsbench.measure.gather import gather_bytes

try:
    from lightning.pytorch import Callback
except ModuleNotFoundError:
    try:
        from pytorch_lightning import Callback
    except ModuleNotFoundError as error:
        raise RsbenchError(
            "rsbench.lightning needs Lightning, which is not installed; install it with: pip install 'lightning>=2.6'"
        ) from error


class CompressGradients(Callback):  # type: ignore[misc]  # Lightning is optional, so mypy never follows it
    """Compress the gradients of a ``Trainer(strategy="ddp", callbacks=[CompressGradients(compressor)])``.

    The optimizer must take its parameters from the same compressor, which keeps the momentum of what it compresses::

        def configure_optimizers(self):
            return torch.optim.SGD(compressor.param_groups(self, lr=0.05, momentum=0.9))

    A checkpoint of Lightning's holds the compressor's states of all ranks, since they differ (world size times up to
    twice the model's bytes), and a run with the same world size goes on from them.

    Args:
        compressor: a compressor that is not registered yet; one serves one ``fit``.
        seed: of the compressor's random draws, the same on all ranks.
    """

    def __init__(self, compressor: Compressor, *, seed: int = 0) -> None:
        self.compressor, self._seed = compressor, seed
        self._registered = False
        self._checked = False
        self._saved: list[dict[str, Any]] = []

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        """Register on the wrapped model.

        Raises:
            RsbenchError: the strategy did not wrap the model in DistributedDataParallel, or the compressor serves
                another model, or a checkpoint's state is of another run.
        """
        model = trainer.strategy.model
        if not isinstance(model, DistributedDataParallel):
            raise RsbenchError(
                f"{type(trainer.strategy).__name__} gives no DistributedDataParallel, which gradient compressors need; "
                'use Trainer(strategy="ddp") with two devices or more.'
            )
        scaler = getattr(trainer.precision_plugin, "scaler", None)  # of precision="16-mixed"
        self.compressor.register(model, scaler=scaler, seed=self._seed)
        self._registered = True
        if self._saved:
            # Of another world size, any rank's state will do: the compressor refuses it and says why.
            self.compressor.load_state_dict(self._saved[dist.get_rank() % len(self._saved)])
            self._saved = []

    def on_before_optimizer_step(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
        """Stop before the first step that would be taken with gradients that nobody exchanged."""
        self._check()

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Check at the end too: Lightning sees no steps of a bare optimizer in manual optimization."""
        self._check()

    def _check(self) -> None:
        if self._checked:
            return
        try:
            self.compressor.step_stats()
        except RsbenchError as error:
            raise RsbenchError(
                f"The {self.compressor.name} compressor's hook was not called by the time of an optimizer step, so no "
                "gradient was exchanged; run forward and backward through the Trainer's model and outside no_sync()."
            ) from error
        self._checked = True

    def state_dict(self) -> dict[str, Any]:
        """Return every rank's state on rank 0, which writes the checkpoint; a collective call, as saving one is."""
        if not self._registered:
            return {}
        mine = io.BytesIO()
        torch.save(self.compressor.state_dict(), mine)
        every = gather_bytes(mine.getvalue())
        if dist.get_rank() != 0:
            return {"ranks": None}
        return {"ranks": [torch.load(io.BytesIO(state), map_location="cpu", weights_only=True) for state in every]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep the states until the model is wrapped."""
        self._saved = state_dict["ranks"]
