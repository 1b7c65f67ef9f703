"""`dev-hq generate`, as far as Grafana's files are concerned."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from grafana.generate import dashboard_texts
from grafana.provisioning import provisioning_texts
from hq.cli import main
from prometheus.rules import rule_texts
from tests.prometheus.stacks import ROOT, demo_stack

pytestmark = pytest.mark.e2e

DASHBOARDS = tuple(dashboard_texts(demo_stack()))
PROVISIONING = tuple(provisioning_texts(demo_stack()))
OVERVIEW = "anomaly-overview.json"
SOURCES = "datasources/dev-hq.yaml"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "stack.yaml", tmp_path)
    return tmp_path / "stack.yaml"


@pytest.fixture
def run(stack: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `dev-hq generate`: its exit code, stdout and stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["--stack", str(stack), "generate", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def grafana(stack: Path, run: Run) -> Path:
    """The directory of Grafana's files, as they were generated."""
    assert run("--only", "grafana")[0] == 0
    return stack.parent / "grafana"


def contents(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_what_is_committed_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--stack", str(ROOT / "stack.yaml"), "generate", "--check"]) == 0
    assert capsys.readouterr() == ("", "")


def test_rules_and_dashboards_are_written_beside_the_stack(stack: Path, run: Run) -> None:
    code, out, err = run()
    assert (code, err) == (0, "")
    assert out == (
        f"wrote {', '.join(rule_texts(demo_stack()))} to {stack.parent}/prometheus/rules\n"
        f"wrote {', '.join(DASHBOARDS)} to {stack.parent}/grafana/dashboards\n"
        f"wrote {', '.join(PROVISIONING)} to {stack.parent}/grafana/provisioning\n"
    )
    assert run("--check") == (0, "", "")
    for name in PROVISIONING:
        written = stack.parent / "grafana" / "provisioning" / name
        assert written.read_text() == (ROOT / "grafana" / "provisioning" / name).read_text()


def test_only_one_of_them(stack: Path, run: Run) -> None:
    assert run("--only", "grafana") == (
        0,
        f"wrote {', '.join(DASHBOARDS)} to {stack.parent}/grafana/dashboards\n"
        f"wrote {', '.join(PROVISIONING)} to {stack.parent}/grafana/provisioning\n",
        "",
    )
    assert not (stack.parent / "prometheus").exists()
    assert run("--only", "grafana", "--check") == (0, "", "")
    assert run("--check")[0] == 1


def test_output_is_the_directory_of_that_one(stack: Path, run: Run, tmp_path: Path) -> None:
    elsewhere = tmp_path / "else where"
    assert run("--only", "grafana", "--output", str(elsewhere))[0] == 0
    expected = {f"dashboards/{name}" for name in DASHBOARDS} | {f"provisioning/{name}" for name in PROVISIONING}
    assert contents(elsewhere).keys() == expected
    assert not (stack.parent / "grafana").exists()
    (elsewhere / "dashboards" / OVERVIEW).unlink()
    assert run("--only", "grafana", "--output", str(elsewhere), "--check") == (
        1,
        "",
        f"{elsewhere}/dashboards/{OVERVIEW} is missing; run: dev-hq generate --only grafana --output '{elsewhere}'\n",
    )


def test_output_without_only_means_the_rules(run: Run, tmp_path: Path) -> None:
    assert run("--output", str(tmp_path / "rules"))[0] == 0
    assert sorted(contents(tmp_path / "rules")) == sorted(rule_texts(demo_stack()))
    assert not (tmp_path / "grafana").exists()


def test_another_format_means_the_rules(run: Run, tmp_path: Path) -> None:
    assert run("--format", "mimir")[0] == 0
    assert not (tmp_path / "grafana").exists()
    assert run("--format", "mimir", "--only", "grafana") == (
        2,
        "",
        "dev-hq: --format mimir is of rules, which --only grafana leaves out; drop one of them\n",
    )


def test_the_same_stack_gives_the_same_bytes_in_every_process(stack: Path, grafana: Path, tmp_path: Path) -> None:
    for seed in ("1", "2"):
        again = tmp_path / seed
        arguments = ["--stack", stack.name, "generate", "--only", "grafana", "--output", str(again)]
        subprocess.run(
            [sys.executable, "-m", "hq.cli", *arguments],
            check=True, capture_output=True, timeout=60, cwd=stack.parent,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT), "TZ": "Asia/Tokyo", "LC_ALL": "C"},
        )  # fmt: skip
        assert contents(again) == contents(grafana)


def test_check_names_what_differs_and_writes_nothing(stack: Path, grafana: Path, run: Run) -> None:
    dashboard, sources = grafana / "dashboards" / OVERVIEW, grafana / "provisioning" / SOURCES
    dashboard.write_text(dashboard.read_text().replace("30s", "31s"))
    stack.write_text(stack.read_text().replace("http://127.0.0.1:9093", "http://127.0.0.1:9094"))
    before = contents(grafana)
    assert run("--only", "grafana", "--check") == (
        1,
        "",
        f"{dashboard} is not what {stack} asks for; run: dev-hq generate --only grafana\n"
        f"{sources} is not what {stack} asks for; run: dev-hq generate --only grafana\n",
    )
    assert contents(grafana) == before
    assert run("--only", "grafana")[0] == 0
    assert run("--only", "grafana", "--check") == (0, "", "")


FOREIGN = {
    "somebody's dashboard": '{"uid": "mine", "title": "Mine", "tags": ["dev-hq"]}',
    "one with a uid like ours but without the tag": '{"uid": "dev-hq-anomaly-overview", "tags": []}',
    "no dashboard": "[]",
    "no JSON": "<<<<<<< HEAD\n",
    "not even text": "\udcff\udcfe",
    "JSON without end": "[" * 100_000,
    "half a dashboard": '{"uid": "dev-hq-anomaly-overview", "tags": ["dev-hq"], "panels": [',
}


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN)
def test_a_file_that_is_not_ours_stays_and_nothing_is_written(text: str, stack: Path, run: Run) -> None:
    mine = stack.parent / "grafana" / "dashboards" / OVERVIEW
    mine.parent.mkdir(parents=True)
    mine.write_bytes(text.encode(errors="surrogateescape"))
    assert run() == (
        2,
        "",
        f"dev-hq: {mine} is not a dashboard with the tag dev-hq and a uid that begins with dev-hq-, so it was not "
        "written by `dev-hq generate`, and stays; move it away, or name another --output\n",
    )
    assert contents(stack.parent).keys() == {"stack.yaml", f"grafana/dashboards/{OVERVIEW}"}
    assert mine.read_bytes() == text.encode(errors="surrogateescape")


def test_a_data_source_of_the_user_stays(stack: Path, run: Run) -> None:
    mine = stack.parent / "grafana" / "provisioning" / SOURCES
    mine.parent.mkdir(parents=True)
    mine.write_text("apiVersion: 1\n")
    assert run() == (
        2,
        "",
        f"dev-hq: {mine} does not begin with '# Generated from stack.yaml by `dev-hq generate', so it was not written "
        "by `dev-hq generate`, and stays; move it away, or name another --output\n",
    )
    assert mine.read_text() == "apiVersion: 1\n"


def test_what_grafana_saved_of_ours_is_ours(grafana: Path, run: Run) -> None:
    dashboard = grafana / "dashboards" / OVERVIEW
    saved = json.loads(dashboard.read_text()) | {"version": 7, "id": 12}
    dashboard.write_text(json.dumps(saved))
    assert run("--only", "grafana")[0] == 0
    assert run("--only", "grafana", "--check") == (0, "", "")


def test_what_is_no_longer_generated_is_named_and_stays(grafana: Path, run: Run) -> None:
    old = [grafana / "dashboards" / "old.json", grafana / "provisioning" / "datasources" / "old.yaml"]
    old[0].write_text((grafana / "dashboards" / OVERVIEW).read_text())
    old[1].write_text((grafana / "provisioning" / SOURCES).read_text())
    own = [grafana / "dashboards" / "own.json", grafana / "provisioning" / "datasources" / "own.yaml"]
    own[0].write_text('{"uid": "own", "title": "Own"}')
    own[1].write_text("apiVersion: 1\n")
    said = "".join(f"{path} is no longer generated, but is still loaded from there; remove it\n" for path in old)
    assert run("--only", "grafana", "--check") == (1, "", said)
    code, _, err = run("--only", "grafana")
    assert (code, err) == (0, said)
    assert all(path.exists() for path in (*old, *own))
    for path in old:
        path.unlink()
    assert run("--only", "grafana", "--check") == (0, "", "")


def test_a_file_where_the_directory_should_be(stack: Path, run: Run) -> None:
    (stack.parent / "grafana").mkdir()
    (stack.parent / "grafana" / "dashboards").write_text("")
    assert run("--only", "grafana") == (
        2,
        "",
        f"dev-hq: {stack.parent}/grafana/dashboards is a file, and the dashboards need a directory; "
        "name another --output\n",
    )
    (stack.parent / "file").write_text("")
    assert run("--only", "grafana", "--output", str(stack.parent / "file")) == (
        2,
        "",
        f"dev-hq: {stack.parent}/file/dashboards/{DASHBOARDS[0]} cannot be read: Not a directory\n",
    )


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_something_else_where_a_file_should_be(make: Callable[[Path], None], stack: Path, run: Run) -> None:
    there = stack.parent / "grafana" / "dashboards" / OVERVIEW
    there.parent.mkdir(parents=True)
    make(there)
    said = f"dev-hq: {there} is in the way and is not a file; move it away, or name another --output\n"
    assert run("--only", "grafana") == (2, "", said)
    assert run("--only", "grafana", "--check") == (2, "", said)


def test_a_link_is_followed_and_stays_a_link(stack: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "mounted").mkdir()
    link = stack.parent / "grafana" / "dashboards" / OVERVIEW
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / "mounted" / "file.json")
    assert run("--only", "grafana")[0] == 0
    assert link.is_symlink()
    assert run("--only", "grafana", "--check") == (0, "", "")
    assert json.loads((tmp_path / "mounted" / "file.json").read_text())["uid"] == "dev-hq-anomaly-overview"


def test_a_link_that_leads_nowhere(stack: Path, run: Run, tmp_path: Path) -> None:
    link = stack.parent / "grafana" / "dashboards" / OVERVIEW
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / "missing" / "file.json")
    assert run("--only", "grafana") == (
        2,
        "",
        f"dev-hq: the dashboards cannot be written to {link.parent}: No such file or directory\n",
    )


def test_a_full_disk_leaves_the_old_files_whole(
    stack: Path, grafana: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(grafana)
    stack.write_text(stack.read_text().replace("scrape_interval: 1s", "scrape_interval: 2s"))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert run("--only", "grafana") == (
        2,
        "",
        f"dev-hq: the dashboards cannot be written to {grafana}/dashboards: No space left on device\n",
    )
    assert contents(grafana) == before


def test_a_directory_that_may_not_be_written(stack: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", denied)  # as root, the tests may write anywhere
    assert run("--only", "grafana") == (
        2,
        "",
        f"dev-hq: the dashboards cannot be written to {stack.parent}/grafana/dashboards: Permission denied\n",
    )


def test_without_grafanalib_the_rules_can_be_written(stack: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name == "grafanalib" or name.startswith(("grafanalib.", "grafana."))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "grafanalib", None)
    said = (
        "dev-hq: dashboards need grafanalib: pip install 'dev-hq[grafana]', or write the rules alone: "
        "dev-hq generate --only rules\n"
    )
    assert run() == (2, "", said)
    assert contents(stack.parent).keys() == {"stack.yaml"}
    assert run("--only", "rules")[0] == 0


def test_the_wheel_carries_what_is_committed() -> None:
    carried = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    assert {f"grafana/dashboards/{name}" for name in DASHBOARDS} <= carried
    assert {f"grafana/provisioning/{name}" for name in PROVISIONING} <= carried


def test_the_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["generate", "--help"])
    said = capsys.readouterr().out
    for taught in (
        "grafana/dashboards/*.json",
        "--only {rules,grafana}",
        "in CI",
        "exit codes: 0",
        "docs/dashboards.md",
    ):
        assert taught in said
