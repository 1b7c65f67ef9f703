"""OpenSLO v1 documents, read for what gates can judge: ratios of counted requests over rolling windows.

https://github.com/OpenSLO/OpenSLO, specification v1. What it leaves to implementations (metadata, the `spec` of a
metric source, `x-…`) may hold anything; everything else is read as strictly as our own files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from gates.slos import LONGEST_PERIOD, PERIOD, Slo, possible, title
from prometheus.selector import equal_value, is_selector
from prometheus.slo import Sli
from stack.document import Value, read_documents
from stack.suggestion import suggestion

VERSION = "openslo/v1"
_KINDS = ("SLO", "SLI", "DataSource", "Service", "AlertPolicy", "AlertCondition", "AlertNotificationTarget")
_SLO = (
    "description", "service", "indicator", "indicatorRef", "timeWindow", "budgetingMethod", "objectives",
    "alertPolicies",
)  # fmt: skip
_OBJECTIVE = ("displayName", "op", "value", "target", "targetPercent", "timeSliceTarget", "timeSliceWindow")
_RATIO = ("counter", "good", "bad", "total", "rawType", "raw")
_RANGE = r"\[\s*(?:\d+(?:ms|[smhdwy])|\{\{\s*\.window\s*\}\}|\$__\w+)\s*\]"
_SUM = re.compile(r"sum\s*\((.*)\)", re.DOTALL)
_INCREASE = re.compile(rf"(?:rate|increase)\s*\((.*?)\s*{_RANGE}\s*\)", re.DOTALL)


def read_openslo(named: Value, base: Path) -> Iterator[Slo]:
    """The SLOs in the file that `named` names, relative to `base`, one for each objective; raises HqError.

    An SLO with several objectives becomes several, named by it and by their displayName, or their number.
    """
    file = base / named.text()
    if not file.exists():
        raise named.error(f"there is no file {file}; paths are relative to this file")
    documents = [_document(value) for value in read_documents(file)]
    slos = [entries for kind, entries in documents if kind == "SLO"]
    if not slos:
        raise named.error(f"{file} holds no document of kind SLO")
    library = _Library(documents)
    for entries in slos:
        yield from _slos(entries, library)


def _document(value: Value) -> tuple[str, Mapping[str, Value]]:
    """The kind of a document, and its entries."""
    keys = _fields(value, ("apiVersion", "kind", "metadata", "spec"))
    if (version := keys["apiVersion"].text()) != VERSION:
        raise keys["apiVersion"].error(f'apiVersion must be {VERSION}, not "{version}"; convert the document first')
    return keys["kind"].choice(_KINDS), keys


class _Library:
    """The indicators and data sources of a file, by name."""

    def __init__(self, documents: list[tuple[str, Mapping[str, Value]]]) -> None:
        self.indicators = {_name(keys): keys["spec"] for kind, keys in documents if kind == "SLI"}
        self.sources = {_name(keys): keys["spec"] for kind, keys in documents if kind == "DataSource"}

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


def _name(keys: Mapping[str, Value]) -> str:
    metadata = keys["metadata"]
    if "name" not in metadata.mapping():
        raise metadata.error('metadata needs the key "name"')
    return metadata.mapping()["name"].text()


def _fields(value: Value, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Value]:
    extensions = tuple(key for key in value.mapping() if key.startswith("x-"))
    return value.fields(required, optional + extensions)


def _slos(document: Mapping[str, Value], library: _Library) -> Iterator[Slo]:
    name, spec = _name(document), document["spec"]
    keys = _fields(spec, ("budgetingMethod", "objectives"), _SLO)
    _refuse_other_budgets(keys["budgetingMethod"])
    period = _period(keys["timeWindow"]) if "timeWindow" in keys else PERIOD
    sli = _sli(_indicator(spec, keys, library), title(keys["service"]) if "service" in keys else "", library)
    objectives = [_fields(item, (), _OBJECTIVE) for item in keys["objectives"].items()]
    if not objectives:
        raise keys["objectives"].error("spec.objectives must list at least one objective")
    for number, objective in enumerate(objectives, start=1):
        suffix = f"-{_label(objective, number)}" if len(objectives) > 1 else ""
        place = next(iter(objective.values()), spec)
        yield Slo(name + suffix, sli, _target(objective, place), period, place)


def _refuse_other_budgets(method: Value) -> None:
    if method.choice(("Occurrences", "Timeslices", "RatioTimeslices")) != "Occurrences":
        raise method.error(
            f"budgetingMethod {method.text()} weighs minutes, and gates weigh requests: a failure at night would "
            "count as much as thousands by day; write Occurrences"
        )


def _label(objective: Mapping[str, Value], number: int) -> str:
    return objective["displayName"].text() if "displayName" in objective else str(number)


def _target(objective: Mapping[str, Value], place: Value) -> Decimal:
    if ("target" in objective) == ("targetPercent" in objective):
        raise place.error("an objective needs either target, a ratio, or targetPercent")
    if "targetPercent" in objective:
        return possible(objective["targetPercent"], objective["targetPercent"].number(Decimal(0), Decimal(100)) / 100)
    target = objective["target"]
    if not re.fullmatch(r"[01](\.\d{1,9})?", target.text(), re.ASCII):
        raise target.error(
            f'{target.path} must be a ratio such as 0.999, not "{target.text()}"; a percentage is a targetPercent'
        )
    return possible(target, Decimal(target.text()))


def _period(value: Value) -> float:
    windows = list(value.items())
    if len(windows) != 1:
        raise value.error("spec.timeWindow must list exactly one window")
    keys = _fields(windows[0], ("duration",), ("isRolling", "calendar"))
    if "calendar" in keys or ("isRolling" in keys and not keys["isRolling"].truth()):
        raise windows[0].error(
            f"{windows[0].path} follows the calendar, and gates judge windows that roll; "
            "leave calendar out and write isRolling: true"
        )
    duration = keys["duration"]
    if re.fullmatch(r"\d+[MQY]", duration.text(), re.ASCII):
        raise duration.error(f'{duration.path}: "{duration.text()}" has no fixed length; write it in days, such as 30d')
    return duration.duration(low=60, high=LONGEST_PERIOD)


def _indicator(spec: Value, keys: Mapping[str, Value], library: _Library) -> Value:
    """The spec of the indicator of an SLO."""
    if ("indicator" in keys) == ("indicatorRef" in keys):
        raise spec.error("spec needs either indicator or indicatorRef")
    if "indicatorRef" in keys:
        return library.indicator(keys["indicatorRef"])
    return _fields(keys["indicator"], ("spec",), ("metadata", "apiVersion", "kind"))["spec"]


def _sli(indicator: Value, service: str, library: _Library) -> Sli:
    keys = _fields(indicator, (), ("description", "thresholdMetric", "ratioMetric"))
    if "thresholdMetric" in keys:
        raise keys["thresholdMetric"].error(
            "a thresholdMetric judges moments, and gates count requests: write a ratioMetric of two counters, "
            "or a gate with histogram, under and share"
        )
    if "ratioMetric" not in keys:
        raise indicator.error(f"{indicator.path} needs ratioMetric, with good or bad, and total")
    ratio = keys["ratioMetric"]
    metrics = _fields(ratio, (), _RATIO)
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
        buckets=None,
        bucket_unit=1.0,
        throttled=None,
        job=equal_value(counters["total"], "job"),
    )


def _counter(metric: Value, ratio: Value, library: _Library) -> str:
    """The selector of the counter that a query of a ratio takes the rate, the increase or the sum of."""
    source = _fields(metric, ("metricSource",))["metricSource"]
    keys = _fields(source, ("spec",), ("metricSourceRef", "type"))
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
