"""The Dockerfile: what goes in, who runs it, and that its commands are in the wheel."""

from __future__ import annotations

import re
import tomllib

from tests.deploy.dockerfile import read_dockerfile, sent_to_the_build
from tests.deploy.pod import ROOT

STAGES = read_dockerfile(ROOT / "Dockerfile")
LAST = STAGES["dev-hq"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_bases_are_pinned_and_small() -> None:
    assert {stage.base for stage in STAGES.values()} == {LAST.base}
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-bookworm", LAST.base)


def test_who_runs_it_is_not_root_and_writes_only_where_volumes_are() -> None:
    assert LAST.last("USER") == "10001:10001"
    assert "--owner=dev-hq --group=dev-hq /dev-hq/var /dev-hq/grafana-admin" in LAST.last("RUN")
    assert [words.split()[0] for words in LAST.all("COPY")] == ["--from=build"]


def test_it_starts_as_the_command_of_the_wheel_and_stops_at_a_signal() -> None:
    assert LAST.list("ENTRYPOINT") == ["dev-hq"]
    assert LAST.list("ENTRYPOINT")[0] in PROJECT["project"]["scripts"]
    assert LAST.list("CMD") == ["--help"]
    assert LAST.last("STOPSIGNAL") == "SIGTERM"
    assert "org.opencontainers.image.licenses" in LAST.last("LABEL")


def test_nothing_that_builds_is_left() -> None:
    assert "apt-get" not in (ROOT / "Dockerfile").read_text()
    assert re.match(r"pip uninstall .*setuptools wheel pip &&", LAST.last("RUN"))
    assert "--without-pip /opt/dev-hq" in STAGES["build"].last("RUN")


def test_packages_come_by_their_hashes_and_from_nowhere_else() -> None:
    first, *rest = (line for step in STAGES["build"].all("RUN") for line in step.split(" && ") if "pip " in line)
    assert "--require-hashes" in first
    assert all("--no-index" in line or "--no-deps" in line or "venv" in line for line in rest)


def test_what_is_copied_is_there_and_is_all_that_the_wheel_has() -> None:
    sent = sent_to_the_build(ROOT)
    copied = [source for words in STAGES["build"].all("COPY") for source in words.split()[:-1]]
    for source in copied:
        assert any(name == source or name.startswith(source) for name in sent), source
    packages = {source.rstrip("/") for source in copied if source.endswith("/")}
    assert packages == set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])


def test_nothing_else_is_sent_to_the_build() -> None:
    sent = sent_to_the_build(ROOT)
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    beside = {"LICENSE", "README.md", "pyproject.toml", "requirements.lock"}
    assert {name for name in sent if "/" not in name} == beside
    assert {name.partition("/")[0] for name in sent} - beside == set(packages)
    assert {name.rpartition(".")[2] for name in sent - beside} == {"py", "typed", "yaml"}


def test_what_is_installed_is_what_it_runs() -> None:
    (extras,) = re.findall(r"'dev-hq\[([a-z,]+)\]'", STAGES["build"].last("RUN"))
    assert set(extras.split(",")) == PROJECT["project"]["optional-dependencies"].keys() - {"lint", "completion", "all"}
