"""The types of anomaly: the only source of their thresholds, guards, holds, severities and words.

Rules, alerts, dashboards, reports and docs are generated from it or read it. One type is one module.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from prometheus.catalogue.absent_data import absent_data
from prometheus.catalogue.budget_exhaustion import budget_exhaustion
from prometheus.catalogue.error_spike import error_spike
from prometheus.catalogue.flapping import flapping
from prometheus.catalogue.kind import SEVERITIES, AnomalyType, Band, Need, Signal, Unit
from prometheus.catalogue.latency_shift import latency_shift
from prometheus.catalogue.rate_limit_storm import rate_limit_storm
from prometheus.catalogue.saturation import saturation
from prometheus.catalogue.traffic_drop import traffic_drop
from prometheus.catalogue.traffic_spike import traffic_spike
from prometheus.catalogue.upstream_failure import upstream_failure

__all__ = ["CATALOGUE", "SEVERITIES", "AnomalyType", "Band", "Need", "Signal", "Unit"]

CATALOGUE: Mapping[str, AnomalyType] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            latency_shift(),
            error_spike(),
            upstream_failure(),
            rate_limit_storm(),
            traffic_drop(),
            traffic_spike(),
            saturation(),
            flapping(),
            absent_data(),
            budget_exhaustion(),
        )
    }
)
"""Every type by its name."""
