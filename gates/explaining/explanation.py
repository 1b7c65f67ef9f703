"""What each gate demands and asks, without asking it."""

from __future__ import annotations

from collections.abc import Iterator

from gates.checklist import Checklist
from gates.explaining.demand_in_words import demand_in_words
from gates.explaining.questions import questions_of
from gates.gate import QualityGate
from stack.access import Access, BasicAuth, BearerFile, TokenCommand
from stack.quantity import format_duration


def explain(checklist: Checklist) -> str:
    """Each gate in words, with the requests that its proof takes and the PromQL that it asks."""
    return "\n\n".join("\n".join(part) for part in (_head(checklist), *(_gate(g, checklist) for g in checklist.gates)))


def _head(checklist: Checklist) -> Iterator[str]:
    settings = checklist.prometheus
    yield f"{checklist.file}: {checklist.summary}"
    yield ", ".join([f"Asked: {settings.url}", *_access(settings.access)])
    stale = f"data older than {format_duration(checklist.max_age)} is stale" if checklist.max_age else ""
    yield ", ".join(filter(None, [f"Scraped: every {format_duration(settings.scrape_interval)}", stale]))
    if on_fail := checklist.on_fail:
        what = f"{on_fail.run[0]} is started" if on_fail.run else "a webhook is called"
        yield f"After {' or '.join(on_fail.when)}: {what}, for at most {format_duration(on_fail.timeout)}"


def _access(access: Access) -> Iterator[str]:
    """How we are let in; what may be a secret is not among it."""
    if access.failover:
        yield f"or {' or '.join(access.failover)} where that does not answer"
    match access.auth:
        case BearerFile(path):
            yield f"with the bearer token in {path}"
        case BasicAuth(user, password_file):
            yield f"as {user} with the password in {password_file}"
        case TokenCommand(argv, _):
            yield f"with the bearer token that {argv[0]} prints"
    if access.tls and access.tls.certificate:
        yield f"with the client certificate in {access.tls.certificate}"
    if access.tls and access.tls.ca:
        yield f"trusting the authority in {access.tls.ca}"
    if access.headers:
        yield f"with the header{'s' if len(access.headers) > 1 else ''} {' and '.join(access.headers)}"


def _gate(gate: QualityGate, checklist: Checklist) -> Iterator[str]:
    does = "required" if gate.required else "only observes: it says its verdict and stops nothing"
    place = f", {gate.place.file}:{gate.place.line}" if gate.place else ""
    yield f"{gate.title} ({gate.condition.kind}{place}; {does})"
    for sentence in demand_in_words(gate):
        yield f"  {sentence}"
    yield "  It asks Prometheus for"
    for name, query in questions_of(gate, checklist):
        yield f"    {name}: {query}"
