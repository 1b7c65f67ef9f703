"""What a Prometheus has of each convention, by the labels that may tell services."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from prometheus.convention import Convention, Matchers
from prometheus.conventions import CONVENTIONS
from prometheus.presets import ENVOY_LISTENER
from prometheus.selector import matching_all
from stack.dataclass import dataclass

if TYPE_CHECKING:
    from prometheus.client import PrometheusClient

SCOPES = (
    "namespace", "exported_namespace", "destination_service_namespace", "service_namespace", "cluster", "environment",
    "env", "deployment_environment_name",
)  # fmt: skip
"""Labels that keep apart what is called the same."""

MOST_GROUPS = 5000

LOOKED_FOR: Mapping[str, Convention] = MappingProxyType(
    {
        **CONVENTIONS,
        "envoy": Convention(
            total="envoy_http_downstream_rq_xx",
            bad=("envoy_response_code_class", "=", "5"),
            buckets="envoy_http_downstream_rq_time_bucket",
            bucket_unit=0.001,
            keys=(ENVOY_LISTENER,),
            told_by=((ENVOY_LISTENER, "=~", "service_.+"),),
        ),
    }
)
"""Every convention by the name of its preset."""


@dataclass(frozen=True)
class Exposure:
    """The series of one convention: `key` is the label that tells services, None where no label does.

    `scopes` are the values of each label of SCOPES by the value of the key, `without_key` counts the series that lack
    it, and `is_all` says that no group of series was left out. `warnings` is what Prometheus said of its answer.
    """

    preset: str
    convention: Convention
    key: str | None
    scopes: Mapping[str, Mapping[str, frozenset[str]]]
    without_key: int
    is_all: bool
    warnings: tuple[str, ...] = ()


def exposures(client: PrometheusClient, selected: Matchers) -> Iterator[Exposure]:
    """The conventions of which there are living series that `selected` selects; raises PrometheusError."""
    for preset, convention in LOOKED_FOR.items():
        series = matching_all(convention.total, (*convention.always, *convention.told_by, *selected))
        labels = ", ".join(dict.fromkeys((*convention.keys, *SCOPES)))
        answer = client.instant(f"topk({MOST_GROUPS}, count by ({labels}) ({series}))")
        if answer.samples:
            groups = [(sample.labels, round(sample.value)) for sample in answer.samples]
            yield replace(_exposure(preset, convention, groups), warnings=answer.warnings)


def _exposure(preset: str, convention: Convention, groups: list[tuple[Mapping[str, str], int]]) -> Exposure:
    """The label with the most values tells services best, and of several the one that is the most usual."""
    values = {key: {labels[key] for labels, _ in groups if labels.get(key)} for key in convention.keys}
    key = max(convention.keys, key=lambda label: len(values[label]))
    if not values[key]:
        return Exposure(preset, convention, None, {}, 0, is_all=True)
    scopes: dict[str, defaultdict[str, set[str]]] = {value: defaultdict(set) for value in values[key]}
    for labels, _ in groups:
        for scope in SCOPES:
            if labels.get(key) and labels.get(scope):
                scopes[labels[key]][scope].add(labels[scope])
    return Exposure(
        preset,
        convention,
        key,
        {value: {label: frozenset(found) for label, found in within.items()} for value, within in scopes.items()},
        without_key=sum(count for labels, count in groups if not labels.get(key)),
        is_all=len(groups) < MOST_GROUPS,
    )
