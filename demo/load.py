"""The load: requests at a constant rate to an address on this machine, and what they met, as metrics."""

from __future__ import annotations

import argparse
import ipaddress
import json
import math
import re
import sys
from collections.abc import Sequence

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.samples import Sample

from demo.flags import Flags, listen, number, whole
from demo.flags import url as any_url
from demo.generator import Generator, LoadMetrics
from demo.serving import add_health, add_metrics, run_server


def loopback_url(text: str) -> str:
    """Reads a URL that can only be on this machine: load on anybody else's is an attack.

    The host must be written as `localhost` or a loopback address in its usual form, so that no other reader of URLs
    takes it for something else.
    """
    match = re.fullmatch(r"https?://(localhost|[0-9.]+|\[[0-9a-f:]+\])(:\d{1,5})?([/?].*)?", any_url(text), re.ASCII)
    if not match or not _is_loopback(match[1]):
        raise argparse.ArgumentTypeError(
            f'"{text}" is not on this machine; load goes to loopback only, such as http://127.0.0.1:8000/'
        )
    return text


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def load_app(registry: CollectorRegistry) -> web.Application:
    """What the load shows of itself."""
    app = web.Application()
    add_health(app)
    add_metrics(app, registry)
    return app


def quantile(histogram: Histogram, share: float) -> float:
    """A quantile in seconds, interpolated within its bucket as PromQL's `histogram_quantile` does; NaN without data."""
    buckets = [
        (float(sample.labels["le"]), sample.value) for sample in _samples(histogram) if sample.name.endswith("_bucket")
    ]
    rank = share * buckets[-1][1]
    lower, below = 0.0, 0.0
    for upper, cumulative in buckets:
        if cumulative >= rank and cumulative > below:
            return lower + (upper - lower) * (rank - below) / (cumulative - below) if upper < math.inf else lower
        lower, below = upper, cumulative
    return math.nan


def summary(generator: Generator, metrics: LoadMetrics) -> dict[str, object]:
    """What became of every request that was due, and quantiles of latency and lateness, estimated from the buckets."""
    finished = {sample.labels["code"]: int(sample.value) for sample in _samples(metrics.requests) if sample.value}
    result: dict[str, object] = {
        "due": generator.due,
        "finished": finished,
        "dropped": sum(int(sample.value) for sample in _samples(metrics.dropped)),
        "unfinished": generator.in_flight,
    }
    if finished:
        result["seconds_from_due"] = _quantiles(metrics.duration)
        result["seconds_late"] = _quantiles(metrics.lateness)
    return result


def _quantiles(histogram: Histogram) -> dict[str, float]:
    return {f"p{share * 100:g}": round(quantile(histogram, share), 4) for share in (0.5, 0.95, 0.99)}


def _samples(metric: Counter | Histogram) -> list[Sample]:
    return [sample for family in metric.collect() for sample in family.samples]


def main(argv: Sequence[str] | None = None) -> int:
    """Sends load until it is told to stop or the time is over; says on stdout, as JSON, what became of it."""
    given = _flags().parse_args(argv)
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    metrics = LoadMetrics(registry)
    generator = Generator(
        given.url, given.rate, metrics, seconds=given.seconds, timeout=given.timeout, most=given.in_flight
    )
    exit_code = run_server("load", load_app(registry), given.listen, generator.run())
    if exit_code == 0:
        print(json.dumps(summary(generator, metrics)), flush=True)
    return exit_code


def _flags() -> Flags:
    flags = Flags("demo.load", "Sends requests at a constant rate, whatever becomes of them; metrics on /metrics.")
    flags.add_argument(
        "--listen", type=listen, default="127.0.0.1:8200", metavar="HOST:PORT", help="where to listen (%(default)s)"
    )
    flags.add_argument(
        "--url",
        type=loopback_url,
        default="http://127.0.0.1:8000/",
        metavar="URL",
        help="what to request, on this machine (%(default)s)",
    )
    flags.add_argument(
        "--rate", type=number(0.01, 5000, "requests a second"), default=50, metavar="RPS", help="%(default)s"
    )
    flags.add_argument(
        "--seconds",
        type=number(0, 86_400, "seconds"),
        default=0,
        metavar="SECONDS",
        help="how long; 0 means until stopped (%(default)s)",
    )
    flags.add_argument(
        "--timeout",
        type=number(0.001, 600, "seconds"),
        default=10,
        metavar="SECONDS",
        help="when a request is given up (%(default)s)",
    )
    flags.add_argument(
        "--in-flight",
        type=whole(1, 20_000, "requests"),
        default=1000,
        metavar="NUMBER",
        help="at most; more that fall due are dropped, and counted (%(default)s)",
    )
    return flags


if __name__ == "__main__":
    sys.exit(main())
