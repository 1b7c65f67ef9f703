"""A Python of a test's own with the wheel in it, filled without a network from what this one has."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PathDistribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

from tests.deploy.pod import ROOT

BUILD_SECONDS = 120


def build(source: Path, target: str, directory: Path) -> Path:
    """The `target`, wheel or sdist, that hatchling makes of a source directory."""
    argv = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(directory)]
    done = subprocess.run(argv, cwd=source, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = directory.iterdir()
    return made


@dataclass(frozen=True)
class Installed:
    """A virtual environment that has the wheel and what its extras need."""

    environment: Path

    @property
    def python(self) -> Path:
        return self.environment / "bin" / "python"

    @property
    def hq(self) -> Path:
        return self.environment / "bin" / "dev-hq"

    def run(self, directory: Path, *words: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Runs `dev-hq`, or with `-m` the Python, in a directory."""
        argv = [str(self.python if words[0] == "-m" else self.hq), *words]
        return subprocess.run(
            argv, cwd=directory, env=clean(), capture_output=True, text=True, timeout=timeout, check=False
        )


def clean() -> dict[str, str]:
    """The environment without what would lead Python back to the checkout."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}


def install(wheel: Path, environment: Path, extras: set[str]) -> Installed:
    """A new environment with the wheel; what it and its extras require is linked to, and nothing else is there."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True, timeout=60)
    installed = Installed(environment)
    argv = [sys.executable, "-m", "pip", "--python", str(installed.python), "install", "--quiet", "--no-index"]
    subprocess.run([*argv, "--no-deps", "--no-compile", str(wheel)], check=True, timeout=60, env=clean())
    (packages,) = environment.glob("lib/python*/site-packages")
    (metadata,) = packages.glob("dev_hq-*.dist-info")
    for needed in _needed(PathDistribution(metadata), extras, set()):
        for top in {file.parts[0] for file in needed.files or () if file.parts[0] != ".."} - {"__pycache__"}:
            link = packages / top
            if not link.exists():
                link.symlink_to(Path(str(needed.locate_file(top))))
    _link_programs(environment, extras)
    return installed


def _link_programs(environment: Path, extras: set[str]) -> None:
    if "chaos" in extras:
        (environment / "bin" / "envoy").symlink_to(Path(sys.executable).parent / "envoy")


def _needed(package: Distribution, extras: set[str], seen: set[str]) -> Iterator[Distribution]:
    for line in package.requires or ():
        requirement = Requirement(line)
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        asked = ({"extra": extra} for extra in ("", *sorted(extras)))
        if name in seen or (requirement.marker and not any(map(requirement.marker.evaluate, asked))):
            continue
        seen.add(name)
        found = distribution(name)
        yield found
        yield from _needed(found, requirement.extras, seen)


def in_repository(package: str) -> set[str]:
    """The files of a package as they are in the repository, but for what programs leave there."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }
