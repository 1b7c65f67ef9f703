"""What lets us in at Prometheus is in no answer of the API, log, audit or journal, even when the server repeats it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.gates.fake_prometheus import clock
from tests.gates.test_secrets import AUTHS, KINDS, TENANT, in_any_form, write_credentials
from tests.hq.serving import serving
from tests.prometheus.fake_server import FakeServer, http

pytestmark = pytest.mark.e2e

ECHOES = ("401", "422", "503", "a redirect's path", "warnings", "no http")


@pytest.mark.parametrize(
    ("auth", "kind"),
    [(auth, kind) for auth in AUTHS for kind in (ECHOES if auth == "bearer" else ECHOES[:2])],
)
def test_a_server_that_repeats_our_secrets(
    auth: str, kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    write_credentials(tmp_path)
    keys, secrets = AUTHS[auth]
    forms = in_any_form([*secrets, TENANT])
    reply = KINDS[kind](" | ".join(forms))
    bodies = []
    for replies in ([reply], [http(200, clock()), reply]):
        with FakeServer(replies) as server, caplog.at_level(logging.DEBUG):
            settings = ", ".join([f"url: {server.url}", *keys, "timeout: 5s", "retries: 0"])
            with serving(tmp_path, more=f"prometheus: {{{settings}}}") as served:
                (served.stack.directory / "tokens.yaml").unlink(missing_ok=True)
                quality = served.ask("quality", "POST", "/api/quality/check", {})
                anomalies = served.ask("read", "GET", "/api/anomalies")
                metrics = served.get("/metrics")
            assert (quality.status, anomalies.status, metrics.status) == (200, 200, 200)
            assert quality.json["verdict"] in ("error", "undecided")
            assert anomalies.json["state"] == "blind"
            assert TENANT in server.requests[0]
            bodies += [quality.body, anomalies.body, metrics.body]
    written = [path.read_bytes() for path in (tmp_path / "var").glob("*.jsonl")]
    assert len(written) == 2
    said = b"".join([*bodies, *written]).decode() + caplog.text + "".join(capfd.readouterr())
    assert [form for form in forms if form.lower() in said.lower()] == []
