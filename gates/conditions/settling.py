"""What would settle a question that the counts leave open: how many requests, and how long they take to come."""

from __future__ import annotations

from math import ceil

from gates.counting.share import BadShare
from gates.proof import ManyLooks, Proof
from gates.wording import count
from stack.dataclass import dataclass
from stack.model import LONGEST_GATE_WINDOW
from stack.quantity import format_duration

_LONGEST_WAIT = 86400.0


@dataclass(frozen=True)
class Settling:
    """About `requests` in all settle it; `seconds` more of the same traffic bring them."""

    requests: int
    seconds: float


def settling(share: BadShare, window: float, limit: float, proof: Proof) -> Settling | None:
    """What settles it if requests and failures go on as in the last `window` seconds; None when hardly anything will.

    There must have been at least one request.
    """
    together = share.together_at_least if share.high > limit * share.requests else share.together
    needed = proof.requests_to_settle(share.high / together, share.requests / together, limit)
    if needed is None:
        return None
    requests = ceil(needed * together)
    return Settling(requests, (requests - share.requests) / share.requests * window)


def advice(share: BadShare, window: float, limit: float, proof: Proof, settled: Settling) -> str:
    """What to do to settle it: judge more of the past, wait, or wait longer."""
    rate = share.requests / window
    a_second = f"{count(rate) if rate >= 10 else f'{rate:.2g}'} a second"
    if isinstance(proof, ManyLooks):
        more = f"at {a_second} that is {_round(settled.seconds)} more"
        return f"About {count(settled.requests)} requests like these settle it; {more}."
    ways = []
    longer = window * settled.requests / share.requests
    if longer <= LONGEST_GATE_WINDOW:
        ways.append(f"judge a window of {_round(longer)}")
    waiting = settling(share, window, limit, ManyLooks(proof.confidence))
    if waiting and waiting.seconds <= _LONGEST_WAIT:
        more = f"about {count(waiting.requests)} and, at {a_second}, {_round(waiting.seconds)} more"
        ways.append(f"look on with --wait, which takes {more}")
    return f"About {count(settled.requests)} requests like these settle it: {', or '.join(ways) or 'send more'}."


def _round(seconds: float) -> str:
    """A length of time that is long enough, in whole units."""
    unit = next(unit for unit, least in ((86400, 172800), (3600, 7200), (60, 120), (1, 0)) if seconds >= least)
    return format_duration(ceil(seconds / unit) * unit)
