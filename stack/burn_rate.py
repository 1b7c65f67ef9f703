"""When the error budget burns fast enough to say so: how much of it may be spent within how long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field
from decimal import Decimal
from typing import TYPE_CHECKING

from stack.dataclass import dataclass
from stack.quantity import format_duration, format_percent

if TYPE_CHECKING:
    from stack.document import Value
    from stack.model import Service

SEVERITIES = ("low", "medium", "high", "critical")
SHORTEST, LONGEST = 3600.0, 90 * 86400.0
SHORT_PART = 12
USUAL_WINDOW = 30 * 86400.0


@dataclass(frozen=True)
class BurnRateAlert:
    """An alert at `severity` when the share `spent` of the budget goes within so many seconds; stands in `line`."""

    spent: Decimal
    within: float
    severity: str
    line: int = field(default=1, compare=False)

    @property
    def short(self) -> float:
        """The window, a twelfth as long, that must burn as fast, so that the alert ends soon after the errors do."""
        return float(round(self.within / SHORT_PART))

    def factor(self, window: float) -> Decimal:
        """How many times faster than it may the budget of `window` seconds burns then.

        `spent * window / within`, where a window shorter than 30 days counts as one of 30 days: the share of a week's
        budget that goes in an hour would be many a service's usual noise.
        """
        exact = self.spent * Decimal(str(max(window, USUAL_WINDOW))) / Decimal(str(self.within))
        return round(exact, 6).normalize()

    def fits(self, window: float) -> bool:
        """Whether an objective's window is at least twice as long as what this looks at."""
        return self.within <= window / 2

    def can_fire(self, target: Decimal, window: float) -> bool:
        """Whether the budget can burn faster than the factor: even if every request fails, it is 1 / (1 - target)."""
        return self.factor(window) * (1 - target) < 1


DEFAULT_LADDER = (
    BurnRateAlert(Decimal("0.02"), 3600, "critical"),
    BurnRateAlert(Decimal("0.05"), 6 * 3600, "high"),
    BurnRateAlert(Decimal("0.10"), 86400, "medium"),
    BurnRateAlert(Decimal("0.10"), 3 * 86400, "low"),
)
"""2 % of 30 days' budget within an hour is 14.4 times as fast as it may go, and so on: 6, 3 and 1 times."""


def read_burn_rate_alerts(value: Value, services: Iterable[Service]) -> tuple[BurnRateAlert, ...]:
    """What replaces DEFAULT_LADDER; raises ConfigError for what can never fire for an objective that it fits."""
    read: dict[tuple[str, float], BurnRateAlert] = {}
    known = tuple(services)
    for item in value.items():
        alert = _burn_rate_alert(item)
        if (alert.severity, alert.within) in read:
            raise item.error(f"{item.path} has the severity and the time of another; keep one of them")
        watched = [one for one in _objectives(known) if alert.fits(one[2])]
        if not watched:
            raise item.error(
                f"{item.path} looks at {format_duration(alert.within)}, which is more than half of the window of any "
                "objective here; make it shorter"
            )
        for name, target, window in watched:
            _refuse_what_is_wrong_for(alert, name, target, window, item)
        read[alert.severity, alert.within] = alert
    return tuple(read.values())


def _burn_rate_alert(value: Value) -> BurnRateAlert:
    keys = value.fields(required=("spent", "within", "severity"))
    spent = keys["spent"].percent()
    if not 0 < spent <= 1:
        raise keys["spent"].error(f"{keys['spent'].path} must be more than 0%; it is the share of the budget that goes")
    within = keys["within"].duration(low=SHORTEST, high=LONGEST)
    return BurnRateAlert(spent, within, keys["severity"].choice(SEVERITIES), value.line)


def _objectives(services: Iterable[Service]) -> Iterator[tuple[str, Decimal, float]]:
    for service in services:
        for slo, objective in (("success_rate", service.success_rate), ("latency", service.latency)):
            if objective:
                yield f"services.{service.name}.objectives.{slo}", objective.target, objective.window


def _refuse_what_is_wrong_for(alert: BurnRateAlert, name: str, target: Decimal, window: float, value: Value) -> None:
    factor = alert.factor(window)
    asked = f"{value.path}: {format_percent(alert.spent)} within {format_duration(alert.within)}"
    if factor < 1:
        raise value.error(
            f"{asked} is {factor:f} times what spends the budget of {name} exactly, so it would alert though the "
            "objective is met; write more of it, or less time"
        )
    if not alert.can_fire(target, window):
        raise value.error(
            f"{asked} is {factor:f} times what spends the budget of {name} exactly, and with a target of "
            f"{format_percent(target)} it cannot go faster than {float(1 / (1 - target)):.4g} times; "
            "write less of it, or more time"
        )
