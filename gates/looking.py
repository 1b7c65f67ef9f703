"""One look at all gates of a checklist: everything is judged at one instant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf, isfinite

from gates.checklist import FEWEST_SCRAPES, Checklist
from gates.gate import GateReport, GateResult, QualityGate, Verdict
from gates.instant import Instant, Moment, Source, UnusableAnswerError
from gates.wording import span
from prometheus.errors import PrometheusError, UnreachableError
from stack.errors import HqError
from stack.quantity import format_duration

AHEAD = 60.0  # seconds by which our clock may be ahead; VictoriaMetrics' "now" is half a minute ago besides
SCRAPES_BACK = 2  # how far before now is judged, in scrape intervals: by then every target's last sample has arrived


def look(checklist: Checklist, source: Source, moment: Moment, begun: GateReport) -> GateReport:
    """What all gates find at one instant, put into the report `begun`; raises HqError for a moment that has not come.

    `source` is asked, and not the checklist's own Prometheus.
    """
    report = replace(begun, looks=max(1, moment.look), waited=moment.waited)
    try:
        instant = _instant(checklist, source, moment)
    except (PrometheusError, UnusableAnswerError) as error:
        return replace(report, results=tuple(unmeasured(gate, error) for gate in checklist.gates))
    return replace(report, results=tuple(_check(checklist.gates, instant)), at=instant.at)


def _instant(checklist: Checklist, source: Source, moment: Moment) -> Instant:
    """The moment to judge, by the clock of Prometheus: ours may be wrong, and then we would judge another past."""
    interval = checklist.prometheus.scrape_interval
    clock = source.instant("time()").samples
    if len(clock) != 1 or not isfinite(clock[0].value):
        raise UnusableAnswerError("Prometheus does not say what time it is")
    now = clock[0].value
    at, since = moment.at, moment.since
    if at is not None and at > now + AHEAD:
        raise HqError("the time to judge lies in the future of Prometheus; give one that has passed")
    if since is not None and since > now + AHEAD:
        raise HqError("the release lies in the future of Prometheus; give a time that has passed")
    judged = round(now - SCRAPES_BACK * interval, 3) if at is None else at
    return Instant(source, judged, interval, checklist.max_age, since, moment.look, moment.first)


def _check(gates: Sequence[QualityGate], instant: Instant) -> list[GateResult]:
    results: list[GateResult] = []
    lost: UnreachableError | None = None
    for gate in gates:
        try:
            results.append(unmeasured(gate, lost) if lost else _judge(gate, instant))
        except UnreachableError as error:  # the next one would wait just as long
            lost = error
            results.append(unmeasured(gate, error))
        except (PrometheusError, UnusableAnswerError) as error:
            results.append(unmeasured(gate, error))
    return results


def _judge(gate: QualityGate, instant: Instant) -> GateResult:
    """The verdict over the gate's window: it grows from look to look, and begins no earlier than the release."""
    if not gate.condition.is_of_the_window:
        return gate.condition.check(gate, instant)
    grown = 0.0 if instant.first is None else instant.at - instant.first
    since_release = inf if instant.since is None else instant.at - instant.since
    seconds = min(gate.window + grown, since_release)
    if seconds < FEWEST_SCRAPES * instant.scrape_interval:
        scrapes = f"{FEWEST_SCRAPES} scrapes, {format_duration(FEWEST_SCRAPES * instant.scrape_interval)}"
        reason = f"the release was {span(max(0.0, seconds))} old then, and it takes {scrapes}, to count in"
        return gate.result(Verdict.UNDECIDED, reason, "Check again a little later, or wait with --wait.")
    return gate.condition.check(replace(gate, window=round(seconds, 3)), instant)


def unmeasured(gate: QualityGate, error: HqError) -> GateResult:
    """The verdict on a gate that could not be measured."""
    advice = "Mend what is measured or where it is asked, then check again; nothing is known of the release."
    return gate.result(Verdict.ERROR, str(error), advice)
