"""docker-compose.yml: read by a strict reader of its specification, and held to rules of ours."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from compose_spec import PyCompose

from hq.programs import own_program, watching_programs
from stack.loader import load_stack
from tests.deploy.pod import ROOT, composition, services

COMPOSITION = composition()
SERVICES = COMPOSITION["services"]
ONE_SHOTS = {"configure", "ready"}
SECRETS = {"/dev-hq/var", "/dev-hq/grafana-admin", "/run/grafana-admin"}
STACK = load_stack(ROOT / "stack.yaml")

each_service = pytest.mark.parametrize("name", SERVICES)


def mounts() -> list[tuple[str, dict[str, Any]]]:
    return [(name, mount) for name, service in SERVICES.items() for mount in service.get("volumes", [])]


def test_it_is_what_the_specification_knows() -> None:
    PyCompose.from_yaml(yaml.safe_dump(COMPOSITION))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"readonly": True}, "`readonly`"),
        ({"cap_drop": "ALL"}, "cap_drop: invalid type"),
        ({"depends_on": {"pod": {"condition": "service_well"}}}, "unknown variant `service_well`"),
        ({"healthcheck": {"interval": "2 parsecs"}}, "not a valid duration unit"),
    ],
)
def test_the_reader_refuses_what_the_specification_does_not_know(change: dict[str, object], complaint: str) -> None:
    broken = {"services": {"envoy": {"image": "dev-hq:0.1.0", **change}}}
    with pytest.raises(ValueError, match=re.escape(complaint)):
        PyCompose.from_yaml(yaml.safe_dump(broken))


@each_service
def test_each_image_is_pinned(name: str) -> None:
    assert re.fullmatch(r"[a-z/-]+:v?\d+\.\d+\.\d+", SERVICES[name]["image"])


@each_service
def test_each_is_confined(name: str) -> None:
    service = SERVICES[name]
    user = service["user"].partition(":")[0]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert user.isdecimal()
    assert int(user) > 0
    assert not {"privileged", "cap_add", "devices", "pid", "ipc", "userns_mode"} & service.keys()


@each_service
def test_each_has_limits(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert service["pids_limit"] <= 512
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}


@each_service
def test_each_says_whether_it_is_healthy_and_is_started_again(name: str) -> None:
    service = SERVICES[name]
    if name in ONE_SHOTS:
        assert service["restart"] == "no"
        assert "healthcheck" not in service
    else:
        assert service["restart"] == "unless-stopped"
        assert "healthcheck" in service or name == "pod"  # which only sleeps


@each_service
def test_each_waits_for_the_health_or_the_end_of_others(name: str) -> None:
    for other, wanted in SERVICES[name].get("depends_on", {}).items():
        due = "service_completed_successfully" if other in ONE_SHOTS else "service_healthy"
        assert wanted["condition"] == due, other
        assert other in services("") or name not in services("") or wanted["required"] is False, other


def test_nothing_but_grafana_can_be_reached_from_outside_and_that_from_this_machine_only() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    port = urlsplit(STACK.links.grafana).port
    assert published == {"pod": [f"127.0.0.1:{port}:3000"]}
    for name, service in SERVICES.items():
        assert name == "pod" or service["network_mode"] == "service:pod"
        assert "networks" not in service or name == "pod"


def test_each_file_that_is_mounted_is_there_and_cannot_be_written() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name, mount in mounts():
        if mount["type"] == "bind":
            source = mount["source"].removeprefix("./")
            assert any(file == source or file.startswith(f"{source}/") for file in tracked.splitlines()), (name, mount)
            assert mount["read_only"] is True
            assert mount["bind"] == {"create_host_path": False}  # else a missing file would become a directory


def test_each_volume_is_declared_and_used() -> None:
    used = {mount["source"] for _, mount in mounts() if mount["type"] == "volume"}
    assert used == COMPOSITION["volumes"].keys()
    assert all(not settings for settings in COMPOSITION["volumes"].values())  # `down --volumes` removes them


def test_only_who_needs_a_secret_can_read_it() -> None:
    """The secrets belong to user and group 10001 and nobody else reads them."""
    readers: dict[str, set[str]] = {"/dev-hq/var": set(), "grafana-admin": set()}
    for name, mount in mounts():
        service = SERVICES[name]
        if mount["type"] == "volume" and "10001" in (*service["user"].split(":"), *service.get("group_add", [])):
            readers.setdefault(mount["target"] if mount["source"] == "var" else mount["source"], set()).add(name)
    assert readers["/dev-hq/var"] == {"configure", "dev-hq", "alertmanager"}
    assert readers["grafana-admin"] == {"configure", "grafana"}
    writers = {(name, mount["source"]) for name, mount in mounts() if not mount.get("read_only")}
    assert {name for name, source in writers if source in ("var", "grafana-admin")} == {"configure", "dev-hq"}


def test_no_secret_is_written_here() -> None:
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            assert not re.search(r"PASSWORD$|TOKEN$|SECRET", variable), name
            assert not variable.endswith("__FILE") or value.startswith(tuple(SECRETS)), name
    assert (ROOT / ".env").read_text().splitlines()[-1] == "COMPOSE_PROFILES=demo"


def test_the_demo_runs_the_processes_of_the_stack() -> None:
    demo = {name: service for name, service in SERVICES.items() if service.get("profiles") == ["demo"]}
    assert demo.keys() == STACK.processes.keys()
    for process in STACK.processes.values():
        service, program = demo[process.name], own_program(process)
        assert service["entrypoint"] == list(process.run)
        assert service["healthcheck"]["test"] == ["CMD", "python", "-m", "hq.healthy", program.ready]


def test_the_rest_runs_what_dev_hq_up_runs() -> None:
    def words(argv: list[Any]) -> list[str]:
        """Without the program itself, and without the directories, which are others in a container."""
        here = [str(word).replace(str(STACK.directory), "/dev-hq/var") for word in argv]
        return sorted(word.partition("path=")[0] for word in here)

    for program in watching_programs(STACK):
        if program.name == "exporter":
            assert SERVICES["dev-hq"]["command"] == ["serve"]
        else:
            assert words(SERVICES[program.name]["command"]) == words(list(program.argv[1:]))


def test_health_is_asked_where_the_stack_listens() -> None:
    asked = {name: " ".join(service.get("healthcheck", {}).get("test", [])) for name, service in SERVICES.items()}
    assert f"http://{STACK.exporter}/-/ready" in asked["dev-hq"]
    assert f"http://{STACK.envoy.admin}/ready" in asked["envoy"]
    assert STACK.prometheus.url in asked["prometheus"]
    assert STACK.alertmanager.url in asked["alertmanager"]


def test_the_image_has_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ours = {name: service["image"] for name, service in SERVICES.items() if service["image"].startswith("dev-hq")}
    assert set(ours.values()) == {f"dev-hq:{project['version']}"}
    assert {name for name in ours if "build" in SERVICES[name]} == {"pod"}  # two builds of one name can meet
    assert {name for name in ours if SERVICES[name]["pull_policy"] != "never"} == {"pod"}


def test_grafana_shows_the_dashboards_to_whoever_comes_and_lets_nobody_change_them() -> None:
    environment = SERVICES["grafana"]["environment"]
    targets = {mount["target"]: mount["source"] for name, mount in mounts() if name == "grafana"}
    home = Path(environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert (ROOT / targets[str(home.parent)] / home.name).is_file()
    assert environment["GF_AUTH_ANONYMOUS_ENABLED"] == "true"
    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert environment["GF_SECURITY_ADMIN_PASSWORD__FILE"] == "/run/grafana-admin/password"
    assert environment["GF_PLUGINS_PREINSTALL_DISABLED"] == "true"  # of 13.2 Prometheus is a plugin, beside the server
    assert all(isinstance(value, str) for value in environment.values())  # YAML's true is not Compose's
    provider = yaml.safe_load((ROOT / "grafana/provisioning/dashboards/dev-hq.yaml").read_text())["providers"][0]
    path = provider["options"]["path"].replace("$GF_PATHS_PROVISIONING", environment["GF_PATHS_PROVISIONING"])
    assert os.path.normpath(path) in targets
    sources = yaml.safe_load((ROOT / "grafana/provisioning/datasources/dev-hq.yaml").read_text())["datasources"]
    assert {source["url"] for source in sources} == {STACK.prometheus.url, STACK.alertmanager.url}
