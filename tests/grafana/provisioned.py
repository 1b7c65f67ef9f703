"""How Grafana reads a provisioning file: its keys, and what it replaces in values.

The keys are those of Grafana's documentation, "Provision Grafana", "Configure the Prometheus data source" and
"Alertmanager data source". Values are expanded as interpolateValue in pkg/services/provisioning/values/values.go does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

DATA_SOURCE_FILE = {"apiVersion", "prune", "deleteDatasources", "datasources"}
DATA_SOURCE = {
    "name", "type", "access", "orgId", "uid", "url", "user", "database", "basicAuth", "basicAuthUser",
    "withCredentials", "isDefault", "jsonData", "secureJsonData", "version", "editable",
}  # fmt: skip
OF_HTTP = {"tlsAuth", "tlsAuthWithCACert", "tlsSkipVerify", "serverName", "timeout", "keepCookies"}
JSON_DATA = {
    "prometheus": {
        *OF_HTTP, "httpMethod", "manageAlerts", "alertmanagerUid", "allowAsRecordingRulesTarget", "prometheusType",
        "prometheusVersion", "cacheLevel", "disableRecordingRules", "seriesEndpoint", "timeInterval",
        "incrementalQuerying", "incrementalQueryOverlapWindow", "exemplarTraceIdDestinations", "customQueryParameters",
    },
    "alertmanager": {*OF_HTTP, "implementation", "handleGrafanaManagedAlerts"},
}  # fmt: skip
SECURE_JSON_DATA = {"tlsCACert", "tlsClientCert", "tlsClientKey", "password", "basicAuthPassword"}
HEADER_NAME, HEADER_VALUE = re.compile(r"httpHeaderName[1-9]\d*"), re.compile(r"httpHeaderValue[1-9]\d*")
PROVIDER_FILE = {"apiVersion", "providers"}
PROVIDER = {
    "name", "orgId", "folder", "folderUid", "type", "disableDeletion", "updateIntervalSeconds", "allowUiUpdates",
    "options",
}  # fmt: skip
PROVIDER_OPTIONS = {"path", "foldersFromFilesStructure"}


def read(text: str, files: Mapping[str, str] | None = None, environment: Mapping[str, str] | None = None) -> Any:
    """The content of a file after Grafana has replaced what stands for files and environment variables."""
    return _expanded(yaml.safe_load(text), files or {}, environment or {})


def _expanded(value: Any, files: Mapping[str, str], environment: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _expanded(item, files, environment) for key, item in value.items()}
    if isinstance(value, list):
        return [_expanded(item, files, environment) for item in value]
    if not isinstance(value, str):
        return value
    return "$".join(_without_dollars(part, files, environment) for part in value.split("$$"))


def _without_dollars(text: str, files: Mapping[str, str], environment: Mapping[str, str]) -> str:
    text = re.sub(r"\$(?:__env)?\{([^}]+)\}", lambda found: environment.get(found[1], ""), text)
    text = re.sub(r"\$__file\{([^}]+)\}", lambda found: files[found[1]].strip(), text)
    return re.sub(r"\$(?:\{(\w+)\}|(\w+|[*#$@!?-]))", lambda found: environment.get(found[1] or found[2], ""), text)
