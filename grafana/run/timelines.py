"""What happened when: the run, the service that suffered, what was detected, its members, who was told, the gates."""

from __future__ import annotations

from grafana.colours import BY_SEVERITY, CALM, FAULT, LIMIT, SCORE_STEPS, UNKNOWN, VERDICT_WORDS, Word
from grafana.panels import Panel, link, state_timeline, timeseries
from grafana.promql import OF_ANOMALY, first, number
from grafana.query import Query, Style
from grafana.run.promql import BLIND, PHASE_WORDS, RUN, TELLS, of_target, phases
from stack.model import Stack
from stack.prefix import service_prefix

OUT, INJECTED = 10.0, 11.0  # chaos_fault_active beside the phases, which have 0 and 1 too
EJECTED = 2.0
NONE_ASKED = -3.0  # as in VERDICT_WORDS

_POOL = 'pool="$chaos_target"'
_IN_FRONT = service_prefix("$chaos_target")
_LISTENER = f'envoy_http_conn_manager_prefix="{_IN_FRONT}"'


_FRONT = "in front of $chaos_target"


def what_was_done() -> Panel:
    """The phases of the run and its faults."""
    faults = f"max by (fault) (chaos_fault_active{{{RUN}}}) + {OUT:g}"
    return state_timeline(
        "What was done",
        "The phases of runs of this scenario on this target, and each fault while it was in. The time range is wide "
        "enough when it begins before the baseline and ends after the recovery. No data: the exporter was not scraped.",
        [
            Query(first(f"max({phases(RUN)})", f"0 * {TELLS}", number(BLIND)), "run"),
            Query(faults, "{{fault}}"),
        ],
        unit="none",
        steps=(),
        words=[
            *PHASE_WORDS,
            Word(OUT, "out", CALM),
            Word(INJECTED, "injected", FAULT),
            Word(BLIND, "BLIND", UNKNOWN),
        ],
        width=24,
        height=6,
    )


def signals(stack: Stack) -> list[Panel]:
    """Rate, errors and duration, as users had them and where the faults stood."""
    return [_requests(stack), _errors(stack), _latency(stack)]


def _requests(stack: Stack) -> Panel:
    return timeseries(
        "Requests",
        "Requests a second that users sent, and that went out through the pool. Faults must not change what users "
        "send; many more through the pool than before are retries, which can be a storm of their own.",
        [
            Query(of_target(stack, "service:requests:rate1m"), "{{service}}"),
            Query(f"pool:requests:rate1m{{{_POOL}}}", "through {{pool}}"),
            Query(f"sum(rate(envoy_http_downstream_rq_total{{{_LISTENER}}}[$__rate_interval]))", _FRONT),
        ],
        unit="reqps",
        minimum=0,
        links=[_SERVICE],
    )


def _errors(stack: Stack) -> Panel:
    failed = f'envoy_http_downstream_rq_xx{{{_LISTENER}, envoy_response_code_class="5"}}'
    limited = f'envoy_http_local_rate_limit_rate_limited{{envoy_local_http_ratelimit_prefix="{_IN_FRONT}"}}'
    return timeseries(
        "Errors",
        "The share of requests that failed: of the users', through the pool, or at the listener in front of the "
        "service. Normal is that users' errors stay low while the pool's rise: the service softens the fault. When "
        "they rise alike, it needs retries or a fallback.",
        [
            Query(of_target(stack, "service:errors:ratio_rate1m"), "{{service}}", Style(width=3)),
            Query(f"pool:errors:ratio_rate1m{{{_POOL}}}", "through {{pool}}"),
            Query(
                f"(sum(rate({failed}[$__rate_interval])) + (sum(rate({limited}[$__rate_interval])) or vector(0)))"
                f" / (sum(rate(envoy_http_downstream_rq_xx{{{_LISTENER}}}[$__rate_interval])) > 0)",
                _FRONT,
            ),
        ],
        unit="percentunit",
        minimum=0,
        links=[_SERVICE],
    )


def _latency(stack: Stack) -> Panel:
    milliseconds = f"envoy_http_downstream_rq_time_bucket{{{_LISTENER}}}"
    return timeseries(
        "95th percentile",
        "How long all but the slowest 5% of the requests took, over the last minute. Below the objective's limit "
        "before a run, and again after, is normal; slower while a fault is in means that the service waits for it.",
        [
            Query(of_target(stack, "service:latency:p95_1m"), "{{service}}", Style(width=3)),
            Query(f"pool:latency:p95_1m{{{_POOL}}}", "through {{pool}}"),
            Query(f"histogram_quantile(0.95, sum by (le) (rate({milliseconds}[$__rate_interval]))) / 1000", _FRONT),
        ],
        unit="s",
        minimum=0,
        links=[_SERVICE],
    )


def detection(stack: Stack) -> Panel:
    """The scores of the expected anomalies, and of others that reached their threshold."""
    expected = f"group by (anomaly_type) (chaos_run_expected{{{RUN}}})"
    may = f'group by (anomaly_type) (chaos_run_expected{{{RUN}, expectation="may"}})'
    must = f'group by (anomaly_type) (chaos_run_expected{{{RUN}, expectation="must"}})'
    running = f"(max(chaos_run_active{{{RUN}}}) == 1)"
    scores = of_target(stack, f"max by ({OF_ANOMALY}) (anomaly:score)")
    return state_timeline(
        "What was detected",
        "Scores of the anomalies that the scenario expects, and of others from 1 on while it runs: consequences that "
        "it allows, or false alarms. Expected ones at 1 or more while users suffer are normal; green throughout: "
        "nobody was told, so lower a threshold or a hold.",
        [
            Query(f"({scores}) and on (anomaly_type) {must}", "expected: {{anomaly_type}} {{pool}}"),
            Query(
                f"(({scores}) and on (anomaly_type) {may}) >= 1 and on () {running}",
                "allowed: {{anomaly_type}} {{pool}}",
            ),
            Query(
                f"(({scores}) unless on (anomaly_type) {expected}) >= 1 and on () {running}",
                "not expected: {{anomaly_type}} {{pool}}",
            ),
        ],
        unit="none",
        steps=SCORE_STEPS,
        decimals=1,
        links=[
            link(
                "This anomaly",
                "/d/dev-hq-anomaly-overview?var-service=${__field.labels.service}"
                "&var-anomaly_type=${__field.labels.anomaly_type}&${__url_time_range}",
            )
        ],
    )  # fmt: skip


def members() -> Panel:
    """The members of the pool that was broken."""
    ejected = f"max by (pool, member) (pool_member_ejected{{{_POOL}}} == 1) * {EJECTED:g}"
    return state_timeline(
        "Members of the pool",
        "Whether each member answers the exporter's probe, and whether Envoy has taken it out of rotation. Ejected "
        "while its fault is in is normal, up again soon after; else look at the pool. No data: a service was broken, "
        "not a pool.",
        [Query(f"{ejected} or max by (pool, member) (pool_member_up{{{_POOL}}})", "{{member}}")],
        unit="none",
        steps=(),
        words=[
            Word(1, "up", CALM),
            Word(0, "DOWN", BY_SEVERITY["high"]),
            Word(EJECTED, "EJECTED", BY_SEVERITY["medium"]),
        ],
        links=[link("The pool", "/d/dev-hq-pool?var-pool=${__field.labels.pool}&${__url_time_range}")],
    )


def notifications() -> Panel:
    """Who was told."""
    return timeseries(
        "Notifications",
        "Alerts that Alertmanager notified, of all services: firing and resolved. One or a few of each in a run are "
        "normal. Alerts above without any here: look at Alertmanager, its routes and silences.",
        [
            Query(
                'round(sum(increase(notifications_received_total{status="firing"}[$__rate_interval])))',
                "firing",
                Style(colour=LIMIT),
            ),
            Query(
                'round(sum(increase(notifications_received_total{status="resolved"}[$__rate_interval])))',
                "resolved",
                Style(colour=CALM),
            ),
        ],
        unit="short",
        minimum=0,
        calcs=("sum",),
        width=12,
        height=7,
    )


def gates(stack: Stack) -> Panel:
    """What the gates said last."""
    verdicts = of_target(stack, "max by (gate, service) (quality_gate_verdict)")
    return state_timeline(
        "Gates",
        "The last verdict of each gate of the service; it stays until the gate is asked again. Pass is normal, and "
        "fail while the faults are in is right: nothing should be released then.",
        [
            Query(verdicts, "{{gate}}"),
            Query(f"0 * {TELLS} + {NONE_ASKED:g} unless on () ({verdicts})", "gates"),
        ],
        unit="none",
        steps=(),
        words=VERDICT_WORDS,
    )


_SERVICE = link("The service", "/d/dev-hq-service?var-service=${__field.labels.service}&${__url_time_range}")
