"""The hook of PowerSGD: two all-reduces of factors a bucket, the first awaited in the hook call."""

import dataclasses
import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch._C._distributed_c10d import GradBucket
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors.blocks.layout import Layout
from rsbench.compressors.hooks.residual import ResidualHook
from rsbench.compressors.memory.error_feedback import ErrorFeedback
from rsbench.errors import RsbenchError
from rsbench.measure import collectives

Tensors = dict[str, torch.Tensor]


@dataclasses.dataclass
class _InFlight:
    """A bucket between its hook call and its callback: its step (1-based), statuses, bases, and what is summed."""

    step: int
    faults: torch.Tensor
    bases: Tensors
    summed: Tensors


def orthonormal(p: torch.Tensor) -> torch.Tensor:
    """Return an orthonormal basis, float32 [n, r], of a space with the columns of ``p`` [n, r], r <= n.

    Householder's QR: columns that are zero or depend on others still give directions, so that a factor which has come
    to nothing starts anew. Where squares overflow the columns are zero: nothing is sent and the residual keeps all.
    """
    basis: torch.Tensor = torch.linalg.qr(p.float().nan_to_num(0.0, 0.0, 0.0)).Q
    return basis.nan_to_num_(0.0, 0.0, 0.0)


def _thin_product(matrix: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
    """Return ``matrix @ factor`` [n, r] of few columns, transposed: BLAS is three times as fast at few rows."""
    return (factor.T @ matrix.T).T


class LowRankHook(ResidualHook):
    """M = v + g; P = orthonormal(mean(M Q)); Q = M^T P; send mean(P Q^T); v = M - P Q^T with the rank's own Q.

    Vogels et al. 2019, algorithms 1 and 2. All rounds are started in the hook call, in bucket order on all ranks; only
    the last is still under way when it returns. Tensors that are sent whole are summed with the Qs. Factors are in the
    dtype of the bucket, what rounding them leaves out stays in v. Every rank computes P and P Q^T for itself from equal
    sums, so ranks stay bit-equal where they run the same libraries on the same kind of processor. Not run on a GPU by
    us so far.

    Args:
        model: the wrapped network.
        identity: of the compressor.
        layout: shape -> layout of the tensor.
        ranks: layouts of all tensors -> rank r of each.
        seed: of the first Qs, the same on all ranks.

    Attributes:
        ranks: tensor name -> r, of those that are compressed.
        factors: tensor name -> Q, float32 [m, r], equal on all ranks.
    """

    def __init__(
        self,
        model: DistributedDataParallel,
        identity: str,
        layout: Callable[[tuple[int, ...]], Layout],
        ranks: Callable[[Sequence[Layout]], Sequence[int]],
        seed: str,
    ) -> None:
        super().__init__(model, identity, layout, ErrorFeedback)
        chosen = dict(zip(self.layouts, ranks(list(self.layouts.values())), strict=True))
        self.ranks = {name: chosen[name] for name in self.compressed}
        self.factors: Tensors = {}
        for name, rank in self.ranks.items():
            rng = torch.Generator().manual_seed(zlib.crc32(f"{seed}:{name}".encode()))
            self.factors[name] = torch.randn(self.layouts[name].cols, rank, generator=rng).to(self.device)
        self._in_flight: dict[int, _InFlight] = {}

    # --- exchange ----------------------------------------------------------------------------------------------

    def exchange(self, bucket: GradBucket) -> torch.futures.Future[torch.Tensor]:
        """Sum M Q and wait, then start the sum of M^T P and of the tensors sent whole."""
        tensors, dtype = self.tensors(bucket), bucket.buffer().dtype
        told, faults, _ = self.share_status(bucket, tensors)
        flight = _InFlight(self.step + 1, faults, {}, {})
        self._in_flight[bucket.index()] = flight
        self.watch_resting(bucket)
        matrices = {n: self._accumulate(n, gradient) for n, gradient in tensors if self.layouts[n].compressed}
        products: Tensors = {}
        if matrices:
            message, products = _packed({n: _thin_product(m, self.factors[n]) for n, m in matrices.items()}, dtype)
            collectives.wait(collectives.all_reduce(message, self.traffic, self.group), self.traffic)
        if self.device.type == "cpu":
            collectives.wait(told, self.traffic)
            if faults.any():  # the same on all ranks: nothing of this bucket is sent
                return told
        flight.bases = {n: orthonormal(p) for n, p in products.items()}
        factors = {n: _thin_product(m.T, flight.bases[n]).nan_to_num_(0.0, 0.0, 0.0) for n, m in matrices.items()}
        whole = {n: gradient.reshape(-1) for n, gradient in tensors if n not in matrices}
        message, flight.summed = _packed({**factors, **whole}, dtype)
        summed = collectives.all_reduce(message.mul_(1.0 / self.workers), self.traffic, self.group)
        for name, matrix in matrices.items():
            self._subtract_sent(name, matrix, flight.bases[name], factors[name].to(dtype).float())
        return collectives.both(summed, told)

    def _accumulate(self, name: str, gradient: torch.Tensor) -> torch.Tensor:
        """Return M = v + g, float32 [n, m], in the place of v."""
        flat = gradient.reshape(-1).float()
        layout = self.layouts[name]
        return self.memory.begin(name, flat).accumulate(flat).view(layout.rows, layout.cols)

    def _subtract_sent(self, name: str, matrix: torch.Tensor, basis: torch.Tensor, factor: torch.Tensor) -> None:
        """Take out of v, in place, what this rank has sent."""
        if not self.may_come_back:
            matrix.addmm_(basis, factor.T, alpha=-1.0)
            return
        sent = basis @ factor.T
        matrix.sub_(sent)
        self._undo.record(name, None, sent.view(-1), mask=False)

    def finish(self, bucket: GradBucket, arrived: torch.Tensor) -> torch.Tensor:
        """Multiply the factors out; Q is where the next step starts."""
        flight = self._in_flight.pop(bucket.index())
        tensors = self.tensors(bucket)
        buffer: torch.Tensor = bucket.buffer()
        if self.refused(flight.faults, [n for n, _ in tensors], flight.step):
            return buffer.fill_(math.inf)
        for name, gradient in tensors:
            mean = flight.summed[name]
            if name not in flight.bases:
                gradient.copy_(mean.view(gradient.shape))
                continue
            basis, factor = flight.bases[name], self.factors[name].copy_(mean)
            if gradient.is_contiguous() and gradient.dtype == torch.float32:
                torch.mm(basis, factor.T, out=gradient.view(len(basis), len(factor)))
            else:
                gradient.copy_((basis @ factor.T).view(gradient.shape))
        return self.poisoned(buffer, flight.faults)

    # --- what users ask for ------------------------------------------------------------------------------------

    def densities(self) -> dict[str, float]:
        """Return the elements of the factors as a share of each tensor's."""
        share = dict.fromkeys(self.parameters, 1.0)
        for name, rank in self.ranks.items():
            layout = self.layouts[name]
            share[name] = rank * (layout.rows + layout.cols) / layout.numel
        return share

    def state_dict(self) -> dict[str, Any]:
        """Add the factors Q."""
        return {**super().state_dict(), "factors": {name: q.cpu().clone() for name, q in self.factors.items()}}

    def refuse_other_state(self, state: Mapping[str, Any]) -> None:
        """Refuse a state of another run, or without all factors."""
        super().refuse_other_state(state)
        missing = set(self.factors) - set(state.get("factors", {}))
        if missing:
            raise RsbenchError(
                f"The saved compressor state lacks the factor of tensor {min(missing)!r}; it was cut short or edited."
            )

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore factors and memory in place, unless the state is of another run."""
        super().load_state_dict(state)
        for name, factor in self.factors.items():
            factor.copy_(state["factors"][name])


def _packed(parts: Mapping[str, torch.Tensor], dtype: torch.dtype) -> tuple[torch.Tensor, Tensors]:
    """Return some tensors in one message, and a view of each in its shape there."""
    message = torch.cat([part.reshape(-1).to(dtype) for part in parts.values()])
    views = torch.split(message, [part.numel() for part in parts.values()])
    return message, {name: view.view(parts[name].shape) for name, view in zip(parts, views, strict=True)}
