"""The targets that the service is scraped from: which are up, which came and went, which were started again."""

from __future__ import annotations

from collections.abc import Iterator

from grafana.colours import BY_SEVERITY, CALM, NEUTRAL, Word
from grafana.panels import Panel, state_timeline, text
from grafana.promql import labelled
from grafana.query import Query
from grafana.service.promql import ITS_OWN, SERVICE
from grafana.signal import Signal, signal_panel
from grafana.verbatim import verbatim
from prometheus.indicators import families
from prometheus.selector import quoted
from stack.model import Stack

JOB_BY_NAME = "$1"

FLAPS = Signal(
    "Flaps",
    "How often, in ten minutes, the worst target came or went, or was started again. None is normal, one or two are a "
    "deploy; from the threshold on it is a crash loop or a bad network: read the log of the target.",
    "none",
    "service:flaps:changes10m",
    above="flapping",
)


def service_targets(stack: Stack) -> list[Panel]:
    """The panels; where it is of no service known what it is scraped from, a word on that in their place."""
    jobs = dict(_jobs(stack))
    if not jobs:
        return [
            text(
                "No targets",
                "It is of no service known from which targets it is scraped.",
                "No service in `stack.yaml` names its scrape job, so its targets are not known. Add `job` to the "
                "selector of its `sli`.",
            )
        ]
    return [_up(jobs), signal_panel(FLAPS, SERVICE, ITS_OWN, 8), _restarted()]


def _up(jobs: dict[str, tuple[str, ...]]) -> Panel:
    return state_timeline(
        "Targets",
        "Whether Prometheus could scrape each target of the service. Up is normal; of one that is down see whether it "
        "runs. Several services may share a job, and then its targets. No data: its scrape job is not known.",
        [Query(f"up * on (job) group_left () {_job_of_the_service(jobs)}", "{{job}} {{instance}}")],
        unit="none",
        steps=(),
        words=[Word(1, "up", CALM), Word(0, "DOWN", BY_SEVERITY["high"])],
        width=8,
        height=8,
    )


def _restarted() -> Panel:
    return state_timeline(
        "Restarts",
        "When at least half of the service's targets were younger than two minutes: what is slow or missing then is "
        "excused. Outside a deploy none is normal; else look why it was started again.",
        [Query(f"service:restarted:bool{{{SERVICE}}}", "restarted")],
        unit="none",
        steps=(),
        words=[Word(0, "no", CALM), Word(1, "just started", NEUTRAL)],
        width=8,
        height=8,
    )


def _job_of_the_service(jobs: dict[str, tuple[str, ...]]) -> str:
    """1 with the label `job`, which is the one of the service that was chosen; without it where that is not known."""
    found = labelled("vector(1)", service="$service")
    for job, names in jobs.items():
        value = quoted(job) if job == JOB_BY_NAME else verbatim(quoted(job.replace("$", "$$")))
        found = f'label_replace({found}, "job", {value}, "service", "({"|".join(names)})")'
    return found


def _jobs(stack: Stack) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The services by the scrape job that they come from, JOB_BY_NAME for those that are called as it is."""
    by_job: dict[str, tuple[str, ...]] = {}
    for family in families(stack.services.values()):
        job = JOB_BY_NAME if family.sli.key == "job" else family.sli.job
        if job:
            by_job[job] = (*by_job.get(job, ()), *family.services)
    yield from by_job.items()
