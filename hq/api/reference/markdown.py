"""The reference as docs/api.md."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import starmap

from hq.api.reference.operations import ANYTHING, Field, Group, Model, Operation, Reference, Reply

COMMAND = "python -m hq.api.reference > docs/api.md"
ELSEWHERE = "needs a server; tests/hq/api/test_reference.py runs it against one"


def markdown(reference: Reference) -> str:
    """The whole page, as Markdown."""
    schemes = _table(("scheme", "meaning"), ((f"`{name}`", words) for name, words in reference.schemes))
    parts = [
        f"<!-- written by: {COMMAND} -->\n\n# HTTP API\n\n{reference.summary}\n",
        f"{reference.description.strip()}\n",
        "`GET /api` shows this page, `GET /openapi.json` has it for programs. In the commands, `DEV_HQ_SERVER` is such "
        "as `http://127.0.0.1:9464`, and `DEV_HQ_TOKEN_FILE` holds a token.\n",
        f"## Tokens\n\n{schemes}",
        "## Refusals\n\nThose that come for the same reason everywhere. Each operation names which it can answer.\n",
        _table(("refusal", "status", "message, such as", "when"), starmap(_refusal, reference.refusals)),
        *map(_group, reference.groups),
        "## Models\n",
        *map(_model, reference.models),
    ]
    return "\n".join(parts)


def _group(group: Group) -> str:
    return "\n".join([f"## {group.name}\n\n{group.description}\n", *map(_operation, group.operations)])


def _operation(one: Operation) -> str:
    parts = [f"### `{one.method} {one.path}`\n", f"{one.summary}. Needs {one.needs}.\n", f"{one.description}\n"]
    if one.parameters:
        parts.append(_fields("parameter", one.parameters))
    if one.body:
        parts.append(f"Body: {_kind(one.body)}\n")
    parts.append(f"<!-- not run: {ELSEWHERE} -->\n```sh\n{one.command}\n```\n")
    parts += [_table(("answer", "body", "when"), map(_reply, one.replies)), *map(_example, one.replies[:1])]
    parts.append(f"Refusals: {', '.join(f'[{name}](#refusals)' for name in one.refusals)}.\n")
    if one.events:
        rows = ((f"`{event.name}`", _kind(event.kind), event.description) for event in one.events)
        parts.append(_table(("event", "data", "when"), rows))
    return "\n".join(part for part in parts if part)


def _refusal(name: str, reply: Reply) -> tuple[str, ...]:
    return name, reply.title, json.loads(reply.example)["error"]["message"], reply.description


def _reply(reply: Reply) -> tuple[str, ...]:
    return reply.title, _kind(reply.kind), reply.description


def _example(reply: Reply) -> str:
    if not reply.example:
        return ""
    language = "json" if reply.kind.startswith(("{", "anything", "object", "list")) else "text"
    return f"{reply.title}:\n\n```{language}\n{reply.example}\n```\n"


def _model(model: Model) -> str:
    parts = [f"### {model.name}\n", f"{model.description or ANYTHING}\n"]
    if model.fields:
        parts.append(_fields("field", model.fields))
    if model.values:
        parts.append(f"One of {', '.join(f'`{value}`' for value in model.values)}.\n")
    return "\n".join(parts)


def _fields(what: str, fields: Iterable[Field]) -> str:
    rows = (
        (f"`{field.name}`", _kind(field.kind), "required" if field.is_required else "", field.description)
        for field in fields
    )
    return _table((what, "type", "", "meaning"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _kind(kind: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda name: f"[{name[1]}](#{name[1].lower()})", kind)
