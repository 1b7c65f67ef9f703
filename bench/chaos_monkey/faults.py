"""Does a fault outlive its TTL? A prober outside asks the members themselves, and Envoy for its runtime."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from bench.chaos_monkey.promise import ALLOWANCE, Breach, Promise
from bench.chaos_monkey.repeating import Repeating
from chaos.lease import TTL
from stack.address import Address
from stack.model import Stack

ENVOY_ABORTS = b"fault filter abort"
RUNTIME = "Envoy's runtime"


@dataclass(frozen=True)
class Look:
    """One answer about a fault: `where` it was asked, from when to when (epoch seconds), whether the fault was on."""

    where: str
    asked: float
    answered: float
    faulty: bool


@dataclass
class FaultSpan:
    """When a run could have had a fault on, as others than the run saw it (epoch seconds; None: not yet, or never).

    `began` and `gone` are those of its process, `deadline` follows from its plan and the record of the injection,
    `withdrawn` is the record that says that no fault is left.
    """

    began: float
    gone: float | None = None
    deadline: float | None = None
    withdrawn: float | None = None

    @property
    def end(self) -> float:
        """The last moment at which a fault of this run may be seen."""
        gone = None if self.gone is None else self.gone + TTL
        return min((at for at in (gone, self.deadline, self.withdrawn) if at is not None), default=float("inf"))


class FaultProber(Repeating):
    """Asks each member of every pool, and Envoy's runtime, ten times a second."""

    every = 0.1

    def __init__(self, stack: Stack) -> None:
        super().__init__()
        self.looks: list[Look] = []
        self._members = [
            _Asked(f"member {member.number} of {pool.name}", member.listen, pool.probe)
            for pool in stack.pools.values()
            for member in pool.members
        ]
        self._runtime = _Asked(RUNTIME, stack.envoy.admin, "/runtime")

    @property
    def places(self) -> int:
        """How many places are asked."""
        return len(self._members) + 1

    def look(self) -> None:
        for member in self._members:
            self._note(member, lambda status, body: status == 503 and body == ENVOY_ABORTS)
        self._note(self._runtime, lambda _, body: bool(json.loads(body)["entries"]))

    def close(self) -> None:
        for asked in (*self._members, self._runtime):
            asked.close()

    def _note(self, asked: _Asked, faulty: Callable[[int, bytes], bool]) -> None:
        began = time.time()
        if answer := asked.answer():
            self.looks.append(Look(asked.where, began, time.time(), faulty(*answer)))


@dataclass
class _Asked:
    """One address that is asked again and again, on one connection as long as it lasts."""

    where: str
    address: Address
    path: str
    _connection: http.client.HTTPConnection | None = field(default=None, repr=False)

    def answer(self) -> tuple[int, bytes] | None:
        """Its status and body, or None while nobody answers: an Envoy that is down has no fault on."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self.address.host.strip("[]"), self.address.port, timeout=2)
        try:
            self._connection.request("GET", self.path)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            return None

    def close(self) -> None:
        """Ends the connection."""
        if self._connection:
            self._connection.close()
            self._connection = None


def outlived(looks: Iterable[Look], spans: Sequence[FaultSpan]) -> Iterator[Breach]:
    """One breach for each place where a fault was seen when no run could still have one, with the longest excess."""
    worst: dict[str, tuple[float, Look]] = {}
    for look in looks:
        if look.faulty and (excess := _excess(look, spans)) > worst.get(look.where, (ALLOWANCE, look))[0]:
            worst[look.where] = excess, look
    for where, (excess, look) in worst.items():
        late = "of no run at all" if excess == float("inf") else f"{excess:.1f} s after it had to be over"
        yield Breach(Promise.FAULTS_END, f"{where} showed a fault at {look.asked:.3f}, {late}")


def gone_after(looks: Iterable[Look], killed: float) -> float | None:
    """Seconds from a kill until every place that still showed a fault then had shown none, or None when none did.

    Counted to the clean answer, so that it is never shorter than the fault.
    """
    gone: dict[str, float] = {}
    for look in looks:
        if look.faulty and look.answered >= killed:
            gone[look.where] = float("inf")
        elif not look.faulty and gone.get(look.where) == float("inf"):
            gone[look.where] = look.answered - killed
    return max(gone.values(), default=None)


def _excess(look: Look, spans: Sequence[FaultSpan]) -> float:
    """How long after the end of the last run that could have had a fault on it was seen."""
    before = [span.end for span in spans if span.began <= look.answered]
    return look.asked - max(before, default=float("-inf"))
