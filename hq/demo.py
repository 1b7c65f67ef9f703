"""The closed loop, narrated: the commands a user would type, run one after another against a real stack."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, TypeVar

from prometheus.anomalies import Anomaly, current_anomalies
from prometheus.client import PrometheusClient, PrometheusError
from stack.errors import HqError, NotReadyError
from stack.journal import Journal, Record
from stack.loader import load_stack
from stack.placement import open_stack
from stack.process import die_with_parent
from stack.waiting import wait_for

SCENARIO = "proxy-failure-wave"
EXPECTED = "upstream_failure"
UP_LINE = "the stack is up"

Say = Callable[[str], None]
T = TypeVar("T")


class Command:
    """A command running beside us, its lines passed on as they come; it ends with us."""

    def __init__(self, argv: list[str], say: Say) -> None:
        self.lines: list[str] = []
        self._say = say
        self._process = subprocess.Popen(
            [sys.executable, "-m", *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # Ctrl-C is for us; we end the commands in order
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
        self._reader = threading.Thread(target=self._pass_on, args=(self._process.stdout,), daemon=True)
        self._reader.start()

    @property
    def exit_code(self) -> int | None:
        return self._process.poll()

    def wait(self, seconds: float, what: str) -> int:
        """Its exit code, once all its lines have been passed on; raises NotReadyError after `seconds`."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise NotReadyError(f"{what} did not end within {seconds:g} s") from None
        self._reader.join(5)
        return self._process.returncode

    def stop(self) -> None:
        """Asks it to end, waits, and makes it."""
        if self.exit_code is None:
            self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(5)

    def _pass_on(self, output: TextIO) -> None:
        for line in output:
            self.lines.append(line.rstrip("\n"))
            self._say(f"  | {line.rstrip()}")


@dataclass
class Demo:
    """One showing of the loop for the stack in `path`; `play` raises HqError naming the step that did not happen."""

    path: Path
    say: Say

    def play(self) -> int:
        """Shows the eight steps; returns 0."""
        began = time.monotonic()
        with self._stack():
            self._baseline()
            with self._command(["hq.cli", *self._stack_option(), "chaos", "run", SCENARIO]) as run:
                injected = self._injection(run)
                anomaly = self._anomaly(run, injected)
                self._notification(run, injected)
                self._blocked_gate(run)
                code = self._end_of_run(run)
            self._recovered(anomaly)
            self._score(code)
        self.say(f"\nEverything is stopped. The whole loop took {time.monotonic() - began:.0f} s.")
        return 0

    @contextmanager
    def _stack(self) -> Iterator[None]:
        self.say("1. The stack comes up: `dev-hq up`")
        with self._command(["hq.cli", *self._stack_option(), "up", "--fresh"]) as up:
            wait_for(
                lambda: up.exit_code is not None or any(line.startswith(UP_LINE) for line in up.lines),
                90,
                "the stack did not come up",
            )
            if up.exit_code is not None:
                raise HqError("the stack did not come up; the lines above say why")
            self._since = time.time()
            self._stack_model = open_stack(self.path)
            self._prometheus = PrometheusClient(self._stack_model.prometheus.url)
            yield
            self.say("\nStopping the stack: `dev-hq down`")

    def _baseline(self) -> None:
        self.say("\n2. A baseline: `python -m gates.check` passes")
        wait_for(lambda: self._gate_code() == 0, 75, "the gate did not pass on a healthy stack", every=2.0)
        self._show_gate(expected=0)

    def _injection(self, run: Command) -> float:
        self.say(f"\n3. The wave: `dev-hq chaos run {SCENARIO}`")
        record = self._wait_while(run, lambda: self._first("fault_injected"), 60, "no fault was injected")
        return record.at

    def _anomaly(self, run: Command, injected: float) -> Anomaly:
        def expected() -> Anomaly | None:
            try:
                return next((found for found in current_anomalies(self._prometheus) if found.type == EXPECTED), None)
            except PrometheusError:
                return None

        anomaly = self._wait_while(run, expected, 60, f"the anomaly {EXPECTED} did not appear")
        self.say(f"\n4. The anomaly appears, {time.time() - injected:.1f} s after the first fault:")
        for name in ("type", "severity", "metric", "threshold", "actual", "recommendation"):
            self.say(f"     {name:<15}{getattr(anomaly, name)}")
        return anomaly

    def _notification(self, run: Command, injected: float) -> None:
        def delivered() -> Record | None:
            return next(
                (
                    record
                    for record in self._records("notification")
                    if record.at > injected
                    and record.data["labels"].get("anomaly_type") == EXPECTED
                    and record.data["status"] == "firing"
                ),
                None,
            )

        record = self._wait_while(run, delivered, 30, "no notification arrived")
        at = time.strftime("%H:%M:%S", time.localtime(record.at))
        severity = record.data["labels"].get("severity", "")
        self.say(
            f"\n5. The notification arrives at {at}, {record.at - injected:.1f} s after the first fault:"
            f" {severity} {EXPECTED}, delivered by Alertmanager to the webhook"
        )

    def _blocked_gate(self, run: Command) -> None:
        self.say("\n6. The gate blocks while it lasts: `python -m gates.check`")
        self._wait_while(run, lambda: self._gate_code() == 1, 40, "the gate did not block during the wave", every=1.0)
        self._show_gate(expected=1)

    def _end_of_run(self, run: Command) -> int:
        self.say("\n7. The wave is withdrawn and recovery is measured")
        return run.wait(150, "the run")

    def _recovered(self, anomaly: Anomaly) -> None:
        wait_for(lambda: self._gate_code() == 0, 90, "the gate did not pass again", every=1.0)
        self.say("   The gate passes again:")
        self._show_gate(expected=0)
        wait_for(
            lambda: all(found.type != anomaly.type for found in current_anomalies(self._prometheus)),
            60,
            f"the anomaly {anomaly.type} did not resolve",
            every=0.5,
        )
        self.say(f"   The alert has resolved: {anomaly.type} fires no more.")

    def _score(self, code: int) -> None:
        finished = self._first("run_finished")
        if finished is None or finished.data.get("report") is None:
            raise HqError(f"the run left no report (exit code {code}); the lines above say why")
        report = Path(finished.data["report"])
        self.say("\n8. The resilience score and its report\n")
        for line in report.with_suffix(".md").read_text().splitlines():
            self.say(f"   {line}".rstrip())
        self.say(f"\n   The report: {report.with_suffix('.md')} and {report.with_suffix('.json')}")

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
        argv = [sys.executable, "-m", "gates.check", *self._stack_option(), *options]
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
        journal = Journal(self._stack_model.journal)
        return [record for record in journal.read() if record.kind == kind and record.at >= self._since]

    @contextmanager
    def _command(self, argv: list[str]) -> Iterator[Command]:
        command = Command(argv, self.say)
        try:
            yield command
        finally:
            command.stop()

    def _stack_option(self) -> list[str]:
        return ["--stack", str(self.path)]


def check_is_demo(path: Path) -> None:
    """Raises HqError when the stack in `path` cannot show the loop: it needs a pool and processes that make traffic."""
    stack = load_stack(path)
    if not stack.pools or not stack.processes:
        raise HqError(f"{path} cannot show the loop: it needs a pool, and processes that make traffic")
