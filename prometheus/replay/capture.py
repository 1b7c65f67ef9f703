"""Records a run from a running Prometheus: exact samples with their own times, by range selectors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from prometheus.client import PrometheusClient
from prometheus.replay.engine import FIRING
from prometheus.replay.recorded_run import MAX_SAMPLES, RecordedRun, RecordedSeries
from prometheus.replay.rule_set import RuleSet
from stack.errors import HqError
from stack.quantity import format_duration

LEAD = 600.0
SAMPLES_AT_ONCE = 100_000
_MARGIN = 0.001  # of the stretch before it, whose last sample would else come twice on Prometheus 2

Labels = tuple[tuple[str, str], ...]


def capture(
    client: PrometheusClient,
    rules: RuleSet,
    *,
    since: float,
    until: float,
    every: float,
    lead: float = LEAD,
    run: str | None = None,
) -> RecordedRun:
    """What the rules read and what fired, from `lead` seconds before `since` to `until` (epoch seconds).

    Raises HqError when nothing was recorded then or more than MAX_SAMPLES, and PrometheusError.
    """
    began = since - lead
    series: dict[Labels, dict[float, float]] = defaultdict(dict)
    firing: dict[Labels, dict[float, float]] = defaultdict(dict)
    samples = _take(client, FIRING, began, until, firing)
    for selector in rules.read:
        samples += _take(client, selector, began, until, series)
        if samples > MAX_SAMPLES:
            raise HqError(
                f"the rules read more than {MAX_SAMPLES} samples in {until - began:g} s; record a shorter stretch"
            )
    found = {labels: points for labels, points in series.items() if dict(labels).get("__name__") not in rules.recorded}
    if not found:
        raise HqError("Prometheus has nothing of what the rules read in that time; record while the stack is running")
    return RecordedRun(
        began=began,
        since=since,
        until=until,
        every=every,
        evaluated=_evaluated(client, rules, until, every),
        series=tuple(_series(found, began)),
        firing=tuple(_series(firing, began)),
        read=rules.read,
        run=run,
    )


def _take(
    client: PrometheusClient, selector: str, began: float, until: float, series: dict[Labels, dict[float, float]]
) -> int:
    """Takes all samples of a selector, in stretches of SAMPLES_AT_ONCE or so, and returns how many there are."""
    answer = client.instant(f"sum(count_over_time({selector}[{_range(until - began)}]))", until)
    count = int(answer.samples[0].value) if answer.samples else 0
    if count > MAX_SAMPLES:
        raise HqError(
            f"{selector} has {count} samples in {until - began:g} s, and at most {MAX_SAMPLES} can be replayed; "
            "record a shorter stretch"
        )
    if not count:
        return 0
    stretch = max(1.0, (until - began) * min(1.0, SAMPLES_AT_ONCE / count))
    end = until
    while end > began:
        seconds = min(stretch, end - began)
        for sample in client.instant(f"{selector}[{_range(seconds)}]", end).samples:
            if began <= sample.at <= until:
                series[tuple(sorted(sample.labels.items()))][sample.at] = sample.value
        end -= seconds
    return count


def _range(seconds: float) -> str:
    return format_duration(max(0.001, round(seconds, 3)) + _MARGIN)


def _evaluated(client: PrometheusClient, rules: RuleSet, until: float, every: float) -> float:
    """An evaluation of what is recorded; without a recorded series, the end."""
    names = sorted(rules.recorded, key=lambda name: (name != "anomaly:score", name))
    for name in names[:5]:
        samples = client.instant(f"{name}[{_range(4 * every)}]", until).samples
        if samples:
            return samples[-1].at
    return until


def _series(found: dict[Labels, dict[float, float]], began: float) -> Iterable[RecordedSeries]:
    for labels, points in sorted(found.items()):
        yield RecordedSeries(dict(labels), tuple((round(at - began, 3), value) for at, value in sorted(points.items())))
