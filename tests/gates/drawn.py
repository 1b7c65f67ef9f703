"""Failures as chance draws them."""

import random
from math import log, log1p


def failures(chance: random.Random, requests: int, p: float) -> int:
    """How many of the requests fail, each by chance `p`: by the gaps between failures."""
    bad, at = -1, 0
    while at <= requests:
        at += int(log(1 - chance.random()) / log1p(-p)) + 1
        bad += 1
    return bad
