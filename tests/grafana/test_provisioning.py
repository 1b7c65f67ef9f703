"""What Grafana is provisioned with, read as Grafana reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from grafana.provisioning import provisioning_texts
from stack.errors import HqError
from stack.loader import load_stack
from stack.model import Stack
from tests.grafana import provisioned
from tests.prometheus.stacks import demo_stack

SERVICES = """
services:
  shop: {sli: {preset: envoy}, objectives: {success_rate: {target: 99.9%}}}
"""


def stack_with(prometheus: str, directory: Path) -> Stack:
    (directory / "stack.yaml").write_text(f"{SERVICES}\nprometheus:\n{prometheus}")
    return load_stack(directory / "stack.yaml")


def data_source(stack: Stack, name: str = "Prometheus", **read: Any) -> dict[str, Any]:
    sources = provisioned.read(provisioning_texts(stack)["datasources/dev-hq.yaml"], **read)["datasources"]
    [found] = [source for source in sources if source["name"] == name]
    return found


ALL_ACCESS = {
    "nothing": "  url: http://127.0.0.1:9090\n",
    "a token": "  url: http://p:9090\n  auth: {bearer_file: secrets/token}\n",
    "a password": "  url: http://p:9090\n  auth: {basic: {user: grafana, password_file: secrets/password}}\n",
    "a printed token": "  url: http://p:9090\n  auth: {exec: [print-token]}\n",
    "headers": "  url: http://p:9090\n  headers: {X-Scope-OrgID: team-a, X-Key: hush}\n",
    "certificates": (
        "  url: https://p:9090\n"
        "  tls: {ca: secrets/ca.pem, cert: secrets/cert.pem, key: secrets/key.pem, server_name: prom}\n"
    ),
    "a token, a header and an authority": (
        "  url: https://p:9090\n  auth: {bearer_file: /run/elsewhere/token}\n  headers: {X-Key: hush}\n"
        "  tls: {ca: ca.pem}\n"
    ),
}


@pytest.mark.parametrize("prometheus", ALL_ACCESS.values(), ids=ALL_ACCESS)
def test_every_key_is_one_that_grafana_documents(prometheus: str, tmp_path: Path) -> None:
    texts = provisioning_texts(stack_with(prometheus, tmp_path))
    files = dict.fromkeys(("ca.pem", "cert.pem", "key.pem", "token", "password", "prometheus-token"), "x")
    there = {f"/run/secrets/{name}": text for name, text in files.items()} | {"/run/elsewhere/token": "x"}
    content = provisioned.read(texts["datasources/dev-hq.yaml"], there)
    assert content.keys() <= provisioned.DATA_SOURCE_FILE
    assert content["apiVersion"] == 1
    for source in content["datasources"]:
        assert source.keys() <= provisioned.DATA_SOURCE
        unknown = source["jsonData"].keys() - provisioned.JSON_DATA[source["type"]]
        assert [key for key in unknown if not provisioned.HEADER_NAME.fullmatch(key)] == []
        unknown = source.get("secureJsonData", {}).keys() - provisioned.SECURE_JSON_DATA
        assert [key for key in unknown if not provisioned.HEADER_VALUE.fullmatch(key)] == []
    content = provisioned.read(texts["dashboards/dev-hq.yaml"])
    assert content.keys() == provisioned.PROVIDER_FILE
    [provider] = content["providers"]
    assert provider.keys() <= provisioned.PROVIDER
    assert provider["options"].keys() <= provisioned.PROVIDER_OPTIONS


def test_the_data_sources_of_the_demo() -> None:
    stack = demo_stack()
    assert data_source(stack) == {
        "name": "Prometheus",
        "type": "prometheus",
        "uid": "prometheus",
        "orgId": 1,
        "access": "proxy",
        "url": "http://127.0.0.1:9090",
        "isDefault": False,
        "editable": False,
        "jsonData": {
            "httpMethod": "POST",
            "prometheusType": "Prometheus",
            "prometheusVersion": "2.42.0",
            "timeInterval": "1s",
            "manageAlerts": True,
            "alertmanagerUid": "alertmanager",
            "allowAsRecordingRulesTarget": False,
        },
    }
    assert data_source(stack, "Alertmanager") == {
        "name": "Alertmanager",
        "type": "alertmanager",
        "uid": "alertmanager",
        "orgId": 1,
        "access": "proxy",
        "url": "http://127.0.0.1:9093",
        "isDefault": False,
        "editable": False,
        "jsonData": {"implementation": "prometheus", "handleGrafanaManagedAlerts": False},
    }


def test_the_dashboards_are_found_beside_the_directory_of_provisioning() -> None:
    text = provisioning_texts(demo_stack())["dashboards/dev-hq.yaml"]
    [provider] = provisioned.read(text, environment={"GF_PATHS_PROVISIONING": "/etc/grafana/provisioning"})["providers"]
    assert provider == {
        "name": "dev-hq",
        "orgId": 1,
        "folder": "dev-hq",
        "folderUid": "dev-hq",
        "type": "file",
        "disableDeletion": True,
        "updateIntervalSeconds": 30,
        "allowUiUpdates": False,
        "options": {"path": "/etc/grafana/provisioning/../dashboards"},
    }


def test_a_token_is_read_by_grafana_when_it_starts(tmp_path: Path) -> None:
    stack = stack_with(ALL_ACCESS["a token"], tmp_path)
    source = data_source(stack, files={"/run/secrets/token": "abc.def==\n"})
    assert source["jsonData"]["httpHeaderName1"] == "Authorization"
    assert source["secureJsonData"] == {"httpHeaderValue1": "Bearer abc.def=="}
    assert provisioning_texts(stack)["datasources/dev-hq.yaml"].splitlines()[1:3] == [
        "# Grafana reads /run/secrets/token when it starts, and does not start without.",
        "# None of them may hold a dollar: Grafana would take what follows for a variable.",
    ]


def test_a_printed_token_is_put_where_grafana_reads_it(tmp_path: Path) -> None:
    source = data_source(
        stack_with(ALL_ACCESS["a printed token"], tmp_path), files={"/run/secrets/prometheus-token": "abc"}
    )
    assert source["secureJsonData"] == {"httpHeaderValue1": "Bearer abc"}


def test_a_user_and_a_password(tmp_path: Path) -> None:
    source = data_source(stack_with(ALL_ACCESS["a password"], tmp_path), files={"/run/secrets/password": "hush"})
    assert (source["basicAuth"], source["basicAuthUser"]) == (True, "grafana")
    assert source["secureJsonData"] == {"basicAuthPassword": "hush"}


def test_what_headers_hold_comes_from_the_environment(tmp_path: Path) -> None:
    stack = stack_with(ALL_ACCESS["headers"], tmp_path)
    environment = {"PROMETHEUS_HEADER_X_SCOPE_ORGID": "team-a", "PROMETHEUS_HEADER_X_KEY": "hu$h"}
    source = data_source(stack, environment=environment)
    assert source["jsonData"]["httpHeaderName1"] == "X-Scope-OrgID"
    assert source["jsonData"]["httpHeaderName2"] == "X-Key"
    assert source["secureJsonData"] == {"httpHeaderValue1": "team-a", "httpHeaderValue2": "hu$h"}
    text = provisioning_texts(stack)["datasources/dev-hq.yaml"]
    assert "team-a" not in text
    assert "hush" not in text
    assert text.splitlines()[1] == (
        "# Grafana needs the environment variables PROMETHEUS_HEADER_X_SCOPE_ORGID, PROMETHEUS_HEADER_X_KEY."
    )


def test_certificates(tmp_path: Path) -> None:
    files = {f"/run/secrets/{name}.pem": name for name in ("ca", "cert", "key")}
    source = data_source(stack_with(ALL_ACCESS["certificates"], tmp_path), files=files)
    assert source["secureJsonData"] == {"tlsCACert": "ca", "tlsClientCert": "cert", "tlsClientKey": "key"}
    told = {key: source["jsonData"][key] for key in ("tlsAuth", "tlsAuthWithCACert", "serverName")}
    assert told == {"tlsAuth": True, "tlsAuthWithCACert": True, "serverName": "prom"}


def test_an_authority_and_a_token_in_its_own_place(tmp_path: Path) -> None:
    files = {"/run/secrets/ca.pem": "ca", "/run/elsewhere/token": "abc"}
    environment = {"PROMETHEUS_HEADER_X_KEY": "hush"}
    source = data_source(
        stack_with(ALL_ACCESS["a token, a header and an authority"], tmp_path), files=files, environment=environment
    )
    assert source["secureJsonData"] == {
        "httpHeaderValue1": "hush",
        "httpHeaderValue2": "Bearer abc",
        "tlsCACert": "ca",
    }
    assert "tlsAuth" not in source["jsonData"]


def test_dollars_arrive_as_they_are(tmp_path: Path) -> None:
    prometheus = "  url: http://p:9090/$a/$$b\n  auth: {basic: {user: $me, password_file: password}}\n"
    source = data_source(stack_with(prometheus, tmp_path), files={"/run/secrets/password": "hush"})
    assert (source["url"], source["basicAuthUser"]) == ("http://p:9090/$a/$$b", "$me")


def test_grafana_has_one_address_and_is_told_so(tmp_path: Path) -> None:
    stack = stack_with("  url: http://p:9090\n  failover: [http://q:9090]\n", tmp_path)
    text = provisioning_texts(stack)["datasources/dev-hq.yaml"]
    assert text.splitlines()[1] == "# Grafana asks the first server only, not those in failover."
    assert "http://q:9090" not in text


def test_it_does_not_matter_where_the_stack_is_or_how_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = []
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        texts.append(provisioning_texts(stack_with(ALL_ACCESS["certificates"], tmp_path / name)))
    monkeypatch.chdir(tmp_path / "here")
    texts.append(provisioning_texts(load_stack(Path("stack.yaml"))))
    assert texts[0] == texts[1] == texts[2]


@pytest.mark.parametrize(
    ("prometheus", "message"),
    [
        (
            "  url: https://p:9090\n  tls: {ca: a/x.pem, cert: b/x.pem, key: key.pem}\n",
            "Grafana would find both {0}/a/x.pem and {0}/b/x.pem as /run/secrets/x.pem; give them different names",
        ),
        (
            "  url: https://p:9090\n  auth: {bearer_file: 'to$ken'}\n",
            "Grafana cannot be told to read /run/secrets/to$ken; leave $, braces and spaces out of its name",
        ),
        (
            "  url: https://p:9090\n  headers: {X-Key: a, X_Key: b}\n",
            "Grafana would read both X-Key and X_Key from PROMETHEUS_HEADER_X_KEY; leave one out",
        ),
    ],
)
def test_secrets_that_grafana_could_not_read(prometheus: str, message: str, tmp_path: Path) -> None:
    stack = stack_with(prometheus, tmp_path)
    with pytest.raises(HqError) as caught:
        provisioning_texts(stack)
    assert str(caught.value) == message.format(tmp_path)
