"""A proposal as a stack.yaml, with what was measured in comments."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus.discovery.objectives import percent
from prometheus.discovery.proposal import Proposal, ProposedService
from prometheus.discovery.scalar import scalar
from stack.document import MAX_BYTES
from stack.quantity import format_duration, format_percent

MOST_SERVICES = 1000
_RESERVE = 8 * 1024  # bytes for all that is not a service


def stack_document(proposal: Proposal, url: str, *, guarded: bool = False) -> str:
    """The text of a stack.yaml; the busiest services are in it, and it says when others are not.

    What lets us in to a `guarded` Prometheus is left for who reads it to copy.
    """
    kept = _that_fit(proposal.services)
    notes = list(proposal.notes[:40])
    if left_out := len(proposal.services) - len(kept):
        notes.append(f"{left_out} services with fewer requests are left out; narrow it with --selector to see them")
    if guarded:
        notes.append(
            "how to be let in is not written here: copy it from the section prometheus of the file of --access"
        )
    lines = [
        f"# Proposed by dev-hq discover from what {url} has. The targets are what was kept lately, rounded down:",
        "# read them, say what you promise, and delete what is no service of yours.",
        *(f"# - {_on_one_line(note)}" for note in notes),
        "services:",
    ]
    for service in sorted(kept, key=lambda one: one.name):
        lines += _service(service)
    interval = proposal.scrape_interval
    unmeasured = "" if interval else "  # not measured: it must be what Prometheus does"
    lines.append(f"prometheus: {{url: {scalar(url)}, scrape_interval: {format_duration(interval or 15)}}}{unmeasured}")
    lines.append(
        "# links: {runbooks: https://..., grafana: https://...}  # say where alerts point; else they point nowhere"
    )
    return "\n".join([*lines, ""])


def _that_fit(services: tuple[ProposedService, ...]) -> list[ProposedService]:
    """As many of the busiest as a stack may have and its file can hold."""
    kept: list[ProposedService] = []
    size = 0
    for service in services[:MOST_SERVICES]:
        size += sum(len(line.encode()) + 1 for line in _service(service))
        if size > MAX_BYTES - _RESERVE:
            break
        kept.append(service)
    return kept


def _service(service: ProposedService) -> Iterator[str]:
    selector = ", ".join(f"{label}: {scalar(value)}" for label, value in service.selector)
    chosen = f", selector: {{{selector}}}" if selector else ""
    yield f"  {scalar(service.name)}:"
    for note in service.notes:
        yield f"    # {_on_one_line(note)}"
    yield f"    sli: {{preset: {service.preset}{chosen}}}"
    yield "    objectives:"
    yield f"      success_rate: {{target: {format_percent(service.success.target)}}}{_measured(service)}"
    if latency := service.latency:
        share = latency.target
        within = f"  # {percent(share.measured)}" if share.measured is not None else ""
        under, target = format_duration(latency.under), format_percent(share.target)
        yield f"      latency: {{under: {under}, target: {target}}}{within}"


def _measured(service: ProposedService) -> str:
    if service.success.measured is None or service.window is None:
        return ""
    window = format_duration(service.window).replace("1w", "7d")
    return f"  # {percent(service.success.measured)} of {service.requests:,.0f} in {window}"


def _on_one_line(note: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in note)
