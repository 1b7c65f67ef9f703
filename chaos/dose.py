"""The dose: whether a fault did what was asked of it, read from Envoy's own counters."""

from __future__ import annotations

import http.client
import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from chaos.faults import KINDS
from chaos.faults.fault import Counters, Fault
from stack.address import Address
from stack.errors import HqError
from stack.model import Pool
from stack.quantity import format_percent

# How unlikely a dose must be before it is called wrong: a suite of a thousand honest doses is wrong once in ten runs.
MAX_ERROR = 1e-4

_TIMEOUT = 5.0
_UPTIME = "server.uptime"


class DoseError(HqError):
    """What was injected is not what was asked for, so that the run says nothing about the system."""


class EnvoyStats:
    """Envoy's counters and gauges, by their names in Envoy."""

    def __init__(self, admin: Address) -> None:
        self.admin = admin

    def read(self) -> Mapping[str, int]:
        """All of them, now; raises HqError when Envoy does not answer."""
        connection = http.client.HTTPConnection(self.admin.host.strip("[]"), self.admin.port, timeout=_TIMEOUT)
        try:
            connection.request("GET", "/stats?format=json")
            stats = json.loads(connection.getresponse().read())["stats"]
            return {stat["name"]: int(stat["value"]) for stat in stats if "value" in stat}
        except (OSError, http.client.HTTPException) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise HqError(f"Envoy does not answer at {self.admin} ({reason}); is the stack up?") from None
        except (ValueError, KeyError, TypeError):
            raise HqError(f"what answers at {self.admin} is not Envoy") from None
        finally:
            connection.close()

    def uptime(self) -> int:
        """Seconds since Envoy was started; raises HqError."""
        return self.read().get(_UPTIME, 0)


@dataclass(frozen=True)
class Dose:
    """What a fault did: of `requests` that reached its filter, `hit` were broken.

    `unsettled` requests were under way to it when the counters were read, so that `requests` is that uncertain. When
    Envoy was `restarted` in between, its counters began again, and none of this means anything.
    """

    fault: Fault
    requests: int
    hit: int
    unsettled: int
    restarted: bool = False

    @property
    def share(self) -> float | None:
        """The share that was hit, or None without any request."""
        return self.hit / self.requests if self.requests > 0 else None

    @property
    def verified(self) -> bool:
        return self.problem is None

    @property
    def problem(self) -> str | None:
        """Why this is not the dose that was asked for, as a sentence, or None when it is."""
        where, asked = self.fault.stat_prefix, format_percent(self.fault.share)
        if self.restarted:
            return f"Envoy was restarted during the {self.fault.kind} on {where}; its counters began again"
        if self.requests <= 0:
            return f"no request reached {where} during the {self.fault.kind}"
        needed = requests_needed(float(self.fault.share))
        if self.requests < needed:
            return (
                f"too few requests reached {where} to tell whether {asked} of them had a {self.fault.kind}: "
                f"{self.requests}, and {needed} are needed; raise the intensity, the duration or the traffic"
            )
        if not self.hit:
            return f"the {self.fault.kind} hit none of {self.requests} requests on {where}; {asked} was asked"
        if not self._plausible():
            got = format_percent(round(self.hit / self.requests, 4))
            return f"the {self.fault.kind} hit {got} of {self.requests} requests on {where}; {asked} was asked"
        return None

    def _plausible(self) -> bool:
        """Whether some number of requests that is possible explains the hits; the likeliest is tried."""
        share = float(self.fault.share)
        low, high = max(self.hit, self.requests - self.unsettled), self.requests + self.unsettled
        if self.hit > high:
            return False
        likeliest = min(max(round(self.hit / share), low), high)
        return binomial_p(self.hit, likeliest, share) >= MAX_ERROR


def measure(fault: Fault, before: Counters, after: Counters) -> Dose:
    """The dose of a fault between two readings, both while it was active."""
    kind, prefix = KINDS[fault.kind], fault.stat_prefix
    requests = kind.reached(after, prefix) - kind.reached(before, prefix)
    hit = kind.hit(after, prefix) - kind.hit(before, prefix)
    # One more: the counters are not read in one instant, and a tunnel's bucket lets one connection pass.
    unsettled = kind.under_way(before, prefix) + kind.under_way(after, prefix) + 1
    younger = after.get(_UPTIME, 0) < before.get(_UPTIME, 0)
    return Dose(fault, requests, hit, unsettled, restarted=younger or hit < 0 or requests < -unsettled)


def through(counters: Counters, pool: str) -> int:
    """Requests (of tunnels: connections) that came to a pool's front; the exporter's probes go to its members."""
    front = f"pool_{pool}"
    return counters.get(f"http.{front}.downstream_rq_total", 0) + counters.get(f"tcp.{front}.downstream_cx_total", 0)


def unused(pool: Pool, faults: Collection[Fault], requests: int) -> str | None:
    """Why `requests` through the pool's front are too few to have met the faults on its members, or None."""
    hit = {fault.member for fault in faults}
    share = min(float(fault.share) for fault in faults)
    needed = math.ceil(requests_needed(share) * len(pool.members) / len(hit))
    if requests >= needed:
        return None
    return (
        f"only {requests} requests went through {pool.name} during the faults, and {needed} are needed; "
        f"does {pool.used_by} go out through {pool.listen}?"
    )


def requests_needed(share: float) -> int:
    """How many requests tell a fault of this share from none: fewer could all be spared by chance.

    The smallest n with (1 - share)^n below half of MAX_ERROR.
    """
    return 1 if share >= 1 else math.ceil(math.log(MAX_ERROR / 2) / math.log1p(-share))


def binomial_p(hits: int, n: int, share: float) -> float:
    """The exact two-sided p-value of `hits` among `n`, each with probability `share`: twice the smaller tail."""
    if share >= 1:
        return 1.0 if hits == n else 0.0
    return min(1.0, 2 * min(_tail(hits, n, share), _tail(n - hits, n, 1 - share)))


def _tail(hits: int, n: int, share: float) -> float:
    """P(X <= hits), summed from its largest term down until the rest no longer counts."""
    if hits >= n:
        return 1.0
    if hits > n * share:  # the other side is the shorter sum
        return 1.0 - _tail(n - hits - 1, n, 1 - share)
    log_term = math.lgamma(n + 1) - math.lgamma(hits + 1) - math.lgamma(n - hits + 1)
    term = math.exp(log_term + hits * math.log(share) + (n - hits) * math.log1p(-share))
    if not term:
        return 0.0
    total = 0.0
    for k in range(hits, -1, -1):
        total += term
        if term < total * 1e-12:
            break
        term *= k * (1 - share) / ((n - k + 1) * share)
    return total
