"""How often the gates are wrong: simulated traffic, decided by the very code that decides in use.

    python -m bench.gate_errors [--runs 2000] [--json]

Traffic is simulated with fixed seeds: requests fail by chance, alone or in bursts. At the limit itself a pass is as
wrong as a failure, and each may happen in 5 % of the cases. It takes about half a minute.
"""

from __future__ import annotations

import argparse
import json
import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from math import ceil, log1p
from random import Random

from gates.conditions.judgement import decide
from gates.counting.bursts import Slices, sized
from gates.counting.share import BadShare
from gates.gate import Verdict
from gates.proof import ManyLooks, OneLook, Proof

Rates = dict[Verdict, float]
ONE_LOOK = OneLook()
Decide = Callable[[BadShare, float, Proof], Verdict]


@dataclass(frozen=True)
class Service:
    """Requests of which the share `bad` fails, `together` at a time; a scrape sees `per_scrape` of them.

    A burst takes `lasting` scrapes, spread evenly; sizes are all the same, or `varied` around `together`.
    """

    bad: float
    together: int = 1
    lasting: float = 0.0
    varied: bool = False
    per_scrape: float = 150.0

    def failures(self, scrapes: int, random: Random) -> list[float]:
        """When requests failed, in scrapes, sorted; the bursts at both ends are cut, as a window cuts them."""
        times: list[float] = []
        span = scrapes + self.lasting
        gaps = 1.0 / (self.bad / self.together * self.per_scrape)
        begin = random.expovariate(1.0) * gaps
        while begin < span:
            for _ in range(self._size(random)):
                at = begin - self.lasting + self.lasting * random.random()
                if 0 <= at < scrapes:
                    times.append(at)
            begin += random.expovariate(1.0) * gaps
        return sorted(times)

    def _size(self, random: Random) -> int:
        if not self.varied:
            return self.together
        return ceil(log1p(-random.random()) / log1p(-1 / self.together))


def share_at(times: list[float], scrapes: int, per_scrape: float, *, sees_bursts: bool = True) -> BadShare:
    """What a gate counts in the first `scrapes` of the traffic, one scrape a second."""
    bad, requests = bisect_left(times, scrapes), scrapes * per_scrape
    if not bad or not sees_bursts:
        return BadShare.of(requests, bad, bad)
    slices = Slices.of(scrapes, 1.0)
    return sized(BadShare.of(requests, bad, bad), list(_counts(times, slices, per_scrape)) if slices else [])


def _counts(times: list[float], slices: Slices, per_scrape: float) -> Iterator[tuple[float, float]]:
    before = 0
    for number in range(1, slices.number + 1):
        until = bisect_left(times, number * slices.seconds)
        yield until - before, slices.seconds * per_scrape
        before = until


def naive(share: BadShare, limit: float, _proof: Proof) -> Verdict:
    """What most gates do: the share itself against the limit."""
    return Verdict.FAIL if share.high > limit * share.requests else Verdict.PASS


@dataclass(frozen=True)
class Remembering(Proof):
    """A proof that works out each question once."""

    proof: Proof = ONE_LOOK

    def at_most(self, bad: int, n: int, limit: float) -> bool:
        return _at_most(self.proof, bad, n, limit)

    def more_than(self, bad: int, n: int, limit: float) -> bool:
        return _more_than(self.proof, bad, n, limit)

    def bounds(self, bad: int, n: int, limit: float) -> tuple[float, float]:
        return self.proof.bounds(bad, n, limit)


@cache
def _at_most(proof: Proof, bad: int, n: int, limit: float) -> bool:
    return proof.at_most(bad, n, limit)


@cache
def _more_than(proof: Proof, bad: int, n: int, limit: float) -> bool:
    return proof.more_than(bad, n, limit)


def one_look(
    service: Service, limit: float, requests: int, runs: int, *, by: Decide = decide, sees_bursts: bool = True
) -> Rates:
    """How often each verdict comes of a window of 40 scrapes that holds so many requests."""
    random, proof, scrapes = Random(1), Remembering(proof=ONE_LOOK), 40
    service = replace(service, per_scrape=requests / scrapes)
    found: Counter[Verdict] = Counter()
    for _ in range(runs):
        times = service.failures(scrapes, random)
        found[by(share_at(times, scrapes, service.per_scrape, sees_bursts=sees_bursts), limit, proof)] += 1
    return {verdict: found[verdict] / runs for verdict in Verdict}


def many_looks(
    service: Service,
    limit: float,
    runs: int,
    *,
    by: Decide = decide,
    proof: Proof | None = None,
    first: int = 40,
    looks: int = 200,
    sees_bursts: bool = True,
) -> Rates:
    """How often each verdict is the first that decides, when a window that grows by a scrape is looked at so often."""
    random, remembering = Random(1), Remembering(proof=proof or ManyLooks())
    found: Counter[Verdict] = Counter()
    for _ in range(runs):
        times = service.failures(first + looks, random)
        verdict = Verdict.UNDECIDED
        for scrapes in range(first, first + looks):
            share = share_at(times, scrapes, service.per_scrape, sees_bursts=sees_bursts)
            verdict = by(share, limit, remembering)
            if verdict is not Verdict.UNDECIDED:
                break
        found[verdict] += 1
    return {verdict: found[verdict] / runs for verdict in Verdict}


def contradictions(rates: Rates) -> float:
    """How often two checks of one build contradict each other: one passes, one fails."""
    return 2 * rates[Verdict.PASS] * rates[Verdict.FAIL]


def measure(runs: int) -> list[tuple[str, Rates]]:
    """Every case by what it is."""
    return [*_independent(runs), *_waiting(runs // 4), *_in_bursts(runs), *_waiting_in_bursts(runs // 4)]


def _independent(runs: int) -> Iterator[tuple[str, Rates]]:
    for limit, requests in ((0.01, 1000), (0.005, 6000), (0.001, 10_000), (0.001, 100_000)):
        rates = one_look(Service(limit), limit, requests, runs)
        yield f"one look, {requests:,} requests at a limit of {limit:.1%}", rates
    yield "  the same by the bare share", one_look(Service(0.001), 0.001, 100_000, runs, by=naive)
    for requests in (1000, 10_000):
        yield f"one look, {requests:,} requests at half of 0.1%", one_look(Service(0.0005), 0.001, requests, runs)
        yield "  the same by the bare share", one_look(Service(0.0005), 0.001, requests, runs, by=naive)


def _waiting(runs: int) -> Iterator[tuple[str, Rates]]:
    for limit in (0.005, 0.001):
        yield f"200 looks at a limit of {limit:.1%}", many_looks(Service(limit), limit, runs)
    yield "  the same by bounds for one look", many_looks(Service(0.001), 0.001, runs, proof=OneLook())


def _in_bursts(runs: int) -> Iterator[tuple[str, Rates]]:
    for together in (3, 10):
        for bursts in (1, 3, 10, 50):
            requests = bursts * together * 200
            rates = one_look(Service(0.005, together), 0.005, requests, runs)
            yield f"bursts of {together}, {bursts} expected in {requests:,} requests", rates
        yield (
            "  the same, taken for independent",
            one_look(Service(0.005, together), 0.005, requests, runs, sees_bursts=False),
        )
    for lasting, lasts in ((2.0, "a slice"), (4.0, "two slices"), (8.0, "four slices")):
        yield f"20 bursts of 10 that last {lasts}", one_look(Service(0.005, 10, lasting), 0.005, 40_000, runs)
    for bursts in (5, 20, 50):
        rates = one_look(Service(0.005, 10, varied=True), 0.005, bursts * 2000, runs)
        yield f"{bursts} bursts of all sizes, 10 on average", rates


def _waiting_in_bursts(runs: int) -> Iterator[tuple[str, Rates]]:
    for per_scrape in (50.0, 150.0, 500.0):
        bursts = 40 * per_scrape * 0.005 / 10
        rates = many_looks(Service(0.005, 10, per_scrape=per_scrape), 0.005, runs)
        yield f"200 looks, bursts of 10, {bursts:g} expected at the first", rates


def main() -> int:
    """Prints how often each verdict comes, in per cent."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows = measure(arguments.runs)
    if arguments.json:
        print(json.dumps(dict(rows), indent=2))
        return 0
    print(f"{'':<56}{'pass':>8}{'fail':>8}{'undecided':>11}   % contradicting each other")
    for name, rates in rows:
        shown = "".join(
            f"{100 * rates[verdict]:>{width}.1f}"
            for verdict, width in ((Verdict.PASS, 8), (Verdict.FAIL, 8), (Verdict.UNDECIDED, 11))
        )
        print(f"{name:<56}{shown}{100 * contradictions(rates):>8.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
