"""The page at /api and docs/api.md, made from the OpenAPI document: readable, harmless, and what they show runs."""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
import subprocess
import sys
from copy import deepcopy
from html.parser import HTMLParser
from pathlib import Path

import pytest

from hq.api.reference.markdown import COMMAND, markdown
from hq.api.reference.operations import Operation, reference_of
from hq.api.reference.page import page
from hq.api.reference.shipped import shipped_document
from tests.hq.api.chaos_api import ChaosApi, chaos_api
from tests.hq.serving import serving

ROOT = Path(__file__).parents[3]
DOCUMENT = shipped_document()
REFERENCE = reference_of(DOCUMENT)
OPERATIONS = [operation for group in REFERENCE.groups for operation in group.operations]
OPEN_ENDED = {"meta", "p", "li", "tr", "td", "th", "thead", "tbody"}  # HTML lets these end by themselves


class Page(HTMLParser):
    """What is on a page, and whether its tags close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.words = ""
        self.style = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attributes:
            self.attributes.add(name)
            if name == "id":
                self.ids.append(value or "")
            elif name == "href":
                self.links.append(value or "")
        if tag not in OPEN_ENDED:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.style += data
        else:
            self.words += data


@pytest.fixture(scope="module")
def answer(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("page")) as served:
        yield served.get("/api")


def test_the_page_is_whole(answer) -> None:
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    shown = Page(answer.body.decode())
    assert shown.open == []
    assert len(shown.ids) == len(set(shown.ids))
    assert {link.removeprefix("#") for link in shown.links if link.startswith("#")} <= set(shown.ids)
    assert {link for link in shown.links if not link.startswith("#")} == {"/openapi.json"}


def test_nothing_on_the_page_runs_or_is_loaded(answer) -> None:
    shown = Page(answer.body.decode())
    assert shown.tags.isdisjoint({"script", "link", "img", "iframe", "form", "object", "embed", "base"})
    assert shown.attributes <= {"id", "href", "lang", "charset", "name", "content"}
    digest = base64.b64encode(hashlib.sha256(shown.style.encode()).digest()).decode()
    assert answer.headers["content-security-policy"] == (
        f"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src 'sha256-{digest}'"
    )


def test_the_page_has_every_operation_and_model(answer) -> None:
    shown = Page(answer.body.decode())
    for operation in OPERATIONS:
        assert operation.id in shown.ids
        assert f"{operation.method} {operation.path}" in shown.words
        assert operation.command in shown.words
    assert {f"model-{name}" for name in DOCUMENT["components"]["schemas"]} <= set(shown.ids)


def test_whatever_a_name_holds_is_shown_and_not_read_as_html() -> None:
    """None comes from a stack today. If one did, it would be text."""
    hostile = "<script>alert(1)</script>'\"&`<b>`"
    document = deepcopy(DOCUMENT)
    operation = document["paths"]["/api/chaos/run"]["post"]
    operation["summary"] = operation["description"] = document["tags"][0]["description"] = hostile
    operation["responses"]["202"]["description"] = operation["parameters"][0]["description"] = hostile
    operation["requestBody"]["content"]["application/json"]["example"] = {hostile: hostile}
    document["paths"][f"/{hostile}"] = document["paths"].pop("/api/anomalies")
    document["components"]["schemas"]["Run"]["properties"][hostile] = {"type": "string", "default": hostile}
    text = page(reference_of(document))
    shown = Page(text)
    assert shown.open == []
    assert shown.tags.isdisjoint({"script", "b"})
    assert text.count("&lt;script&gt;") >= 9


def test_the_page_in_docs_is_what_the_document_says() -> None:
    assert (ROOT / "docs/api.md").read_text() == markdown(REFERENCE), f"if that is meant: {COMMAND}"


def test_the_command_that_writes_it_says_the_same() -> None:
    words = shlex.split(COMMAND.partition(" > ")[0])
    done = subprocess.run(
        [sys.executable, *words[1:]], capture_output=True, text=True, timeout=60, check=True, cwd=ROOT
    )
    assert (done.stdout, done.stderr) == (markdown(REFERENCE), "")


def test_every_link_of_the_page_in_docs_leads_to_a_heading() -> None:
    text = markdown(REFERENCE)
    headings = {line.lstrip("# ").lower() for line in text.splitlines() if line.startswith("#")}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= headings


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch, chaos_api(tmp_path_factory.mktemp("curl"), patch) as api:
        yield api


FOUND_NOTHING = {"get_chaos_run", "follow_chaos_run", "stop_chaos_run"}  # the run of the examples is not there


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_each_command_that_is_shown_runs(api: ChaosApi, operation: Operation, tmp_path) -> None:
    token = tmp_path / "token"
    scope = next((scope for scope in ("quality", "chaos") if scope in operation.needs), "read")
    token.write_text(api.served.bearer(scope).removeprefix("Bearer ") + "\n")
    asked = "curl --silent --show-error --max-time 2 --output answer --write-out '%{http_code}'"
    command = operation.command.replace("curl", asked, 1).replace("storefront", "shop")
    (tmp_path / "var").symlink_to(api.served.stack.directory)
    done = subprocess.run(
        ["sh", "-eu", "-c", command], capture_output=True, text=True, timeout=20, check=False, cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "DEV_HQ_SERVER": f"http://{api.served.address}", "DEV_HQ_TOKEN_FILE": str(token)},
    )  # fmt: skip
    statuses = {reply.status for reply in operation.replies if reply.status < 400}
    assert int(done.stdout) in ({404} if operation.id in FOUND_NOTHING else statuses), done.stderr
    streams = any(reply.kind == "text/event-stream" for reply in operation.replies)
    assert done.returncode == (28 if streams and done.stdout == "200" else 0), done.stderr
