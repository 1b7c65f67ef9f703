"""How many of a service's requests were bad, as a range that the data allow."""

from __future__ import annotations

from math import ceil, floor

from gates.counting.evidence import Doubt, Evidence
from stack.dataclass import dataclass

_DUST = 1e-6  # of a request: what arithmetic on floats adds to a whole number


@dataclass(frozen=True)
class BadShare:
    """Of `requests`, at least `low` were bad and at most `high`; increase() extrapolates, so none need be whole.

    Failures that vary `dispersion` times as much as independent ones (1 at least; None: nobody knows, and they are
    taken for independent) are worth that many times fewer. `swing` is how much they vary from one moment to the next:
    an outage that goes on varies them over the window and hardly from moment to moment, and must not hide itself. So
    a failure is proven by the swing, and a success by the dispersion.
    """

    requests: float
    low: float
    high: float
    dispersion: float | None = 1.0
    swing: float | None = None

    @classmethod
    def of(
        cls, requests: float, low: float, high: float, dispersion: float | None = 1.0, swing: float | None = None
    ) -> BadShare:
        """The share, kept within what is possible: counters of two families never agree to the last request."""
        high = min(max(high, 0.0), requests)
        return cls(requests, min(max(low, 0.0), high), high, dispersion, swing)

    @property
    def together_at_least(self) -> float:
        """How many failures go together, in favour of whoever says that there are too many."""
        return self.swing or self.together

    @property
    def together(self) -> float:
        """How many failures go together, as far as is known."""
        return self.dispersion or 1.0

    @property
    def fewest(self) -> tuple[int, int]:
        """Bad requests and all of them as whole numbers of independent ones, rounded in favour of the service."""
        together = min(self.together_at_least, max(1.0, self.low))  # all of them are one burst at least
        return floor(self.low / together + _DUST), ceil(self.requests / together - _DUST)

    @property
    def most(self) -> tuple[int, int]:
        """Bad requests and all of them as whole numbers of independent ones, rounded against the service."""
        requests = floor(self.requests / self.together + _DUST)
        return min(ceil(self.high / self.together - _DUST), requests), requests


@dataclass(frozen=True)
class Counted:
    """What was counted and what the data is worth; `blur` says why it is no more than a range, if that has a reason."""

    share: BadShare
    evidence: Evidence
    blur: Doubt | None = None
