"""docker-compose.yml, run without an engine: each service as a confined process on the programs of this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

from stack.process import die_with_parent, find_program
from stack.waiting import wait_for
from tests.deploy.dockerfile import Stage, read_dockerfile

ROOT = Path(__file__).parent.parent.parent
COMPOSE = ROOT / "docker-compose.yml"
NOT_HERE = ("grafana",)
"""What no package brings to this machine; what waits for it does not wait here."""

PROGRAMS = {"prom/prometheus": "prometheus", "prom/alertmanager": "alertmanager"}
OWNERS = {"prometheus": 65534, "alertmanager": 65534, "var": 10001, "grafana-admin": 10001}
"""Who owns a new volume: the owner of the directory that its image has at that place."""

Service = dict[str, Any]


def composition() -> dict[str, Any]:
    """docker-compose.yml with its anchors followed."""
    document: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return document


def services(profile: str = "demo") -> dict[str, Service]:
    """The services of a profile and those of none, by name."""
    return {
        name: service
        for name, service in composition()["services"].items()
        if profile in service.get("profiles", [profile])
    }


def in_order(chosen: dict[str, Service]) -> Iterator[str]:
    """The services so that each comes after what it waits for, and all after the pod."""
    graph = {
        name: {*(service.get("depends_on", {})), *(["pod"] if "network_mode" in service else [])} & chosen.keys()
        for name, service in chosen.items()
    }
    yield from TopologicalSorter(graph).static_order()


@dataclass
class Pod:
    """The services of docker-compose.yml as processes; everything they write lies in `directory`."""

    directory: Path
    image: Path
    stack_file: Path
    services: dict[str, Service] = field(default_factory=services)
    processes: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    def start(self) -> None:
        """Starts all in order, each when what it waits for is healthy or has ended well."""
        for name in in_order(self.services):
            if name in NOT_HERE:
                continue
            for other, wanted in self.services[name].get("depends_on", {}).items():
                if other not in NOT_HERE:
                    self._wait_until(other, wanted["condition"])
            self.processes[name] = self._launch(name)

    def stop(self) -> dict[str, int]:
        """Ends all, the last started first; their exit codes."""
        codes = {}
        for name, process in reversed(self.processes.items()):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                codes[name] = process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                codes[name] = process.wait()
        return codes

    def logs(self, name: str) -> str:
        return self._log(name).read_text()

    def run(self, name: str, *words: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        """`docker compose exec NAME WORDS`, to its end."""
        return subprocess.run(
            self._command(name, list(words)), capture_output=True, text=True, timeout=seconds, check=False
        )

    def begin(self, name: str, *words: str) -> subprocess.Popen[str]:
        """`docker compose exec NAME WORDS`, going on."""
        return subprocess.Popen(
            self._command(name, list(words)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=die_with_parent(),
        )

    def is_healthy(self, name: str) -> bool:
        kind, *words = self.services[name]["healthcheck"]["test"]
        assert kind == "CMD"
        return self.run(name, *words).returncode == 0

    def _wait_until(self, name: str, condition: str) -> None:
        process = self.processes[name]
        if condition == "service_completed_successfully":
            assert process.wait(60) == 0, self.logs(name)
            return
        assert condition == "service_healthy"
        wait_for(lambda: process.poll() is not None or self.is_healthy(name), 60, f"{name} was not healthy", every=0.5)
        assert process.poll() is None, self.logs(name)

    def _launch(self, name: str) -> subprocess.Popen[str]:
        service = self.services[name]
        image = dict(zip(("name", "tag"), service["image"].rsplit(":", 1), strict=True))["name"]
        if image in PROGRAMS:
            entrypoint = [str(find_program(PROGRAMS[image]))]
        else:
            entrypoint = service.get("entrypoint") or self._stage.list("ENTRYPOINT")
        self._log(name).parent.mkdir(parents=True, exist_ok=True)
        with self._log(name).open("w") as log:
            return subprocess.Popen(
                self._command(name, [*entrypoint, *service.get("command", [])]),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                preexec_fn=die_with_parent(),
            )

    def _command(self, name: str, argv: list[str]) -> list[str]:
        service = self.services[name]
        user, group = map(int, service["user"].split(":"))
        return container(
            argv,
            network="new" if name == "pod" and "pod" not in self.processes else self.processes["pod"].pid,
            root=self.directory / "roots" / name,
            directory=self._stage.last("WORKDIR") if service["image"].startswith("dev-hq:") else "/",
            mounts=[*image_mounts(self.image), *self._mounts(service)],
            tmpfs=service.get("tmpfs", []),
            read_only=service["read_only"],
            user=(user, group),
            groups=[int(number) for number in service.get("group_add", [])],
            environment=image_environment(self._stage) if service["image"].startswith("dev-hq:") else {},
        )

    def _mounts(self, service: Service) -> list[dict[str, Any]]:
        return [
            {
                "source": str(self._source(mount)),
                "target": mount["target"],
                "read_only": mount.get("read_only", False),
            }
            for mount in service.get("volumes", [])
        ]

    def _source(self, mount: dict[str, Any]) -> Path:
        if mount["type"] == "volume":
            return self._volume(mount["source"])
        return self.stack_file if mount["source"] == "./stack.yaml" else ROOT / mount["source"]

    def _volume(self, name: str) -> Path:
        path = self.directory / "volumes" / name
        if not path.exists():
            path.mkdir(parents=True)
            if os.geteuid() == 0:
                os.chown(path, OWNERS[name], OWNERS[name])
        return path

    @property
    def _stage(self) -> Stage:
        return read_dockerfile(ROOT / "Dockerfile")["dev-hq"]

    def _log(self, name: str) -> Path:
        return self.directory / "log" / f"{name}.log"


@contextmanager
def running(directory: Path, image: Path, stack_file: Path) -> Iterator[Pod]:
    """The services of the demo, healthy; ended after the body."""
    pod = Pod(directory, image, stack_file)
    with ExitStack() as cleaning:
        cleaning.callback(pod.stop)
        pod.start()
        yield pod


def container(argv: list[str], **settings: Any) -> list[str]:
    """The command that runs `argv` confined; see container.py."""
    settings = {
        "network": None, "mounts": [], "tmpfs": [], "read_only": False, "user": None, "groups": [],
        "confined": True,
        "as_users": os.geteuid() == 0, **settings,
    }  # fmt: skip
    settings["root"] = str(settings["root"])
    settings["environment"] = {"PATH": "/usr/local/bin:/usr/bin:/bin", **settings.get("environment", {})}
    return [sys.executable, str(Path(__file__).with_name("container.py")), json.dumps({**settings, "argv": argv})]


def image_mounts(image: Path) -> list[dict[str, Any]]:
    """What an image has besides the machine's programs: the environment that its Dockerfile made, and its Python."""
    python = Path(sys.base_prefix)
    mounts = [{"source": str(image), "target": "/opt/dev-hq", "read_only": True}]
    if not python.is_relative_to("/usr"):
        mounts.append({"source": str(python), "target": str(python), "read_only": True})
    return mounts


def image_environment(stage: Stage) -> dict[str, str]:
    """The image's environment, its PATH begun anew."""
    path = ["/opt/dev-hq/bin", str(Path(sys.base_prefix) / "bin"), "/usr/local/bin", "/usr/bin", "/bin"]
    return {**stage.environment, "PATH": ":".join(path)}
