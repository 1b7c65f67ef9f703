"""What the fault data plane costs, and how fast it is: python -m bench.data_plane [--quick] [--json].

CPU per request of a generated member listener with its idle fault filters, against the same without them and against a
plain reverse proxy on aiohttp, in interleaved rounds; and the time from a change to its effect. Exit code 1 when a
bound is missed.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from decimal import Decimal
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from bench.closed_loop import run_load
from chaos.envoy import envoy_command, envoy_config
from chaos.faults import leased_values
from chaos.faults.fault import Fault
from chaos.lease import ControlPlane, FaultLease
from stack.address import Address, free_address
from stack.loader import load_stack
from stack.model import Stack
from stack.process import Child, find_program
from stack.waiting import wait_for

IDLE_BOUND, AIOHTTP_BOUND = 1.15, 0.6
CONFIDENCE = 0.95

_STACK = """
services:
  site: {{sli: {{preset: envoy}}, objectives: {{success_rate: {{target: 99%}}}}}}
pools:
  bench: {{used_by: site, listen: {pool}, members: 1, upstream: "http://{upstream}"}}
envoy: {{admin: {admin}, control_plane: {control_plane}}}
"""


@dataclass(frozen=True)
class Comparison:
    """CPU per request of one thing against another: the median of the rounds' ratios, and its upper bound."""

    name: str
    ratio: float
    upper: float
    bound: float

    @property
    def holds(self) -> bool:
        return self.upper <= self.bound


@dataclass(frozen=True)
class Proxy:
    """Something that forwards requests, and the process whose CPU time that takes."""

    name: str
    listen: Address
    process: Child


def main(argv: list[str] | None = None) -> int:
    """Measures, prints, and returns the exit code."""
    parser = argparse.ArgumentParser(description="What the fault data plane costs, and how fast it is.")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args(argv)
    rounds, requests, changes = (30, 1_600, 10) if arguments.quick else (60, 3_200, 50)
    with tempfile.TemporaryDirectory() as directory, ExitStack() as running:
        upstream = running.enter_context(_upstream(Path(directory)))
        stack = _stack(Path(directory), upstream)
        proxies = list(_proxies(stack, upstream, Path(directory), running))
        costs = _costs(proxies, rounds, requests)
        effects = _effects(stack, changes)
    comparisons = (
        _compare("with idle fault filters / without", costs["idle filters"], costs["no filters"], IDLE_BOUND),
        _compare("with idle fault filters / aiohttp proxy", costs["idle filters"], costs["aiohttp"], AIOHTTP_BOUND),
    )
    _print_json(costs, comparisons, effects) if arguments.json else _print_table(costs, comparisons, effects)
    return 0 if all(comparison.holds for comparison in comparisons) else 1


@contextmanager
def _upstream(directory: Path) -> Iterator[Address]:
    """An Envoy that answers by itself: faster than what is measured."""
    stack = _stack(directory, free_address("127.0.0.1"))
    config: Any = envoy_config(stack)
    listener = config["static_resources"]["listeners"][1]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    answer = {"match": {"prefix": "/"}, "direct_response": {"status": 200, "body": {"inline_string": "ok\n"}}}
    manager["route_config"]["virtual_hosts"][0]["routes"] = [answer]
    manager["http_filters"] = manager["http_filters"][-1:]
    member = stack.pools["bench"].members[0].listen
    with _envoy(config, directory / "upstream", member):
        yield member


def _proxies(stack: Stack, upstream: Address, directory: Path, running: ExitStack) -> Iterator[Proxy]:
    listen = stack.pools["bench"].members[0].listen
    with_filters: Any = envoy_config(stack)
    yield Proxy("idle filters", listen, running.enter_context(_envoy(with_filters, directory / "idle", listen)))

    plain = _stack(directory, upstream)
    listen = plain.pools["bench"].members[0].listen
    without: Any = envoy_config(plain)
    manager = without["static_resources"]["listeners"][1]["filter_chains"][0]["filters"][0]["typed_config"]
    manager["http_filters"] = manager["http_filters"][-1:]
    yield Proxy("no filters", listen, running.enter_context(_envoy(without, directory / "plain", listen)))

    listen = free_address("127.0.0.1")
    argv = [sys.executable, "-m", "bench.aiohttp_proxy", str(listen), f"http://{upstream}"]
    yield Proxy("aiohttp", listen, running.enter_context(_running(argv, directory / "aiohttp", listen)))


def _stack(directory: Path, upstream: Address) -> Stack:
    taken: set[Address] = {upstream}

    def place() -> Address:
        while True:
            address = free_address("127.0.0.1", frozenset(taken))
            following = Address(address.host, address.port + 1)  # a pool's member listens after its front
            if following not in taken and following.is_free():
                taken.update((address, following))
                return address

    file = directory / "stack.yaml"
    file.write_text(_STACK.format(upstream=upstream, pool=place(), admin=place(), control_plane=place()))
    return load_stack(file)


@contextmanager
def _envoy(config: Mapping[str, object], directory: Path, listen: Address) -> Iterator[Child]:
    directory.mkdir()
    file = directory / "envoy.json"
    file.write_text(json.dumps(config))
    with _running(envoy_command(find_program("envoy"), file), directory, listen) as child:
        yield child


@contextmanager
def _running(argv: Sequence[str | Path], directory: Path, listen: Address) -> Iterator[Child]:
    child = Child(directory.name, argv, directory / "log")
    try:
        wait_for(lambda: not listen.is_free(), 20, f"{directory.name} did not listen at {listen}")
        yield child
    finally:
        child.stop()


def _costs(proxies: list[Proxy], rounds: int, requests: int) -> dict[str, list[float]]:
    """Seconds of CPU per request, a list of rounds for each proxy.

    Every round measures each of them once, in an order of its own: what else the machine does meets all of them.
    """
    costs: dict[str, list[float]] = {proxy.name: [] for proxy in proxies}
    for proxy in proxies:
        run_load(proxy.listen, requests)
    for _ in range(rounds):
        for proxy in random.sample(proxies, len(proxies)):
            before = _cpu_seconds(proxy.process.pid)
            run_load(proxy.listen, requests)
            costs[proxy.name].append((_cpu_seconds(proxy.process.pid) - before) / requests)
    return costs


def _cpu_seconds(pid: int) -> float:
    """CPU time of a process in nanosecond steps: /proc/PID/stat has steps of 10 ms, far too coarse for short rounds.

    The clock's number is the one that clock_getcpuclockid(3) makes of a process id.
    """
    return time.clock_gettime((~pid << 3) | 2)


def _compare(name: str, of: list[float], to: list[float], bound: float) -> Comparison:
    ratios = sorted(a / b for a, b in zip(of, to, strict=True))
    return Comparison(name, statistics.median(ratios), _upper_bound_of_median(ratios), bound)


def _upper_bound_of_median(values: list[float]) -> float:
    """The smallest of the sorted values that lies above the true median with CONFIDENCE, whatever the distribution.

    The k-th smallest of n does with probability P(Binomial(n, 1/2) < k).
    """
    n, below = len(values), 0.0
    for k, value in enumerate(values, start=1):
        below += math.comb(n, k - 1) / 2**n
        if below >= CONFIDENCE:
            return value
    return math.inf  # too few to say


def _effects(stack: Stack, changes: int) -> list[float]:
    """Seconds from each change of the lease to the first answer that shows it, faults coming and going."""
    fault = Fault("failure", "bench", 0, Decimal(1), 0.0, 0.0, 60.0)
    lease, seconds = FaultLease(), []
    member = stack.pools["bench"].members[0].listen
    with ControlPlane(stack.envoy.control_plane, lease) as plane:
        plane.connected(10)
        connection = HTTPConnection(member.host, member.port, timeout=10)
        for _ in range(changes):
            for values, status in ((leased_values([fault]), 503), ({}, 200)):
                began = time.perf_counter()
                lease.set(values, 60)
                wait_for(partial(_answers, connection, status), 10, f"no {status}", every=0.0)
                seconds.append(time.perf_counter() - began)
        connection.close()
    return seconds


def _answers(connection: HTTPConnection, status: int) -> bool:
    return _status(connection) == status


def _status(connection: HTTPConnection) -> int:
    connection.request("GET", "/")
    answer = connection.getresponse()
    answer.read()
    return answer.status


def _print_table(costs: Mapping[str, list[float]], comparisons: tuple[Comparison, ...], effects: list[float]) -> None:
    print("CPU per request, one hop                   median")
    for name, rounds in costs.items():
        print(f"  {name:40} {statistics.median(rounds) * 1e6:6.1f} us")
    print(f"\nratio                                      median   upper {CONFIDENCE:.0%} bound   at most")
    for one in comparisons:
        verdict = "ok" if one.holds else "MISSED"
        print(f"  {one.name:40} {one.ratio:6.3f}   {one.upper:15.3f}   {one.bound:7.2f}   {verdict}")
    print("\ntime from a change to its effect           median      max")
    print(f"  {len(effects)} changes{'':30} {statistics.median(effects) * 1e3:6.2f} ms {max(effects) * 1e3:6.2f} ms")


def _print_json(costs: Mapping[str, list[float]], comparisons: tuple[Comparison, ...], effects: list[float]) -> None:
    report = {
        "cpu_seconds_per_request": {name: statistics.median(rounds) for name, rounds in costs.items()},
        "ratios": [{**asdict(one), "holds": one.holds} for one in comparisons],
        "effect_seconds": {"changes": len(effects), "median": statistics.median(effects), "max": max(effects)},
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    sys.exit(main())
