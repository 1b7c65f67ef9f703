"""The closed loop, narrated: the commands a user would type, run one after another against a real stack."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from hq.beside import Command
from prometheus.access import connect
from prometheus.anomalies import Anomaly, current_anomalies
from stack.errors import HqError
from stack.journal import Journal, Record
from stack.loader import load_stack
from stack.model import Stack
from stack.placement import open_stack
from stack.waiting import wait_for

SCENARIO = "proxy-failure-wave"
EXPECTED = "upstream_failure"
UP_LINE = "the stack is up"

Say = Callable[[str], None]
T = TypeVar("T")


def play(path: Path, say: Say) -> None:
    """Shows the eight steps on the stack in `path`; raises HqError naming the one that did not happen."""
    began = time.monotonic()
    say("1. The stack comes up: `dev-hq up`")
    with _stack_up(path, say) as stack:
        _Showing(path, stack, say, since=time.time()).show()
        say("\nStopping the stack: `dev-hq down`")
    say(f"\nEverything is stopped. The whole loop took {time.monotonic() - began:.0f} s.")


def check_playable(path: Path) -> None:
    """Raises HqError when the stack in `path` cannot show the loop."""
    stack = load_stack(path)
    if not stack.pools or not stack.processes:
        raise HqError(f"{path} cannot show the loop: it needs a pool, and processes that make traffic")


@contextmanager
def _stack_up(path: Path, say: Say) -> Iterator[Stack]:
    with _command(["hq.cli", "--stack", str(path), "up", "--fresh"], say) as up:
        wait_for(
            lambda: up.exit_code is not None or any(line.startswith(UP_LINE) for line in up.lines),
            90,
            "the stack did not come up",
        )
        if up.exit_code is not None:
            raise HqError("the stack did not come up; the lines above say why")
        yield open_stack(path)


@contextmanager
def _command(argv: list[str], say: Say) -> Iterator[Command]:
    command = Command(argv, say)
    try:
        yield command
    finally:
        command.stop()


@dataclass(frozen=True)
class _Showing:
    """The steps 2 to 8, on a stack that is up `since` (epoch seconds)."""

    path: Path
    stack: Stack
    say: Say
    since: float

    def show(self) -> None:
        self._baseline()
        self.say(f"\n3. The wave: `dev-hq chaos run {SCENARIO}`")
        with _command(["hq.cli", "--stack", str(self.path), "chaos", "run", SCENARIO], self.say) as run:
            injected = self._wait_while(run, lambda: self._first("fault_injected"), 60, "no fault was injected").at
            self._anomaly(run, injected)
            self._notification(run, injected)
            self._blocked_gate(run)
            self.say("\n7. The wave is withdrawn and recovery is measured")
            code = run.wait(150, "the run")
        self._recovered()
        self._score(code)

    def _baseline(self) -> None:
        self.say("\n2. A baseline: `python -m gates.check` passes")
        wait_for(lambda: self._gate_code() == 0, 75, "the gate did not pass on a healthy stack", every=2.0)
        self._show_gate(expected=0)

    def _anomaly(self, run: Command, injected: float) -> None:
        anomaly = self._wait_while(run, self._expected_anomaly, 60, f"the anomaly {EXPECTED} did not appear")
        self.say(f"\n4. The anomaly appears, {time.time() - injected:.1f} s after the first fault:")
        for name in ("type", "severity", "metric", "threshold", "actual", "recommendation"):
            self.say(f"     {name:<15}{getattr(anomaly, name)}")

    def _notification(self, run: Command, injected: float) -> None:
        record = self._wait_while(run, lambda: self._delivered(injected), 30, "no notification arrived")
        at = time.strftime("%H:%M:%S", time.localtime(record.at))
        self.say(
            f"\n5. The notification arrives at {at}, {record.at - injected:.1f} s after the first fault: "
            f"{record.data['labels'].get('severity')} {EXPECTED}, delivered by Alertmanager to the webhook"
        )

    def _blocked_gate(self, run: Command) -> None:
        self.say("\n6. The gate blocks while it lasts: `python -m gates.check`")
        self._wait_while(run, lambda: self._gate_code() == 1, 40, "the gate did not block during the wave", every=1.0)
        self._show_gate(expected=1)

    def _recovered(self) -> None:
        wait_for(lambda: self._gate_code() == 0, 90, "the gate did not pass again", every=1.0)
        self.say("   The gate passes again:")
        self._show_gate(expected=0)
        wait_for(self._resolved, 60, f"the anomaly {EXPECTED} did not resolve", every=0.5)
        self.say(f"   The alert has resolved: {EXPECTED} fires no more.")

    def _score(self, code: int) -> None:
        finished = self._first("run_finished")
        if finished is None or finished.data.get("report") is None:
            raise HqError(f"the run left no report (exit code {code}); the lines above say why")
        report = Path(finished.data["report"])
        self.say("\n8. The resilience score and its report\n")
        for line in report.with_suffix(".md").read_text().splitlines():
            self.say(f"   {line}".rstrip())
        self.say(f"\n   The report: {report.with_suffix('.md')} and {report.with_suffix('.json')}")

    def _expected_anomaly(self) -> Anomaly | None:
        anomalies = current_anomalies(connect(self.stack.prometheus))
        return next((anomaly for anomaly in anomalies if anomaly.type == EXPECTED), None)

    def _resolved(self) -> bool:
        return self._expected_anomaly() is None

    def _delivered(self, injected: float) -> Record | None:
        for record in self._records("notification"):
            expected = record.data["labels"].get("anomaly_type") == EXPECTED
            if expected and record.data["status"] == "firing" and record.at > injected:
                return record
        return None

    def _gate_code(self) -> int:
        return self._gate("--no-record").returncode

    def _show_gate(self, expected: int) -> None:
        answer = self._gate()
        for line in (answer.stdout + answer.stderr).splitlines():
            self.say(f"  | {line}".rstrip())
        self.say(f"   exit code {answer.returncode}")
        if answer.returncode != expected:
            raise HqError(f"the gate answered {answer.returncode} where {expected} was due")

    def _gate(self, *options: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "gates.check", "--stack", str(self.path), *options]
        return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)

    def _wait_while(
        self, run: Command, condition: Callable[[], T | None], seconds: float, what: str, every: float = 0.1
    ) -> T:
        """Waits for a condition that only a running run can bring about."""

        def answer() -> T | None:
            found = condition()
            if not found and run.exit_code is not None:
                raise HqError(f"the run ended with exit code {run.exit_code}, and {what}")
            return found

        return wait_for(answer, seconds, what, every)

    def _first(self, kind: str) -> Record | None:
        return next(iter(self._records(kind)), None)

    def _records(self, kind: str) -> list[Record]:
        records = Journal(self.stack.journal).read()
        return [record for record in records if record.kind == kind and record.at >= self.since]
