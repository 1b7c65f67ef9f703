"""A convention of counting requests: the names of metrics and labels that many programs share."""

from __future__ import annotations

from prometheus.selector import matching, matching_all
from prometheus.slo import Sli
from stack.dataclass import dataclass

Matcher = tuple[str, str, str]
"""Label, operator and value, as in `job="shop"`."""

Matchers = tuple[Matcher, ...]


@dataclass(frozen=True)
class Convention:
    """What is counted of requests, by its names.

    `total` is the counter of requests, of which the matcher `bad` selects the bad ones; without `bad` it is a gauge
    that is 1 after a probe that succeeded and 0 after one that failed. `buckets` is the latency histogram, whose `le`
    counts in units of `bucket_unit` seconds. The matcher `limited` selects the answers with 429, of the counter
    `limited_in` where that is another one; where it depends on the service whether single codes are counted,
    `single_codes` selects the requests of those that do. `always` selects what is counted once, where it is counted
    several times. `keys` are the labels that may tell services, the usual one first, and `told_by` selects what is
    counted by this convention, where others use the same name.
    """

    total: str
    keys: tuple[str, ...]
    bad: Matcher | None = None
    buckets: str | None = None
    bucket_unit: float = 1.0
    limited: Matcher | None = None
    limited_in: str | None = None
    single_codes: Matcher | None = None
    always: Matchers = ()
    told_by: Matchers = ()

    def indicator(self, name: str, selected: Matchers) -> Sli:
        """The indicator of a service by its name, or of several joined by `|`, of the series that are selected."""
        chosen = (*self.always, *selected)
        total = matching_all(self.total, chosen)
        return Sli(
            service=name,
            total=total,
            bad=matching(total, *self.bad) if self.bad else None,
            good=None if self.bad else total,
            probed=self.bad is None,
            buckets=matching_all(self.buckets, chosen) if self.buckets else None,
            bucket_unit=self.bucket_unit,
            throttled=matching_all(self.limited_in or self.total, (*chosen, self.limited)) if self.limited else None,
            throttled_among=matching(total, *self.single_codes) if self.single_codes else None,
        )
