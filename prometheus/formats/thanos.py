"""Rule files for the ruler of Thanos.

The format is Prometheus' own with a `partial_response_strategy` for each group: docs/components/rule.md of
thanos-io/thanos. All of ours abort. With `warn`, a store that does not answer would be missing from every count: fewer
requests look like a drop of traffic, failures that lie in the missing store like none, and both would be recorded for
good. An evaluation that was aborted leaves a gap, which is seen as one.
"""

from __future__ import annotations

from prometheus.formats.format import Format, Naming, header, signature
from prometheus.formats.text import documents, dump
from prometheus.rule import RuleFile


def _thanos(file: RuleFile, _naming: Naming) -> str:
    groups = [{"name": group.pop("name"), "partial_response_strategy": "abort", **group} for group in documents(file)]
    return header("thanos") + dump({"groups": groups})


THANOS = Format("thanos", "the ruler of Thanos", _thanos, signature("thanos"))
