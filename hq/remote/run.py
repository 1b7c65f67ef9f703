"""`dev-hq chaos run --server`: a run that goes on over there, followed here."""

from __future__ import annotations

import argparse
import json
import secrets
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from chaos.score import Outcome, Part, ResilienceScore
from hq.chaos_output import print_score
from hq.remote.answer import AnswerError, read_as, read_object, read_rows
from hq.remote.client import RemoteClient
from hq.remote.errors import ServerError
from hq.remote.following import Following
from hq.remote.options import refuse_options
from hq.remote.runs import ENDED, epoch_seconds, read_run, read_run_id, tell_to_stop
from hq.remote.scenarios import parameters
from hq.remote.sse import Event
from stack.errors import HqError

END = "end"
PATIENCE = 60.0
_NOT_THERE = {
    "dry_run": "it has no plan to show before a run; `dev-hq chaos show` says what a scenario does",
    "run_id": "it names its runs itself",
}


def run(client: RemoteClient, arguments: argparse.Namespace, changes: Mapping[str, str]) -> int:
    """Starts a run with these parameters changed, and follows it to its end; its exit code.

    Raises HqError when it cannot be started or followed.

    SIGINT and SIGTERM stop the run, as they stop one on this machine; the second one leaves it alone.
    """
    refuse_options(arguments, _NOT_THERE)
    _refuse_file(arguments.scenario)
    body: dict[str, object] = {"scenario": arguments.scenario}
    if arguments.target is not None:
        body["target"] = arguments.target
    if asked := parameters(client, arguments.scenario, changes):
        body["parameters"] = asked
    patience = PATIENCE if arguments.patience is None else arguments.patience
    with _sigterm_like_sigint():
        name = _start(client, body, patience)
        followed = FollowedRun(client, name, patience, sys.stderr if arguments.json else sys.stdout)
        found = followed.to_the_end()
    return _tell(client, found, as_json=arguments.json)


def _refuse_file(scenario: str) -> None:
    if "/" in scenario or scenario.endswith((".yaml", ".yml")):
        raise HqError(f"{scenario} is a file on this machine; a server runs the scenarios that it has, by their names")


def _start(client: RemoteClient, body: dict[str, object], patience: float) -> str:
    """The name of the run: of one, however often the request had to be sent."""
    try:
        answer = client.post("/api/chaos/run", body, key=secrets.token_hex(16), patience=patience)
    except KeyboardInterrupt:
        _say(f"a run may have started; {_how_to_stop(client)}")
        raise
    with client.reading():
        if not isinstance(answer, dict):
            raise AnswerError("JSON that is not an object")
        return read_run_id(answer)


class FollowedRun:
    """One run over there, whose progress is written to `output` as it comes."""

    def __init__(self, client: RemoteClient, run: str, patience: float, output: TextIO) -> None:
        self._client = client
        self._run = run
        self._patience = patience
        self._output = output
        self._following = Following(client, f"/api/chaos/runs/{run}/events", patience, self._warn)
        self._began: float | None = None

    def to_the_end(self) -> dict[str, Any]:
        """What the server knows of it when it has ended; raises HqError when it was lost sight of."""
        try:
            return self._until_it_ends()
        except KeyboardInterrupt:
            _say(f"stopping run {self._run}; Ctrl-C again leaves it alone")
        try:
            with self._or_lost():
                tell_to_stop(self._client, self._run)
            return self._until_it_ends()
        except KeyboardInterrupt:
            _say(f"run {self._run} may go on; {_how_to_stop(self._client)}")
            raise

    def _until_it_ends(self) -> dict[str, Any]:
        with self._or_lost():
            with closing(self._following.events()) as events:
                for event in events:
                    if event.name == END:
                        break
                    with self._client.reading():
                        self._tell(event)
            found = read_run(self._client, self._run, patience=self._patience)
            if found["state"] not in ENDED:
                raise ServerError(f"{self._client.name} says no more of a run that has not ended")
            return found

    @contextmanager
    def _or_lost(self) -> Iterator[None]:
        try:
            yield
        except HqError as error:
            raise HqError(f"{error}; run {self._run} may go on; {_how_to_stop(self._client)}") from None

    def _tell(self, event: Event) -> None:
        """Prints a sentence of the run, with the seconds since its beginning."""
        if event.name not in ("run_announced", "run_progress"):
            return
        told = read_object(event.data.encode())
        at = epoch_seconds(str(told.get("at")))
        if self._began is None:
            self._began = at
        if event.name == "run_progress":
            sentence = self._client.quoted(told.get("sentence", ""))
            print(f"{max(0.0, at - self._began):6.1f}s  {sentence}", file=self._output, flush=True)

    def _warn(self, trouble: str) -> None:
        _say(f"warning: {trouble}; trying again")


def _tell(client: RemoteClient, found: dict[str, Any], *, as_json: bool) -> int:
    with client.reading():
        score = read_score(client, found)
    if as_json:
        print(json.dumps(_document(client, found, score), indent=2))
    else:
        print_score(score, _report(client, score) if found.get("report") else None)
    if score.score is None:
        _say(f"dev-hq: {score.outcome.value.replace('_', ' ')}: {score.reason}")
    return score.exit_code


def read_score(client: RemoteClient, found: dict[str, Any]) -> ResilienceScore:
    """The score in what the server knows of a run that has ended; raises AnswerError."""
    quoted = client.quoted
    parts = [read_as(Part, row, "a part") for row in read_rows(found.get("parts"), "parts")]
    shaped: dict[str, object] = {
        "run": found.get("run"),
        "scenario": quoted(found["scenario"]),
        "target": quoted(found["target"]),
        "outcome": found.get("outcome") or (Outcome.DIED if found["state"] == "died" else None),
        "reason": quoted(found.get("reason") or "nobody knows why"),
        "score": found.get("score"),
        "recovery_time": found.get("time_to_recover_seconds"),
        "detection_time": found.get("time_to_detect_seconds"),
        "recommendations": found.get("recommendations"),
        "parts": [],
    }
    score = read_as(ResilienceScore, shaped, "the run", {"Path": Path})
    shown = tuple(Part(quoted(one.name), one.points, one.of, tuple(map(quoted, one.evidence))) for one in parts)
    advice = tuple(map(quoted, score.recommendations))
    return replace(score, parts=shown, recommendations=advice)


def _document(client: RemoteClient, found: dict[str, Any], score: ResilienceScore) -> object:
    """What `chaos run --json` prints on the other machine; the report is where the server has it."""
    report = found.get("report")
    if not isinstance(report, dict):
        return {"run": score.run, "outcome": score.outcome.value, "reason": score.reason, "score": score.score}
    return {**report, "report": _report(client, score)}


def _report(client: RemoteClient, score: ResilienceScore) -> str:
    return f"{client.server.url}/api/chaos/runs/{score.run}"


def _how_to_stop(client: RemoteClient) -> str:
    return f"`dev-hq chaos stop --server {client.server.url}` stops it"


def _say(line: str) -> None:
    if sys.stderr:
        with suppress(OSError):
            print(line, file=sys.stderr, flush=True)


@contextmanager
def _sigterm_like_sigint() -> Iterator[None]:
    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
