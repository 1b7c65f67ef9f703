"""The limits of anomalies as a stack may set them: each in the unit of its type, within what can be an anomaly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType

from stack.document import Value
from stack.quantity import format_percent

Limit = Callable[[Value], Decimal]


def _duration(value: Value) -> Decimal:
    return Decimal(str(value.duration(low=0.001, high=3600)))


def _share(low: str, high: str) -> Limit:
    least, most = Decimal(low), Decimal(high)

    def read(value: Value) -> Decimal:
        share = value.percent()
        if not least <= share <= most:
            bounds = f"from {format_percent(least)} to {format_percent(most)}"
            raise value.error(f'{value.path} must be a percentage {bounds}, not "{value.text()}"')
        return share

    return read


def _times(value: Value) -> Decimal:
    return value.number(Decimal("1.1"), Decimal(100))


def _changes(value: Value) -> Decimal:
    return Decimal(value.integer(2, 100))


# Critical is three times the limit, and no more than all requests can fail.
_A_THIRD_AT_MOST = _share("0.0001", "0.33")

LIMITS: Mapping[str, Limit] = MappingProxyType(
    {
        "latency_shift": _duration,
        "error_spike": _A_THIRD_AT_MOST,
        "upstream_failure": _A_THIRD_AT_MOST,
        "rate_limit_storm": _A_THIRD_AT_MOST,
        "traffic_drop": _share("0.01", "0.9"),
        "traffic_spike": _times,
        "saturation": _share("0.1", "0.99"),
        "flapping": _changes,
        "absent_data": _A_THIRD_AT_MOST,
    }
)
"""How the limit of each type is read; it raises ConfigError."""


def read_limits(value: Value) -> dict[str, Decimal]:
    """The limits by type; raises ConfigError."""
    return {name: LIMITS[name](limit) for name, limit in value.fields(optional=tuple(LIMITS)).items()}
