"""The objectives of a gates file: what is counted of a service, and how much of it must be good."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from prometheus.selector import equal_value
from prometheus.slo import Sli
from stack.dataclass import dataclass
from stack.document import Value
from stack.objective import read_objective
from stack.selector import read_selector

DAY = 86400.0
PERIOD = 30 * DAY
LONGEST_PERIOD = 365 * DAY


@dataclass(frozen=True)
class Slo:
    """At least `objective` (a ratio) of what `sli` counts is good, over `period` seconds; it stands at `place`."""

    name: str
    sli: Sli
    objective: Decimal
    period: float
    place: Value


def read_slos(value: Value, base: Path) -> dict[str, Slo]:
    """The SLOs by name, those of OpenSLO documents too, whose paths are relative to `base`; raises HqError."""
    slos: dict[str, Slo] = {}
    for item in value.items():
        for slo in _read(item, base):
            if other := slos.get(slo.name):
                where = f"{other.place.file}:{other.place.line}"
                raise slo.place.error(f'there is an SLO "{slo.name}" already, in {where}; give one another name')
            slos[slo.name] = slo
    return slos


def _read(value: Value, base: Path) -> Iterator[Slo]:
    if "openslo" in value.mapping():
        from gates.configuration.openslo import read_openslo

        keys = value.fields(required=("openslo",))
        yield from read_openslo(keys["openslo"], base)
        return
    keys = value.fields(
        required=("name", "objective"), optional=("service", "period", "total", "good", "bad", "probes")
    )
    yield Slo(
        name=read_title(keys["name"]),
        sli=_indicator(keys, value),
        objective=read_objective(keys["objective"]),
        period=keys["period"].duration(low=60, high=LONGEST_PERIOD) if "period" in keys else PERIOD,
        place=value,
    )


def _indicator(keys: Mapping[str, Value], value: Value) -> Sli:
    """What counts requests: the counter `total` and a part of it, or the gauge `probes`, whose samples are requests."""
    if counted := [key for key in ("total", "good", "bad") if key in keys and "probes" in keys]:
        problem = f"{value.path} counts probes, which say themselves whether they are good; leave {counted[0]} out"
        raise keys[counted[0]].error(problem)
    if "probes" not in keys and "total" not in keys:
        raise value.error(f'{value.path} needs the key "total"')
    if "probes" not in keys and ("good" in keys) == ("bad" in keys):
        raise value.error(f"{value.path} needs either good or bad beside total")
    total = read_selector(keys["probes" if "probes" in keys else "total"])
    good = keys.get("probes", keys.get("good"))
    return Sli(
        service=read_title(keys["service"]) if "service" in keys else "",
        total=total,
        bad=read_selector(keys["bad"]) if "bad" in keys else None,
        good=read_selector(good) if good else None,
        job=equal_value(total, "job"),
        probed="probes" in keys,
    )


def read_title(value: Value) -> str:
    """A name that people read: 1 to 63 printable characters."""
    text = value.text()
    if not text.isprintable() or len(text) > 63:
        raise value.error(f"{value.path} must have 1 to 63 printable characters")
    return text
