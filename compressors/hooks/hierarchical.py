"""The hook of ``exchange=hierarchical``: dense sums inside nodes, compressed messages between them."""

from collections.abc import Callable

import torch
import torch.distributed as dist
from torch._C._distributed_c10d import GradBucket
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors.density.allocation import share_bytes
from rsbench.compressors.hooks.counts import Parts
from rsbench.compressors.hooks.sparse import SparseHook
from rsbench.errors import RsbenchError
from rsbench.measure import collectives


class HierarchicalHook(SparseHook):
    """Averages a bucket inside the node, then is the hook of one message for each node.

    All ranks of a node hold the same average, so they remember, choose and write the same, bit for bit. Each sends one
    of equal shares of the node's message to its peers, the ranks of the same place in the other nodes, and the shares
    that came are gathered inside the node: between nodes a message goes once. All ranks decode W / ranks-per-node
    messages. The average in the node and the shares are awaited in the hook, in bucket order. Payload is the node's
    message, on each of its ranks; what stays inside the node counts on the wire alone.

    Not run on a GPU by us so far.

    Args:
        model: the wrapped network; the ranks of a node are neighbours in its process group.
        identity: of the compressor.
        parts: what distinguishes it from others.
        ranks_per_node: world size -> ranks of a node.

    Raises:
        RsbenchError: on every rank, when nodes of that many ranks do not make up the group, or ranks differ in it.
    """

    def __init__(
        self, model: DistributedDataParallel, identity: str, parts: Parts, ranks_per_node: Callable[[int], int]
    ) -> None:
        self._local = ranks_per_node(dist.get_world_size(model.process_group))
        super().__init__(model, f"{identity};nodes of {self._local}", parts)
        if self.workers % self._local:
            raise RsbenchError(
                f"{self.workers} ranks do not make nodes of {self._local}; give per_node= a divisor of {self.workers}."
            )
        self.senders = self.workers // self._local
        self._place = self.rank % self._local
        node = self.rank - self._place
        self._node = self._subgroup(range(node, node + self._local))
        self._peers = self._subgroup(range(self._place, self.workers, self._local))

    def _subgroup(self, ranks: range) -> dist.ProcessGroup:
        """Make a process group of some ranks of this one, which all of them make."""
        everywhere = [dist.get_global_rank(self.group, rank) for rank in ranks]
        made = dist.new_group(everywhere, use_local_synchronization=True)
        if not isinstance(made, dist.ProcessGroup):
            raise RuntimeError("torch.distributed made no group of ranks that this rank belongs to")
        return made

    def sender(self, row: int) -> str:
        """Return whose gradient it is: a node's."""
        if self._local == 1:
            return super().sender(row)
        first = row * self._local
        return f"node {row} (rank {first} to rank {first + self._local - 1})"

    def exchange(self, bucket: GradBucket) -> torch.futures.Future[torch.Tensor]:
        """Average inside the node, then exchange that average between nodes."""
        buffer = bucket.buffer().mul_(1.0 / self._local)
        averaged = collectives.all_reduce(buffer, self.traffic, self._node, counted_bytes=0)
        collectives.wait(averaged, self.traffic)
        return super().exchange(bucket)

    def gather(self, message: torch.Tensor, into: torch.Tensor) -> torch.futures.Future[torch.Tensor]:
        """Gather this rank's shares of all nodes' messages, then all shares inside the node."""
        share = share_bytes(message.numel(), self._local)
        padded = torch.zeros(share * self._local // 4, dtype=torch.int32, device=self.device).view(torch.uint8)
        padded[: message.numel()] = message
        mine = padded.view(self._local, share)[self._place]
        shares = torch.empty(self.senders * share, dtype=torch.uint8, device=self.device)
        came = collectives.all_gather(mine, shares, self.traffic, self._peers, counted_bytes=message.numel())
        collectives.wait(came, self.traffic)
        every = torch.empty(self._local * self.senders * share, dtype=torch.uint8, device=self.device)

        def put_together(done: torch.futures.Future[torch.Tensor]) -> torch.Tensor:
            done.value()
            by_node = every.view(self._local, self.senders, share).transpose(0, 1).reshape(self.senders, -1)
            return into.view(self.senders, -1).copy_(by_node[:, : message.numel()])

        return collectives.all_gather(shares, every, self.traffic, self._node, counted_bytes=0).then(put_together)
