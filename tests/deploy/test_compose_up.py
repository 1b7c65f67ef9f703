"""The image made as the Dockerfile says, and the services of docker-compose.yml run on it, confined as they are there.

No engine is needed, and none is here: pod.py says what stands for it. Grafana is the one service that does not run.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.waiting import wait_for
from tests.deploy.dockerfile import read_dockerfile
from tests.deploy.image import Building
from tests.deploy.pod import NOT_HERE, ROOT, Pod, running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

as_root = os.geteuid() == 0
"""Without it there is one user only, who may read everything."""

PROMETHEUS_3_READS = {"text/plain", "application/openmetrics-text", "application/vnd.google.protobuf"}
"""Prometheus 3 refuses a scrape whose Content-Type is none of these; 2 took it for text/plain."""

ASK = """
import http.client, sys
from urllib.parse import urlsplit
url = urlsplit(sys.argv[1])
connection = http.client.HTTPConnection(url.hostname, url.port, timeout=5)
connection.request("GET", url.path, headers={"Accept": "application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1"})
answer = connection.getresponse()
print(answer.status, answer.getheader("Content-Type"))
"""


@pytest.fixture(scope="module")
def building(tmp_path_factory: pytest.TempPathFactory) -> Building:
    building = Building(tmp_path_factory.mktemp("image"))
    building.build()
    return building


@pytest.fixture(scope="module")
def pod(building: Building, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pod]:
    with running(tmp_path_factory.mktemp("pod"), building.image, ROOT / "stack.yaml") as pod:
        yield pod


def test_the_last_stage_leaves_nothing_that_installs_and_directories_that_belong_to_its_user(
    building: Building, tmp_path: Path
) -> None:
    etc = shutil.copytree("/etc", tmp_path / "etc", symlinks=True, ignore_dangling_symlinks=True)
    stage = read_dockerfile(ROOT / "Dockerfile")["dev-hq"]
    asked = "stat --format '%u:%g %a' /dev-hq/var /dev-hq/grafana-admin; python -m pip --version; id dev-hq"
    words = f"{stage.all('RUN')[0]} && {{ {asked}; }}"
    done = building.run(stage, words, {"source": str(etc), "target": "/etc", "read_only": False})
    assert done.stdout.splitlines() == [
        "10001:10001 755",
        "10001:10001 755",
        "uid=10001(dev-hq) gid=10001(dev-hq) groups=10001(dev-hq)",
    ]
    assert done.stderr.splitlines()[-1].endswith("No module named pip")


def test_the_commands_are_there_with_the_wheel_alone(pod: Pod) -> None:
    assert pod.run("dev-hq", "dev-hq", "--help").stdout.startswith("usage: dev-hq")
    assert pod.run("dev-hq", "dev-hq", "--version").stdout.startswith("dev-hq ")
    listed = pod.run("dev-hq", "dev-hq", "chaos", "list")
    assert "proxy-failure-wave" in listed.stdout
    made = pod.run("dev-hq", "dev-hq", "generate", "--only", "rules", "--output", "/dev-hq/var/generated")
    assert made.returncode == 0, made.stderr
    for file in sorted((ROOT / "prometheus" / "rules").glob("*.yml")):
        assert (pod.directory / "volumes" / "var" / "generated" / file.name).read_text() == file.read_text()
    assert pod.run("envoy", "envoy", "--version").returncode == 0


def test_all_are_healthy_and_the_address_is_told(pod: Pod) -> None:
    for name, service in pod.services.items():
        if "healthcheck" in service and name not in NOT_HERE:
            assert pod.is_healthy(name), pod.logs(name)
    assert pod.processes["ready"].wait(60) == 0, pod.logs("ready")
    assert pod.logs("ready") == "The anomaly dashboard: http://127.0.0.1:3000/d/dev-hq-anomaly-overview\n"


def test_health_tells_what_does_not_answer(pod: Pod) -> None:
    done = pod.run("envoy", "python", "-m", "hq.healthy", "http://127.0.0.1:9464/nothing")
    assert (done.returncode, done.stderr) == (1, "http://127.0.0.1:9464/nothing answers 404\n")
    done = pod.run("envoy", "python", "-m", "hq.healthy", "http://127.0.0.1:1/")
    assert (done.returncode, done.stderr) == (1, "http://127.0.0.1:1/: [Errno 111] Connection refused\n")


def test_the_written_configuration_is_accepted(pod: Pod) -> None:
    assert pod.run("prometheus", "promtool", "check", "config", "/dev-hq/var/prometheus.yml").returncode == 0
    assert pod.run("alertmanager", "amtool", "check-config", "/dev-hq/var/alertmanager.yml").returncode == 0
    checked = pod.run("envoy", "envoy", "--mode", "validate", "-c", "/dev-hq/var/envoy.json")
    assert checked.returncode == 0, checked.stderr


def test_every_target_says_a_type_that_prometheus_3_reads(pod: Pod) -> None:
    urls = {
        "dev-hq": "http://127.0.0.1:9464/metrics",
        "envoy": "http://127.0.0.1:9901/stats/prometheus",
        "storefront": "http://127.0.0.1:8000/metrics",
        "load": "http://127.0.0.1:8200/metrics",
    }
    for name, url in urls.items():
        status, _, kind = pod.run("dev-hq", "python", "-c", ASK, url).stdout.strip().partition(" ")
        assert status == "200", name
        assert kind.partition(";")[0] in PROMETHEUS_3_READS, name


def test_nothing_listens_outside_the_pod(pod: Pod) -> None:
    """All but Grafana's port, which is published, are on the loopback of a network that has nothing else."""
    listening = pod.run("dev-hq", "cat", "/proc/net/tcp", "/proc/net/tcp6").stdout.splitlines()
    addresses = {words[1].partition(":")[0] for line in listening if (words := line.split())[3:4] == ["0A"]}
    assert addresses == {"0100007F"}


def test_who_may_read_what(pod: Pod) -> None:
    token = "/dev-hq/var/webhook-token"
    assert pod.run("alertmanager", "cat", token).stdout.strip() == pod.run("dev-hq", "cat", token).stdout.strip() != ""
    for name in ("envoy", "prometheus") if as_root else ():
        denied = pod.run(name, "cat", token)
        assert (denied.returncode, denied.stderr) == (1, f"cat: {token}: Permission denied\n")
    password = pod.directory / "volumes" / "grafana-admin" / "password"
    assert oct(password.stat().st_mode & 0o777) == "0o640"
    assert len(password.read_text().strip()) == 64


def test_nothing_can_be_written_beside_the_volumes(pod: Pod) -> None:
    for name, service in pod.services.items():
        if name in NOT_HERE or name in ("configure", "ready"):
            continue
        refused = pod.run(name, "touch", "/usr/anything")
        assert refused.stderr == "touch: cannot touch '/usr/anything': Read-only file system\n"
        assert pod.run(name, "grep", "CapEff", "/proc/self/status").stdout == "CapEff:\t0000000000000000\n"
        assert service["read_only"]
    refused = pod.run("prometheus", "touch", "/dev-hq/var/anything")
    assert refused.stderr == "touch: cannot touch '/dev-hq/var/anything': Read-only file system\n"


def test_another_stack_on_the_same_addresses_is_not_broken(pod: Pod) -> None:
    """The same container, but another stack file: its Envoy is not the one that listens there."""
    copied = "import shutil; shutil.copy('/dev-hq/stack.yaml', '/tmp/stack.yaml')"
    words = f"{copied}; from hq.cli import main; raise SystemExit(main(['--stack', '/tmp/stack.yaml', *ARGS]))"
    words = words.replace("*ARGS", "'chaos', 'run', 'network-latency'")
    refused = pod.run("dev-hq", "python", "-c", words)
    assert refused.returncode == 2
    assert refused.stderr == "dev-hq: the stack of /tmp/stack.yaml does not run; `dev-hq up` starts it\n"


def test_the_wave_is_an_anomaly_and_is_over_when_it_is(pod: Pod) -> None:
    def anomalies() -> set[str]:
        return {anomaly["type"] for anomaly in json.loads(pod.run("dev-hq", "dev-hq", "anomalies", "--json").stdout)}

    wait_for(lambda: pod.run("dev-hq", "dev-hq", "quality", "check").returncode == 0, 150, "no steady state", every=2)
    wave = pod.begin("dev-hq", "dev-hq", "chaos", "run", "proxy-failure-wave")
    try:
        wait_for(lambda: "upstream_failure" in anomalies() or wave.poll() is not None, 120, "no anomaly", every=1)
        assert wave.poll() is None, wave.stdout and wave.stdout.read()
        told, _ = wave.communicate(timeout=200)
    finally:
        wave.kill()
    assert wave.returncode in (0, 1), told
    assert "resilience score" in told
    wait_for(lambda: "upstream_failure" not in anomalies(), 90, "the anomaly did not end", every=1)
    journal = (pod.directory / "volumes" / "var" / "journal.jsonl").read_text().splitlines()
    kinds = {json.loads(line)["kind"] for line in journal}
    assert {"run_finished", "notification"} <= kinds  # Alertmanager could show the token


def test_all_end_when_they_are_told_to(pod: Pod) -> None:
    codes = pod.stop()
    assert {name for name, code in codes.items() if code != 0} <= {"pod"}  # sleep knows no other end than the signal
