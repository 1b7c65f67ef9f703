"""The indicators of OpenSLO v1: which counters they are ratios of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from prometheus.selector import equal_value
from prometheus.slo import Sli
from stack.document import Value
from stack.selector import is_selector
from stack.suggestion import suggestion

_RATIO = ("counter", "good", "bad", "total", "rawType", "raw")
_RANGE = r"\[\s*(?:\d+(?:ms|[smhdwy])|\{\{\s*\.window\s*\}\}|\$__\w+)\s*\]"
_SUM = re.compile(r"sum\s*\((.*)\)", re.DOTALL)
_INCREASE = re.compile(rf"(?:rate|increase)\s*\((.*?)\s*{_RANGE}\s*\)", re.DOTALL)


def name_of(keys: Mapping[str, Value]) -> str:
    """The name of a document with these entries."""
    metadata = keys["metadata"]
    if "name" not in metadata.mapping():
        raise metadata.error('metadata needs the key "name"')
    return metadata.mapping()["name"].text()


def fields_of(value: Value, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Value]:
    """The entries of a mapping, which may be extended by `x-…`."""
    extensions = tuple(key for key in value.mapping() if key.startswith("x-"))
    return value.fields(required, optional + extensions)


class Library:
    """The indicators and data sources of a file, by name."""

    def __init__(self, documents: Iterable[tuple[str, Mapping[str, Value]]]) -> None:
        self.indicators: dict[str, Value] = {}
        self.sources: dict[str, Value] = {}
        shelves = {"SLI": self.indicators, "DataSource": self.sources}
        for kind, keys in documents:
            if (shelf := shelves.get(kind)) is not None:
                name = name_of(keys)
                if name in shelf:
                    raise keys["metadata"].error(f'there is another {kind} "{name}" in this file; rename one')
                shelf[name] = keys["spec"]

    def indicator(self, reference: Value) -> Value:
        """The spec of the indicator that `reference` names."""
        name = reference.text()
        if name not in self.indicators:
            known = f"; {suggestion(name, self.indicators, 'SLIs are')}" if self.indicators else ""
            raise reference.error(f'there is no SLI "{name}" in this file{known}')
        return self.indicators[name]

    def type_of(self, metric_source: Mapping[str, Value]) -> Value | None:
        """What says the type of a metric source: itself, or the data source in this file that it names."""
        if "type" in metric_source:
            return metric_source["type"]
        reference = metric_source.get("metricSourceRef")
        source = self.sources.get(reference.text()) if reference else None
        return source.mapping().get("type") if source else None


def indicator_of(spec: Value, keys: Mapping[str, Value], library: Library) -> Value:
    """The spec of the indicator of an SLO."""
    if ("indicator" in keys) == ("indicatorRef" in keys):
        raise spec.error("spec needs either indicator or indicatorRef")
    if "indicatorRef" in keys:
        return library.indicator(keys["indicatorRef"])
    return fields_of(keys["indicator"], ("spec",), ("metadata", "apiVersion", "kind"))["spec"]


def sli_of(indicator: Value, service: str, library: Library) -> Sli:
    """The counters of an indicator; raises ConfigError for what cannot be counted."""
    keys = fields_of(indicator, (), ("description", "thresholdMetric", "ratioMetric"))
    if "thresholdMetric" in keys:
        raise keys["thresholdMetric"].error(
            "a thresholdMetric judges moments, and gates count requests: write a ratioMetric of two counters, "
            "or a gate with histogram, under and share"
        )
    if "ratioMetric" not in keys:
        raise indicator.error(f"{indicator.path} needs ratioMetric, with good or bad, and total")
    ratio = keys["ratioMetric"]
    metrics = fields_of(ratio, (), _RATIO)
    if "raw" in metrics:
        raise metrics["raw"].error("a raw ratio has lost its counts, and gates need them: write good or bad, and total")
    if "total" not in metrics or ("good" in metrics) == ("bad" in metrics):
        raise ratio.error(f"{ratio.path} needs total, and either good or bad")
    counters = {key: _counter(metrics[key], ratio, library) for key in ("total", "good", "bad") if key in metrics}
    return Sli(
        service=service,
        total=counters["total"],
        bad=counters.get("bad"),
        good=counters.get("good"),
        job=equal_value(counters["total"], "job"),
    )


def _counter(metric: Value, ratio: Value, library: Library) -> str:
    """The selector of the counter that a query of a ratio takes the rate, the increase or the sum of."""
    source = fields_of(metric, ("metricSource",))["metricSource"]
    keys = fields_of(source, ("spec",), ("metricSourceRef", "type"))
    kind = library.type_of(keys)
    if kind and kind.text().lower() != "prometheus":
        raise kind.error(f'gates ask Prometheus only; the metric source is of type "{kind.text()}"')
    spec = keys["spec"]
    if "query" not in spec.mapping():
        raise spec.error(f'{spec.path} needs the key "query", in PromQL')
    query = spec.mapping()["query"]
    counter, is_increase = _unwrapped(query.text())
    if not is_selector(counter):
        raise query.error(
            f"{query.path} must be the counter's selector, its rate or increase, or the sum of these, such as "
            f'sum(rate(http_requests_total{{job="shop"}}[5m])); {query.text().strip()} cannot be counted'
        )
    if not is_increase and not _is_counter(ratio):
        raise ratio.error(f"{ratio.path} needs counter: true; what goes up and down counts no requests")
    return counter


def _unwrapped(query: str) -> tuple[str, bool]:
    """What is left of a query without sum(), rate() and increase(), and whether one of the latter two was there."""
    inner = query.strip()
    if match := _SUM.fullmatch(inner):
        inner = match[1].strip()
    if match := _INCREASE.fullmatch(inner):
        return match[1].strip(), True
    return inner, False


def _is_counter(ratio: Value) -> bool:
    keys = ratio.mapping()
    return "counter" in keys and keys["counter"].truth()
