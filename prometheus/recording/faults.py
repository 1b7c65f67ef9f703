"""What is recorded of the faults that we inject ourselves, so that nothing learns from them."""

from __future__ import annotations

from prometheus.rule import Recording
from prometheus.selector import matching
from stack.model import Stack


def faults(stack: Stack) -> Recording:
    """service:chaos:active: 1 while a fault is on the service or on a pool that it uses, 0 while none is."""
    services = _as_service(_active("|".join(stack.services)), "$1")
    used = {
        name: [pool.name for pool in stack.pools.values() if pool.used_by == name] for name in stack.services
    }  # a target is a service or a pool, never both
    pools = [_as_service(_active("|".join(names)), name) for name, names in used.items() if names]
    return Recording("service:chaos:active", f"max by (service) ({' or '.join([services, *pools])})")


def _active(targets: str) -> str:
    return f"max by (chaos_target) ({matching('chaos_fault_active', 'chaos_target', '=~', targets)})"


def _as_service(active: str, name: str) -> str:
    return f'label_replace({active}, "service", "{name}", "chaos_target", "(.*)")'
