"""`dev-hq serve` and `dev-hq up` as processes: what they refuse to start with, and what they hand on."""

from __future__ import annotations

import subprocess

import bcrypt
import pytest
import requests
import trustme

from hq.api.token_file import add_token
from hq.api.tokens import Scope
from hq.commands.serve import run as serve
from hq.local import LocalStack, running
from hq.programs import watching_programs
from stack.address import Address
from stack.loader import load_stack
from tests.hq.certificates import write_server
from tests.hq.serving import make_stack
from tests.hq.test_serve import ROOT, command, run, started

EVERYWHERE = "0.0.0.0"  # noqa: S104 - the point of the test


@pytest.fixture
def stack(tmp_path):
    return make_stack(tmp_path)


@pytest.mark.e2e
@pytest.mark.parametrize("host", [EVERYWHERE, "[::]"])
def test_beyond_loopback_it_refuses_to_start_when_nothing_tells_who_may_call(stack, host: str) -> None:
    code, out, err = run(stack.file, "--listen", f"{host}:{stack.exporter.port}")
    assert (code, out) == (2, "")
    assert err == (
        f"dev-hq: {host}:{stack.exporter.port} can be reached from other machines, and nothing tells who may call; "
        "make a token first (dev-hq token add NAME --scope read), or name users or demand certificates with "
        "--web.config.file\n"
    )


@pytest.mark.e2e
def test_beyond_loopback_it_starts_with_a_token_and_shows_nothing_without(stack) -> None:
    token = add_token(stack.tokens, "prometheus", frozenset({Scope.READ}))
    listen = f"{EVERYWHERE}:{stack.exporter.port}"
    with started(stack.file, stack.exporter, "--listen", listen) as process:
        url = f"http://{stack.exporter}/metrics"
        assert requests.get(url, timeout=5).status_code == 401
        assert requests.get(url, headers={"authorization": f"Bearer {token}"}, timeout=5).status_code == 200
        process.terminate()
        out, err = process.communicate(timeout=10)
    assert out == f"serving http://{listen}/metrics\n"
    assert err.startswith("tokens and passwords can be read on their way here; --web.config.file has TLS\n")


@pytest.mark.e2e
@pytest.mark.parametrize("listen", ["127.0.0.1", "localhost", "127.0.0.2"])
def test_on_loopback_nobody_needs_a_token_to_scrape(stack, listen: str) -> None:
    address = Address(listen, stack.exporter.port)
    with started(stack.file, address, "--listen", str(address)):
        assert requests.get(f"http://{address}/metrics", timeout=5).status_code == 200


@pytest.mark.e2e
def test_it_serves_tls_as_the_file_says(stack, tmp_path) -> None:
    write_server(tmp_path, trustme.CA())
    digest = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
    (tmp_path / "web.yml").write_text(
        f"tls_server_config: {{cert_file: server.pem, key_file: server.key}}\nbasic_auth_users:\n  me: {digest}\n"
    )
    listen, ca = f"{EVERYWHERE}:{stack.exporter.port}", str(tmp_path / "ca.pem")
    words = command(stack.file, "--listen", listen, "--web.config.file", str(tmp_path / "web.yml"))
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == f"serving https://{listen}/metrics\n"
            url = f"https://localhost:{stack.exporter.port}/metrics"
            assert requests.get(url, timeout=5, verify=ca).status_code == 401
            assert requests.get(url, timeout=5, verify=ca, auth=("me", "secret")).status_code == 200
        finally:
            process.terminate()
            _, err = process.communicate(timeout=10)
    assert "on their way" not in err


@pytest.mark.e2e
def test_a_web_config_that_is_wrong_is_one_line_and_nothing_listens(stack, tmp_path) -> None:
    (tmp_path / "web.yml").write_text("tls_server_config:\n  certfile: server.pem\n")
    code, out, err = run(stack.file, "--web.config.file", str(tmp_path / "web.yml"))
    message = f'{tmp_path}/web.yml:2: unknown key "certfile" in tls_server_config; did you mean "cert_file"?'
    assert (code, out, err) == (2, "", f"dev-hq: {message}\n")
    code, out, err = run(stack.file, "--web.config.file", str(tmp_path / "none.yml"))
    assert (code, out, err) == (2, "", f"dev-hq: there is no file {tmp_path}/none.yml\n")


def test_a_stack_says_for_good_that_runs_may_be_started_over_http(stack) -> None:
    assert "--enable-chaos-api" not in exporter_command(stack.file)
    text = stack.file.read_text()
    stack.file.write_text(text.replace("exporter: {", "exporter: {chaos_api: true, "))
    assert exporter_command(stack.file)[-2:] == ("serve", "--enable-chaos-api")


def exporter_command(file) -> tuple[object, ...]:
    programs = {program.name: program for program in watching_programs(load_stack(file))}
    return programs["exporter"].argv


def test_serve_itself_reads_it_from_the_stack_too(stack, monkeypatch) -> None:
    import argparse

    import hq.api.application

    class StartedError(Exception):
        pass

    def create_app(serving) -> None:
        raise StartedError(serving.chaos)

    monkeypatch.setattr(hq.api.application, "create_app", create_app)
    text = stack.file.read_text()
    arguments = argparse.Namespace(
        stack=stack.file, listen=None, credentials=None, tokens=None, gates=None, allow_host=[], web_config=None,
        enable_chaos_api=False,
    )  # fmt: skip
    for words, expected in (("", "False"), ("chaos_api: true, ", "True")):
        stack.file.write_text(text.replace("exporter: {", f"exporter: {{{words}"))
        with pytest.raises(StartedError, match=expected):
            serve(arguments)


@pytest.mark.parametrize("asked_for", [True, False])
def test_up_hands_on_what_it_was_asked_for(stack, monkeypatch, asked_for: bool) -> None:
    monkeypatch.setattr(LocalStack, "start", lambda local: None)
    with running(stack.file, lambda _: None, lambda: False, chaos_api=asked_for) as local:
        exporter = next(program for program in watching_programs(local.stack) if program.name == "exporter")
        assert ("--enable-chaos-api" in exporter.argv) is asked_for
