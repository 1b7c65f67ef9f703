"""What is counted by convention: the presets of service level indicators, each for one service or for a family."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from prometheus.convention import Matchers
from prometheus.conventions import CONVENTIONS
from prometheus.selector import matching, matching_all
from prometheus.slo import Sli
from stack.prefix import service_prefix

ENVOY_LISTENER = "envoy_http_conn_manager_prefix"

Preset = Callable[[str, Matchers], Sli]
"""The indicator of a service by its name, or of several joined by `|`, of the series that the matchers select."""


def _envoy(name: str, selected: Matchers) -> Sli:
    """What Envoy counts at the listener in front of the service: faults injected there are among it.

    The listener has no count of single codes, so 429 is what the service answered plus what the listener limited.
    """
    several = "|" in name
    listeners = "|".join(service_prefix(each) for each in name.split("|"))
    at_listener: Matchers = ((ENVOY_LISTENER, "=~" if several else "=", listeners), *selected)
    answers = matching_all("envoy_http_downstream_rq_xx", at_listener)
    limited: Matchers = (
        ("__name__", "=~", "envoy_cluster_upstream_rq|envoy_http_local_rate_limit_rate_limited"),
        ("envoy_cluster_name", "=~", f"{listeners}|"),
        ("envoy_response_code", "=~", "429|"),
        ("envoy_local_http_ratelimit_prefix", "=~", f"{listeners}|"),
    )
    return Sli(
        service=name,
        total=answers,
        bad=matching(answers, "envoy_response_code_class", "=", "5"),
        buckets=matching_all("envoy_http_downstream_rq_time_bucket", at_listener),
        bucket_unit=0.001,
        throttled=matching_all("", (*selected, *limited)),
        throttled_keys=("envoy_cluster_name", "envoy_local_http_ratelimit_prefix"),
        job="envoy",
    )


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {"envoy": _envoy, **{name: convention.indicator for name, convention in CONVENTIONS.items()}}
)
"""Every preset by its name in stack.yaml."""


def equal_to(labels: Iterable[tuple[str, str]]) -> Matchers:
    """Matchers that demand exactly these values."""
    return tuple((label, "=", value) for label, value in labels)
