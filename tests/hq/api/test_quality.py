"""POST /api/quality/check: which gates are judged, what is answered, and what follows."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import hq.api.quality
from gates.check import main
from stack.journal import Journal
from stack.waiting import wait_for
from tests.gates.fake_prometheus import HEALTHY, answering, vector
from tests.hq.serving import Answer, Served, serving
from tests.prometheus.fake_server import FakeServer, http

CHECK = "/api/quality/check"
SICK = {**HEALTHY, "counted requests": "600"}
TOO_SHORT = "the window, 1s, is too short to count in: URL scrapes every 15s, so make it at least 1m"
NOWHERE = "prometheus: {url: 'http://127.0.0.1:1', retries: 0}"


def healthy(query: str) -> bytes:
    return vector(HEALTHY)


def sick(query: str) -> bytes:
    return vector(SICK)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A shop in good health."""
    with answering(healthy) as url, serving(tmp_path_factory.mktemp("api"), more=f"prometheus: {{url: {url}}}") as api:
        yield api


def check(served: Served, body: object = None, **headers: str) -> Answer:
    return served.ask("quality", "POST", CHECK, {} if body is None else body, **headers)


def found(served: Served, body: object = None, **headers: str) -> Any:
    answer = check(served, body, **headers)
    assert answer.status == 200, answer.body
    return answer.json


def verdicts(served: Served) -> list[tuple[Any, ...]]:
    """What the journal knows."""
    records = [record for record in served.notifications if record.kind == "gate_verdict"]
    return [tuple(record.data[key] for key in ("run_id", "gate", "verdict")) for record in records]


def audit(served: Served) -> dict[str, Any]:
    """The last line of it, if there is one yet."""
    lines = Journal(served.stack.directory / "audit.jsonl").read()
    return dict(lines[-1].data) if lines else {}


def test_it_says_what_the_command_says(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    over_http = found(served, {"run_id": "r1"})
    main(["--stack", str(served.stack.file), "--format", "json", "--run-id", "r1", "--no-record", "--no-remediate"])
    on_the_command_line = json.loads(capsys.readouterr().out)
    for gate in on_the_command_line["gates"]:
        gate["place"] = Path(gate["place"]).name
    assert over_http == on_the_command_line
    assert list(over_http) == list(on_the_command_line)
    assert [gate["gate"] for gate in over_http["gates"]] == ["success_rate", "error_budget"]


@pytest.mark.parametrize("fields", [{"window_seconds": 1}, {"window_seconds": 1.0}, {"gates": ["succes_rate"]}])
def test_the_command_says_the_same_of_what_cannot_be_checked(
    served: Served, fields: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--window", "1s"] if "window_seconds" in fields else ["--gate", *fields["gates"]]
    assert main(["--stack", str(served.stack.file), *options]) == 2
    assert capsys.readouterr().err == f"gates.check: {check(served, fields).error[2]}\n"


def test_the_verdicts_are_in_the_journal_and_in_the_metrics(served: Served) -> None:
    assert found(served, {"run_id": "r2", "gates": ["success_rate"]})["verdict"] == "pass"
    assert ("r2", "success_rate", "pass") in verdicts(served)
    metrics = served.get("/metrics").body.decode()
    assert 'quality_gate_verdict{gate="success_rate",service="shop"} 1.0' in metrics


def test_the_audit_has_verdict_and_run_id(served: Served) -> None:
    answer = found(served, {"gates": ["success_rate"]})
    line = audit(served)
    assert (line["who"], line["path"], line["status"]) == ("quality", CHECK, 200)
    assert (line["verdict"], line["run_id"]) == ("pass", answer["run_id"])


def test_the_idempotency_key_is_the_run_id_unless_there_is_one(served: Served) -> None:
    assert found(served, Idempotency_Key="from-the-key")["run_id"] == "from-the-key"
    assert found(served, {"run_id": "from-the-body"}, Idempotency_Key="from-the-key")["run_id"] == "from-the-body"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"gates": ["succes_rate"]}, 'there is no gate "succes_rate"; did you mean "success_rate"?'),
        ({"services": ["xyz"]}, 'there is no service "xyz"; there is shop'),
        ({"window_seconds": 1}, TOO_SHORT),
        ({"window_seconds": 7776001}, "window_seconds: must be a duration from 1ms to 90d"),
        ({"window_seconds": 0}, "window_seconds: must be a duration from 1ms to 90d"),
        ({"window_seconds": -1}, "window_seconds: must be a duration from 1ms to 90d"),
        ({"window_seconds": True}, "window_seconds: input should be a valid number"),
        ({"window_seconds": "60"}, "window_seconds: input should be a valid number"),
        ({"gates": []}, "gates: list should have at least 1 item after validation, not 0"),
        ({"gates": "success_rate"}, "gates: input should be a valid list"),
        ({"gates": [1]}, "gates.0: input should be a valid string"),
        ({"gates": [""]}, "gates.0: string should have at least 1 character"),
        ({"gates": ["x" * 64]}, "gates.0: string should have at most 63 characters"),
        ({"gates": ["a\nb"]}, "gates.0: must have 1 to 63 printable characters"),
        ({"gates": ["\ud800"]}, None),
        ({"gates": ["x"] * 201}, "gates: list should have at most 200 items after validation, not 201"),
        ({"strict": 1}, "strict: input should be a valid boolean"),
        ({"remediate": "yes"}, "remediate: input should be a valid boolean"),
        ({"run_id": "a b"}, "run_id: a run id has 1 to 200 visible ASCII characters and no spaces"),
        ({"run_id": "a\n"}, "run_id: a run id has 1 to 200 visible ASCII characters and no spaces"),
        ({"run_id": ""}, "run_id: a run id has 1 to 200 visible ASCII characters and no spaces"),
        ({"run_id": "x" * 201}, "run_id: a run id has 1 to 200 visible ASCII characters and no spaces"),
        ({"config": "/etc/passwd"}, "config: extra inputs are not permitted"),
        ({"prometheus": "http://evil.example"}, "prometheus: extra inputs are not permitted"),
    ],
)  # fmt: skip
def test_what_cannot_be_checked_is_said(served: Served, body: object, message: str | None) -> None:
    status, code, said = check(served, body).error
    assert (status, code) == (422, "invalid")
    assert message in (said.replace(served.stack.prometheus.url, "URL"), None)


@pytest.mark.parametrize("key", ["a b", "", "x" * 201, "\u00e9"], ids=ascii)
def test_an_idempotency_key_that_is_no_run_id(served: Served, key: str) -> None:
    message = "idempotency-key: a run id has 1 to 200 visible ASCII characters and no spaces"
    assert check(served, Idempotency_Key=key).error == (422, "invalid", message)


@pytest.mark.parametrize("scope", ["read", "chaos"])
def test_another_scope_does_not_check(served: Served, scope: str) -> None:
    message = "this token is not for quality; `dev-hq token add` makes one with that scope"
    assert served.ask(scope, "POST", CHECK, {}).error == (403, "forbidden", message)
    assert served.send("POST", CHECK).status == 401


def test_a_gate_that_these_services_do_not_have(tmp_path: Path) -> None:
    other = """\
  - name: of nobody
    promql: vector(1)
    pass: "> 0"
    alive: up
"""
    with serving(tmp_path / "api", gates=gates_file(tmp_path, "http://127.0.0.1:1", gates=other)) as served:
        refusal = check(served, {"gates": ["of nobody"], "services": ["shop"]}).error
    assert refusal == (422, "invalid", "gates.yaml has no gate of nobody for these services")


def test_a_prometheus_that_does_not_answer_is_the_verdict_error(tmp_path: Path) -> None:
    with serving(tmp_path, more=NOWHERE) as served:
        answer = found(served)
        assert (answer["verdict"], answer["exit_code"], answer["at"]) == ("error", 4, None)
        assert {gate["verdict"] for gate in answer["gates"]} == {"error"}
        assert {verdict for _, _, verdict in verdicts(served)} == {"error"}
        assert audit(served)["verdict"] == "error"


@pytest.mark.parametrize(
    "reply", [http(503, b"down"), http(200, b"<html>"), http(401, b"who?"), b"no http"], ids=["503", "html", "401", "-"]
)
def test_whatever_prometheus_says_is_no_error_of_ours_and_no_pass(tmp_path: Path, reply: bytes) -> None:
    with FakeServer([reply]) as fake, serving(tmp_path, more=f"prometheus: {{url: {fake.url}, retries: 0}}") as served:
        assert found(served)["verdict"] == "error"


def test_strict_is_as_on_the_command_line(served: Served) -> None:
    assert found(served, {"strict": True, "gates": ["success_rate"]})["strict"] is True


def gates_file(directory: Path, url: str, *, gates: str = "", more: str = "") -> Path:
    """A gates file, of one gate and more."""
    path = directory / "gates.yaml"
    path.write_text(f"""\
version: 1
prometheus: {{url: "{url}", retries: 0}}
slos:
  - name: availability
    service: shop
    objective: 99.5%
    total: http_requests_total{{job="shop"}}
    bad: http_requests_total{{job="shop",code="500"}}
gates:
  - {{name: rate, slo: availability}}
{gates}{more}""")
    return path


def test_a_gates_file_is_read_at_each_check(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with answering(healthy) as well, answering(sick) as ill:
        path = gates_file(tmp_path, well)
        with serving(tmp_path / "api", gates=path) as served, caplog.at_level(logging.WARNING, "dev-hq.api"):
            (gate,) = found(served)["gates"]
            assert (gate["gate"], gate["verdict"], gate["place"]) == ("rate", "pass", "gates.yaml:10")
            gates_file(tmp_path, ill)
            assert found(served)["verdict"] == "fail"
            path.write_text("version: 1\ngatez: []\n")
            refusal = check(served)
            message = "the gates cannot be read; the log of dev-hq serve says why"
            assert refusal.error == (500, "internal", message)
            assert f'{path}:2: unknown key "gatez"' in caplog.text
            path.unlink()
            assert check(served).error == (500, "internal", message)
            gates_file(tmp_path, well)
            assert found(served)["verdict"] == "pass"
            assert [verdict for _, _, verdict in verdicts(served)] == ["pass", "fail", "pass"]


def test_a_stack_that_is_broken_meanwhile_is_not_judged_as_it_was(tmp_path: Path) -> None:
    with serving(tmp_path, more=NOWHERE) as served:
        served.stack.file.write_text("servicez: {}\n")
        assert check(served).status == 500


def test_credentials_that_cannot_be_read_are_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    more = "prometheus: {url: 'http://127.0.0.1:1', auth: {bearer_file: missing-token}}"
    with serving(tmp_path, more=more) as served, caplog.at_level(logging.WARNING, "dev-hq.api"):
        answer = check(served)
    assert answer.error == (500, "internal", "the gates cannot be judged; the log of dev-hq serve says why")
    assert "missing-token" in caplog.text


REMEDY = """\
on_fail:
  run: [./remedy.sh, canary-argument]
"""


def remedy(directory: Path, *, code: int = 0) -> Path:
    """What on_fail runs; it writes a line into the file that is returned."""
    program = directory / "remedy.sh"
    program.write_text(f"#!/bin/sh\necho $GATE_RUN_ID >> remedied\nexit {code}\n")
    program.chmod(0o755)
    return directory / "remedied"


def test_nothing_is_remedied_unless_that_is_asked_for(tmp_path: Path) -> None:
    remedied = remedy(tmp_path)
    with answering(sick) as url, serving(tmp_path / "api", gates=gates_file(tmp_path, url, more=REMEDY)) as served:
        answer = found(served)
    assert (answer["verdict"], answer["remediation"], remedied.exists()) == ("fail", None, False)


def test_a_failure_is_remedied_once_for_each_run_id(tmp_path: Path) -> None:
    remedied = remedy(tmp_path)
    with answering(sick) as url, serving(tmp_path / "api", gates=gates_file(tmp_path, url, more=REMEDY)) as served:
        first = found(served, {"remediate": True}, Idempotency_Key="release-7")
        again = found(served, {"remediate": True}, Idempotency_Key="release-7")
        other = found(served, {"remediate": True, "run_id": "release-8"})
    assert remedied.read_text().splitlines() == ["release-7", "release-8"]
    assert (first["verdict"], first["exit_code"], first["remediation"]["problem"]) == ("fail", 1, None)
    assert first["remediation"]["outcome"].startswith("ended with 0 after ")
    assert "for this run id, and not again; it ended with 0" in again["remediation"]["outcome"]
    assert other["remediation"]["outcome"].startswith("ended with 0 after ")


def test_a_remediation_that_fails_is_told(tmp_path: Path) -> None:
    remedy(tmp_path, code=3)
    with answering(sick) as url, serving(tmp_path / "api", gates=gates_file(tmp_path, url, more=REMEDY)) as served:
        answer = found(served, {"remediate": True})
    assert (answer["exit_code"], answer["remediation"]["action"]) == (5, "./remedy.sh")
    assert answer["remediation"]["problem"].startswith("./remedy.sh ended with 3 after ")


def test_no_answer_names_a_directory_of_this_machine(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    remedy(tmp_path)
    with answering(sick) as url, caplog.at_level(logging.WARNING, "dev-hq.api"):
        more = f"on_fail:\n  run: [{tmp_path}/remedy.sh]\n"
        with serving(tmp_path / "api", gates=gates_file(tmp_path, url, more=more)) as served:
            remedied = check(served, {"remediate": True})
            served.stack.journal.unlink()
            served.stack.journal.mkdir()
            unrecorded = check(served, {"remediate": True})
    assert (remedied.status, unrecorded.status) == (200, 200)
    assert remedied.json["remediation"]["action"] == "remedy.sh"
    assert unrecorded.json["journal_problem"] == "the verdicts are not recorded; the log of dev-hq serve says why"
    outcome = "was not started, for nothing would keep it from starting twice: the journal journal.jsonl "
    assert unrecorded.json["remediation"]["outcome"].startswith(outcome)
    assert str(tmp_path).encode() not in remedied.body + unrecorded.body
    assert str(served.stack.journal) in caplog.text


class Held:
    """Answers of a Prometheus that come when they are let go; counts who waits for one."""

    def __init__(self) -> None:
        self.waiting = 0
        self.let_go = threading.Event()

    def __call__(self, query: str) -> bytes:
        self.waiting += 1
        self.let_go.wait(20)
        return vector(HEALTHY)


def test_checks_hold_up_nobody_and_what_is_too_many_is_refused(tmp_path: Path) -> None:
    held = Held()
    most = hq.api.quality.MOST_CHECKS
    with answering(held) as url, serving(tmp_path, more=f"prometheus: {{url: {url}}}") as served:
        served.bearer("quality")
        with ThreadPoolExecutor(most) as pool:
            checks = [pool.submit(found, served) for _ in range(most)]
            wait_for(lambda: held.waiting == most, 10, "the checks do not go on at once")
            assert served.get("/metrics").status == 200
            refused = check(served)
            assert refused.error == (503, "unavailable", "4 checks are going on already; ask again in 5 s")
            assert refused.headers["retry-after"] == "5"
            held.let_go.set()
            assert {future.result()["gates"][0]["verdict"] for future in checks} == {"pass"}
        assert found(served)["gates"][0]["verdict"] == "pass"


def test_a_client_that_leaves_changes_nothing(tmp_path: Path) -> None:
    held = Held()
    with answering(held) as url, serving(tmp_path, more=f"prometheus: {{url: {url}}}") as served:
        request = (
            f"POST {CHECK} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {served.bearer('quality')}\r\n"
            "Content-Type: application/json\r\nContent-Length: 14\r\n\r\n"
        )
        with socket.create_connection((served.address.host, served.address.port)) as connection:
            connection.sendall(request.encode() + b'{"run_id":"x"}')
            wait_for(lambda: held.waiting == 1, 10, "the check does not begin")
        held.let_go.set()
        wait_for(lambda: {run_id for run_id, _, _ in verdicts(served)} == {"x"}, 10, "the verdicts are not recorded")
        wait_for(lambda: audit(served).get("run_id") == "x", 10, "the call is not in the audit")
