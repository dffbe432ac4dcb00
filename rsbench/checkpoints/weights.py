"""The final weights of a cell, for anybody's PyTorch."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from rsbench.checkpoints.host_copy import host_copy
from rsbench.checkpoints.tensor_file import write_tensors
from rsbench.results.folder import CellFolder


def keep_weights(networks: Mapping[str, nn.Module], folder: CellFolder) -> None:
    """Leave the weights beside the record, of each network a plain ``state_dict`` on the CPU.

    ``net.load_state_dict(torch.load("weights.pt", weights_only=True))`` takes them.

    Args:
        networks: by name; a sole one is called ``""``.
        folder: of the cell or of a try at it.

    Raises:
        OSError: the folder is read-only or its disk full.
    """
    for name, network in networks.items():
        write_tensors(folder.weights_of(name), host_copy(dict(network.state_dict())))
