"""Looking again until the gates are decided."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from gates.gate import GateReport, Verdict
from gates.instant import Moment


@dataclass(frozen=True)
class Waiting:
    """Looks for at most `seconds`, every `every` seconds."""

    seconds: float
    every: float

    def until_decided(self, look: Callable[[Moment], GateReport], since: float | None) -> GateReport:
        """The report of the first look at which the verdict is neither undecided nor an error, or of the last look."""
        deadline = time.monotonic() + self.seconds
        number, first = 1, None
        while True:
            report = look(Moment(since=since, look=number, first=first))
            first = first if first is not None else report.at
            left = deadline - time.monotonic()
            if report.verdict not in (Verdict.UNDECIDED, Verdict.ERROR) or left <= 0:
                return report
            time.sleep(min(self.every, left))
            number += 1
