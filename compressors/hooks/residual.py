"""What hooks that keep a residual share: its memory, what comes back to it, and gradients that are not finite."""

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch._C._distributed_c10d import GradBucket
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors.blocks.layout import Layout
from rsbench.compressors.blocks.tensor_ops import Blocks, blocks_of
from rsbench.compressors.device.late_read import LateRead
from rsbench.compressors.hooks.base import Hook
from rsbench.compressors.memory.error_feedback import Indices, NoMemory
from rsbench.compressors.memory.undo import UndoLog
from rsbench.compressors.message.message import OK
from rsbench.errors import NotFiniteError, RsbenchError
from rsbench.measure import collectives

_PARAMETER_DTYPES = (torch.float32, torch.float16, torch.bfloat16)


def damaged(sender: str, step: int) -> RsbenchError:
    """Return what every rank says of a message that no encoder wrote."""
    return RsbenchError(
        f"The message of {sender} in step {step} is damaged or of another plan; check the network, and that all "
        "ranks run the same version of rsbench."
    )


@contextlib.contextmanager
def flat_average(gradient: torch.Tensor) -> Iterator[torch.Tensor]:
    """Give flat float32 zeros in the place of a gradient that is all zeros; what is added to them stands there."""
    direct = gradient.is_contiguous() and gradient.dtype == torch.float32
    flat = gradient.view(-1) if direct else gradient.new_zeros(gradient.numel(), dtype=torch.float32)
    yield flat
    if not direct:
        gradient.copy_(flat.view(gradient.shape))


class ResidualHook(Hook):
    """A hook whose compressed tensors have a memory.

    Args:
        model: the wrapped network.
        identity: of the compressor.
        layout: shape -> layout of the tensor.
        memory: builds the residual from the compressed parameters.

    Attributes:
        layouts: tensor name -> how it is cut.
        blocks: tensor name -> operations on its blocks.
        compressed: names of the tensors that are not always sent whole.
        memory: what this rank has not sent.
        senders: gradients that are averaged, one a rank where nothing is summed before.
        reads_late: whether faults are read on the host one step late, so that it does not wait: away from CPUs.
    """

    def __init__(
        self,
        model: DistributedDataParallel,
        identity: str,
        layout: Callable[[tuple[int, ...]], Layout],
        memory: Callable[[dict[str, torch.Tensor]], NoMemory],
    ) -> None:
        super().__init__(model, identity)
        for name, parameter in self.parameters.items():
            if parameter.dtype not in _PARAMETER_DTYPES:
                raise RsbenchError(
                    f"Parameter {name!r} is {str(parameter.dtype).removeprefix('torch.')}, but residuals are kept in "
                    "float32; use parameters in float32, bfloat16 or float16."
                )
        self.layouts = {n: layout(tuple(p.shape)) for n, p in self.parameters.items()}
        for name, parameter in self.parameters.items():
            if parameter.dtype != torch.float32 and not self.layouts[name].scaled:
                self.layouts[name] = self.layouts[name].with_values(2, scaled=False)
        self.blocks: dict[str, Blocks] = {n: blocks_of(layout) for n, layout in self.layouts.items()}
        self.compressed = [n for n, layout in self.layouts.items() if layout.compressed]
        self.memory = memory({n: self.parameters[n].detach() for n in self.compressed})
        self._undo = UndoLog(self.memory, self.blocks)
        self._may_rest = bool(model.find_unused_parameters)
        self._overflowed = False
        self.senders = self.workers
        self.reads_late = self.device.type != "cpu"
        self._late: list[tuple[int, Sequence[str], LateRead]] = []

    def sender(self, row: int) -> str:
        """Return whose gradient is the so-manieth that is averaged, for sentences."""
        return f"rank {row}"

    def begin_step(self) -> None:
        """Take back what a skipped step sent; read what was left to be read without making the host wait."""
        self._settle()
        self._undo.clear()

    # --- what leaves the memory, and what comes back -----------------------------------------------------------

    def clear_sent(
        self, name: str, index: Indices, chosen: torch.Tensor, error: torch.Tensor | None, *, mask: bool = False
    ) -> None:
        """Clear what is sent from the memory; what rounding or a quantizer left out of it stays in v.

        Args:
            name: of the tensor.
            index: of the blocks that are sent.
            chosen: what v holds there, float32 [k, block], or [n] for the whole tensor.
            error: ``chosen`` less what receivers read; None where they read the same.
            mask: whether u is cleared too.
        """
        if self.may_come_back:
            self._undo.record(name, index, chosen.clone() if error is None else chosen - error, mask=mask)
        self.memory.clear(name, self.blocks[name], index, mask=mask)
        if error is not None:
            self.memory.add("v", name, self.blocks[name], index, error)

    @property
    def may_come_back(self) -> bool:
        """Whether what is sent may not be applied: a scaler can skip a step, and a tensor may rest on all ranks."""
        return self.scaler is not None or self._may_rest

    def watch_resting(self, bucket: GradBucket) -> None:
        """Arrange in each hook call that, after the last, what tensors that rest on all ranks sent comes back."""
        if bucket.is_last() and self._may_rest:
            self._after_backward(self._take_back_resting)

    def _after_backward(self, then: Callable[[], None]) -> None:
        """Call a function once DDP has set the gradients; DDP queues its own callback after our first one."""
        engine = torch.autograd.Variable._execution_engine
        engine.queue_callback(lambda: engine.queue_callback(then))

    def _take_back_resting(self) -> None:
        """Put back what was sent of tensors that no rank used, whose ``grad`` DDP leaves None."""
        self._undo.undo(name for name in self._undo if self.parameters[name].grad is None)

    def _settle(self) -> None:
        """Read late faults; put back all that a step sent if the scaler skipped it, so that nothing was applied."""
        late, self._late = self._late, []
        for step, names, faults in late:
            self._overflowed |= self._refuse(faults.tolist(), names, step)
        if self._overflowed:
            self._overflowed = False
            self.take_back()

    def take_back(self) -> None:
        """Put back all that this step sent."""
        self._undo.undo(self._undo)

    # --- gradients that are not finite -------------------------------------------------------------------------

    def status_of(self, buffer: torch.Tensor, tensors: list[tuple[str, torch.Tensor]]) -> torch.Tensor | int:
        """Return ``OK``, or 1 + the position of the first tensor with inf or nan, before anything is accumulated.

        On a GPU a tensor, without host synchronisation, and the whole bucket becomes 0, which keeps the memory clean.
        Without a memory always ``OK``: there is nothing to poison, and inf and nan pass on as with plain DDP.
        """
        if not self.memory.state():
            return OK
        if not self.reads_late:
            if math.isfinite(float(buffer.sum(dtype=torch.float32))):
                return OK
            bad = (i for i, (_, gradient) in enumerate(tensors) if not bool(gradient.isfinite().all()))
            return next((1 + i for i in bad), OK)
        finite = torch.stack(torch._foreach_norm([g for _, g in tensors], torch.inf)).isfinite()
        sound = finite.all()
        buffer.masked_fill_(~sound, 0.0)
        return torch.where(sound, 0, 1 + finite.to(torch.int32).argmin())

    def share_status(
        self, bucket: GradBucket, tensors: list[tuple[str, torch.Tensor]]
    ) -> tuple[torch.futures.Future[torch.Tensor], torch.Tensor, torch.Tensor | int]:
        """Start to tell all ranks, for hooks whose sum has no room for it; a gradient that is not finite becomes 0.

        Costs :data:`~rsbench.compressors.density.allocation.STATUS_BYTES` of payload.

        Returns:
            What is awaited; where it arrives: int32, shape [W, 2] as :meth:`refused` takes it; this rank's status.
        """
        status = self.status_of(bucket.buffer(), tensors)
        if isinstance(status, int) and status != OK:
            bucket.buffer().zero_()
        mine = torch.zeros(2, dtype=torch.int32, device=self.device)
        mine[1] = status
        every = torch.zeros(2 * self.workers, dtype=torch.int32, device=self.device)
        return collectives.all_gather(mine, every, self.traffic, self.group), every.view(self.workers, 2), status

    def refused(self, faults: torch.Tensor, names: Sequence[str], step: int) -> bool:
        """Raise the same sentence on every rank, or return True where a scaler will skip the step.

        Where :attr:`reads_late` holds, both happen at the next step, so that the host does not wait now; the bucket is
        then to go through :meth:`poisoned`.

        Args:
            faults: shape [W, 2], see :meth:`~rsbench.compressors.message.message.Message.faults`.
            names: of the bucket's tensors.
            step: 1-based step that the messages belong to.
        """
        if self.reads_late:
            self._late.append((step, names, LateRead(faults)))
            return False
        skipped = self._refuse(faults.tolist(), names, step)
        self._overflowed |= skipped
        return skipped

    def poisoned(self, buffer: torch.Tensor, faults: torch.Tensor) -> torch.Tensor:
        """Return a bucket's average, all inf where a scaler is to skip the step, which the host does not know yet.

        Args:
            buffer: the bucket's, changed in place.
            faults: as for :meth:`refused`.
        """
        if self.reads_late and self.scaler is not None:
            buffer.masked_fill_(faults.any(), math.inf)
        return buffer

    def _refuse(self, faults: list[list[int]], names: Sequence[str], step: int) -> bool:
        for row, (broken, status) in enumerate(faults):
            if broken:
                raise damaged(self.sender(row), step)
            if status and self.scaler is None:
                name = names[min(status, len(names)) - 1]
                raise NotFiniteError(
                    f"The gradient of {name!r} on {self.sender(row)} is not finite (inf or nan) in step {step}",
                    "lower the learning rate, or with a GradScaler hand it over: register(model, scaler=scaler).",
                )
            if status:
                return True
        return False

    # --- what users ask for ------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Add the memory's tensors (copies, on the CPU)."""
        self._settle()
        state = super().state_dict()
        state["memory"] = {
            kind: {name: t.detach().cpu().clone() for name, t in tensors.items()}
            for kind, tensors in self.memory.state().items()
        }
        return state

    def refuse_other_state(self, state: Mapping[str, Any]) -> None:
        """Refuse a state of another run, or without all of the memory."""
        super().refuse_other_state(state)
        for kind, tensors in self.memory.state().items():
            missing = set(tensors) - set(state.get("memory", {}).get(kind, {}))
            if missing:
                raise RsbenchError(
                    f"The saved compressor state lacks {kind!r} of tensor {min(missing)!r}; it was cut short or edited."
                )

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore the memory in place, unless the state is of another run."""
        super().load_state_dict(state)
        self._undo.clear()
        self._late.clear()
        self._overflowed = False
        for kind, tensors in self.memory.state().items():
            for name, tensor in tensors.items():
                tensor.copy_(state["memory"][kind][name])
