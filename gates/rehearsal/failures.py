"""What goes wrong in a rehearsal, and what a gate should say to it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

from gates.gate import Kind, QualityGate, Verdict
from gates.rehearsal.server import Asked, Reply
from gates.rehearsal.service import Row, Service
from gates.replaying.codec import encode
from stack.dataclass import dataclass

SERVICE = Service()
MONTH = 30 * 86400.0
ALL = frozenset(Kind)
COUNTING = ALL - {Kind.PROMQL}
_PAGE = b"<!DOCTYPE html><title>Sign in</title>"


@dataclass(frozen=True)
class Failure:
    """One thing that goes wrong: with the `service` that is measured, or with the answer on its way.

    It means something to gates of these `kinds`. `expected` is what they should say: ERROR and UNDECIDED both mean that
    nothing is known. `spoil` changes the series of an answer, `reply` the answer as it is sent, and `warnings` come
    with it. Nobody listens at all where `is_deaf`, and nobody answers where it `hangs`.
    """

    name: str
    expected: Verdict
    service: Service = SERVICE
    spoil: Callable[[list[Row]], list[Row]] = list
    reply: Callable[[bytes], Reply] = lambda body: Reply(200, body)
    warnings: tuple[str, ...] = ()
    kinds: frozenset[Kind] = ALL
    is_deaf: bool = False
    hangs: bool = False

    def answer(self, gate: QualityGate, at: float, asked: Asked) -> Reply:
        """What Prometheus answers while this goes on to a gate that judges the moment `at`."""
        rows = self.spoil(self.service.answer(gate, asked, at))
        result = [{"metric": labels, **_points(number, asked)} for labels, number in rows]
        kind = "vector" if len(asked.times) == 1 else "matrix"
        data = {"resultType": kind, "result": result}
        return self.reply(json.dumps({"status": "success", "data": data, "warnings": self.warnings}).encode())

    def is_a_guess(self, verdict: Verdict) -> bool:
        """Whether a gate that says `verdict` says what it cannot know, or the opposite of what it must."""
        if self.expected is Verdict.PASS:
            return verdict is Verdict.FAIL
        if self.expected is Verdict.FAIL:
            return verdict in (Verdict.PASS, Verdict.WARN)
        return verdict not in (Verdict.UNDECIDED, Verdict.ERROR)


def _points(number: float, asked: Asked) -> dict[str, object]:
    words = str(encode(number))
    if len(asked.times) == 1:
        return {"value": [asked.times[0], words]}
    return {"values": [[time, words] for time in asked.times]}


def _twice(rows: list[Row]) -> list[Row]:
    return [({**labels, "pod": pod}, number) for labels, number in rows for pod in ("a", "b")]


def _part_is_nan(rows: list[Row]) -> list[Row]:
    """Spoils the counts of a part of the requests, and leaves the count of all of them."""

    def is_a_part(labels: dict[str, str]) -> bool:
        return labels["dev_hq_question"].startswith("counted") or labels.get("le", "+Inf") != "+Inf"

    return [(labels, math.nan if is_a_part(labels) else number) for labels, number in rows]


def _always(status: int, body: bytes) -> Callable[[bytes], Reply]:
    return lambda _answer: Reply(status, body)


def _service(name: str, expected: Verdict, service: Service, kinds: frozenset[Kind] = COUNTING) -> Failure:
    return Failure(name, expected, service, kinds=kinds)


def _way(name: str, reply: Callable[[bytes], Reply]) -> Failure:
    return Failure(name, Verdict.ERROR, reply=reply)


FAILURES = (
    Failure("nobody listens", Verdict.ERROR, is_deaf=True),
    Failure("Prometheus hangs", Verdict.ERROR, reply=lambda body: Reply(200, body, never_comes=True), hangs=True),
    _way("the answer breaks off", lambda body: Reply(200, body, is_cut=True)),
    _way("credentials are refused (401)", _always(401, b"")),
    _way("there is no API (404)", _always(404, b"404 page not found")),
    _way("an internal error (500)", _always(500, b"")),
    _way("Prometheus is starting (503)", _always(503, b"Service Unavailable")),
    _way("a login page", _always(200, _PAGE)),
    _way("half a JSON document", lambda body: Reply(200, body[: len(body) // 2])),
    _way("JSON of something else", _always(200, b'{"status": "success", "data": {}}')),
    _way(
        "the query fails", _always(422, b'{"status": "error", "errorType": "execution", "error": "too many samples"}')
    ),
    Failure("a part of the data is missing", Verdict.ERROR, warnings=("a store did not answer",)),
    Failure("series that nobody asked for", Verdict.ERROR, spoil=lambda rows: [*rows, ({"job": "other"}, 1.0)]),
    Failure("several series instead of one", Verdict.ERROR, spoil=_twice),
    Failure("NaN", Verdict.ERROR, spoil=lambda rows: [(labels, math.nan) for labels, _ in rows]),
    Failure("NaN among the bad ones", Verdict.ERROR, spoil=_part_is_nan, kinds=COUNTING),
    Failure("infinity", Verdict.ERROR, spoil=lambda rows: [(labels, math.inf) for labels, _ in rows]),
    _service("a negative count", Verdict.ERROR, Service(requests=-1e8)),
    _service("more of them than requests", Verdict.ERROR, Service(excess=2.0)),
    _service("each series is there twice", Verdict.ERROR, Service(copies=2.0)),
    _service("no such series", Verdict.UNDECIDED, Service(is_known=False), ALL),
    _service("no requests", Verdict.UNDECIDED, Service(requests=0.0, bad=0.0)),
    _service("a single request", Verdict.UNDECIDED, Service(requests=1.0, bad=0.0)),
    _service("a dead target", Verdict.UNDECIDED, Service(is_up=False), ALL),
    _service("stale samples", Verdict.UNDECIDED, Service(age=MONTH), ALL),
    _service("all series have ended", Verdict.UNDECIDED, Service(age=None), ALL),
    _service("the history is too short", Verdict.UNDECIDED, Service(coverage=0.01)),
    _service("the service hangs", Verdict.UNDECIDED, Service(recent=0.0)),
    _service(
        "the baseline has no series", Verdict.UNDECIDED, Service(has_baseline=False), frozenset({Kind.COMPARISON})
    ),
    _service("all is bad", Verdict.FAIL, Service(bad=1e8), ALL),
    _service("a counter was reset", Verdict.PASS, Service(resets=1.0)),
    _service("no series of failures", Verdict.PASS, Service(has_bad_series=False), COUNTING - {Kind.COMPARISON}),
    _service("all is well", Verdict.PASS, SERVICE, ALL),
)
