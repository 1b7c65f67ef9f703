"""Looking again until the gates are decided."""

from __future__ import annotations

import time
from collections.abc import Callable

from gates.gate import GateReport, GateResult, Verdict
from gates.instant import Moment
from gates.wording import count, span
from stack.dataclass import dataclass

OPEN = (Verdict.UNDECIDED, Verdict.ERROR)


@dataclass(frozen=True)
class Waiting:
    """Looks for at most `seconds`, every `every` seconds, and tells `say` a line whenever a verdict has changed.

    `clock` is monotonic, in seconds, and `pause` lets so many of them pass.
    """

    seconds: float
    every: float
    say: Callable[[str], None] = lambda _line: None
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep

    def until_decided(self, look: Callable[[Moment], GateReport], since: float | None) -> GateReport:
        """The report of the first look that decides, or of the last look, which is at the deadline.

        A required gate that fails decides at once; who is undecided, or cannot be asked, may be better off later.
        """
        begun = self.clock()
        deadline = begun + self.seconds
        number, first, said = 0, None, None
        while True:
            number += 1
            looked = self.clock()
            report = look(Moment(since=since, look=number, first=first, waited=looked - begun))
            first = report.at if first is None else first
            if (verdicts := _verdicts(report)) != said:
                self.say(_progress(report))
                said = verdicts
            if report.verdict not in OPEN or self.clock() >= deadline:
                return report
            self.pause(max(0.0, min(looked + self.every, deadline) - self.clock()))


def looks(report: GateReport) -> str:
    """How long it took to decide: `after 14 looks in 3m 20s`, and nothing for one look."""
    return f"after {report.looks} looks in {span(report.waited)}" if report.looks > 1 else ""


def _verdicts(report: GateReport) -> list[Verdict]:
    return [result.verdict for result in report.results]


def _progress(report: GateReport) -> str:
    gates = "; ".join(f"{result.title} {result.verdict}{_so_far(result)}" for result in report.results)
    return f"{looks(report) or 'at the first look'}: {report.verdict}: {gates}"


def _so_far(result: GateResult) -> str:
    if result.verdict not in OPEN:
        return ""
    if result.needed is None or result.requests is None:
        return f" ({result.reason})"
    return f" ({count(result.requests)} of about {count(result.needed)} requests)"
