"""What counts prove to someone who looks again and again, until it is decided.

Bounds for one look are wrong then: with enough looks, chance shows whatever one waits for. Here a mixture of all the
shares that might be true is weighed against the one in question (the beta-binomial mixture; M. Lindon et al.,
"Rapid regression detection in software deployments through sequential testing", KDD 2022). While the share in question
is the true one, that ratio is a martingale that begins at 1, so it reaches 1 / (1 - confidence) at any time at all with
a chance of at most 1 - confidence (J. Ville, 1939), and a truth further off makes the wrong verdict rarer still.

The mixture is Beta(1, 1 / limit - 1), whose mean is the limit that is judged: it is fixed before the first request, so
that the bounds hold at all looks together, and exclude the limit exactly when the verdict does.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log

from gates.statistics import log_density

_HALVINGS = 100


def is_at_most(bad: int, n: int, limit: float, confidence: float) -> bool:
    """Whether `bad` of `n` proves, at this look and all others, that the share of failures is at most `limit`."""
    if not 0 < limit < 1:
        return limit >= 1 and bad < n
    return bad < limit * n and _excludes(bad, n, limit, limit, confidence)


def is_more_than(bad: int, n: int, limit: float, confidence: float) -> bool:
    """Whether `bad` of `n` proves, at this look and all others, that the share of failures is more than `limit`."""
    if not 0 < limit < 1:
        return limit <= 0 and bad > 0
    return bad > limit * n and _excludes(bad, n, limit, limit, confidence)


def confidence_sequence(bad: int, n: int, limit: float, confidence: float) -> tuple[float, float]:
    """The lowest and the highest share that is not excluded, where `limit` is the one in question."""
    if not 0 <= bad <= n or n == 0:
        raise ValueError(f"{bad} of {n} requests is not a share")

    def excluded(share: float) -> bool:
        return _excludes(bad, n, share, limit, confidence)

    return (
        0.0 if bad == 0 else _border(excluded, 0.0, bad / n),
        1.0 if bad == n else _border(excluded, 1.0, bad / n),
    )


def _excludes(bad: int, n: int, share: float, limit: float, confidence: float) -> bool:
    """Whether the mixture outweighs `share`: the ratio of the two is that of the prior density to the posterior."""
    spread = 1 / limit - 1
    prior = log_density(1.0, spread, share)
    posterior = log_density(1.0 + bad, spread + (n - bad), share)
    return prior - posterior >= -log(1 - confidence)


def _border(excluded: Callable[[float], bool], outside: float, inside: float) -> float:
    """The share next to those that are not excluded, from `outside` of them."""
    for _ in range(_HALVINGS):
        middle = (outside + inside) / 2
        if middle in (outside, inside):
            break
        if excluded(middle):
            outside = middle
        else:
            inside = middle
    return outside
