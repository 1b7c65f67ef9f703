"""A fault: one thing that is broken, and what a kind of fault has to say to be one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from stack.prefix import member_prefix, service_prefix

Config = dict[str, object]
Counters = Mapping[str, int]
Leased = dict[str, object]

TYPE = "type.googleapis.com/envoy.extensions.filters"


@dataclass(frozen=True)
class Fault:
    """One thing that is broken: `share` (above 0, at most 1) of the requests on one listener of Envoy.

    The listener is that of a pool's member, or without a `member` the one in front of a service. A fault begins
    `after` seconds after the injection's start and lasts `seconds`; `delay` (seconds) is for latency only.
    """

    kind: str
    target: str
    member: int | None
    share: Decimal
    delay: float
    after: float
    seconds: float

    @property
    def stat_prefix(self) -> str:
        """The listener's name in Envoy's counters and runtime keys."""
        return service_prefix(self.target) if self.member is None else member_prefix(self.target, self.member)


def requests(counters: Counters, prefix: str) -> int:
    """Requests that arrived at a listener."""
    return counters.get(f"http.{prefix}.downstream_rq_total", 0)


def delayed(counters: Counters, prefix: str) -> int:
    """Requests that wait in a delay right now."""
    return counters.get(f"http.{prefix}.fault.active_faults", 0)


@dataclass(frozen=True)
class FaultKind:
    """A kind of fault, as four questions.

    `http_filter` is Envoy's filter for a listener's stat prefix, harmless until something is leased to it; `leased` the
    runtime values that make it a fault; `hit` and `reached` how many requests (of a tunnel: connections) the filter
    broke and saw, from Envoy's counters by name. `reached` is taken from arrivals, of which `under_way` are still on
    their way to the filter. `network_filter` is what `http_filter` is, for tunnels, if the kind can.
    """

    name: str
    http_filter: Callable[[str], Config]
    leased: Callable[[Fault], Leased]
    hit: Callable[[Counters, str], int]
    reached: Callable[[Counters, str], int]
    under_way: Callable[[Counters, str], int] = delayed
    network_filter: Callable[[str], Config] | None = None


def fraction(share: Decimal) -> Config:
    """A share as Envoy's runtime reads it.

    Always with its denominator: a bare number is out of 100 whatever the filter's own denominator is, so that nothing
    finer than 1 % could be asked for.
    """
    return {"numerator": max(1, round(share * 1_000_000)), "denominator": "MILLION"}
