"""Signs with error feedback."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from rsbench.compressors import papers
from rsbench.compressors.base.quantized import QuantizedCompressor

if TYPE_CHECKING:
    from rsbench.compressors.message.quantizers import Quantizer


@dataclasses.dataclass(kw_only=True, eq=False)
class SignSGD(QuantizedCompressor):
    """Sends mean |v| * sign(v) of each tensor, v <- v + g, a bit an element; what that misses waits in v."""

    name = "signsgd"
    title = "EF-signSGD"
    source = "Karimireddy, Rebjock, Stich & Jaggi, ICML 2019"
    references = (papers.KARIMIREDDY_2019,)
    keeps_residual = True

    def coded_bytes(self, elements: int) -> int:
        """Return the bytes of a bit an element and one scale."""
        return 4 + -(-elements // 8)

    def make_quantizer(self, rank: int) -> Quantizer:
        """Build the scaled sign."""
        from rsbench.compressors.message.quantizers import ScaledSign  # late: start-up

        return ScaledSign()
