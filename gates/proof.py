"""What counts of requests prove, by how often one looks at them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gates.statistics import CONFIDENCE, clopper_pearson, proves_at_most, proves_more_than, requests_to_settle


class Proof(Protocol):
    """A way to prove something of the true share of failures from `bad` of `n` requests, at a confidence (a ratio)."""

    @property
    def confidence(self) -> float: ...

    def at_most(self, bad: int, n: int, limit: float) -> bool:
        """Whether the share of failures is proven to be at most `limit`."""

    def more_than(self, bad: int, n: int, limit: float) -> bool:
        """Whether the share of failures is proven to be more than `limit`."""

    def bounds(self, bad: int, n: int) -> tuple[float, float]:
        """The lowest and the highest share of failures that is not disproved."""

    def requests_to_settle(self, bad: float, n: float, limit: float) -> int | None:
        """How many requests would settle it if failures go on at the present rate; None when hardly any number will."""


@dataclass(frozen=True)
class OneLook:
    """Exact bounds of Clopper and Pearson, each right at `confidence` for whoever looks once."""

    confidence: float = CONFIDENCE

    def at_most(self, bad: int, n: int, limit: float) -> bool:
        return proves_at_most(bad, n, limit, self.confidence)

    def more_than(self, bad: int, n: int, limit: float) -> bool:
        return proves_more_than(bad, n, limit, self.confidence)

    def bounds(self, bad: int, n: int) -> tuple[float, float]:
        return clopper_pearson(bad, n, self.confidence)

    def requests_to_settle(self, bad: float, n: float, limit: float) -> int | None:
        return requests_to_settle(bad, n, limit, self.confidence)
