"""The action for GitHub: its scripts, run as a runner would, and what a linter would say of it."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from stack.address import free_address
from tests.deploy.pipeline import DEV_HQ, EXIT_CODES, ROOT, Job, job, moment, write_gates
from tests.gates.past import Past

ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}
CHECK = STEPS["Check"]["run"]
NO_INPUTS = dict.fromkeys(STEPS["Check"]["env"], "")
EXPRESSION = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")


@pytest.fixture
def runner(tmp_path: Path) -> Job:
    """What a runner sets, and dev-hq where the step before has installed it."""
    program = tmp_path / "temp" / "dev-hq" / "bin" / "dev-hq"
    program.parent.mkdir(parents=True)
    program.symlink_to(DEV_HQ)
    return job(
        tmp_path,
        **NO_INPUTS,
        RUNNER_TEMP=str(tmp_path / "temp"),
        GITHUB_WORKSPACE=str(tmp_path / "check out"),
        GITHUB_OUTPUT=str(tmp_path / "output"),
        GITHUB_STEP_SUMMARY=str(tmp_path / "summary"),
    )


def outputs(runner: Job) -> dict[str, str]:
    return dict(line.split("=", 1) for line in Path(runner.environment["GITHUB_OUTPUT"]).read_text().splitlines())


def summary(runner: Job) -> str:
    return Path(runner.environment["GITHUB_STEP_SUMMARY"]).read_text()


@pytest.mark.e2e
@pytest.mark.parametrize("verdict", EXIT_CODES)
def test_each_verdict_has_its_exit_code_outputs_and_reports(runner: Job, past: Past, verdict: str) -> None:
    write_gates(runner.directory, verdict)
    done = runner.run(CHECK, CONFIG="gates.yaml", PROMETHEUS_URL=past.url, ARGS=moment(past))
    code = EXIT_CODES[verdict]
    assert (done.returncode, done.stderr) == (code, "")
    said = outputs(runner)
    assert (said["verdict"], said["exit-code"]) == (verdict, str(code))
    reports = Path(said["reports"])
    assert sorted(path.name for path in reports.iterdir()) == [
        "evidence.json", "gates.json", "junit.xml", "metrics.txt", "summary.md",
    ]  # fmt: skip
    assert summary(runner) == (reports / "summary.md").read_text()
    assert summary(runner).startswith(f"## {verdict.upper()}: ")
    assert json.loads((reports / "gates.json").read_text())["verdict"] == verdict
    assert len(list(ElementTree.parse(reports / "junit.xml").iter("testcase"))) == 1  # noqa: S314 - it is ours
    assert len(list(text_string_to_metric_families((reports / "metrics.txt").read_text()))) == 3
    kind = {"fail": "error", "error": "error", "undecided": "warning"}.get(verdict)
    annotations = [line for line in done.stdout.splitlines() if line.startswith("::")]
    assert len(annotations) == (kind is not None)
    if kind:
        title = f"{verdict.upper()} shop success rate"
        assert annotations[0].startswith(f"::{kind} file=gates.yaml,line=11,title={title}::")


@pytest.mark.e2e
@pytest.mark.parametrize(("verdict", "allowed", "code"), [
    ("undecided", "true", 0), ("undecided", "yes", 3), ("fail", "true", 1), ("error", "true", 4),
])  # fmt: skip
def test_only_undecided_can_be_allowed_and_only_by_true(
    runner: Job, past: Past, verdict: str, allowed: str, code: int
) -> None:
    write_gates(runner.directory, verdict)
    inputs = {"CONFIG": "gates.yaml", "PROMETHEUS_URL": past.url, "ARGS": moment(past), "ALLOW_UNDECIDED": allowed}
    done = runner.run(CHECK, **inputs)
    assert done.returncode == code
    assert outputs(runner)["exit-code"] == str(EXIT_CODES[verdict])
    assert ("::warning title=Quality gates::Undecided, which allow-undecided lets through" in done.stdout) == (
        code == 0
    )


def test_prometheus_down_is_an_error(runner: Job) -> None:
    write_gates(runner.directory, "pass")
    done = runner.run(CHECK, CONFIG="gates.yaml", PROMETHEUS_URL=f"http://{free_address('127.0.0.1')}")
    assert done.returncode == 4
    assert outputs(runner)["verdict"] == "error"


def test_bad_configuration_is_said_and_nothing_old_is_taken_for_a_verdict(runner: Job) -> None:
    reports = runner.directory / "re ports"
    reports.mkdir()
    (reports / "gates.json").write_text('{\n  "verdict": "pass",\n}')
    (reports / "summary.md").write_text("## PASS")
    done = runner.run(CHECK, CONFIG="nowhere.yaml", REPORTS="re ports")
    assert done.returncode == 2
    assert done.stderr == "dev-hq: there is no file nowhere.yaml; name your gates file with --config\n"
    assert done.stdout == "::error title=Quality gates::They were not judged (exit code 2); the log says why\n"
    assert outputs(runner) == {"verdict": "", "exit-code": "2", "reports": "re ports"}
    assert summary(runner) == "## The gates were not judged (exit code 2); the log says why\n"


def test_inputs_are_words_and_never_code(runner: Job) -> None:
    stub = Path(runner.environment["RUNNER_TEMP"]) / "dev-hq" / "bin" / "dev-hq"
    stub.unlink()
    stub.write_text(f"#!{sys.executable}\nimport json, os, sys\n"
                    "json.dump([sys.argv[1:], os.environ['PROM_URL']], open('called', 'w'))\n")  # fmt: skip
    stub.chmod(stub.stat().st_mode | stat.S_IXUSR)
    nasty = "$(touch harm) `touch harm`; touch harm #\"'"
    done = runner.run(
        CHECK,
        CONFIG=nasty,
        STACK=f"{nasty}.yaml",
        PROMETHEUS_URL=nasty,
        ARGS=f"--wait=10m\n\n  --gate=a * b  \n{nasty}\n",
        ALLOW_UNDECIDED=nasty,
        REPORTS=f"reports {nasty.replace('/', '')}",
    )
    assert (done.returncode, done.stderr) == (0, "")
    words, url = json.loads(runner.read("called"))
    assert words[-7:] == ["--stack", f"{nasty}.yaml", "--config", nasty, "--wait=10m", "--gate=a * b", nasty]
    assert url == nasty
    assert not (runner.directory / "harm").exists()


def test_the_install_step_installs_the_action_itself_and_isolates_it(tmp_path: Path) -> None:
    stub = tmp_path / "python"
    stub.write_text('#!/bin/sh\nprintf "%s\\n" "$0 $*" >> "$CALLS"\nmkdir -p "$4/bin"\ncp "$0" "$4/bin/python"\n')
    stub.chmod(0o755)
    temp, calls = tmp_path / "te mp", tmp_path / "calls"
    done = job(tmp_path, RUNNER_TEMP=str(temp), GITHUB_ACTION_PATH="/the action", CALLS=str(calls)).run(
        STEPS["Install"]["run"], PYTHON=str(stub)
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert calls.read_text().splitlines() == [
        f"{stub} -I -m venv {temp}/dev-hq",
        f"{temp}/dev-hq/bin/python -I -m pip install --quiet --disable-pip-version-check /the action",
    ]


def test_the_keys_are_those_that_github_knows() -> None:
    assert set(ACTION) == {"name", "description", "branding", "inputs", "outputs", "runs"}
    assert set(ACTION["branding"]) == {"icon", "color"}
    assert all(set(of) == {"description", "default"} for of in ACTION["inputs"].values())
    assert all(isinstance(of["default"], str) for of in ACTION["inputs"].values())
    assert all(set(of) == {"description", "value"} for of in ACTION["outputs"].values())
    assert (set(ACTION["runs"]), ACTION["runs"]["using"]) == ({"using", "steps"}, "composite")
    for step in ACTION["runs"]["steps"]:
        known = {"name", "id", "if", "env", "run", "shell"} if "run" in step else {"name", "id", "if", "uses", "with"}
        assert set(step) <= known


def test_every_script_names_its_shell_and_holds_no_expression() -> None:
    scripts = [step for step in ACTION["runs"]["steps"] if "run" in step]
    assert len(scripts) == 2
    for step in scripts:
        assert step["shell"] == "bash"
        assert "${{" not in step["run"]
        done = subprocess.run(["bash", "-n"], input=step["run"], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_what_is_used_is_pinned_to_a_commit() -> None:
    used = [step["uses"] for step in ACTION["runs"]["steps"] if "uses" in step]
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", name) for name in used)


def test_every_expression_names_an_input_or_an_output_that_is_there() -> None:
    text = (ROOT / "action.yml").read_text()
    conditions = [step["if"] for step in ACTION["runs"]["steps"] if "if" in step]
    found = [*EXPRESSION.findall(text), *(condition.split(" ")[0] for condition in conditions)]
    inputs = {expression.removeprefix("inputs.") for expression in found if expression.startswith("inputs.")}
    assert inputs == set(ACTION["inputs"])
    written = set(re.findall(r'echo "([\w-]+)=', CHECK))
    assert {of["value"] for of in ACTION["outputs"].values()} == {
        f"${{{{ steps.check.outputs.{name} }}}}" for name in written
    }
    assert set(ACTION["outputs"]) == written
    rest = {name for name in found if not name.startswith(("inputs.", "steps.check."))}
    assert rest == {"steps.python.outputs.python-path"}
