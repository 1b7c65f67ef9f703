"""The wheel alone: what is in it, that it works in an empty directory, and what it says without its extras."""

from __future__ import annotations

import signal
import subprocess
import tarfile
import tomllib
import zipfile
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest

from stack.address import free_address
from stack.process import die_with_parent
from stack.waiting import wait_for
from tests.deploy.installed import Installed, build, clean, in_repository, install
from tests.deploy.pod import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
EXTRAS = PROJECT["project"]["optional-dependencies"].keys() - {"all"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "sdist", tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def full(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return install(wheel, tmp_path_factory.mktemp("full") / "venv", {*EXTRAS})


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return install(wheel, tmp_path_factory.mktemp("bare") / "venv", set())


def test_the_wheel_has_the_packages_as_they_are_here_and_nothing_else(wheel: Path) -> None:
    named = set(zipfile.ZipFile(wheel).namelist())
    about = {name for name in named if name.startswith(f"dev_hq-{version('dev-hq')}.dist-info/")}
    here = {name for package in PACKAGES for name in in_repository(package)}
    left = {name for name in here if name.startswith(("prometheus/rules/tests/", "grafana/dashboards/.lint"))}
    assert named - about == here - left
    assert {name.partition("/")[2] for name in about} == {
        "METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"
    }  # fmt: skip


def test_the_wheel_has_scenarios_templates_rules_dashboards_and_types(wheel: Path) -> None:
    named = set(zipfile.ZipFile(wheel).namelist())
    assert {f"{package}/py.typed" for package in PACKAGES} < named
    for directory, ending in (
        ("chaos/scenarios", "yaml"),
        ("hq/templates", "yaml"),
        ("prometheus/rules", "yml"),
        ("grafana/dashboards", "json"),
    ):
        here = {path.relative_to(ROOT).as_posix() for path in (ROOT / directory).glob(f"*.{ending}")}
        assert here
        assert here < named


def test_every_directory_with_python_is_a_package_of_the_wheel() -> None:
    aside = {"bench", "tests", "scripts", "var"}
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} - aside == set(PACKAGES)


def test_the_sdist_builds_the_same_wheel(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    assert build(source, "wheel", tmp_path / "again").read_bytes() == wheel.read_bytes()


def test_the_sdist_has_what_develops_it_and_nothing_of_this_machine(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        tops = {name.split("/")[1] for name in archive.getnames()}
    assert {"Makefile", "LICENSE", "README.md", "requirements.lock", "stack.yaml", "tests", "docs", "bench"} < tops
    assert not tops & {"var", "dist", ".git", ".venv", ".hypothesis", ".mypy_cache"}


def test_everything_works_in_an_empty_directory(full: Installed, tmp_path: Path) -> None:
    done = full.run(tmp_path, "init")
    assert (done.returncode, done.stderr) == (0, "")
    assert full.run(tmp_path, "generate", "--check").returncode == 0
    assert full.run(tmp_path, "rules", "lint").returncode == 0
    hasten(tmp_path / "stack.yaml")
    with up(full, tmp_path):
        wait_for(lambda: full.run(tmp_path, "quality", "check").returncode == 0, 40, "the gates did not pass", every=1)
        assert full.run(tmp_path, "-m", "gates.check").returncode == 0
        assert "proxy-failure-wave" in full.run(tmp_path, "chaos", "list").stdout
        run = full.run(tmp_path, "chaos", "run", "rate-limit-storm", "--target", "storefront", "--duration", "10s")
        assert run.returncode in (0, 1), run.stdout + run.stderr
        assert "score" in run.stdout
        assert full.run(tmp_path, "anomalies").returncode in (0, 1)
        token = full.run(tmp_path, "token", "add", "ci", "--scope", "read")
        assert token.returncode == 0, token.stderr
    assert full.run(tmp_path, "status").returncode == 2


def hasten(file: Path) -> None:
    """More requests in a shorter window, so that a test need not wait for a minute of them."""
    text = file.read_text()
    for usual, hasty in (
        ("{window: 1m", "{window: 10s"),
        ('"50"]', '"80"]'),
        ("keep_firing_for: 5s", "keep_firing_for: 1s"),
    ):
        assert usual in text
        text = text.replace(usual, hasty)
    file.write_text(text)


class up:  # noqa: N801 - reads as the command it is
    """`dev-hq up` in a directory, until the body ends."""

    def __init__(self, installed: Installed, directory: Path) -> None:
        self._log = directory / "up.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(installed.hq), "up"], cwd=directory, env=clean(), stdout=log, stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent(),
            )  # fmt: skip

    def __enter__(self) -> None:
        wait_for(lambda: self._process.poll() is not None or "the stack is up" in self._said(), 60, "it is not up")
        assert self._process.poll() is None, self._said()

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(30) == 0, self._said()

    def _said(self) -> str:
        return self._log.read_text()


@pytest.fixture(scope="module")
def begun(bare: Installed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory in which the wheel without extras has begun a stack, with a Prometheus that nobody runs."""
    directory = tmp_path_factory.mktemp("begun")
    done = bare.run(directory, "init")
    assert done.returncode == 0
    assert done.stderr == (
        "note: there are no dashboards, since they need grafanalib: pip install 'dev-hq[grafana]', "
        "then dev-hq generate\nnote: `dev-hq up` needs more: pip install 'dev-hq[api,chaos,demo]'\n"
    )
    file = directory / "stack.yaml"
    file.write_text(file.read_text().replace("127.0.0.1:9090", str(free_address("127.0.0.1"))))
    return directory


def test_without_extras_the_gates_judge(bare: Installed, begun: Path) -> None:
    for words in (("-m", "gates.check"), ("quality", "check")):
        done = bare.run(begun, *words)
        assert done.returncode == 4
        assert "refused the connection; is it running?" in done.stdout + done.stderr
    assert bare.run(begun, "generate", "--only", "rules", "--check").returncode == 0
    assert "network-latency" in bare.run(begun, "chaos", "list").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["up"], "`dev-hq up` needs more: pip install 'dev-hq[api,chaos,demo]'"),
        (["serve"], "dev-hq serve needs fastapi and uvicorn: pip install 'dev-hq[api]'"),
        (["rules", "lint"], "the lint of rules needs promql-parser: pip install 'dev-hq[lint]'"),
        (["completion", "bash"], "dev-hq completion needs shtab: pip install 'dev-hq[completion]'"),
        (
            ["generate"],
            "dashboards need grafanalib: pip install 'dev-hq[grafana]', or write the rules alone: "
            "dev-hq generate --only rules",
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_without_an_extra_a_sentence_says_what_to_install(
    bare: Installed, begun: Path, words: list[str], said: str
) -> None:
    done = bare.run(begun, *words)
    assert (done.returncode, done.stderr) == (2, f"dev-hq: {said}\n")


def test_directories_named_like_our_packages_shadow_nothing(bare: Installed, tmp_path: Path) -> None:
    for package in PACKAGES:
        (tmp_path / package).mkdir()
    done = bare.run(tmp_path, "-m", "gates.check")
    assert (done.returncode, done.stderr) == (
        2,
        "gates.check: there is no file stack.yaml; run this where your stack.yaml lies, "
        "name it with --stack, or write one: dev-hq init\n",
    )


def test_no_name_at_the_top_is_somebody_elses() -> None:
    """Two distributions with a package of one name overwrite each other in silence."""
    owners = packages_distributions()
    assert {owner for package in PACKAGES for owner in owners.get(package, ())} <= {"dev-hq"}
