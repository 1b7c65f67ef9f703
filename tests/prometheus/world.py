"""Services and a pool whose troubles are known by the second: what they expose, live and in the past.

Every series is a function of time, so that two databases that scrape it at different moments see the same thing.
"""

from __future__ import annotations

import http.server
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from stack.dataclass import dataclass
from tests.gates.history import History
from tests.serving import serving

Rate = Callable[[float], float]

PAST = 1500.0
"""Seconds of history before the world begins: more than any rule needs to know what is usual."""
POOL = "pool_vendor-proxies"


@dataclass(frozen=True)
class Phase:
    """A trouble, from `since` to `until` seconds after the world began."""

    since: float
    until: float

    def within(self, healthy: float, troubled: float) -> Series:
        """A counter that grows at one rate in the phase, and at the other before and after."""

        def total(at: float) -> float:
            inside = self.spent(at)
            return 100_000 + healthy * (at + PAST - inside) + troubled * inside

        return total

    def spent(self, at: float) -> float:
        """How many seconds of it have passed at this time."""
        return min(at, self.until) - self.since if at > self.since else 0.0

    def __contains__(self, at: float) -> bool:
        return self.since <= at < self.until


Series = Callable[[float], float]
Family = dict[tuple[str, tuple[tuple[str, str], ...]], Series]


@dataclass(frozen=True)
class World:
    """What each job exposes; times are seconds after `began`."""

    began: float
    jobs: Mapping[str, Family]
    down: Mapping[str, tuple[Phase, ...]]

    def page(self, job: str, at: float) -> str | None:
        """What the job exposes, or None while it is down."""
        if any(at in phase for phase in self.down.get(job, ())):
            return None
        lines = (f"{name}{{{_matchers(labels)}}} {value(at):.3f}" for (name, labels), value in self.jobs[job].items())
        return "\n".join(lines) + "\n"

    def history(self) -> History:
        """What was scraped, and recorded of requests, until the world began."""
        past = History(self.began, interval=1)
        for job, series in self.jobs.items():
            where = {"job": job, "instance": f"{job}:80"}
            past.series("up", where, lambda _: 1.0, since=PAST)
            for (name, labels), value in series.items():
                past.series(name, {**dict(labels), **where}, lambda before, value=value: value(-before), since=PAST)
        for service in SERVICES:
            past.series("service:requests:rate1m", {"service": service}, lambda _: 20.0, since=PAST)
        return past


SERVICES = ("storefront", "slow", "gone", "flappy", "quiet", "busy", "full", "steady")
NEVER = Phase(0, 0)


def world(began: float, since: float) -> World:
    """Eight services and a pool, each but one with a trouble of its own from `since` on.

    What a rate sees of a trouble, it sees for a minute more; so most are short, and `quiet` is silent for that long.
    """
    trouble, silence, absence = Phase(since, since + 10), Phase(since, since + 61), Phase(since, since + 25)
    jobs: dict[str, Family] = {service: _service() for service in SERVICES}
    jobs["storefront"] = _service(failing=trouble)
    jobs["slow"] = _service(slow=trouble)
    jobs["busy"] = _service(busy=trouble)
    jobs["quiet"] = {key: _silent(value, silence) for key, value in jobs["quiet"].items()}
    jobs["full"]["connections", ()] = lambda at: 47.0 if at in trouble else 10.0
    jobs["envoy"] = _pool(trouble)
    jobs["dev-hq"] = {("exporter_collector_success", (("collector", "journal"),)): lambda _: 1.0}
    outages = tuple(Phase(since + 3 * number, since + 3 * number + 1.2) for number in range(8))
    return World(began, jobs, {"gone": (absence,), "flappy": outages})


def _service(*, failing: Phase = NEVER, slow: Phase = NEVER, busy: Phase = NEVER) -> Family:
    requests = "http_requests_total"
    family: Family = {
        (requests, (("code", "200"),)): failing.within(20, 8) if failing is not NEVER else busy.within(20, 800),
        (requests, (("code", "500"),)): failing.within(0, 12),
    }
    for le, healthy, troubled in (("0.1", 18, 4), ("0.3", 20, 4), ("2.5", 20, 20), ("+Inf", 20, 20)):
        family["http_request_duration_seconds_bucket", (("le", le),)] = slow.within(healthy, troubled)
    return family


def _silent(value: Series, silence: Phase) -> Series:
    """The same, without any growth in the phase."""
    return lambda at: value(at - silence.spent(at))


def _pool(trouble: Phase) -> Family:
    front, cluster = ("envoy_http_conn_manager_prefix", POOL), ("envoy_cluster_name", POOL)
    answers, sent = "envoy_http_downstream_rq_xx", "envoy_cluster_upstream_rq"
    family: Family = {
        (answers, (front, ("envoy_response_code_class", "2"))): trouble.within(20, 0),
        (answers, (front, ("envoy_response_code_class", "4"))): trouble.within(0, 15),
        (answers, (front, ("envoy_response_code_class", "5"))): trouble.within(0, 15),
        ("envoy_http_downstream_rq_rx_reset", (front,)): trouble.within(0, 0),
        (sent, (cluster, ("envoy_response_code", "200"))): trouble.within(20, 0),
        (sent, (cluster, ("envoy_response_code", "429"))): trouble.within(0, 15),
        ("envoy_cluster_membership_healthy", (cluster,)): lambda at: 3.0 if at in trouble else 4.0,
        ("envoy_cluster_membership_total", (cluster,)): lambda _: 4.0,
    }
    for le in ("5", "25", "+Inf"):
        family["envoy_cluster_upstream_rq_time_bucket", (cluster, ("le", le))] = trouble.within(20, 20)
    return family


def _matchers(labels: tuple[tuple[str, str], ...]) -> str:
    return ",".join(f'{name}="{value}"' for name, value in labels)


class Stage:
    """Where the world is shown. Its troubles begin when everybody looks."""

    def __init__(self, began: float) -> None:
        self.world = world(began, math.inf)

    def begin_troubles(self) -> float:
        """When they begin: in two seconds."""
        at = time.time() + 2
        self.world = world(self.world.began, at - self.world.began)
        return at


@contextmanager
def exposed(stage: Stage) -> Iterator[str]:
    """The scrape configuration for what is shown, each job as one target, every second."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = stage.world.page(self.path.strip("/"), time.time() - stage.world.began)
            body = (text or "").encode()
            self.send_response(503 if text is None else 200)
            self.send_header("content-type", "text/plain; version=0.0.4")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with serving(Page) as address:
        jobs = "".join(
            f"  - {{job_name: {job}, metrics_path: /{job}, "
            f"static_configs: [{{targets: ['{address}'], labels: {{instance: '{job}:80'}}}}]}}\n"
            for job in stage.world.jobs
        )
        yield f"global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs:\n{jobs}"
