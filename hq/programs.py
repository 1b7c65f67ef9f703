"""What runs on this machine for one stack: the programs, and the configuration they are given."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from chaos.envoy import envoy_command, write_envoy_config
from hq.credentials import ensure_credentials
from prometheus.alertmanager import alertmanager_config
from prometheus.rules import write_rules
from prometheus.server import prometheus_config
from stack.address import Address
from stack.model import ManagedProcess, Stack
from stack.process import find_program


@dataclass(frozen=True)
class Program:
    """One program of the stack: how it is started, and the URL that answers 200 once it is ready."""

    name: str
    argv: tuple[str | Path, ...]
    url: str
    ready: str


def watching_programs(stack: Stack) -> Iterator[Program]:
    """What runs besides the stack's own processes; raises MissingToolError."""
    var = stack.directory
    admin = f"http://{stack.envoy.admin}"
    yield Program("envoy", tuple(envoy_command(find_program("envoy"), var / "envoy.json")), admin, f"{admin}/ready")
    exporter = f"http://{stack.exporter.near}"
    yield Program(
        "exporter",
        (
            sys.executable,
            "-P",
            "-m",
            "hq.cli",
            "--stack",
            stack.file.resolve(),
            "serve",
            *(("--enable-chaos-api",) if stack.chaos_api else ()),
        ),
        f"{exporter}/metrics",
        f"{exporter}/-/ready",
    )
    if is_ours(stack.alertmanager.url):
        yield _alertmanager(stack)
    if is_ours(stack.prometheus.url):
        yield _prometheus(stack)


def is_ours(url: str) -> bool:
    """Whether we start what answers there; what runs on another machine is somebody else's."""
    return Address.of_url(url).is_loopback


def _alertmanager(stack: Stack) -> Program:
    var = stack.directory
    return Program(
        "alertmanager",
        (
            find_program("alertmanager"),
            f"--config.file={var / 'alertmanager.yml'}",
            f"--storage.path={var / 'alertmanager'}",
            f"--web.listen-address={Address.of_url(stack.alertmanager.url)}",
            "--cluster.listen-address=",
        ),
        stack.alertmanager.url,
        f"{stack.alertmanager.url}/-/ready",
    )


def _prometheus(stack: Stack) -> Program:
    var = stack.directory
    return Program(
        "prometheus",
        (
            find_program("prometheus"),
            f"--config.file={var / 'prometheus.yml'}",
            f"--storage.tsdb.path={var / 'prometheus'}",
            f"--storage.tsdb.retention.time={_retention(stack)}",
            f"--web.listen-address={Address.of_url(stack.prometheus.url)}",
        ),
        stack.prometheus.url,
        f"{stack.prometheus.url}/-/ready",
    )


def own_program(process: ManagedProcess) -> Program:
    """A process of the stack's own; `python` is the interpreter that runs us."""
    program = sys.executable if process.run[0] == "python" else process.run[0]
    url = f"http://{process.listen}"
    return Program(process.name, (program, *process.run[1:]), url, url + process.ready)


def write_configuration(stack: Stack) -> None:
    """Writes what the programs read into `var/`; raises HqError."""
    var = stack.directory
    rules = var / "rules"
    ensure_credentials(stack.webhook_token)
    write_rules(stack, rules)
    write_envoy_config(stack, var / "envoy.json")
    for name, config in (
        ("prometheus.yml", prometheus_config(stack, rules)),
        ("alertmanager.yml", alertmanager_config(stack, stack.webhook_token)),
    ):
        (var / name).write_text(yaml.safe_dump(config, sort_keys=False))


def _retention(stack: Stack) -> str:
    """As long as the longest objective's window, and a day."""
    objectives = [
        objective
        for service in stack.services.values()
        for objective in (service.success_rate, service.latency)
        if objective
    ]
    return f"{int(max(objective.window for objective in objectives) // 86400) + 1}d"
