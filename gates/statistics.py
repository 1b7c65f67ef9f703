"""What counts of requests prove: exact binomial bounds, in the standard library alone.

With `bad` of `n` requests failed, the true share of failures is at most the upper Clopper-Pearson bound, and at
least the lower one, each at the confidence asked for (C. J. Clopper, E. S. Pearson, Biometrika 26, 1934). The bounds
are exact: near 0, where objectives live, Wilson's and the normal ones promise more than they keep.
"""

from __future__ import annotations

from math import erf, exp, lgamma, log, log1p, pi, sqrt

CONFIDENCE = 0.95
_NORMAL_FROM = 1e5  # variance of the count above which the tail is taken from the corrected normal curve


def proves_at_most(bad: int, n: int, limit: float, confidence: float = CONFIDENCE) -> bool:
    """Whether `bad` of `n` proves that the share of failures is at most `limit`: upper bound <= limit."""
    return bad < n and _at_most(bad, n, limit) <= 1 - confidence


def proves_more_than(bad: int, n: int, limit: float, confidence: float = CONFIDENCE) -> bool:
    """Whether `bad` of `n` proves that the share of failures is more than `limit`: lower bound > limit."""
    return bad > 0 and 1 - _at_most(bad - 1, n, limit) < 1 - confidence


def clopper_pearson(bad: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The lower and the upper bound of the share of failures, each at `confidence` (one-sided)."""
    if not 0 <= bad <= n or n == 0:
        raise ValueError(f"{bad} of {n} requests is not a share")
    if not 0 < confidence < 1:
        raise ValueError(f"{confidence} is no confidence")
    lower = 0.0 if bad == 0 else _share_where(bad - 1, n, confidence)
    upper = 1.0 if bad == n else _share_where(bad, n, 1 - confidence)
    return lower, upper


def _share_where(bad: int, n: int, chance: float) -> float:
    """The share of failures at which `bad` or fewer of `n` have the probability `chance`."""
    low, high = 0.0, 1.0
    share = (bad + 1) / (n + 1)
    for _ in range(200):
        excess = _at_most(bad, n, share) - chance
        if excess > 0:  # too likely: the share must be larger
            low = share
        else:
            high = share
        slope = _density(bad + 1, n - bad, share)  # of the tail, which falls as the share grows
        newton = share + excess / slope if slope > 0 else -1.0
        following = newton if low < newton < high else (low + high) / 2
        if abs(following - share) <= 1e-14 * share or following in (low, high):
            return following
        share = following
    return share


def _at_most(bad: int, n: int, share: float) -> float:
    """The probability of `bad` or fewer failures among `n` requests when each fails with the probability `share`."""
    if bad >= n or share <= 0:
        return 1.0
    if bad < 0 or share >= 1:
        return 0.0
    variance = n * share * (1 - share)
    if variance > _NORMAL_FROM:
        return _normal_at_most(bad, n, share, sqrt(variance))
    a, b = bad + 1.0, float(n - bad)
    if share < (a + 1) / (a + b + 2):
        return 1 - _density(a, b, share) * share * (1 - share) * _fraction(a, b, share) / a
    return _density(a, b, share) * share * (1 - share) * _fraction(b, a, 1 - share) / b


def _normal_at_most(bad: int, n: int, share: float, deviation: float) -> float:
    """The normal curve with its first Edgeworth correction for skewness; the error is below 1 / variance."""
    z = (bad + 0.5 - n * share) / deviation
    skewness = (1 - 2 * share) / deviation
    chance = (1 + erf(z / sqrt(2))) / 2 - skewness * (z * z - 1) / 6 * exp(-z * z / 2) / sqrt(2 * pi)
    return min(1.0, max(0.0, chance))


def _density(a: float, b: float, x: float) -> float:
    """The density of the beta distribution at `x`."""
    return exp(log_density(a, b, x))


def log_density(a: float, b: float, x: float) -> float:
    """The logarithm of the beta density, from deviances (C. Loader, 2000): a count of 1e12 costs no digits."""
    n = a + b
    p = a / n
    q = b / n  # which 1 - p is not, when nearly all failed
    deviance = a * _log_ratio(x, p, x - p) + b * _log_ratio(1 - x, q, p - x)
    stirling = _stirling_error(n) - _stirling_error(a) - _stirling_error(b)
    return deviance + stirling + (log(a) + log(b) - log(n) - log(2 * pi)) / 2 - log(x) - log1p(-x)


def _log_ratio(x: float, p: float, difference: float) -> float:
    """The logarithm of x / p, whose difference may be known better than they are."""
    return log1p(difference / p) if abs(difference) < p / 2 else log(x / p)


def _stirling_error(z: float) -> float:
    """What Stirling's formula leaves out of lgamma(z)."""
    if z < 16:
        return lgamma(z) - ((z - 0.5) * log(z) - z + log(2 * pi) / 2)
    return (1 / 12 - (1 / 360 - (1 / 1260 - 1 / 1680 / (z * z)) / (z * z)) / (z * z)) / z


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function (Numerical Recipes 6.4, Lentz's method)."""
    tiny = 1e-300
    c = 1.0
    d = _reciprocal(1 - (a + b) * x / (a + 1), tiny)
    value = d
    for m in range(1, 100_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = _reciprocal(1 + even * d, tiny)
        c = 1 + even / (c or tiny)
        value *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = _reciprocal(1 + odd * d, tiny)
        c = 1 + odd / (c or tiny)
        value *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return value


def _reciprocal(value: float, tiny: float) -> float:
    return 1 / (value if abs(value) > tiny else tiny)
