"""A run that is started by `dev-hq chaos run`."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.chaos_monkey.journal import JournalFollower
from bench.chaos_monkey.runs import FAULT_SECONDS, SCENARIO, Fields, WatchedRun
from bench.chaos_monkey.stack import POOL
from bench.live import HQ, LiveStack
from stack.process import die_with_parent

_SETTINGS = ("share=25%", "intensity=100%", "step=0s", f"duration={FAULT_SECONDS}s")
_NAME = re.compile(r": run (\S+) on ")


class RunByCommand(WatchedRun):
    """The command as a child of ours, its words in files: `words` with .out and .err."""

    def __init__(self, live: LiveStack, journal: JournalFollower, words: Path) -> None:
        self._output, self._errors = words.with_suffix(".out"), words.with_suffix(".err")
        settings = [word for setting in _SETTINGS for word in ("--set", setting)]
        with self._output.open("wb") as output, self._errors.open("wb") as errors:
            began = time.time()
            self._process = subprocess.Popen(
                [*HQ, "--stack", str(live.path), "chaos", "run", SCENARIO, "--target", POOL, *settings, "--json"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                preexec_fn=die_with_parent(),
            )
        super().__init__(journal, began)

    @property
    def name(self) -> str | None:
        found = _NAME.search(self._errors.read_text(errors="replace"))
        return found[1] if found else None

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def last_words(self) -> str:
        lines = self._errors.read_text(errors="replace").splitlines()
        return lines[-1] if lines else "it said nothing"

    def acknowledged(self) -> list[tuple[str, Fields]]:
        name, result = self.name, self._result()
        records: list[tuple[str, Fields]] = [("run_announced", {"run": name})] if name else []
        if result:
            fields = {"run": name, "outcome": result.get("outcome"), "score": result.get("score")}
            records.append(("run_finished", fields))
        return records

    def wait(self) -> None:
        self._process.wait()

    def _result(self) -> Mapping[str, Any]:
        """What it printed at its end; empty when it did not come to that."""
        try:
            document = json.loads(self._output.read_text())
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}
