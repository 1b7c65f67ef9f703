"""A retry budget: how many retries the recent requests pay for.

Retries help against a few failures and make an outage worse: with two retries a request, a vendor that fails gets three
times its load. A budget bounds that. Its tokens come from the requests and from time, and expire.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable


class RetryBudget:
    """Allows, in any `window` seconds, retries for a `share` of its requests and `minimum` a second besides.

    The rule and its parameters are those of Finagle's `RetryBudget` (deposits that expire, a reserve of
    minRetriesPerSec x ttl) and Linkerd's `retryRatio`, `minRetriesPerSecond` and `ttl`. Theirs count in slots of the
    window; this one remembers the times themselves, which is exact and, at a demo's rate, small.
    https://twitter.github.io/finagle/guide/Clients.html#retries
    """

    def __init__(
        self,
        share: float = 0.5,
        minimum: float = 10.0,
        window: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not (share >= 0 and minimum >= 0 and window > 0):
            raise ValueError("a retry budget needs a share and a minimum of at least 0, and a window above 0")
        self.share = share
        self.reserve = minimum * window
        self.window = window
        self._clock = clock
        self._requests: deque[float] = deque()
        self._retries: deque[float] = deque()

    def deposit(self) -> None:
        """A request, not a retry, is being made."""
        self._forget()
        self._requests.append(self._clock())

    def withdraw(self) -> bool:
        """Whether a retry may be made now; one that may is paid for."""
        self._forget()
        if self.balance < 1:
            return False
        self._retries.append(self._clock())
        return True

    @property
    def balance(self) -> float:
        """The retries that are left, as of the last deposit or withdrawal."""
        return self.reserve + self.share * len(self._requests) - len(self._retries)

    def _forget(self) -> None:
        horizon = self._clock() - self.window
        for times in (self._requests, self._retries):
            while times and times[0] <= horizon:
                times.popleft()
