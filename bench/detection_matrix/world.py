"""A stack as its metrics show it: a service of twelve instances that goes out through a pool, scraped every 15 s."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

from bench.detection_matrix.chance import BOUNDS, bucket_shares, poisson, scale_of
from prometheus.replay.engine import InputSeries
from prometheus.replay.notation import STALE, Point

STACK = """
services:
  storefront:
    sli: {preset: prometheus-http, selector: {job: storefront}}
    objectives: {success_rate: {target: 99.9%}, latency: {under: 500ms, target: 99%}}
pools:
  vendor-proxies:
    used_by: storefront
    listen: 127.0.0.1:10100
    members: 4
    upstream: http://127.0.0.1:8100
    max_requests: 1000
"""
"""Production settings: nothing is said of them, so they are those that dev-hq ships."""

SCRAPE = EVERY = 15.0
SCRAPED_AT = 6.0  # seconds after an evaluation, so that no range of the rules ends on a sample
STEP = 3.0
SERVICE = "storefront"
INSTANCES = 12
MAX_FDS = 1024.0
MAX_REQUESTS = 1000.0
OLD = -86_400.0


@dataclass
class State:
    """What is true for the 15 seconds before one scrape.

    `rate` and the `past_rate` of the past hour in requests a second, `p95` in seconds, the others are shares: of
    requests that fail (`errors`, `pool_errors`) or are limited, of what is in use (`fds`, `pool_busy`). `down` are the
    instances that no scrape reaches, `restarted` those that began anew.
    """

    rate: float
    past_rate: float = 0.0
    p95: float = 0.2
    errors: float = 0.001
    pool_errors: float = 0.005
    limited: float = 0.002
    fds: float = 0.3
    pool_busy: float = 0.1
    down: frozenset[int] = frozenset()
    restarted: frozenset[int] = frozenset()


Change = Callable[[State, float], None]
"""Changes the state of the 15 seconds that begin at a time (seconds since the change began)."""


@dataclass
class _Counters:
    """The counters of one thing, and what each showed at every scrape."""

    counts: dict[str, int] = field(default_factory=dict)
    points: dict[str, list[Point]] = field(default_factory=dict)

    def add(self, name: str, count: int) -> None:
        self.counts[name] = self.counts.get(name, 0) + count

    def show(self, at: float) -> None:
        for name, count in self.counts.items():
            self.points.setdefault(name, []).append((at, float(count)))

    def end(self, at: float) -> None:
        for points in self.points.values():
            if points and points[-1][1] is not STALE:
                points.append((at, STALE))


class World:
    """The metrics of the stack, scrape after scrape; `random` is all of its chance."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.instances = [_Counters({"code=200": 0, "code=500": 0}) for _ in range(INSTANCES)]
        self.gauges: dict[tuple[str, int], list[Point]] = {}
        self.started = [OLD] * INSTANCES
        self.pool = _Counters({"class=2": 0, "class=4": 0, "class=5": 0, "given_up": 0, "limited": 0})
        self.pool_gauges: dict[str, list[Point]] = {}
        self.seen_rates: list[float | None] = []

    def past_rate(self) -> float:
        """The mean rate that was seen from an hour ago until ten minutes ago, as the rules have it."""
        seen = [rate for rate in self.seen_rates[-240:-40] if rate is not None]
        return sum(seen) / len(seen) if seen else 0.0

    def live(self, at: float, state: State) -> None:
        """The requests of the past 15 s, and the scrape at their end."""
        self._serve(state, at)
        seen = 1 - len(state.down) / INSTANCES
        self.seen_rates.append(state.rate * seen if seen else None)
        for number, counters in enumerate(self.instances):
            up = number not in state.down
            self._gauge("up", number, at, float(up))
            if up:
                counters.show(at)
                self._gauge("process_start_time_seconds", number, at, self.started[number])
                self._gauge("process_open_fds", number, at, round(MAX_FDS * self._jittered(state.fds)))
                self._gauge("process_max_fds", number, at, MAX_FDS)
            else:
                counters.end(at)
                self._end_gauges(number, at)
        self._go_out(state, at)

    def series(self) -> Iterator[InputSeries]:
        """Everything that was scraped."""
        for number, counters in enumerate(self.instances):
            labels = {"job": SERVICE, "instance": f"{SERVICE}-{number}"}
            for name, points in counters.points.items():
                kind, _, value = name.partition("=")
                metric = "http_requests_total" if kind == "code" else "http_request_duration_seconds_bucket"
                yield InputSeries({"__name__": metric, **labels, kind: value}, points)
        for (metric, number), points in self.gauges.items():
            yield InputSeries({"__name__": metric, "job": SERVICE, "instance": f"{SERVICE}-{number}"}, points)
        for name, points in self.pool.points.items():
            yield InputSeries(_POOL_COUNTERS[name], points)
        for metric, points in self.pool_gauges.items():
            yield InputSeries({"__name__": metric, **_CLUSTER}, points)

    def _serve(self, state: State, at: float) -> None:
        for number in state.restarted:
            self.started[number] = at - 5
            self.instances[number].counts = dict.fromkeys(self.instances[number].counts, 0)
        shares = bucket_shares(scale_of(round(state.p95, 3)))
        each = state.rate * SCRAPE / INSTANCES
        for counters in self.instances:
            reached = 0
            for bound, share in zip(BOUNDS, shares, strict=True):
                reached += poisson(self.random, each * share)
                counters.add(f"le={_written(bound)}", reached)
            failed = min(reached, poisson(self.random, reached * state.errors))
            counters.add("code=500", failed)
            counters.add("code=200", reached - failed)

    def _go_out(self, state: State, at: float) -> None:
        asked = poisson(self.random, state.rate * SCRAPE)
        failed = min(asked, poisson(self.random, asked * state.pool_errors))
        limited = min(asked - failed, poisson(self.random, asked * state.limited))
        given_up = failed // 5
        self.pool.add("class=5", failed - given_up)
        self.pool.add("given_up", given_up)
        self.pool.add("class=4", limited)
        self.pool.add("limited", limited)
        self.pool.add("class=2", asked - failed - limited)
        self.pool.show(at)
        members = {"envoy_cluster_membership_healthy": 4.0, "envoy_cluster_membership_total": 4.0}
        busy = {"envoy_cluster_upstream_rq_active": float(round(MAX_REQUESTS * self._jittered(state.pool_busy)))}
        for metric, value in {**members, **busy}.items():
            self.pool_gauges.setdefault(metric, []).append((at, value))

    def _jittered(self, share: float) -> float:
        """What is in use wavers by 2 % of what is free."""
        return max(0.0, share + (1 - share) * self.random.gauss(0, 0.02))

    def _gauge(self, metric: str, number: int, at: float, value: float) -> None:
        self.gauges.setdefault((metric, number), []).append((at, value))

    def _end_gauges(self, number: int, at: float) -> None:
        for (metric, of), points in self.gauges.items():
            if of == number and metric != "up" and points[-1][1] is not STALE:
                points.append((at, STALE))


def changed(state: State, changes: Iterable[tuple[float, float, Change]], at: float) -> State:
    """The state before the scrape at a time, with every change (since, until, how) that held then."""
    for since, until, change in changes:
        if since < at <= until:
            change(state, at - SCRAPE - since)
    return state


def _written(bound: float) -> str:
    return "+Inf" if bound == float("inf") else str(bound)


_CLUSTER = {"envoy_cluster_name": "pool_vendor-proxies"}
_FRONT = {"envoy_http_conn_manager_prefix": "pool_vendor-proxies"}
_POOL_COUNTERS: Mapping[str, Mapping[str, str]] = {
    **{
        f"class={digit}": {"__name__": "envoy_http_downstream_rq_xx", **_FRONT, "envoy_response_code_class": digit}
        for digit in "245"
    },
    "given_up": {"__name__": "envoy_http_downstream_rq_rx_reset", **_FRONT},
    "limited": {"__name__": "envoy_cluster_upstream_rq", **_CLUSTER, "envoy_response_code": "429"},
}
