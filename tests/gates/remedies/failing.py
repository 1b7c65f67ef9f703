"""Stacks whose check does not pass, and what is to be done about it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from stack.address import free_address
from stack.journal import Journal, Record
from tests.gates.fake_prometheus import HEALTHY, Answer, vector

ROOT = Path(__file__).parents[3]
STACK = """
services:
  shop:
    sli: {{preset: prometheus-http, selector: {{job: shop}}}}
    objectives: {{success_rate: {{target: 99.5%}}}}
prometheus: {{url: "{url}", retries: 0}}
gates:
  observe: [error_budget]
  on_fail: {on_fail}
"""


def failing(_query: str) -> bytes:
    """What Prometheus answers about a service that fails half of its requests."""
    return vector({**HEALTHY, "counted requests": "3000"})


def healthy(_query: str) -> bytes:
    """What Prometheus answers about a service that is well."""
    return vector(HEALTHY)


PASSES: Answer = healthy
FAILS: Answer = failing


def stack(directory: Path, on_fail: str, url: str | None = None) -> Path:
    """A stack.yaml that says `on_fail`; without the `url` of a Prometheus there is none, and its verdict is error."""
    path = directory / "stack.yaml"
    path.write_text(STACK.format(url=url or f"http://{free_address('127.0.0.1')}", on_fail=on_fail))
    return path


def program(directory: Path, script: str, interpreter: str = "/bin/sh", name: str = "rollback.sh") -> Path:
    """An executable script in the directory."""
    path = directory / name
    path.write_text(f"#!{interpreter}\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def start(path: Path, *options: str, **environment: str) -> subprocess.Popen[str]:
    """The check as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "gates.check", "--stack", str(path), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
    )


def remediations(path: Path) -> Sequence[Record]:
    """What the journal of the stack.yaml tells of them."""
    records = Journal(path.parent / "var" / "journal.jsonl").read()
    return [record for record in records if record.kind.startswith("remediation_")]


def outcomes(path: Path) -> list[tuple[str, object]]:
    """What the journal tells of them, in short: kinds, and outcomes."""
    return [(record.kind.removeprefix("remediation_"), record.data.get("outcome")) for record in remediations(path)]


def line_of_remediation(report: str) -> str:
    """What the report for people says of it."""
    (line,) = [line for line in report.splitlines() if line.startswith("Remediation: ")]
    return line.removeprefix("Remediation: ")
