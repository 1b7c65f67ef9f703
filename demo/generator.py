"""Load in the open model: request i is due at start + i / rate, and its latency counts from then.

A closed loop sends the next request when the last one is answered, so it goes quiet exactly while the service is slow,
and leaves the wait out of its latencies (coordinated omission). Here the wait of a request that could not start in
time is part of its latency, and how late requests start is measured on its own: the generator's own honesty.
"""

from __future__ import annotations

import asyncio
import time
from itertools import count

from aiohttp import ClientError, ClientSession, ClientTimeout
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from demo.session import once_session

TIMEOUT = "timeout"
CONNECTION = "connection"
GRACE = 0.7  # seconds
CODES = ("200", "429", "500", "502", "503", "504", TIMEOUT, CONNECTION)
DURATION_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10)
LATENESS_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class LoadMetrics:
    """What the load saw. Every request that was due is in `requests`, in `dropped` or in flight."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "load_requests_total",
            "Requests finished, by HTTP status, timeout or connection error.",
            ["code"],
            registry=registry,
        )
        self.failures = Counter(
            "load_request_failures_total", "Requests finished with anything but a 2xx.", registry=registry
        )
        self.dropped = Counter(
            "load_requests_dropped_total",
            "Requests that were due and not sent, because too many were in flight.",
            registry=registry,
        )
        self.in_flight = Gauge("load_requests_in_flight", "Requests under way.", registry=registry)
        self.duration = Histogram(
            "load_request_duration_seconds",
            "Time from when a request was due to its end.",
            buckets=DURATION_BUCKETS,
            registry=registry,
        )
        self.lateness = Histogram(
            "load_start_lateness_seconds",
            "Time from when a request was due to its start.",
            buckets=LATENESS_BUCKETS,
            registry=registry,
        )
        for code in CODES:
            self.requests.labels(code)


class Generator:
    """Requests `url` at `rate` a second, for `seconds` or, when they are 0, until cancelled.

    A request is given up `timeout` seconds after its start; while `most` are in flight, those that fall due are
    dropped, and counted.
    """

    def __init__(
        self, url: str, rate: float, metrics: LoadMetrics, *, seconds: float = 0, timeout: float = 10, most: int = 1000
    ) -> None:
        self._url = url
        self._rate = rate
        self._total = max(1, round(rate * seconds)) if seconds else None
        self._timeout = ClientTimeout(total=timeout)
        self._most = most
        self._metrics = metrics
        self._under_way: set[asyncio.Task[None]] = set()
        self.due = 0

    @property
    def in_flight(self) -> int:
        return len(self._under_way)

    async def run(self) -> None:
        """Sends everything that falls due and waits for the last answers: when cancelled, for `GRACE` seconds only."""
        async with once_session() as session:
            try:
                await self._send(session)
                await asyncio.gather(*self._under_way)
            finally:
                await self._finish_early()

    async def _send(self, session: ClientSession) -> None:
        start = time.monotonic()
        for number in count() if self._total is None else range(self._total):
            due = start + number / self._rate
            await asyncio.sleep(due - time.monotonic())  # when behind, this still lets the others run
            self.due += 1
            if len(self._under_way) >= self._most:
                self._metrics.dropped.inc()
            else:
                self._start(session, due)

    def _start(self, session: ClientSession, due: float) -> None:
        task = asyncio.create_task(self._request(session, due))
        self._under_way.add(task)
        self._metrics.in_flight.inc()
        task.add_done_callback(self._finish)

    async def _finish_early(self) -> None:
        if self._under_way:
            _, unfinished = await asyncio.wait(self._under_way, timeout=GRACE)
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)

    def _finish(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():  # one that was cancelled stays in flight, or it would be missing from every count
            self._under_way.discard(task)
            self._metrics.in_flight.dec()

    async def _request(self, session: ClientSession, due: float) -> None:
        self._metrics.lateness.observe(max(0.0, time.monotonic() - due))
        code = await self._code(session)
        self._metrics.duration.observe(time.monotonic() - due)
        self._metrics.requests.labels(code).inc()
        if not code.startswith("2"):
            self._metrics.failures.inc()

    async def _code(self, session: ClientSession) -> str:
        try:
            # a redirect could lead off this machine
            async with session.get(self._url, timeout=self._timeout, allow_redirects=False) as reply:
                await reply.read()
                return str(reply.status)
        except TimeoutError:
            return TIMEOUT
        except (ClientError, OSError):
            return CONNECTION
