"""`dev-hq discover` where something is wrong: one line, and nothing that lets us in."""

from __future__ import annotations

import http.server
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from hq.cli import main
from stack.address import free_address
from stack.loader import load_stack
from tests.prometheus.fake_server import FakeServer
from tests.prometheus.fake_server import http as reply
from tests.serving import serving

SECRET = "s3cr3t-t0ken"


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["discover", *arguments])
    return code, *capsys.readouterr()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "say which Prometheus to look at: --prometheus URL, or --access FILE"),
        (("--prometheus", f"http://user:{SECRET}@127.0.0.1:9"),
         "--prometheus must not hold credentials; keep them in a file, and name it with --access"),
        (("--prometheus", f"http://127.0.0.1:9?token={SECRET}"),
         "--prometheus must be a URL such as http://127.0.0.1:9090, with nothing behind ? or #"),
        (("--prometheus", f"http://127.0.0.1:9#{SECRET}"),
         "--prometheus must be a URL such as http://127.0.0.1:9090, with nothing behind ? or #"),
        (("--prometheus", "127.0.0.1:9090"),
         "--prometheus must be a URL such as http://127.0.0.1:9090, with nothing behind ? or #"),
        (("--prometheus", "http://[::1"), "--prometheus must be a URL such as http://127.0.0.1:9090"),
        (("--prometheus", "http://127.0.0.1:99999"), "--prometheus must be a URL such as http://127.0.0.1:9090"),
        (("--prometheus", "http://127.0.0.1:9", "--selector", "job"),
         '--selector "job" does not say what to look at; write it like job=shop'),
        (("--prometheus", "http://127.0.0.1:9", "--selector", "a b=c"),
         '--selector "a b=c" does not say what to look at; write it like job=shop'),
        (("--access", "none.yaml"), "there is no file none.yaml"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(
    arguments: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert said(capsys, *arguments) == (2, "", f"dev-hq: {complaint}\n")


def test_nobody_there(capsys: pytest.CaptureFixture[str]) -> None:
    url = f"http://{free_address('127.0.0.1')}"
    code, out, err = said(capsys, "--prometheus", url)
    assert (code, out, err) == (2, "", f"dev-hq: Prometheus at {url} refused the connection; is it running?\n")


@pytest.mark.parametrize(
    "answer",
    [reply(200, b"<html>sign in</html>"), reply(404, b"no"), reply(200, b'{"status": "success"}'), b"SSH-2.0-x\r\n"],
)
def test_no_prometheus(answer: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    with FakeServer([answer]) as server:
        code, out, err = said(capsys, "--prometheus", server.url)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"dev-hq: Prometheus at {server.url} ")


def test_a_place_that_cannot_be_written(
    access: tuple[Asked, Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "nowhere" / "stack.yaml"
    code, _, err = said(capsys, "--access", str(access[1]), "--output", str(path))
    assert (code, err) == (2, f"dev-hq: {path} cannot be used: No such file or directory\n")


def test_a_file_that_exists_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "stack.yaml"
    path.write_text("mine")
    code, _, err = said(capsys, "--prometheus", "http://127.0.0.1:9", "--output", str(path))
    assert (code, err) == (2, f"dev-hq: {path} exists already; name another file, or remove it\n")
    assert path.read_text() == "mine"


def test_a_file_without_access(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yaml").write_text("services: {}\n")
    code, _, err = said(capsys, "--access", str(tmp_path / "a.yaml"))
    assert code == 2
    assert err == f"dev-hq: {tmp_path}/a.yaml has no section prometheus, where how to be let in would stand\n"


Answers = Callable[[str], tuple[int, object]]


def vector(*samples: tuple[dict[str, str], str]) -> object:
    result = [{"metric": labels, "value": [1, value]} for labels, value in samples]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


class Asked:
    """A Prometheus that answers by query, and remembers what it was asked and with which credentials."""

    def __init__(self, answers: Answers) -> None:
        self.queries: list[str] = []
        self.authorizations: set[str | None] = set()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)["query"][0]
                outer.queries.append(query)
                outer.authorizations.add(self.headers.get("Authorization"))
                status, document = answers(query)
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.handler = Handler


def only_shop(query: str) -> tuple[int, object]:
    if query.startswith("topk(") and 'http_requests_total{code!=""' in query:
        return 200, vector(({"job": "shop"}, "2"), ({"job": "a\u0000b"}, "1"))
    if query.startswith(("topk(", "count(")):
        return 200, vector()
    return 422, {"status": "error", "errorType": "execution", "error": "query processing would load too many samples"}


@pytest.fixture
def access(tmp_path: Path) -> Iterator[tuple[Asked, Path, str]]:
    asked = Asked(only_shop)
    (tmp_path / "token").write_text(SECRET)
    with serving(asked.handler) as address:
        path = tmp_path / "access.yaml"
        path.write_text(f"prometheus: {{url: 'http://{address}/', auth: {{bearer_file: token}}}}\n")
        yield asked, path, f"http://{address}"


def test_what_cannot_be_counted_is_said(
    access: tuple[Asked, Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked, path, url = access
    code, out, err = said(capsys, "--access", str(path))
    assert (code, err) == (0, "")
    assert out == (
        f"# Proposed by dev-hq discover from what {url} has. The targets are what was kept lately, rounded down:\n"
        "# read them, say what you promise, and delete what is no service of yours.\n"
        "# - 1 values of job of http_requests_total hold control characters, which no stack.yaml takes\n"
        "# - how to be let in is not written here: copy it from the section prometheus of the file of --access\n"
        "services:\n"
        "  shop:\n"
        "    # Prometheus could not count the requests, so the target is a usual one and not measured\n"
        "    # no latency: there are no series of http_request_duration_seconds_bucket that count it\n"
        "    sli: {preset: prometheus-http, selector: {job: shop}}\n"
        "    objectives:\n"
        "      success_rate: {target: 99%}\n"
        f'prometheus: {{url: "{url}", scrape_interval: 15s}}  # not measured: it must be what Prometheus does\n'
        "# links: {runbooks: https://..., grafana: https://...}  # say where alerts point; else they point nowhere\n"
    )
    assert asked.authorizations == {f"Bearer {SECRET}"}
    assert SECRET not in out
    (tmp_path / "stack.yaml").write_text(out)
    assert list(load_stack(tmp_path / "stack.yaml").services) == ["shop"]


def test_a_server_that_cannot_count_is_not_asked_again_and_again(
    access: tuple[Asked, Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    asked, path, _ = access
    said(capsys, "--access", str(path))
    assert len([query for query in asked.queries if "increase(" in query]) == 3
    assert len(asked.queries) < 20
