"""A job of a pipeline: a directory with a gates file, and shell scripts that run in it as the runner would run them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.gates.past import Past

ROOT = Path(__file__).parent.parent.parent
DEV_HQ = Path(sys.executable).parent / "dev-hq"
JOBS = {"pass": "healthy", "fail": "failing", "undecided": "sparse", "error": "not-a-number"}
EXIT_CODES = {"pass": 0, "fail": 1, "undecided": 3, "error": 4}
GATES = """\
version: 1
prometheus: {{url: "${{PROM_URL}}"}}
slos:
  - name: availability
    service: shop
    objective: 99.5
    period: 30d
    total: http_requests_total{{job="{job}"}}
    bad: http_requests_total{{job="{job}",code=~"5.."}}
gates:
  - {{name: "success rate", slo: availability}}
"""
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")


@dataclass(frozen=True)
class Job:
    """A checkout in `directory`, and what the scripts find in their environment."""

    directory: Path
    environment: Mapping[str, str]

    def run(self, script: str, shell: Sequence[str] = BASH, **environment: str) -> subprocess.CompletedProcess[str]:
        """What a step with this script says and how it ends; nothing else of our environment reaches it."""
        file = self.directory.parent / "script.sh"
        file.write_text(script)
        return subprocess.run(
            [*shell, str(file)],
            capture_output=True,
            text=True,
            cwd=self.directory,
            env={"PATH": os.environ["PATH"], "HOME": str(self.directory.parent), **self.environment, **environment},
            timeout=120,
            check=False,
        )

    def read(self, name: str) -> str:
        return (self.directory / name).read_text()


def job(directory: Path, **environment: str) -> Job:
    """A job whose checkout is empty."""
    checkout = directory / "check out"
    checkout.mkdir(exist_ok=True)
    return Job(checkout, environment)


def write_gates(checkout: Path, verdict: str) -> None:
    """A gates file about a service of the past of which this is true."""
    (checkout / "gates.yaml").write_text(GATES.format(job=JOBS[verdict]))


def moment(past: Past) -> str:
    """The option that judges the past."""
    return f"--at={past.at}"
