"""The runs of a server: which there were, and the end of the one that goes on."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from hq.chaos_output import print_runs
from hq.remote.answer import AnswerError, read_rows, read_text
from hq.remote.client import RemoteClient
from stack.errors import HqError, NotReadyError
from stack.waiting import wait_for

STOP_SECONDS = 30.0
ANSWER_SECONDS = 25.0
"""How long it may take until a run was told to stop: one that has not begun yet is waited for."""
ENDED = ("finished", "died")


def list_runs(client: RemoteClient, limit: int, *, as_json: bool) -> int:
    """What `dev-hq chaos runs` prints."""
    answer = client.get(f"/api/chaos/runs?limit={limit}")
    with client.reading():
        rows = read_rows(answer.get("runs") if isinstance(answer, dict) else None, "runs")
        runs = [_described(client, row) for row in rows]
    if as_json:
        print(json.dumps(runs, indent=2))
    else:
        print_runs(runs)
    return 0


def stop(client: RemoteClient) -> int:
    """What `dev-hq chaos stop` does: tells the run that goes on to stop, and waits until it has."""
    run = tell_to_stop(client)
    if run is None:
        print("no run is active")
        return 0
    ended: dict[str, Any] = {}

    def has_ended() -> bool:
        ended.update(read_run(client, run))
        return ended["state"] in ENDED

    try:
        wait_for(has_ended, STOP_SECONDS, f"run {run} did not end", every=0.5)
    except NotReadyError as error:
        raise HqError(f"{error}; whoever is on that machine can kill it, and its faults end by themselves") from None
    print(f"stopped: {client.quoted(ended['scenario'])} on {client.quoted(ended['target'])}")
    return 0


def tell_to_stop(client: RemoteClient, run: str | None = None) -> str | None:
    """The run that was told to stop, whichever goes on unless one is named; None when none does."""
    answer = client.post("/api/chaos/stop", {"run": run} if run else {}, seconds=ANSWER_SECONDS)
    with client.reading():
        if not isinstance(answer, dict):
            raise AnswerError("JSON that is not an object")
        return None if answer.get("run") is None else read_run_id(answer)


def read_run(client: RemoteClient, run: str, *, patience: float = STOP_SECONDS) -> dict[str, Any]:
    """What the server knows of a run: `state`, `scenario` and `target` are texts."""
    answer = client.get(f"/api/chaos/runs/{run}", patience=patience, insist=True)
    with client.reading():
        if not isinstance(answer, dict):
            raise AnswerError("JSON that is not an object")
        for key in ("state", "scenario", "target"):
            read_text(answer, key)
    return answer


def read_run_id(answer: dict[str, Any]) -> str:
    """The name of a run, which becomes part of a path; raises AnswerError."""
    from chaos.run_id import checked_run_id

    try:
        return checked_run_id(read_text(answer, "run"))
    except HqError as error:
        raise AnswerError(f"what this dev-hq does not understand: {error}") from None


def _described(client: RemoteClient, row: dict[str, Any]) -> dict[str, object]:
    """One run with the keys that `dev-hq chaos runs --json` has here."""
    texts = {key: client.quoted(read_text(row, key)) for key in ("run", "scenario", "target", "state")}
    outcome, score = row.get("outcome"), row.get("score")
    return {
        "run": texts["run"],
        "at": _moment(row),
        "scenario": texts["scenario"],
        "target": texts["target"],
        "state": texts["state"],
        "outcome": None if outcome is None else client.quoted(outcome),
        "score": float(score) if isinstance(score, int | float) else None,
    }


def _moment(row: dict[str, Any]) -> float:
    """When a run was first heard of, in epoch seconds; 0 when nobody knows."""
    for key in ("requested_at", "announced_at", "finished_at"):
        if row.get(key) is not None:
            return epoch_seconds(read_text(row, key))
    return 0.0


def epoch_seconds(text: str) -> float:
    """A time as the API writes it; raises AnswerError."""
    try:
        told = datetime.fromisoformat(text)
        if told.tzinfo is None:
            raise ValueError
        return told.timestamp()
    except (ValueError, OverflowError):
        raise AnswerError("what this dev-hq does not understand: a time that is none") from None
