"""The text of the model ``bsdm``: how noise is added, and how often the background is suppressed. Torch-free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final, Literal, get_args

from rsbench.recipe.model_options import Choice, Option, Whole, read_options, read_pairs

Mode = Literal["gamma", "alpha"]

NAME: Final = "bsdm"
MODES: Final[tuple[str, ...]] = get_args(Mode)
MOST_PASSES: Final = 30
"""Each divides by 0.279, and detectors square what is left. After 34 passes or more the squares leave the range of
float32."""
FORMS: Final = f"{NAME}:mode=alpha,k=10"
OPTIONS: Final = f"options mode={'|'.join(MODES)}, k=1 to {MOST_PASSES} passes: {FORMS}"
"""What listings say of the options."""
_OPTIONS: Final[Mapping[str, Option]] = {
    "mode": Choice(default="gamma", values=MODES),
    "k": Whole(default=10, least=1, most=MOST_PASSES),
}


@dataclass(frozen=True, kw_only=True)
class Bsdm:
    """The options of the model.

    Attributes:
        mode: ``gamma`` weighs the noise by a sum over all steps of the diffusion, ``alpha`` as DDPM does.
        k: how often the network suppresses the background before detection, K. It is fixed before the run.
    """

    mode: Mode = "gamma"
    k: int = 10

    @property
    def text(self) -> str:
        """The canonical text, which :func:`parse_bsdm` reads: without the options that have their default."""
        default = Bsdm()
        given = {field.name: getattr(self, field.name) for field in fields(Bsdm)}
        options = [f"{name}={value}" for name, value in sorted(given.items()) if value != getattr(default, name)]
        return ":".join(filter(None, (NAME, ",".join(options))))


def is_bsdm(model: str) -> bool:
    """Return whether a model's text asks for this model, whatever its options."""
    return str(model).strip().partition(":")[0] == NAME  # a cell of a damaged record may hold anything


def parse_bsdm(text: str) -> Bsdm:
    """Read ``bsdm``, ``bsdm:mode=alpha`` or ``bsdm:mode=gamma,k=5``.

    Raises:
        RsbenchError: one sentence that says which option is wrong.
    """
    given = read_pairs(text, text.strip().partition(":")[2], FORMS)
    return Bsdm(**read_options(NAME, given, _OPTIONS))
