"""The kinds of fault that Envoy can be leased, in the order in which a request meets them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from chaos.faults.failure import FAILURE
from chaos.faults.fault import Fault, FaultKind
from chaos.faults.latency import LATENCY
from chaos.faults.rate_limit import RATE_LIMIT
from stack.errors import HqError
from stack.model import Pool, Service

# Latency first, since a delayed request goes on and can still be limited or fail; the other two end it.
KINDS: Mapping[str, FaultKind] = {kind.name: kind for kind in (LATENCY, RATE_LIMIT, FAILURE)}


def leased_values(faults: Iterable[Fault]) -> dict[str, object]:
    """The runtime values of all these faults together; raises HqError when two want the same filter."""
    values: dict[str, object] = {}
    for fault in faults:
        own = KINDS[fault.kind].leased(fault)
        if values.keys() & own.keys():
            raise HqError(
                f"two {fault.kind} faults at once on {fault.stat_prefix}; one listener can have one of a kind"
            )
        values |= own
    return values


def unsupported(kind: str, target: Pool | Service, share: Decimal = Decimal(1)) -> str | None:
    """Why this target cannot have this fault, as a sentence, or None when it can."""
    if isinstance(target, Service):
        if target.listen is None:
            return f"{target.name} has no listener of Envoy in front of it; give it listen and upstream in stack.yaml"
        return None
    if not target.tunnels:
        return None
    able = [name for name, candidate in KINDS.items() if candidate.network_filter]
    if kind not in able:
        return (
            f"{kind} is not possible on {target.name}: HTTPS through real proxies is opaque, "
            f"so its members can only have {', '.join(able)}"
        )
    if share != 1:
        return f"{kind} on {target.name} closes every new connection of a member; its intensity must be 100%"
    return None
