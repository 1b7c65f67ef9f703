"""Whether the detector works: an empty dashboard is calm only while all of this is well."""

from __future__ import annotations

from grafana.chosen import unseen_services
from grafana.colours import BY_SEVERITY, CALM, LOWEST, NEUTRAL, UNKNOWN, Step, Word
from grafana.panels import Panel, stat, state_timeline, timeseries
from grafana.promql import EXPORTER, OF_ANOMALY, SERVICES, WATCHDOG, first, highest, number
from grafana.query import Query
from prometheus.catalogue import CATALOGUE
from prometheus.rules import rule_files
from prometheus.server import OWN_JOBS
from stack.model import Stack

ROWS = 12
BANDED = "|".join(kind.name for kind in CATALOGUE.values() if kind.band)
NOT_SCRAPED = Word(-1, "not scraped", UNKNOWN)
GOOD_AT_ZERO = (Step(0, CALM), Step(1e-9, BY_SEVERITY["high"]))


def health(stack: Stack) -> list[Panel]:
    """Eight stats in a line, then what goes on over time."""
    groups = _of_our_groups(stack)
    return [
        _watchdog(),
        _age(),
        _failures(groups),
        _missed(groups),
        _notifications(),
        _unseen(stack),
        _without_band(),
        _history(),
        _scrapes(),
        _collectors(),
        _watching(),
        _rules(groups),
        _lost_targets(),
        _saved(),
    ]


def _of_our_groups(stack: Stack) -> str:
    """The matcher of our own groups of rules; Prometheus names a group after its file."""
    names = "|".join(group.name for file in rule_files(stack) for group in file.groups)
    return f'rule_group=~".*;({names})"'


def _watchdog() -> Panel:
    return stat(
        "Watchdog",
        "The alert that always fires while Prometheus evaluates our rules. Firing is normal; BLIND: it does not, so "
        "nothing else here can fire either, and the rules or Prometheus come first.",
        [Query(first(WATCHDOG, number(-1)))],
        unit="none",
        steps=[Step(1, CALM)],
        words=[Word(1, "firing", CALM), Word(-1, "BLIND", UNKNOWN)],
    )


def _age() -> Panel:
    oldest = "time() - min(max by (service) (timestamp(anomaly:score)))"
    return stat(
        "Judged",
        "How long ago the service that was judged least lately was judged. Up to two evaluation intervals is normal; "
        "more means that rules are slow or fail.",
        [Query(first(oldest, number(-1)))],
        unit="s",
        steps=[Step(0, CALM), Step(60, BY_SEVERITY["medium"]), Step(180, BY_SEVERITY["high"])],
        words=[Word(-1, "BLIND", UNKNOWN)],
        decimals=0,
    )


def _counted(title: str, description: str, counters: str) -> Panel:
    return stat(
        title,
        description,
        [Query(first(counters, number(-1)))],
        unit="none",
        steps=GOOD_AT_ZERO,
        words=[NOT_SCRAPED],
        decimals=0,
    )


def _failures(groups: str) -> Panel:
    return _counted(
        "Failures",
        "Evaluations of our rules that failed in the time range. None is normal; each hides the alerts of a rule: see "
        "the log of Prometheus. Not scraped: Prometheus does not scrape itself.",
        f"sum(increase(prometheus_rule_evaluation_failures_total{{{groups}}}[$__range]))",
    )


def _missed(groups: str) -> Panel:
    return _counted(
        "Missed",
        "Evaluations that were skipped in the time range since the one before took too long. None is normal; else make "
        "the evaluation interval longer, or Prometheus faster.",
        f"sum(increase(prometheus_rule_group_iterations_missed_total{{{groups}}}[$__range]))",
    )


def _notifications() -> Panel:
    lost = first(
        "sum(increase(alertmanager_notifications_failed_total[$__range])) "
        "+ sum(increase(prometheus_notifications_errors_total[$__range]))",
        number(-1),
    )
    return stat(
        "Not told",
        "Notifications that failed in the time range, on the way to Alertmanager or from it. None is normal; else "
        "check the receivers. Not scraped: Prometheus does not scrape Alertmanager and itself.",
        [Query(lost)],
        unit="none",
        steps=GOOD_AT_ZERO,
        words=[NOT_SCRAPED],
        decimals=0,
    )


def _unseen(stack: Stack) -> Panel:
    count = first(f"count({unseen_services(stack)}) and on () {WATCHDOG}", f"0 * {WATCHDOG}", number(-1))
    return stat(
        "Unseen",
        "Chosen services of stack.yaml of which nothing is recorded, so that nothing can fire. None is normal; else "
        "check that they run and are scraped, and that their sli in stack.yaml is what they expose.",
        [Query(count)],
        unit="none",
        steps=GOOD_AT_ZERO,
        words=[Word(-1, "BLIND", UNKNOWN)],
    )


def _without_band() -> Panel:
    judged = f'anomaly:actual{{anomaly_type=~"{BANDED}", {SERVICES}}}'
    without = f"{judged} unless on ({OF_ANOMALY}) last_over_time(anomaly:band_centre[10m])"
    return stat(
        "No band",
        "Signals that have no band yet: only their fixed limits are watched. None is normal after twelve hours of "
        "history without faults; until then, what is unusual but below a limit is not seen.",
        [Query(first(f"count({without})", f"0 * count({judged})", number(-1)))],
        unit="none",
        steps=[Step(0, CALM), Step(1, NEUTRAL)],
        words=[Word(-1, "no data", UNKNOWN)],
    )


def _history() -> Panel:
    learned = f"min(count_over_time(anomaly:learned{{{SERVICES}}}[7d])) * 300"
    return stat(
        "Learned",
        "How much history the signal with the least has, of the last seven days; each mean of five minutes counts. "
        "From twelve hours on there are bands; more than three days is normal.",
        [Query(first(learned, number(-1)))],
        unit="s",
        steps=[Step(0, NEUTRAL), Step(259200, CALM)],
        words=[Word(-1, "none yet", UNKNOWN)],
        decimals=0,
    )


def _scrapes() -> Panel:
    return state_timeline(
        "Scraped",
        "Whether Prometheus reaches what watches: itself, Alertmanager, Envoy and our exporter. Up is normal; while "
        "one is down, what it tells is missing everywhere. A line that is not there is not scraped at all.",
        [Query(f'min by (job) (up{{job=~"{"|".join(OWN_JOBS)}"}})', "{{job}}")],
        unit="none",
        steps=(),
        words=[Word(0, "down", BY_SEVERITY["critical"]), Word(1, "up", CALM)],
        width=8,
    )


def _collectors() -> Panel:
    return state_timeline(
        "Exporter",
        "Whether each part of our exporter brings its series. Works is normal; else its log says why: without the "
        "journal nobody knows of runs, faults and verdicts.",
        [Query("min by (collector) (exporter_collector_success)", "{{collector}}")],
        unit="none",
        steps=(),
        words=[Word(0, "fails", BY_SEVERITY["high"]), Word(1, "works", CALM)],
        width=8,
    )


def _watching() -> Panel:
    alerts = f'ALERTS{{alertstate="firing", anomaly_type="", alertname=~"{"|".join(WATCHING)}"}}'
    return state_timeline(
        "Alerts about the detector",
        "The alerts about what everything else relies on. None is normal; else follow the alert's runbook before you "
        "trust anything here. No data: no rules are evaluated.",
        [
            Query(f"max by (alertname) ({alerts})", "{{alertname}}"),
            Query(f"0 * {WATCHDOG} unless on () {alerts}", "alerts about the detector"),
        ],
        unit="none",
        steps=(),
        words=[Word(0, "none", CALM), Word(1, "fires", BY_SEVERITY["high"])],
        width=8,
    )


def _rules(groups: str) -> Panel:
    took, every = (f"prometheus_rule_group_{name}_seconds{{{groups}}}" for name in ("last_duration", "interval"))
    by_group = f'max by (group) (label_replace({took} / {every}, "group", "$1", "rule_group", ".*;(.*)"))'
    return timeseries(
        "Rule evaluation",
        "How much of its interval each group of rules takes. Below half is normal; at 100% evaluations are missed, and "
        f"alerts come late. The {ROWS} slowest groups; no data: Prometheus does not scrape itself.",
        [Query(f"topk({ROWS}, {by_group})", "{{group}}")],
        unit="percentunit",
        steps=[Step(LOWEST, CALM), Step(0.5, BY_SEVERITY["medium"]), Step(1, BY_SEVERITY["high"])],
        minimum=0,
    )


def _lost_targets() -> Panel:
    lost = f"service:targets_lost:ratio_1m{{{SERVICES}}}"
    return timeseries(
        "Targets lost",
        "Of the targets of each service, the share that could not be scraped in the last minute. 0 is normal; at 100% "
        f"nothing is known of the service but that. At most {ROWS} services; no data: their targets are not known.",
        [Query(highest(ROWS, lost, lost, "service"), "{{service}}")],
        unit="percentunit",
        minimum=0,
        maximum=1,
    )


def _saved() -> Panel:
    return timeseries(
        "Records that cannot be read",
        "Lines of the journal that are no records, and samples that the exporter left out. None is normal; else the "
        "exporter's log says which.",
        [
            Query("sum(increase(exporter_records_unreadable_total[$__rate_interval]))", "lines of the journal"),
            Query("sum(increase(exporter_series_dropped_total[$__rate_interval])) or 0 * " + EXPORTER, "samples"),
        ],
        unit="none",
        minimum=0,
    )


WATCHING = (
    "EnvoyDown",
    "ExporterDown",
    "ExporterMissing",
    "ExporterCollectorFailing",
    "RuleEvaluationFailing",
    "NotificationsFailing",
    "ChaosFaultStuck",
    "ObjectiveUnmeasured",
)
