"""All formats by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from prometheus.formats.format import Format
from prometheus.formats.mimir import MIMIR
from prometheus.formats.plain import PLAIN
from prometheus.formats.prometheusrule import PROMETHEUSRULE
from prometheus.formats.thanos import THANOS
from prometheus.formats.vmalert import VMALERT

FORMATS: Mapping[str, Format] = MappingProxyType(
    {one.name: one for one in (PLAIN, PROMETHEUSRULE, MIMIR, THANOS, VMALERT)}
)
