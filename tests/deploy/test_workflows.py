"""The workflows for GitHub: read strictly, with the least permissions, pinned, and running what there is."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.pod import ROOT

GITHUB = ROOT / ".github"
FILES = sorted((GITHUB / "workflows").glob("*.yml"))
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
MAY_WRITE = {"release.yml publish": {"id-token": "write", "attestations": "write"}}


class Strict(yaml.SafeLoader):
    """Refuses a key that stands twice, which YAML allows and GitHub does not; `on` is a word here, not a truth."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"{node.start_mark}: a key stands twice among {keys}"
        return super().construct_mapping(node, deep)


Strict.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool" or first in "tTfF"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.load(path.read_text(), Strict)  # noqa: S506 - a SafeLoader
    return document


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in FILES:
        for name, job in read(path)["jobs"].items():
            yield f"{path.name} {name}", job


JOBS = dict(jobs())


def test_there_are_two() -> None:
    assert [path.name for path in FILES] == ["ci.yml", "release.yml"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_is_permitted_but_to_the_jobs_that_need_it(path: Path) -> None:
    document = read(path)
    assert document["permissions"] == {}
    assert document["concurrency"]["group"]
    assert "pull_request_target" not in document["on"]


@pytest.mark.parametrize("name", JOBS)
def test_a_job_may_read_the_code_and_little_else(name: str) -> None:
    assert JOBS[name]["permissions"] == MAY_WRITE.get(name, {"contents": "read"})
    assert 0 < JOBS[name]["timeout-minutes"] <= 60
    assert JOBS[name]["runs-on"] == "ubuntu-24.04"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_action_is_pinned_to_a_commit_and_says_its_version(path: Path) -> None:
    used = re.findall(r"uses: (.*)", path.read_text())
    assert used
    assert [text for text in used if not PINNED.fullmatch(text)] == []


def test_one_action_is_one_commit_everywhere() -> None:
    used = {text for path in FILES for text in re.findall(r"uses: (.*)", path.read_text())}
    assert len({text.partition("@")[0] for text in used}) == len(used)


@pytest.mark.parametrize("name", JOBS)
def test_no_credentials_stay_in_a_checkout(name: str) -> None:
    checkouts = [step for step in JOBS[name]["steps"] if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"] == {"persist-credentials": False} for step in checkouts)


@pytest.mark.parametrize("name", JOBS)
def test_what_is_run_is_there(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for step in JOBS[name]["steps"]:
        words = [word for word in step.get("run", "").split() if "=" not in word and word != "sudo"]
        if not words:
            assert step.get("uses")
        elif words[0] == "make":
            assert set(words[1:]) <= targets, words
        else:
            script = ROOT / words[0]
            assert script.parent == ROOT / "scripts"
            assert script.stat().st_mode & 0o100, f"{script} cannot be executed"
        assert "${{" not in step.get("run", ""), "what others write would become part of a program"


def test_every_python_that_is_supported_is_tried() -> None:
    tried = JOBS["ci.yml check"]["strategy"]["matrix"]["python"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [text.rpartition(" ")[2] for text in project["classifiers"] if re.search(r":: 3\.\d+$", text)]
    assert tried == named
    assert project["requires-python"] == f">={tried[0]}"


def test_programs_come_from_the_images_that_the_composition_names() -> None:
    script = (ROOT / "scripts" / "programs-from-images").read_text()
    composition = (ROOT / "docker-compose.yml").read_text()
    for image in re.findall(r"^copy (\S+)", script, re.MULTILINE):
        assert re.search(rf"^ *image: {image}:v\d", composition, re.MULTILINE)


def test_the_updates_are_for_what_is_pinned() -> None:
    document = read(GITHUB / "dependabot.yml")
    assert document["version"] == 2
    assert [entry["package-ecosystem"] for entry in document["updates"]] == [
        "github-actions", "docker", "docker-compose"
    ]  # fmt: skip


def test_zizmor_finds_nothing() -> None:
    argv = [Path(sys.executable).parent / "zizmor", "--offline", "--no-progress", "--persona=pedantic", GITHUB]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No findings to report" in done.stdout


def test_a_release_is_tagged_by_its_version_and_in_the_changelog(tmp_path: Path) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert re.search(rf"^## \[{re.escape(version)}\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    done = subprocess.run(
        [ROOT / "scripts" / "make-dist", "v0.0.1"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"the tag is v0.0.1, and pyproject.toml says {version}\n"
