"""A past with releases, queues, and series as they come from servers that are set up in odd ways."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tests.gates.history import History, Value

BUCKETS = {"0.1": 0.5, "0.3": 0.98, "1": 0.998, "+Inf": 1.0}
SLOWER = {"0.1": 0.5, "0.3": 0.9, "1": 0.998, "+Inf": 1.0}


def releases(history: History) -> None:
    """Two versions side by side, and one after the other."""
    _version(history, "canary", "stable", rate=100, bad=0.001)
    _version(history, "canary", "canary", rate=100, bad=0.001)
    _version(history, "bad-canary", "stable", rate=10, bad=0.001)
    _version(history, "bad-canary", "canary", rate=10, bad=0.02)
    _version(history, "small-canary", "stable", rate=10, bad=0.001)
    _version(history, "small-canary", "canary", rate=0.1, bad=0.0)
    _version(history, "flawless", "stable", rate=10, bad=0.0)
    _version(history, "flawless", "canary", rate=10, bad=0.0)
    _version(history, "dead-stable", "stable", rate=10, bad=0.001, until=45, up=0.0)
    _version(history, "dead-stable", "canary", rate=10, bad=0.02)
    _version(history, "dead-canary", "stable", rate=10, bad=0.001)
    _version(history, "dead-canary", "canary", rate=10, bad=0.001, until=45, up=0.0)
    _version(history, "worsened", "1", rate=10, bad=0.001, until=300, up=None)
    _version(history, "worsened", "2", rate=10, bad=0.05, since=300)
    _version(history, "improved", "1", rate=100, bad=0.02, until=300, up=None)
    _version(history, "improved", "2", rate=100, bad=0.001, since=300)
    _histogram(history, "as-fast", "stable", BUCKETS)
    _histogram(history, "as-fast", "canary", BUCKETS)
    _histogram(history, "slower", "stable", BUCKETS)
    _histogram(history, "slower", "canary", SLOWER)
    _histogram(history, "other-bounds", "stable", BUCKETS)
    _histogram(history, "other-bounds", "canary", {"0.1": 0.5, "0.5": 0.99, "+Inf": 1.0})
    _histogram(history, "no-common-bound", "stable", BUCKETS)
    _histogram(history, "no-common-bound", "canary", {"0.5": 0.99, "+Inf": 1.0})
    _histogram(history, "changed-bounds", "1", BUCKETS, until=300)
    _histogram(history, "changed-bounds", "2", {"0.1": 0.5, "0.5": 0.99, "1": 0.998, "+Inf": 1.0}, since=300)
    _histogram(history, "spellings", "1", BUCKETS)
    _histogram(history, "spellings", "2", {"0.1": 0.5, "1.0": 0.998, "2.0": 0.999, "+Inf": 1.0})
    _histogram(history, "spellings", "1", {"2": 0.999})


def odd_servers(history: History) -> None:
    """Queues, counters written twice, recorded too late, enormous, tiny, and in parts."""
    _queue(history, "queue", lambda _: 40.0)
    _queue(history, "long-queue", lambda _: 120.0)
    _queue(history, "dead-queue", lambda _: 40.0, until=45)
    _queue(history, "nan-queue", lambda _: math.nan)
    _queue(history, "endless-queue", lambda _: math.inf)
    _queue(history, "minus-zero", lambda _: -0.0)
    for replica in ("a", "b"):
        _counter(history, "pair", {"prometheus_replica": replica}, 10)
    history.series("job:requests:total", {"job": "lagging"}, lambda before: (3660 - before) * 10, since=3600, until=180)
    _counter(history, "huge", {}, 2e9)
    _counter(history, "tiny", {}, 0.01)
    _counter(history, "in-parts", {}, 10.25)
    _counter(history, "half-scraped", {}, 10)
    history.series("up", {"job": "half-scraped", "instance": "half-scraped:81"}, lambda _: 0.0, since=3600)
    _counter(history, "scaled-down", {}, 10)
    gone = {"job": "scaled-down", "instance": "scaled-down:81", "code": "200"}
    history.series("http_requests_total", gone, lambda before: (3660 - before) * 10, since=3600, until=300)


def _version(
    history: History,
    job: str,
    version: str,
    *,
    rate: float,
    bad: float,
    since: float = 3600.0,
    until: float = 0.0,
    up: float | None = 1.0,
) -> None:
    where = {"job": job, "instance": f"{job}-{version}:80", "version": version}
    started = since + 15.0

    def counter(share: float) -> Value:
        return lambda before: round((started - before) * rate * share)

    history.series("http_requests_total", {**where, "code": "200"}, counter(1 - bad), since=since, until=until)
    if bad:
        history.series("http_requests_total", {**where, "code": "500"}, counter(bad), since=since, until=until)
    if up is not None:
        where.pop("version")
        history.series("up", where, lambda before: 1.0 if before >= until else up, since=since)


def _histogram(
    history: History, job: str, version: str, shares: Mapping[str, float], *, since: float = 3600.0, until: float = 0.0
) -> None:
    for le, share in shares.items():
        history.series(
            "http_request_duration_seconds_bucket",
            {"job": job, "instance": f"{job}-{version}:80", "version": version, "le": le},
            lambda before, share=share: round((since + 15.0 - before) * 100 * share),
            since=since,
            until=until,
        )


def _queue(history: History, job: str, value: Value, until: float = 0.0) -> None:
    where = {"job": job, "instance": f"{job}:80"}
    history.series("queue_depth", where, value, since=3600, until=until)
    history.series("up", where, lambda before: 1.0 if before >= until else 0.0, since=3600)


def _counter(history: History, job: str, labels: Mapping[str, str], rate: float) -> None:
    where = {"job": job, "instance": f"{job}:80", **labels}
    history.series("http_requests_total", {**where, "code": "200"}, lambda before: (3660 - before) * rate, since=3600)
    history.series("up", where, lambda _: 1.0, since=3600)
