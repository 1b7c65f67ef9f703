"""What of a fault can be chosen: the share that is hit, how hard, for how long, and how far apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from stack.errors import HqError
from stack.quantity import QuantityError, format_duration, parse_duration, parse_percent
from stack.suggestion import suggestion

PARAMETERS = ("share", "intensity", "duration", "step")
DEFAULTS = {"share": "100%", "step": "0s"}
SHORTEST, LONGEST = 10.0, 3600.0
LONGEST_DELAY = 60.0


class ParameterError(QuantityError):
    """A parameter that cannot be read; the message begins with its `name`."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}{message}")
        self.name = name


@dataclass(frozen=True)
class Parameters:
    """What is asked of one fault.

    `share` of the target is hit: of a pool, of its members; of a service, of its requests. A hit member breaks
    `intensity` of its requests, each by `delay` seconds if the fault delays. The whole takes `duration` seconds, and
    `step` seconds lie between the beginnings of two members.
    """

    share: Decimal
    intensity: Decimal
    delay: float
    duration: float
    step: float


def read_parameters(kind: str, texts: Mapping[str, str]) -> Parameters:
    """The parameters of a fault of `kind` as people write them; raises ParameterError."""
    texts = {**DEFAULTS, **texts}
    for name in PARAMETERS:
        if name not in texts:
            raise ParameterError(name, " is missing")
    delays = kind == "latency"
    return Parameters(
        share=_share("share", texts),
        intensity=Decimal(1) if delays else _share("intensity", texts),
        delay=_seconds("intensity", texts, 0.001, LONGEST_DELAY) if delays else 0.0,
        duration=_seconds("duration", texts, SHORTEST, LONGEST),
        step=_seconds("step", texts, 0.0, LONGEST),
    )


def refuse_unknown(names: Mapping[str, str]) -> None:
    """Raises HqError for a name that is no parameter."""
    for name in names:
        if name not in PARAMETERS:
            raise HqError(f'there is no parameter "{name}"; {suggestion(name, PARAMETERS)}')


def _share(name: str, texts: Mapping[str, str]) -> Decimal:
    try:
        share = parse_percent(texts[name])
    except QuantityError as error:
        raise ParameterError(name, f": {error}") from None
    if not share:
        raise ParameterError(name, " must be more than 0%")
    return share


def _seconds(name: str, texts: Mapping[str, str], low: float, high: float) -> float:
    try:
        seconds = parse_duration(texts[name])
    except QuantityError as error:
        raise ParameterError(name, f": {error}") from None
    if not low <= seconds <= high:
        bounds = f"{format_duration(low)} and {format_duration(high)}"
        raise ParameterError(name, f' must lie between {bounds}, not "{texts[name]}"')
    return seconds
