"""The job for GitLab: its script, run as a runner would, by bash and by sh."""

from __future__ import annotations

import json
import re
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.deploy.pipeline import BASH, DEV_HQ, EXIT_CODES, ROOT, Job, job, moment, write_gates
from tests.gates.past import Past

JOB = yaml.safe_load((ROOT / "deploy" / "gitlab" / "gates.gitlab-ci.yml").read_text())[".dev-hq-gates"]
SCRIPT = "\n".join(JOB["script"])
SHELLS = pytest.mark.parametrize("shell", [BASH, ("sh", "-e")], ids=["bash", "sh"])


@pytest.fixture
def runner(tmp_path: Path) -> Job:
    """An image that has dev-hq, and the job's variables."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "dev-hq").symlink_to(DEV_HQ)
    path = f"{programs}:/usr/local/bin:/usr/bin:/bin"
    return job(tmp_path, **JOB["variables"], PATH=path)


@pytest.mark.e2e
@SHELLS
@pytest.mark.parametrize("verdict", EXIT_CODES)
def test_each_verdict_has_its_exit_code_and_reports(
    runner: Job, past: Past, verdict: str, shell: Sequence[str]
) -> None:
    write_gates(runner.directory, verdict)
    done = runner.run(SCRIPT, shell, GATES_CONFIG="gates.yaml", GATES_ARGS=moment(past), PROM_URL=past.url)
    assert (done.returncode, done.stderr) == (EXIT_CODES[verdict], "")
    assert f"\n{verdict.upper()}: " in done.stdout
    reports = JOB["artifacts"]["reports"]
    assert len(list(ElementTree.fromstring(runner.read(reports["junit"])).iter("testcase"))) == 1  # noqa: S314 - ours
    assert len(list(text_string_to_metric_families(runner.read(reports["metrics"])))) == 3
    assert json.loads(runner.read("gates-report/gates.json"))["verdict"] == verdict
    assert (runner.directory / "gates-report" / "evidence.json").exists()


@SHELLS
def test_variables_are_words_and_never_code(runner: Job, tmp_path: Path, shell: Sequence[str]) -> None:
    stub = tmp_path / "bin" / "dev-hq"
    stub.unlink()
    stub.write_text(f"#!{sys.executable}\nimport json, sys\njson.dump(sys.argv[1:], open('called', 'w'))\n")
    stub.chmod(stub.stat().st_mode | stat.S_IXUSR)
    nasty = "$(touch harm) `touch harm`; touch harm * #\"'"
    arguments = f"--wait=10m\n--gate=a * b\n{nasty}"
    done = runner.run(SCRIPT, shell, GATES_CONFIG=nasty, GATES_STACK=nasty, GATES_ARGS=arguments)
    assert (done.returncode, done.stderr) == (0, "")
    words = json.loads(runner.read("called"))
    assert words[:4] == ["quality", "check", "--stack", nasty]
    assert words[-5:] == ["--config", nasty, "--wait=10m", "--gate=a * b", nasty]
    assert not (runner.directory / "harm").exists()


@SHELLS
def test_the_reports_of_an_earlier_job_are_not_taken_for_this_one(runner: Job, shell: Sequence[str]) -> None:
    (runner.directory / "gates-report").mkdir()
    (runner.directory / "gates-report" / "gates.json").write_text('{"verdict": "pass"}')
    done = runner.run(SCRIPT, shell)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "dev-hq: there is no file stack.yaml; run this where your stack.yaml lies, name it with --stack, "
        "or write one: dev-hq init\n"
    )
    assert list((runner.directory / "gates-report").iterdir()) == []


@SHELLS
@pytest.mark.parametrize(
    ("package", "called"),
    [("", None), ("a b.whl", "-I -m pip install --quiet --disable-pip-version-check a b.whl\n")],
)
def test_a_package_is_installed_when_one_is_named(
    runner: Job, tmp_path: Path, shell: Sequence[str], package: str, called: str | None
) -> None:
    stub = tmp_path / "bin" / "python"
    stub.write_text('#!/bin/sh\necho "$@" > "$CALLED"\n')
    stub.chmod(0o755)
    done = runner.run("\n".join(JOB["before_script"]), shell, GATES_PACKAGE=package, CALLED=str(tmp_path / "called"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert ((tmp_path / "called").read_text() if called else None) == called


def test_the_keys_are_those_that_gitlab_knows() -> None:
    assert set(JOB) == {"image", "variables", "before_script", "script", "artifacts", "allow_failure"}
    assert set(JOB["artifacts"]) == {"when", "name", "paths", "reports"}
    assert (JOB["artifacts"]["when"], JOB["allow_failure"]) == ("always", {"exit_codes": [3]})
    assert set(JOB["artifacts"]["reports"]) == {"junit", "metrics"}
    assert all(isinstance(value, str) for value in JOB["variables"].values())
    used = set(re.findall(r"\$(\w+)", "\n".join([*JOB["before_script"], SCRIPT])))
    assert used == set(JOB["variables"])
