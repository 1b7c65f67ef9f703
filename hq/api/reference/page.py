"""The reference as a page: no script, nothing from elsewhere, readable in a text browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from html import escape
from itertools import starmap

from hq.api.reference.operations import ANYTHING, Field, Group, Model, Operation, Reference, Reply

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:0 auto;padding:1rem}"
    "h2{border-bottom:1px solid;margin-top:3rem}h3{margin-top:2.5rem}"
    "pre{background:#8881;padding:.6rem;overflow-x:auto}code,pre{font:14px/1.45 ui-monospace,monospace}"
    "h3 code{font-size:1.1em}"
    "table{border-collapse:collapse;margin:.5rem 0}th,td{border:1px solid #8886;padding:.2rem .6rem;text-align:left;"
    "vertical-align:top}nav ul{columns:2 22rem}:root{color-scheme:light dark}"
)
POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    f"style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
)


def page(reference: Reference) -> str:
    """The whole page, as HTML."""
    title = f"{escape(reference.title)} {escape(reference.version)}: HTTP API"
    schemes = _table(
        ("scheme", "meaning"), ((f"<code>{escape(name)}</code>", _words(w)) for name, w in reference.schemes)
    )
    refusals = _table(("refusal", "status", "message, such as", "when"), starmap(_refusal, reference.refusals))
    return (
        f"<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
        f"<meta name=viewport content='width=device-width'>\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<h1>{title}</h1>\n<p>{_words(reference.summary)}\n{_paragraphs(reference.description)}"
        f"<p>The same for programs: <a href=/openapi.json>/openapi.json</a>.\n"
        f"<nav>\n<h2>Contents</h2>\n{''.join(map(_contents, reference.groups))}"
        f"<p><a href=#tokens>Tokens</a>, <a href=#refusals>refusals</a>, <a href=#models>models</a>\n</nav>\n<main>\n"
        f"<h2 id=tokens>Tokens</h2>\n{schemes}"
        f"<h2 id=refusals>Refusals</h2>\n<p>Those that come for the same reason everywhere.\n{refusals}"
        f"{''.join(map(_group, reference.groups))}"
        f"<h2 id=models>Models</h2>\n{''.join(map(_model, reference.models))}</main>\n</body>\n</html>\n"
    )


def _contents(group: Group) -> str:
    links = "".join(
        f"<li><a href='#{escape(one.id)}'><code>{one.method} {escape(one.path)}</code></a> {_words(one.summary)}\n"
        for one in group.operations
    )
    return f"<p>{escape(group.name)}\n<ul>\n{links}</ul>\n"


def _group(group: Group) -> str:
    operations = "".join(map(_operation, group.operations))
    return f"<h2 id='tag-{escape(group.name)}'>{escape(group.name)}</h2>\n<p>{_words(group.description)}\n{operations}"


def _operation(one: Operation) -> str:
    parts = [
        f"<h3 id='{escape(one.id)}'><code>{one.method} {escape(one.path)}</code></h3>\n",
        f"<p><strong>{_words(one.summary)}.</strong> Needs {escape(one.needs)}.\n{_paragraphs(one.description)}",
    ]
    if one.parameters:
        parts.append(_fields("parameter", one.parameters))
    if one.body:
        parts.append(f"<p>Body: {_kind(one.body)}\n")
    parts.append(f"<pre>{escape(one.command)}</pre>\n")
    parts += [_table(("answer", "body", "when"), map(_reply, one.replies)), *map(_example, one.replies[:1])]
    parts.append(f"<p>Refusals: {', '.join(f'<a href=#refusals>{name}</a>' for name in one.refusals)}\n")
    if one.events:
        rows = ((_code(event.name), _kind(event.kind), _words(event.description)) for event in one.events)
        parts.append(_table(("event", "data", "when"), rows))
    return "".join(parts)


def _refusal(name: str, reply: Reply) -> tuple[str, ...]:
    message = json.loads(reply.example)["error"]["message"]
    return escape(name), escape(reply.title), _words(message), _words(reply.description)


def _reply(reply: Reply) -> tuple[str, ...]:
    return escape(reply.title), _kind(reply.kind), _words(reply.description)


def _example(reply: Reply) -> str:
    return f"<p>{escape(reply.title)}:\n<pre>{escape(reply.example)}</pre>\n" if reply.example else ""


def _model(model: Model) -> str:
    heading = (
        f"<h3 id='model-{escape(model.name)}'>{escape(model.name)}</h3>\n<p>{_words(model.description or ANYTHING)}\n"
    )
    rows = _fields("field", model.fields) if model.fields else ""
    values = f"<p>One of {', '.join(map(_code, model.values))}\n" if model.values else ""
    return heading + rows + values


def _fields(what: str, fields: Iterable[Field]) -> str:
    rows = (
        (
            _code(field.name),
            _kind(field.kind),
            "required" if field.is_required else "",
            _words(field.description),
        )
        for field in fields
    )
    return _table((what, "type", "", "meaning"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    heads = "".join(f"<th>{name}" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}" for cell in row) + "\n" for row in rows)
    return f"<table>\n<thead><tr>{heads}\n<tbody>\n{body}</table>\n"


def _kind(kind: str) -> str:
    return re.sub(r"\{(\w+)\}", r"<a href='#model-\1'>\1</a>", _words(kind))


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _words(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{_words(part)}\n" for part in text.split("\n\n") if part.strip())
