"""The runs of one stack: which there were, what they did, and the next one that is asked for."""

from __future__ import annotations

import json
import logging
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError

from chaos.known_run import KnownRun, State, run_of
from chaos.record import bury
from chaos.requested import held, log_of
from chaos.run_id import new_run_id
from hq.api.errors import ApiError, logged
from hq.api.remembered_runs import RememberedRuns
from hq.api.run_models import Run, RunDetails, described
from hq.api.run_process import forget_old_logs, start_process
from hq.api.run_request import Plan, without_paths
from stack.errors import HqError, JournalError
from stack.journal import Journal, Record
from stack.model import Stack

RETRY_SECONDS = 10
ACTIVE = "run {} is active; wait until it has ended, or stop it"
UNKNOWN = "there is no run of this name"

_log = logging.getLogger("dev-hq.api")


class Runs:
    """Answers from what it has read of the journal, and reads on first; for any thread, one at a time."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._journal = Journal(stack.journal)
        self._known = RememberedRuns(self._journal)
        self._lock = threading.Lock()

    def refresh(self) -> None:
        """Reads what is new, and writes down the end of runs whose process is gone; raises JournalError."""
        with self._lock:
            self._refresh()

    def newest(self, limit: int) -> list[Run]:
        """The newest runs; raises JournalError."""
        with self._lock:
            self._refresh()
            return [self._described(known) for known in self._known.newest(limit)]

    def one(self, run: str) -> Run:
        """One run; raises ApiError when there is none of this name, and JournalError."""
        with self._lock:
            self._refresh()
            return self._described(self._named(run))

    def details(self, run: str) -> RunDetails:
        """One run with its report; raises ApiError when there is none of this name, and JournalError."""
        described = self.one(run).model_dump()
        report = self._report(run)
        found = {name: report.get(name, []) for name in ("parts", "recommendations")}
        try:
            return RunDetails(**described, **found, report=report or None)
        except ValidationError as error:
            _log.warning("the report of run %s is damaged: %s", run, error)
            return RunDetails(**described, parts=[], recommendations=[], report=None)

    def news(self, run: str, after: int) -> tuple[list[Record], int, bool]:
        """The records of a run after the first so many, how many it has, and whether it has ended."""
        with self._lock:
            known = self._named(run)
            records = self._known.records_of(run)
            return records[after:], len(records), known.finished is not None

    def has_news(self, run: str, after: int) -> bool:
        """Whether there are more than so many records of a run; waits for nobody."""
        known = self._known.runs.get(run)
        return known is None or known.records > after or known.finished is not None

    def requested(self, key: str, body: str) -> Run | None:
        """The run that was started for this key; raises ApiError (409) when that was for another body."""
        with self._lock:
            self._refresh()
            return self._requested(key, body)

    def request(self, plan: Plan, key: str, body: str, who: str) -> tuple[Run, bool]:
        """The run for this key, and whether it was started just now; the digests are of key and body.

        Raises ApiError (409) when the key was used for another body or a run is active, and JournalError.
        """
        with self._lock:
            while True:
                self._refresh()
                if before := self._requested(key, body):
                    return before, False
                if active := self._known.active():
                    raise ApiError(409, ACTIVE.format(active.run), {"retry-after": str(RETRY_SECONDS)})
                if run := self._start(plan, key, body, who):
                    self._refresh()
                    return self._described(self._named(run)), True

    def _start(self, plan: Plan, key: str, body: str, who: str) -> str | None:
        """Writes the request down and starts its process; None when another run came in between."""
        run = new_run_id(plan.scenario)
        log = log_of(self.stack.journal, run)
        forget_old_logs(log.parent)
        asked = {"scenario": plan.scenario, "target": plan.target, "parameters": dict(plan.parameters)}
        record = {"run": run, **asked, "key": key, "body": body, "who": who}
        try:
            with held(log) as output:
                if not self._requests(record, log):
                    return None
                process = start_process(self.stack, run, plan, output)
        except OSError as error:
            raise logged(500, "the log of a run cannot be written", HqError(f"{log}: {error.strerror}")) from None
        if process:
            threading.Thread(target=self._see_off, args=(process,), daemon=True).start()
        return run

    def _requests(self, record: Mapping[str, object], log: Path) -> bool:
        """Writes the request down, unless another run came in between; the log of a run that is none does not stay."""
        is_written = False
        try:
            is_written = not self._journal.append_unless(self._is_new, "run_requested", record)
        finally:
            if not is_written:
                log.unlink()
        return is_written

    def _is_new(self, record: Record) -> bool:
        return record.kind in ("run_requested", "run_announced") and run_of(record) not in self._known.runs

    def _see_off(self, process: subprocess.Popen[bytes]) -> None:
        """Waits for the end of a run, so that one that could not begin is counted also when nobody asks."""
        process.wait()
        try:
            self.refresh()
        except JournalError as error:
            _log.warning("%s", error)

    def _refresh(self) -> None:
        self._known.read()
        for lost in self._known.lost():
            bury(self._journal, lost)
            self._known.read()

    def _requested(self, key: str, body: str) -> Run | None:
        before = next((known for known in self._known.runs.values() if known.request_key == key), None)
        if before and before.request_body != body:
            raise ApiError(409, "this Idempotency-Key was used for another body; take a new one")
        return self._described(before) if before else None

    def _named(self, run: str) -> KnownRun:
        if run not in self._known.runs:
            raise ApiError(404, UNKNOWN)
        return self._known.runs[run]

    def _described(self, known: KnownRun) -> Run:
        reason = None if known.reason is None else without_paths(known.reason, self.stack)
        return Run(**described(known, self._state(known), reason))

    def _state(self, known: KnownRun) -> State:
        """A run that ends at this moment still goes on: its end may be written and not be read yet."""
        state = known.state(self.stack.journal)
        if known.finished is None and state is State.DIED and known.has_begun:
            return State.RUNNING if known.announced is not None else State.REQUESTED
        return state

    def _report(self, run: str) -> dict[str, Any]:
        try:
            text = (self.stack.directory / "reports" / f"{run}.json").read_text()
            report = json.loads(text, parse_constant=_refuse)
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(report, dict):
            return {}
        return report | {"reason": without_paths(str(report.get("reason", "")), self.stack)}


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of ours")
