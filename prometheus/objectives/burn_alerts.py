"""The alerts about objectives: a budget that burns too fast, and an objective of which nothing is known."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus.catalogue.kind import Unit
from prometheus.detection.alerts import DASHBOARD
from prometheus.detection.scores import runbook_url
from prometheus.objectives.burn_rate import BURNING, burning_alerts
from prometheus.objectives.objective import SLOS, by, objectives
from prometheus.objectives.request_counts import BAD, UNTOLD
from prometheus.rule import AlertRule
from stack.burn_rate import SEVERITIES, BurnRateAlert
from stack.model import Links, Stack
from stack.quantity import format_duration

ALERT = "ErrorBudgetBurn"
KEEP_FIRING_FOR = 120.0
UNMEASURED_FOR = 300.0

_ONE = "{service='%[1]s',slo='%[2]s'}"
_UNSPENT = f"slo:error_budget_unspent:ratio{_ONE}"
_WINDOW = f"slo:window:seconds{_ONE}"


def burn_alerts(stack: Stack) -> Iterator[AlertRule]:
    """ErrorBudgetBurn at each severity of the ladder, the higher in addition to the lower; and ObjectiveUnmeasured.

    They have no anomaly_type, and so are no anomalies.
    """
    watching = by(lambda alert: alert.severity, burning_alerts(stack))
    for rank, severity in enumerate(SEVERITIES):
        if severity in watching:
            as_bad = [watching[one] for one in SEVERITIES[rank:] if one in watching]
            yield _burn_alert(severity, as_bad, stack.links)
    yield _unmeasured(stack)


def _burn_alert(severity: str, as_bad: list[list[BurnRateAlert]], links: Links) -> AlertRule:
    """`as_bad` are the alerts of this severity, and after them those of each that is worse.

    The value is the burn rate over the window that burns. All bear the longest window of this severity, so that it
    stays one alert when several burn.
    """
    window = format_duration(max(alert.within for alert in as_bad[0]))
    return AlertRule(
        alert=ALERT,
        expr="\nor on (service, slo) ".join(f"{_burning(alike, window)} > 0" for alike in as_bad),
        hold=0,
        keep_firing_for=KEEP_FIRING_FOR,
        labels={"severity": severity},
        annotations={
            "summary": "{{ $labels.service }} spends the error budget of its {{ $labels.slo }} too fast",
            "description": (
                "In the last {{ $labels.window }} or less, {{ $labels.service }} has spent the error budget of its "
                '{{ $labels.slo }} {{ $value | printf "%.3g" }} times as fast '
                f"as would make it last for {_asked(_WINDOW, Unit.SECONDS)}. "
                + _asked(
                    f"1 - {_UNSPENT}",
                    Unit.RATIO,
                    f" of it is gone; at this rate the rest is gone in {_time_left()}.",
                    unknown="How much of it is gone is not known yet.",
                )
            ),
            "recommendation": (
                "Find what fails and undo the last change that touches it. Release nothing but the repair until "
                "the burn rate is below 1."
            ),
            "budget_left": _asked(_UNSPENT, Unit.RATIO),
            "time_to_exhaustion": _time_left(),
            **_pages(links, "error_budget_burn"),
        },
    )


def _burning(alike: list[BurnRateAlert], window: str) -> str:
    """What burns too fast at the severity that the alerts have in common, once for each objective, with that window."""
    burning = f'{BURNING}{{severity="{alike[0].severity}"}}'
    if len(alike) > 1:
        burning = f"max by (service, slo) ({burning})"
    elif format_duration(alike[0].within) == window:
        return burning
    return f'label_replace({burning}, "window", "{window}", "", "")'


def _time_left() -> str:
    """The time in which the rest is spent, 0s when there is none."""
    return _asked(f"clamp_min({_UNSPENT}, 0) * on (service, slo) {_WINDOW} / %[3]g", Unit.SECONDS)


def _asked(query: str, unit: Unit, words: str = "", unknown: str = "unknown") -> str:
    """Template code for what a query of one objective answers, and `words` after it; `%[3]g` is the burn rate."""
    asked = f'printf "{query}" $labels.service $labels.slo {"$value " if "%[3]" in query else ""}| query'
    return (
        f"{{{{ with {asked} }}}}{{{{ . | first | value | {unit.value} }}}}{words}{{{{ else }}}}{unknown}{{{{ end }}}}"
    )


def _unmeasured(stack: Stack) -> AlertRule:
    return AlertRule(
        alert="ObjectiveUnmeasured",
        expr="\nor ".join([*_without_counts(stack), f"{UNTOLD} > 0"]),
        hold=UNMEASURED_FOR,
        labels={"severity": "medium"},
        annotations={
            "summary": "nobody can see whether {{ $labels.service }} keeps its {{ $labels.slo }}",
            "description": (
                "Requests come to {{ $labels.service }}, but nothing tells which of them are bad by its "
                "{{ $labels.slo }} objective: the histogram has no bucket at the objective's limit, the counter lacks "
                "the label that tells bad requests from good ones, or more bad (or good) requests are counted than "
                "requests. Its burn rate and budget mean nothing."
            ),
            "recommendation": (
                "Make the service expose what the objective counts, or correct its sli and objective in stack.yaml."
            ),
            **_pages(stack.links, "objective_unmeasured"),
        },
    )


def _without_counts(stack: Stack) -> Iterator[str]:
    for slo in SLOS:
        services = sorted(one.service for one in objectives(stack) if one.slo == slo)
        if services:
            which = "" if len(services) == len(stack.services) else f'{{service=~"{"|".join(services)}"}}'
            come = f'service:requests:rate1m{which} > 0 unless on (service) {BAD}{{slo="{slo}"}}'
            yield f'label_replace({come}, "slo", "{slo}", "", "")'


def _pages(links: Links, runbook: str) -> dict[str, str]:
    dashboard = f"{links.grafana}/d/{DASHBOARD}?var-service={{{{ $labels.service }}}}"
    return {"runbook_url": runbook_url(links, runbook), "dashboard_url": dashboard}
