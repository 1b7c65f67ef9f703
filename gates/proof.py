"""What counts of requests prove, by how often one looks at them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import ceil, floor

from gates.sequential import confidence_sequence, is_at_most, is_more_than
from gates.statistics import CONFIDENCE, clopper_pearson, proves_at_most, proves_more_than
from stack.dataclass import dataclass

MOST_REQUESTS = 10**12
_DUST = 1e-9  # of a request


@dataclass(frozen=True)
class Proof(ABC):
    """A way to prove something of the true share of failures from `bad` of `n` requests, at `confidence` (a ratio)."""

    confidence: float = CONFIDENCE

    @abstractmethod
    def at_most(self, bad: int, n: int, limit: float) -> bool:
        """Whether the share of failures is proven to be at most `limit`."""

    @abstractmethod
    def more_than(self, bad: int, n: int, limit: float) -> bool:
        """Whether the share of failures is proven to be more than `limit`."""

    @abstractmethod
    def bounds(self, bad: int, n: int, limit: float) -> tuple[float, float]:
        """The lowest and the highest share of failures that is not disproved, when the question is `limit`."""

    def requests_to_settle(self, bad: float, n: float, limit: float) -> int | None:
        """How many requests would settle it if failures go on at the present rate, `bad` of `n` (at least 1).

        More than `n`; None when the rate lies so near the limit that MOST_REQUESTS would not do.
        """
        few = floor(n)
        many = few + 1
        while not self._settled(bad / n, many, limit):
            few, many = many, 2 * many
            if many > MOST_REQUESTS:
                return None
        while many - few > 1:
            middle = (few + many) // 2
            if self._settled(bad / n, middle, limit):
                many = middle
            else:
                few = middle
        return many

    def _settled(self, rate: float, n: int, limit: float) -> bool:
        if rate < limit:
            return self.at_most(ceil(rate * n - _DUST), n, limit)
        return self.more_than(floor(rate * n + _DUST), n, limit)


@dataclass(frozen=True)
class OneLook(Proof):
    """Exact bounds of Clopper and Pearson, each right at `confidence` for whoever looks once."""

    def at_most(self, bad: int, n: int, limit: float) -> bool:
        return proves_at_most(bad, n, limit, self.confidence)

    def more_than(self, bad: int, n: int, limit: float) -> bool:
        return proves_more_than(bad, n, limit, self.confidence)

    def bounds(self, bad: int, n: int, _limit: float) -> tuple[float, float]:
        return clopper_pearson(bad, n, self.confidence)


@dataclass(frozen=True)
class ManyLooks(Proof):
    """Bounds that are right at `confidence` at all looks together, however many; each look sees all that went before.

    So it is for counts that only grow: of a window that begins where it began at the first look.
    """

    def at_most(self, bad: int, n: int, limit: float) -> bool:
        return is_at_most(bad, n, limit, self.confidence)

    def more_than(self, bad: int, n: int, limit: float) -> bool:
        return is_more_than(bad, n, limit, self.confidence)

    def bounds(self, bad: int, n: int, limit: float) -> tuple[float, float]:
        return confidence_sequence(bad, n, limit, self.confidence)


def confidence_at_look(confidence: float, look: int) -> float:
    """What a test for one look needs at look number `look` to be right at `confidence` at all of them.

    Look 0 is the only one. What may go wrong is spent over the looks, (1 - confidence) / (look * (look + 1)) at each,
    which adds up to 1 - confidence (a union bound). It costs more than ManyLooks, and does for any test and for
    windows that move on.
    """
    return confidence if look == 0 else 1 - (1 - confidence) / (look * (look + 1))
