"""The names of Envoy's listeners and of the clusters behind them: chaos configures them, rules and scores read them."""

from __future__ import annotations


def service_prefix(service: str) -> str:
    """In front of a service."""
    return f"service_{service}"


def pool_prefix(pool: str) -> str:
    """The front of a pool."""
    return f"pool_{pool}"


def member_prefix(pool: str, number: int) -> str:
    """One member of a pool."""
    return f"member_{pool}_{number}"
