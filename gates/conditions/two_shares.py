"""What the counts of two sides prove of their shares of bad requests: is the candidate's larger than is allowed?"""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

from gates.counting.share import BadShare
from gates.proof import OneLook
from stack.dataclass import dataclass

_MOST_TRAFFIC = 10_000.0  # times as much as there was; more than that is no advice
_PRECISION = 1.05


@dataclass(frozen=True)
class TwoShares:
    """The candidate may have `factor` times the baseline's share of bad requests, and `margin` (a ratio) more.

    Without a margin the test is the exact one for the ratio of two Poisson means (J. Przyborowski, H. Wilenski,
    Biometrika 31, 1940): were the shares just as allowed, of all bad requests those of the candidate would be the part
    factor * n1 / (factor * n1 + n2), give or take chance. Requests that each fail or do not vary less than that. With
    a margin it takes an exact bound of either side, each at half the risk (Bonferroni), which proves less than it
    might, but never what is not so.
    """

    candidate: BadShare
    baseline: BadShare
    factor: float
    margin: float

    @property
    def measured(self) -> bool:
        """Whether both sides had a request."""
        return self.candidate.most[1] > 0 and self.baseline.most[1] > 0

    @property
    def actual(self) -> float:
        """The candidate's share of bad requests, every doubtful one taken for bad."""
        return self.candidate.high / self.candidate.requests

    @property
    def expected(self) -> float:
        """The baseline's share of bad requests, no doubtful one taken for bad."""
        return self.baseline.low / self.baseline.requests

    @property
    def allowed(self) -> float:
        """The largest share that the candidate may have, if the baseline's is what was counted."""
        return self.factor * self.expected + self.margin

    @property
    def excess(self) -> float:
        """How much larger the candidate's share is than what is allowed; below zero where it is smaller."""
        return self.actual - self.allowed

    def is_no_worse(self, proof: OneLook) -> bool:
        """Whether the candidate's share is proven to be as allowed."""
        bad, requests = self.candidate.most
        bad_before, requests_before = replace(self.baseline, swing=None).fewest  # an outage there excuses nothing here
        if not self.margin:
            together = bad + bad_before
            return together > 0 and proof.at_most(bad, together, self._due_part(requests, requests_before))
        halved = _at_half_the_risk(proof)
        highest = halved.bounds(bad, requests, self.allowed)[1]
        return highest <= self.factor * halved.bounds(bad_before, requests_before, self.expected)[0] + self.margin

    def is_worse(self, proof: OneLook) -> bool:
        """Whether the candidate's share is proven to be larger than is allowed."""
        bad, requests = self.candidate.fewest
        bad_before, requests_before = self.baseline.most
        if not self.margin:
            together = bad + bad_before
            return together > 0 and proof.more_than(bad, together, self._due_part(requests, requests_before))
        halved = _at_half_the_risk(proof)
        lowest = halved.bounds(bad, requests, self.allowed)[0]
        return lowest > self.factor * halved.bounds(bad_before, requests_before, self.expected)[1] + self.margin

    def traffic_to_settle(self, proof: OneLook) -> float | None:
        """How many times as many requests on both sides would settle it; None when hardly any number will."""
        few, many = 1.0, 2.0
        while not self._settled(many, proof):
            few, many = many, 2 * many
            if many > _MOST_TRAFFIC:
                return None
        while many / few > _PRECISION:
            middle = sqrt(few * many)
            if self._settled(middle, proof):
                many = middle
            else:
                few = middle
        return many

    def _settled(self, times: float, proof: OneLook) -> bool:
        more = replace(self, candidate=_scaled(self.candidate, times), baseline=_scaled(self.baseline, times))
        return more.is_no_worse(proof) if self.excess <= 0 else more.is_worse(proof)

    def _due_part(self, requests: int, requests_before: int) -> float:
        return self.factor * requests / (self.factor * requests + requests_before)


def _at_half_the_risk(proof: OneLook) -> OneLook:
    return OneLook(1 - (1 - proof.confidence) / 2)


def _scaled(share: BadShare, times: float) -> BadShare:
    return replace(share, requests=share.requests * times, low=share.low * times, high=share.high * times)
