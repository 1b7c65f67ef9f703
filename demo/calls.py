"""How the storefront calls its vendor: resiliently, or naively.

request --> try --> answered ---------------------------------> quote
             ^         |
             |         v  5xx, 429, timeout, connection error
             |      retries left, and the budget pays? --no---> failure
             |         | yes
             +-- jittered backoff
"""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout
from prometheus_client import CollectorRegistry, Counter

from demo.budget import RetryBudget

TIMEOUT = "timeout"
CONNECTION = "connection"
THROTTLED = "429"
MALFORMED = "malformed"  # a 200 whose body is no JSON object
CODES = ("200", THROTTLED, "500", "502", "503", "504", TIMEOUT, CONNECTION, MALFORMED)

FIRST_BACKOFF = 0.05
LONGEST_BACKOFF = 0.25


@dataclass(frozen=True)
class Calls:
    """A way of calling: seconds for each try, how often to try again, and what pays for it."""

    timeout: float
    retries: int
    budget: RetryBudget


def resilient(timeout: float = 1.0, retries: int = 2, budget: RetryBudget | None = None) -> Calls:
    """Short tries, some more of them after a failure, and a budget so that they never become a storm."""
    return Calls(timeout, retries, budget or RetryBudget())


def naive(timeout: float = 5.0) -> Calls:
    """One long try."""
    return Calls(timeout, 0, RetryBudget(share=0, minimum=0))


@dataclass(frozen=True)
class Try:
    """What one try came to: the HTTP status, `timeout`, `connection` or `malformed`, and the quote of a good one."""

    code: str
    quote: dict[str, Any] | None = None

    @property
    def is_worth_repeating(self) -> bool:
        return self.code in (TIMEOUT, CONNECTION, THROTTLED) or self.code.startswith("5")


class VendorMetrics:
    """What the calls cost; every code that matters is there from the start, so that its first increase is seen."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.tries = Counter(
            "vendor_tries_total",
            "Requests sent to the vendor, retries included, by HTTP status, timeout or connection error.",
            ["code"],
            registry=registry,
        )
        self.retries = Counter("vendor_retries_total", "Tries that repeated a failed one.", registry=registry)
        self.exhausted = Counter(
            "vendor_retry_budget_exhausted_total",
            "Retries not made because the retry budget was empty.",
            registry=registry,
        )
        for code in CODES:
            self.tries.labels(code)


class Vendor:
    """The vendor as the storefront sees it."""

    def __init__(self, session: ClientSession, url: str, calls: Calls, metrics: VendorMetrics) -> None:
        self._session = session
        self._url = url
        self._calls = calls
        self._metrics = metrics

    async def quote(self) -> Try:
        """The last of as many tries as it took, or as were allowed."""
        self._calls.budget.deposit()
        for retry in range(self._calls.retries + 1):
            outcome = await self._try()
            self._metrics.tries.labels(outcome.code).inc()
            if not outcome.is_worth_repeating or retry == self._calls.retries:
                break
            if not self._calls.budget.withdraw():
                self._metrics.exhausted.inc()
                break
            await asyncio.sleep(backoff(retry))
            self._metrics.retries.inc()
        return outcome

    async def _try(self) -> Try:
        timeout = ClientTimeout(total=self._calls.timeout)
        try:
            async with self._session.get(self._url, timeout=timeout, allow_redirects=False) as reply:
                body = await reply.read()
        except TimeoutError:
            return Try(TIMEOUT)
        except (ClientError, OSError):
            return Try(CONNECTION)
        return _read_quote(body) if reply.status == 200 else Try(str(reply.status))


def _read_quote(body: bytes) -> Try:
    try:
        quote = json.loads(body)
    except (ValueError, RecursionError):
        quote = None
    return Try("200", quote) if isinstance(quote, dict) else Try(MALFORMED)


def backoff(retry: int) -> float:
    """Seconds before retry number `retry` (from 0): full jitter, so that those who failed together part.

    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    return random.uniform(0, min(LONGEST_BACKOFF, FIRST_BACKOFF * 2**retry))
