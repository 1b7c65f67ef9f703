"""What does it cost a Prometheus to evaluate the rules of 10, 100 and 1000 services?

    python -m bench.rules [--sizes 10,100,1000] [--history 1d] [--json]

One availability objective for each service. Our rules, and rules for each service by itself in the shape that Sloth and
Pyrra generate (bench/per_service_rules.py), each in a Prometheus of its own on the same counters: a history of samples
every minute, and scrapes that go on. What a Prometheus that only scrapes needs is subtracted.

The figure is CPU seconds for 30 seconds' worth of evaluations. To see all groups, also those that are evaluated every
few minutes, intervals are shortened by a factor; at many services those of the others are not, for they would not keep
up. Exit code 1 when ours costs more than 1/8 of the cheaper of the others at 1000 services (or the largest size), or
grows more than linearly from one size to the next (with 30 % for noise).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path

from bench.per_service_rules import EVERY, pyrra, sloth
from bench.rules_history import BAD, GOOD, STEP, Series, backfill, exporting, recorded, scraped
from prometheus.client import PrometheusClient
from prometheus.formats.plain import plain
from prometheus.objectives.budget import budget_groups
from prometheus.rule import RuleFile, RuleGroup
from stack.address import free_address
from stack.loader import load_stack
from stack.process import Child, find_program
from stack.quantity import parse_duration
from stack.waiting import wait_for

AT_MOST = 1 / 8
NOISE = 1.3
FEW = 100
MEASURED = 16.0
HOUR = 3600


@dataclass(frozen=True)
class Arm:
    """A set of rules: its groups, how much shorter their intervals are made, and what it had recorded before."""

    name: str
    groups: tuple[RuleGroup, ...]
    faster: float
    past: tuple[Series, ...]


@dataclass(frozen=True)
class Cost:
    """CPU seconds for the evaluations of 30 seconds, and how many rules and bytes they are."""

    arm: str
    services: int
    rules: int
    groups: int
    kilobytes: float
    cpu_seconds: float
    missed: int


def main() -> int:
    """Prints a row for each set of rules at each size; the exit code says whether the bars hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="10,100,1000", help="numbers of services, ascending")
    parser.add_argument("--history", default="1d", help="how much there is to look back on (default: 1d)")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    sizes = [int(size) for size in arguments.sizes.split(",")]
    costs = [cost for size in sizes for cost in measure(size, int(parse_duration(arguments.history)))]
    verdicts = list(judged(costs))
    if arguments.json:
        rows = [asdict(cost) for cost in costs]
        print(json.dumps({"costs": rows, "bars": [{"bar": text, "held": held} for held, text in verdicts]}, indent=2))
    else:
        print("rules    services   rules  groups      file   CPU for 30 s of evaluations")
        for one in costs:
            missed = f"   ({one.missed} evaluations missed)" if one.missed else ""
            print(
                f"{one.arm:<8} {one.services:>8} {one.rules:>7} {one.groups:>7} {one.kilobytes:>6.0f} kB"
                f"   {one.cpu_seconds:.3f} s{missed}"
            )
        for held, text in verdicts:
            print(f"{'held' if held else 'MISSED'}: {text}")
    return 0 if all(held for held, _ in verdicts) else 1


def judged(costs: list[Cost]) -> Iterator[tuple[bool, str]]:
    """The bars: our share of the cheaper of the others at the largest size, and our growth over the two largest."""
    by_size = {
        size: {cost.arm: cost.cpu_seconds for cost in costs if cost.services == size}
        for size in sorted({cost.services for cost in costs})
    }
    size, largest = list(by_size.items())[-1]
    cheaper = min(seconds for name, seconds in largest.items() if name != "ours")
    share = largest["ours"] / cheaper
    yield share <= AT_MOST, f"at {size} services ours costs 1/{1 / share:.1f} of the cheaper of the others"
    if len(by_size) > 1:
        before, smaller = list(by_size.items())[-2]
        growth, linear = largest["ours"] / smaller["ours"], size / before
        yield growth <= linear * NOISE, f"from {before} to {size} services ours costs {growth:.1f} times as much"


def measure(size: int, history: int) -> Iterator[Cost]:
    """One cost for each set of rules."""
    services = [f"svc-{number}" for number in range(size)]
    idle = 0.0
    for arm in _arms(services, history):
        with tempfile.TemporaryDirectory() as directory:
            used, rounds, missed = _run(arm, services, history, Path(directory))
        if arm.name == "idle":
            idle = used / MEASURED
            continue
        text = plain(RuleFile("rules", arm.groups))
        yield Cost(
            arm=arm.name,
            services=size,
            rules=sum(len(group.rules) for group in arm.groups),
            groups=len(arm.groups),
            kilobytes=len(text) / 1000,
            cpu_seconds=round(max(used - idle * _measured(arm), 0.001) / rounds, 4),
            missed=missed,
        )


def _arms(services: list[str], history: int) -> Iterator[Arm]:
    yield Arm("idle", (), 1, ())
    yield Arm("ours", _ours(services), 16, tuple(one for each in services for one in _our_past(each, history)))
    pace = 8 if len(services) <= FEW else 1
    past = tuple(one for each in services for one in _past_of_sloth(each, history))
    yield Arm("sloth", _of_each(sloth, services), pace, past)
    yield Arm("pyrra", _of_each(pyrra, services), pace, ())


def _of_each(write: Callable[[str], Iterator[RuleGroup]], services: list[str]) -> tuple[RuleGroup, ...]:
    return tuple(group for service in services for group in write(service))


def _ours(services: list[str]) -> tuple[RuleGroup, ...]:
    """The groups about objectives, of a stack as its owner would write it."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "stack.yaml"
        entries = (
            f"  {name}: {{sli: {{preset: prometheus-http, selector: {{job: {name}}}}}, "
            "objectives: {success_rate: {target: 99.5%}}}\n"
            for name in services
        )
        path.write_text("".join(["services:\n", *entries]))
        return budget_groups(load_stack(path))


def _our_past(service: str, history: int) -> Iterator[Series]:
    """What our rules read again, as often as they record it."""
    requests, bad = 300 * (GOOD + BAD), 300 * BAD
    records = {
        "slo:requests:increase5m": (30, HOUR, requests),
        "slo:bad:increase5m": (30, HOUR, bad),
        "slo:error_budget:ratio": (30, HOUR, 0.005),
        "slo:window:seconds": (30, HOUR, 2592000.0),
        "slo:requests:tile5m": (300, history, requests),
        "slo:bad:tile5m": (300, history, bad),
        "slo:error_budget_unspent:ratio": (240, 6 * HOUR, 0.9),
    }
    return recorded(records, f'service="{service}",slo="success_rate"')


def _past_of_sloth(service: str, history: int) -> Iterator[Series]:
    """The same of Sloth's rules, whose period is a mean of what they recorded."""
    labels = f'sloth_id="{service}",sloth_service="{service}",sloth_slo="availability",sloth_window="5m"'
    return recorded({"slo:sli_error:ratio_rate5m": (STEP, history, BAD / (GOOD + BAD))}, labels)


def _measured(arm: Arm) -> float:
    """Seconds: a whole round of every group."""
    return EVERY if arm.groups and arm.faster == 1 else MEASURED


def _run(arm: Arm, services: list[str], history: int, directory: Path) -> tuple[float, float, int]:
    """CPU seconds used, how many times 30 seconds' worth of evaluations there were, and how many were missed."""
    now = int(time.time())
    began = now - history
    (directory / "data").mkdir()
    counters = (one for each in services for one in scraped(each, history))
    backfill(chain(counters, arm.past), began, now, directory)
    groups = tuple(replace(group, interval=group.interval / arm.faster) for group in arm.groups)
    (directory / "rules.yml").write_text(plain(RuleFile("rules", groups)))
    with ExitStack() as running:
        child, client = _prometheus(directory, running.enter_context(exporting(services, began)))
        running.callback(child.stop)
        time.sleep(_measured(arm) + 2)  # the first round, which loads what later ones find loaded
        before, iterations, missed = _cpu_seconds(child.pid), *_iterations(client)
        started = time.monotonic()
        time.sleep(_measured(arm))
        elapsed = time.monotonic() - started
        used = _cpu_seconds(child.pid) - before
        later, missed_later = _iterations(client)
    expected = elapsed * sum(1 / group.interval for group in groups)
    done = (later - iterations) / expected if groups else 1.0
    return used, elapsed * arm.faster / EVERY * done, missed_later - missed


def _prometheus(directory: Path, exporter: str) -> tuple[Child, PrometheusClient]:
    """One that is ready, with the rules and the history in `directory`, and scrapes the exporter at that address."""
    (directory / "prometheus.yml").write_text(
        f"global: {{scrape_interval: 15s, evaluation_interval: 30s}}\nrule_files: ['{directory}/rules.yml']\n"
        f"scrape_configs: [{{job_name: all, honor_labels: true, static_configs: [{{targets: ['{exporter}']}}]}}]\n"
    )
    address = free_address("127.0.0.1")
    argv = (
        find_program("prometheus"),
        f"--config.file={directory / 'prometheus.yml'}",
        f"--storage.tsdb.path={directory / 'data'}",
        "--storage.tsdb.retention.time=90d",
        f"--web.listen-address={address}",
    )
    child = Child("prometheus", argv, directory / "prometheus.log")
    client = PrometheusClient(f"http://{address}", retries=0)
    wait_for(client.ready, 120, f"Prometheus should be ready: {child.last_words()}")
    return child, client


def _cpu_seconds(pid: int) -> float:
    """What the process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _iterations(client: PrometheusClient) -> tuple[float, int]:
    """Evaluations of groups so far that took place, and those that were missed."""
    import requests

    text = requests.get(f"{client.url}/metrics", timeout=30).text

    def total(name: str) -> float:
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name + "{"))

    missed = total("prometheus_rule_group_iterations_missed_total")
    return total("prometheus_rule_group_iterations_total") - missed, int(missed)


if __name__ == "__main__":
    sys.exit(main())
