"""The text of the model ``bsdm``: how noise is added, and how often the background is suppressed. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, Literal, get_args

from rsbench.errors import RsbenchError, did_you_mean

Mode = Literal["gamma", "alpha"]

NAME: Final = "bsdm"
MODES: Final[tuple[str, ...]] = get_args(Mode)
MOST_PASSES: Final = 30
"""Each divides by 0.279, and detectors square what is left. After 34 passes or more the squares leave the range of
float32."""
FORMS: Final = f"{NAME}:mode=alpha,k=10"
OPTIONS: Final = f"options mode={'|'.join(MODES)}, k=1 to {MOST_PASSES} passes: {FORMS}"
"""What listings say of the options."""


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
    known = [field.name for field in fields(Bsdm)]
    values: dict[str, str] = {}
    for pair in filter(None, text.strip().partition(":")[2].split(",")):
        key, equals, value = (part.strip() for part in pair.partition("="))
        if not equals:
            raise RsbenchError(f'The model "{text}": "{pair}" is not key=value; write {FORMS}.')
        if key not in known:
            raise RsbenchError(f'The model {NAME} has no option "{key}".{did_you_mean(key, known)}')
        if key in values:
            raise RsbenchError(f'The model "{text}" gives {key} twice; give it once.')
        values[key] = value
    default = Bsdm()
    return Bsdm(mode=_mode(values.get("mode", default.mode)), k=_passes(values.get("k", str(default.k))))


def _mode(value: str) -> Mode:
    """Return how noise is added.

    Raises:
        RsbenchError: it is none of the ways.
    """
    for mode in get_args(Mode):
        if value == mode:
            return mode  # type: ignore[no-any-return]
    raise RsbenchError(f'{NAME}: mode is "{value}", but must be one of {", ".join(MODES)}.{did_you_mean(value, MODES)}')


def _passes(value: str) -> int:
    """Return how often the background is suppressed.

    Raises:
        RsbenchError: it is no whole number in range.
    """
    if not (value.isascii() and value.isdigit() and len(value) <= 9 and 1 <= int(value) <= MOST_PASSES):
        raise RsbenchError(f'{NAME}: k is "{value}", but must be a whole number from 1 to {MOST_PASSES}.')
    return int(value)
