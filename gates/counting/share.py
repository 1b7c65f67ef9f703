"""How many of a service's requests were bad, as a range that the data allow."""

from __future__ import annotations

from math import ceil, floor

from gates.counting.evidence import Doubt, Evidence
from gates.counting.window import Window
from gates.instant import Instant, UnusableAnswerError
from gates.wording import count
from prometheus.slo import Sli
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


def failed_requests(sli: Sli, seconds: float, instant: Instant) -> Counted:
    """The failed requests in the `seconds` before an instant; raises PrometheusError, UnusableAnswerError."""
    window = Window(sli.total, seconds, instant, sli.job)
    part = sli.bad if sli.good is None else sli.good
    assert part is not None  # noqa: S101 - an Sli has exactly one of the two
    requests = window.increase(sli.total)
    reading = instant.ask(
        {
            "requests": requests,
            "counted requests": f"({window.increase(part)} or 0 * {requests})",
            "requests before the first scrape": window.unseen(sli.total),
            "counted requests before the first scrape": window.unseen(part),
            **({"requests without a code": window.increase(sli.untold)} if sli.untold else {}),
            **window.questions(),
        }
    )
    if reading.count("requests without a code"):
        raise UnusableAnswerError(
            f"requests of {sli.total} have no label code, so nobody can tell which of them failed; name the counters "
            f"in services.{sli.service}.sli, as total and bad"
        )
    total = reading.count("requests")
    evidence = window.evidence(reading, total)
    counted = reading.count("counted requests") or 0.0
    unseen = reading.count("counted requests before the first scrape") or 0.0
    if total is None:
        return Counted(BadShare(0.0, 0.0, 0.0), evidence)
    if counted > 1.01 * total + 1:
        kind = "bad" if sli.good is None else "good"
        raise UnusableAnswerError(f"there are more {kind} requests ({count(counted)}) than requests ({count(total)})")
    if not evidence.is_complete:  # then a first scrape is where the history begins, and nobody knows what was before
        unseen_bad = 0.0
    elif sli.good is None:
        unseen_bad = unseen
    else:
        unseen_bad = (reading.count("requests before the first scrape") or 0.0) - unseen
    bad = counted if sli.good is None else total - counted
    return Counted(BadShare.of(total, bad + min(0.0, unseen_bad), bad + max(0.0, unseen_bad)), evidence)
