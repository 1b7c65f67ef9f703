"""The storefront: a service whose answers depend on a vendor, measured as Prometheus services are by convention."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import AsyncIterator, Sequence

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

from demo.budget import RetryBudget
from demo.calls import MALFORMED, THROTTLED, TIMEOUT, Calls, Try, Vendor, VendorMetrics, naive, resilient
from demo.flags import Flags, listen, number, url, whole
from demo.serving import add_health, add_metrics, run_server
from demo.session import once_session

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ANSWERS = ("200", "500", "502", "503", "504")
UNCOUNTED = ("/healthz", "/metrics")

VENDOR = web.AppKey("VENDOR", Vendor)


class RequestMetrics:
    """Requests and their durations; what `/` can answer is there from the start."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "http_requests_total", "HTTP requests answered.", ["method", "route", "code"], registry=registry
        )
        self.durations = Histogram(
            "http_request_duration_seconds",
            "Time from a request to its answer.",
            ["method", "route"],
            buckets=BUCKETS,
            registry=registry,
        )
        self.durations.labels("GET", "/")
        for code in ANSWERS:
            self.requests.labels("GET", "/", code)

    def count(self, request: web.Request, status: int, seconds: float) -> None:
        """Counts one answered request; what a client makes up as method or path is `other`."""
        method = request.method if request.method in METHODS else "other"
        resource = request.match_info.route.resource
        route = resource.canonical if resource else "other"
        self.requests.labels(method, route, str(status)).inc()
        self.durations.labels(method, route).observe(seconds)


def storefront_app(vendor_url: str, calls: Calls, registry: CollectorRegistry) -> web.Application:
    """The storefront, calling the vendor at `vendor_url` in the way `calls` says."""
    measured = RequestMetrics(registry)
    vendor_metrics = VendorMetrics(registry)

    @web.middleware
    async def measure(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path in UNCOUNTED:
            return await handler(request)
        started = time.monotonic()
        try:
            response = await handler(request)
        except Exception as error:
            status = error.status if isinstance(error, web.HTTPException) else 500
            measured.count(request, status, time.monotonic() - started)
            raise
        measured.count(request, response.status, time.monotonic() - started)
        return response

    async def vendor_session(app: web.Application) -> AsyncIterator[None]:
        async with once_session() as session:
            app[VENDOR] = Vendor(session, vendor_url, calls, vendor_metrics)
            yield

    app = web.Application(middlewares=[measure])
    app.cleanup_ctx.append(vendor_session)
    app.router.add_get("/", offer)
    add_health(app)
    add_metrics(app, registry)
    return app


async def offer(request: web.Request) -> web.Response:
    """`/`: what the shop offers, at the vendor's price."""
    outcome = await request.app[VENDOR].quote()
    if outcome.quote is not None:
        return web.json_response({"offer": outcome.quote})
    status, code, message = failure_of(outcome)
    return web.json_response({"error": {"code": code, "message": message}}, status=status)


def failure_of(outcome: Try) -> tuple[int, str, str]:
    """How the storefront tells its own client of a failed call: status, code and sentence."""
    if outcome.code in (TIMEOUT, "504"):
        return 504, "vendor_timeout", "the vendor did not answer in time"
    if outcome.code == THROTTLED:
        return 503, "vendor_throttles", "the vendor takes no more requests from us for now"
    if outcome.code == MALFORMED:
        return 502, "vendor_failed", "the vendor's answer cannot be read"
    if outcome.code.isdigit():
        return 502, "vendor_failed", f"the vendor answered {outcome.code}"
    return 502, "vendor_unreachable", "the connection to the vendor failed"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the storefront until it is told to stop."""
    flags = _flags()
    given = flags.parse_args(argv)
    if given.calls == "naive" and (given.retries, given.budget_percent, given.budget_minimum) != (None, None, None):
        flags.error("--calls naive never retries; leave out --retries, --budget-percent and --budget-minimum")
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return run_server("storefront", storefront_app(given.vendor, _calls(given), registry), given.listen)


def _calls(given: Namespace) -> Calls:
    if given.calls == "naive":
        return naive(5.0 if given.timeout is None else given.timeout)
    return resilient(
        1.0 if given.timeout is None else given.timeout,
        2 if given.retries is None else given.retries,
        RetryBudget(
            0.5 if given.budget_percent is None else given.budget_percent / 100,
            10.0 if given.budget_minimum is None else given.budget_minimum,
        ),
    )


def _flags() -> Flags:
    flags = Flags("demo.storefront", "A service that answers / by asking a vendor, with metrics on /metrics.")
    flags.add_argument(
        "--listen", type=listen, default="127.0.0.1:8000", metavar="HOST:PORT", help="where to listen (%(default)s)"
    )
    flags.add_argument(
        "--vendor", type=url, default="http://127.0.0.1:8100", metavar="URL", help="whom to ask (%(default)s)"
    )
    flags.add_argument("--calls", choices=("resilient", "naive"), default="resilient", help="how to ask (%(default)s)")
    flags.add_argument(
        "--timeout",
        type=number(0.001, 600, "seconds"),
        metavar="SECONDS",
        help="for each try (1 for resilient calls, 5 for naive ones)",
    )
    flags.add_argument("--retries", type=whole(0, 10, "retries"), metavar="NUMBER", help="at most, per request (2)")
    flags.add_argument(
        "--budget-percent",
        type=number(0, 1000, "percent"),
        metavar="PERCENT",
        help="retries that the requests of the last 10 seconds pay for (50)",
    )
    flags.add_argument(
        "--budget-minimum",
        type=number(0, 10_000, "retries a second"),
        metavar="RATE",
        help="retries a second that are always allowed (10)",
    )
    return flags


if __name__ == "__main__":
    sys.exit(main())
