"""One gate of a gates file. Its keys say its kind, and no gate is of two kinds."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from gates.conditions.burn_rate import BurnRate, highest_burn_rate
from gates.conditions.comparison import Comparison
from gates.conditions.error_budget import ErrorBudget
from gates.conditions.latency import Latency
from gates.conditions.promql import PromQl
from gates.conditions.success_rate import SuccessRate
from gates.configuration.baseline_entry import read_baseline
from gates.configuration.limits import (
    is_stricter,
    read_at_least,
    read_confidence,
    read_factor,
    read_limit,
    read_margin,
    read_window,
    warning_above,
    warning_below,
)
from gates.configuration.series import read_histogram
from gates.configuration.slos import Slo, read_title
from gates.gate import Condition, Kind, Place, QualityGate
from gates.wording import number
from stack.dataclass import dataclass
from stack.document import Value
from stack.objective import read_objective
from stack.quantity import format_percent
from stack.selector import read_selector
from stack.suggestion import suggestion

_TELLING = {
    "promql": Kind.PROMQL,
    "baseline": Kind.COMPARISON,
    "max_burn": Kind.BURN_RATE,
    "budget_left": Kind.ERROR_BUDGET,
    "under": Kind.LATENCY,
}
_REQUIRED = {
    Kind.SUCCESS_RATE: ("slo",),
    Kind.LATENCY: ("histogram", "under", "share"),
    Kind.ERROR_BUDGET: ("slo", "budget_left"),
    Kind.BURN_RATE: ("slo", "max_burn", "windows"),
    Kind.COMPARISON: ("baseline",),
    Kind.PROMQL: ("promql", "pass"),
}
_OPTIONAL = {
    Kind.SUCCESS_RATE: ("window", "warn", "confidence"),
    Kind.LATENCY: ("service", "window", "warn", "confidence"),
    Kind.ERROR_BUDGET: ("min_coverage", "warn"),
    Kind.BURN_RATE: ("warn", "confidence"),
    Kind.COMPARISON: (
        "slo", "histogram", "service", "candidate", "margin", "factor", "warn", "window", "confidence"
    ),
    Kind.PROMQL: ("service", "warn", "alive"),
}  # fmt: skip
_OF_ALL = ("name", "required")
_WHICH_KIND = (
    "slo makes a success_rate, slo with budget_left an error_budget, slo with max_burn and windows a burn_rate, "
    "histogram with under and share a latency, slo or histogram with baseline a comparison, promql with pass a promql"
)


@dataclass(frozen=True)
class GateReader:
    """Reads gates that judge `slos`, whose series are scraped every `scrape_interval` seconds.

    `window` (seconds) and `confidence` (a ratio) are those of a gate that names none.
    """

    slos: Mapping[str, Slo]
    scrape_interval: float
    window: float
    confidence: float

    def read(self, value: Value) -> QualityGate:
        """The gate that `value` describes; raises ConfigError."""
        kind, keys = _kind(value)
        name = read_title(keys["name"])
        slo = self._slo(keys["slo"]) if "slo" in keys else None
        service = slo.sli.service if slo else read_title(keys["service"]) if "service" in keys else ""
        condition = self._condition(kind, keys, value, slo, service)
        return QualityGate(
            name=name,
            service=service,
            condition=condition,
            window=self._window_of(condition, keys, slo),
            required=keys["required"].truth() if "required" in keys else True,
            confidence=read_confidence(keys["confidence"]) if "confidence" in keys else self.confidence,
            place=Place(value.file, value.line),
        )

    def _condition(
        self, kind: Kind, keys: Mapping[str, Value], value: Value, slo: Slo | None, service: str
    ) -> Condition:
        if kind is Kind.PROMQL:
            return _promql(keys)
        if kind is Kind.LATENCY:
            return _latency(keys, service)
        if kind is Kind.COMPARISON:
            return _comparison(keys, value, slo, service)
        assert slo is not None  # noqa: S101 - the kinds that are left require it
        if kind is Kind.ERROR_BUDGET:
            return _error_budget(keys, slo)
        if kind is Kind.BURN_RATE:
            return self._burn_rate(keys, slo)
        return SuccessRate(slo.sli, slo.objective, warning_above(keys, read_objective, slo.objective))

    def _slo(self, value: Value) -> Slo:
        name = value.text()
        if name not in self.slos:
            hint = suggestion(name, self.slos, "SLOs are") if self.slos else "define it under slos"
            raise value.error(f'there is no SLO "{name}"; {hint}')
        return self.slos[name]

    def _window_of(self, condition: Condition, keys: Mapping[str, Value], slo: Slo | None) -> float:
        if isinstance(condition, BurnRate):
            return max(condition.windows)
        if isinstance(condition, ErrorBudget) and slo:
            return slo.period
        return read_window(keys["window"], self.scrape_interval) if "window" in keys else self.window

    def _burn_rate(self, keys: Mapping[str, Value], slo: Slo) -> BurnRate:
        highest, most = highest_burn_rate(slo.objective), keys["max_burn"]
        factor = read_factor(most)
        if factor >= highest:
            raise most.error(
                f"{most.path} {factor} can never be exceeded: with an objective of {format_percent(slo.objective)} "
                f"the highest burn rate is {number(float(highest))}, when every request fails; write less"
            )
        windows = sorted({read_window(item, self.scrape_interval) for item in keys["windows"].items()})
        if not windows:
            raise keys["windows"].error(f"{keys['windows'].path} must list at least one window, such as [5m, 1h]")
        return BurnRate(slo.sli, slo.objective, factor, tuple(windows), warning_below(keys, "max_burn", read_factor))


def _kind(value: Value) -> tuple[Kind, dict[str, Value]]:
    """What kind of gate the keys make, and the keys."""
    every = {key for kind in Kind for key in _REQUIRED[kind] + _OPTIONAL[kind]}
    keys = value.fields(required=("name",), optional=(*_OF_ALL[1:], *sorted(every)))
    telling = [key for key in _TELLING if key in keys]
    if len(telling) > 1:
        raise value.error(
            f"{value.path} has both {telling[0]} and {telling[1]}, and each makes another kind; write two gates"
        )
    if not telling and ("slo" not in keys or "histogram" in keys):
        raise value.error(f"{value.path} does not say what it demands: {_WHICH_KIND}")
    kind = _TELLING[telling[0]] if telling else Kind.SUCCESS_RATE
    takes = _REQUIRED[kind] + _OPTIONAL[kind] + _OF_ALL
    for key, entry in keys.items():
        if key not in takes:
            raise entry.error(f"{value.path} is a gate of kind {kind}, which has no {key}; its keys are {_list(takes)}")
    for key in _REQUIRED[kind]:
        if key not in keys:
            raise value.error(f'{value.path} is a gate of kind {kind} and needs the key "{key}"')
    return kind, keys


def _list(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _latency(keys: Mapping[str, Value], service: str) -> Latency:
    share = read_objective(keys["share"])
    under = keys["under"].duration(low=0.001, high=3600)
    return Latency(read_histogram(keys["histogram"], service), under, share, warning_above(keys, read_objective, share))


def _error_budget(keys: Mapping[str, Value], slo: Slo) -> ErrorBudget:
    left = read_at_least(keys["budget_left"])
    coverage = ErrorBudget.min_coverage
    if "min_coverage" in keys and not (coverage := keys["min_coverage"].percent()):
        raise keys["min_coverage"].error(f"{keys['min_coverage'].path} must be more than 0%")
    return ErrorBudget(slo.sli, slo.objective, left, coverage, warning_above(keys, read_at_least, left))


def _comparison(keys: Mapping[str, Value], value: Value, slo: Slo | None, service: str) -> Comparison:
    if (slo is None) == ("histogram" not in keys):
        raise value.error(f"{value.path} compares either an slo or a histogram; name one of them")
    if slo and "service" in keys:
        raise keys["service"].error(f"{value.path} is of its slo's service; leave service out")
    if "margin" not in keys and "factor" not in keys:
        raise value.error(f"{value.path} needs margin or factor: how much worse than the baseline is allowed")
    sli = slo.sli if slo else read_histogram(keys["histogram"], service)
    return Comparison(
        sli=sli,
        of=Kind.SUCCESS_RATE if slo else Kind.LATENCY,
        baseline=read_baseline(keys["baseline"], keys.get("candidate")),
        margin=read_margin(keys["margin"]) if "margin" in keys else Decimal(0),
        factor=read_factor(keys["factor"]) if "factor" in keys else Decimal(1),
        warn=warning_below(keys, "margin", read_margin),
    )


def _promql(keys: Mapping[str, Value]) -> PromQl:
    passes = read_limit(keys["pass"])
    warns = read_limit(keys["warn"]) if "warn" in keys else None
    if warns and not is_stricter(warns, passes):
        raise keys["warn"].error(f"{keys['warn'].path} must be a stricter limit than pass, {passes}")
    alive = read_selector(keys["alive"]) if "alive" in keys else None
    return PromQl(keys["promql"].text().strip(), passes, warns, alive)
