"""Rules for one objective of each service by itself, in the shape that Sloth 0.16 and Pyrra generate.

Written from what they generate for an availability objective of 99.5 %: as many rules, groups and windows, the same
functions over the same series; names and annotations are shortened.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus.rule import AlertRule, Recording, RuleGroup

TARGET = "0.995"
BUDGET = f"(1 - {TARGET})"
EVERY = 30.0

_SLOTH_WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
_PYRRA_WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "4d")
_PYRRA_ALERTS = (("5m", "1h", 14, 120), ("30m", "6h", 7, 900), ("2h", "1d", 2, 3600), ("6h", "4d", 1, 10800))


def sloth(service: str) -> Iterator[RuleGroup]:
    """17 rules in 3 groups: a ratio for each window, the period as a mean of five-minute ratios, metadata, 2 alerts."""
    labels = {"sloth_id": service, "sloth_service": service, "sloth_slo": "availability"}
    which = "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"
    ratio = "slo:sli_error:ratio_rate"
    by_window = tuple(
        Recording(f"{ratio}{window}", _ratio(service, "rate", window), {**labels, "sloth_window": window})
        for window in _SLOTH_WINDOWS
    )
    period = Recording(
        f"{ratio}30d",
        f"sum_over_time({ratio}5m{which}[30d]) / ignoring (sloth_window) count_over_time({ratio}5m{which}[30d])",
        {**labels, "sloth_window": "30d"},
    )
    yield RuleGroup(f"sloth-slo-sli-recordings-{service}", EVERY, (*by_window, period))
    on = "/ on (sloth_id, sloth_slo, sloth_service) group_left"
    meta = {
        "slo:objective:ratio": f"vector({TARGET})",
        "slo:error_budget:ratio": f"vector(1 - {TARGET})",
        "slo:time_period:days": "vector(30)",
        "slo:current_burn_rate:ratio": f"{ratio}5m{which} {on} slo:error_budget:ratio{which}",
        "slo:period_burn_rate:ratio": f"{ratio}30d{which} {on} slo:error_budget:ratio{which}",
        "slo:period_error_budget_remaining:ratio": f"1 - slo:period_burn_rate:ratio{which}",
        "sloth_slo_info": "vector(1)",
    }
    recorded = tuple(Recording(name, expr, labels) for name, expr in meta.items())
    yield RuleGroup(f"sloth-slo-meta-recordings-{service}", EVERY, recorded)

    def burning(short: str, long: str, factor: float) -> str:
        return " and ".join(
            f"max({ratio}{window}{which} > ({factor} * {BUDGET})) without (sloth_window)" for window in (short, long)
        )

    alerts = tuple(
        AlertRule("Burn", f"({burning(*quick)}) or ({burning(*slow)})", 0, {"sloth_severity": severity}, {})
        for severity, quick, slow in (
            ("page", ("5m", "1h", 14.4), ("30m", "6h", 6)),
            ("ticket", ("2h", "1d", 3), ("6h", "3d", 1)),
        )
    )
    yield RuleGroup(f"sloth-slo-alerts-{service}", EVERY, alerts)


def pyrra(service: str) -> Iterator[RuleGroup]:
    """13 rules in 2 groups: a burn rate for each window and 4 alerts; the requests of 4 weeks, and their absence."""
    labels = {"job": service, "slo": f"{service}-availability"}
    which = "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"
    rates = tuple(
        Recording(f"http_requests:burnrate{window}", _ratio(service, "rate", window), labels)
        for window in _PYRRA_WINDOWS
    )
    alerts = tuple(
        AlertRule(
            "ErrorBudgetBurn",
            " and ".join(f"http_requests:burnrate{one}{which} > ({factor} * {BUDGET})" for one in (short, long)),
            hold,
            {**labels, "short": short, "long": long},
            {},
        )
        for short, long, factor, hold in _PYRRA_ALERTS
    )
    yield RuleGroup(f"{service}-availability", EVERY, (*rates, *alerts))
    total = f'http_requests_total{{job="{service}"}}'
    yield RuleGroup(
        f"{service}-availability-increase",
        5 * EVERY,
        (
            Recording("http_requests:increase4w", f"sum by (code) (increase({total}[4w]))", labels),
            AlertRule("SLOMetricAbsent", f"absent({total}) == 1", 120, labels, {}),
        ),
    )


def _ratio(service: str, function: str, window: str) -> str:
    bad = f'sum({function}(http_requests_total{{code=~"5..",job="{service}"}}[{window}]))'
    return f'{bad} / sum({function}(http_requests_total{{job="{service}"}}[{window}]))'
