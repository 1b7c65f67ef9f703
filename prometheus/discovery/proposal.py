"""The services that are proposed: what counts each of them, and what it may promise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from prometheus.convention import Matchers
from prometheus.discovery.exposure import SCOPES, Exposure, exposures
from prometheus.discovery.naming import service_name, unused
from prometheus.discovery.objectives import Latency, Target, latency_of, target_of
from prometheus.discovery.scalar import is_writable, scalar
from prometheus.discovery.traffic import Accountant, Traffic, scrape_interval
from prometheus.indicators import PROVIDER
from prometheus.presets import ENVOY_LISTENER, equal_to
from prometheus.selector import matching_all
from stack.dataclass import dataclass
from stack.prefix import service_prefix
from stack.quantity import format_duration

if TYPE_CHECKING:
    from prometheus.client import PrometheusClient

FEW_REQUESTS = 299  # without a failure they prove 99 %, with 95 % confidence


@dataclass(frozen=True)
class ProposedService:
    """A service as stack.yaml may have it, with the `requests` it got in `window` seconds, and what is to be known."""

    name: str
    preset: str
    selector: tuple[tuple[str, str], ...]
    requests: float
    window: float | None
    success: Target
    latency: Latency | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Proposal:
    """What a Prometheus tells: services, the busiest first, its scrape interval in seconds, and what to know of all."""

    services: tuple[ProposedService, ...]
    scrape_interval: float | None
    notes: tuple[str, ...]


def propose(client: PrometheusClient, selected: Matchers) -> Proposal:
    """What follows from the living series that `selected` selects; raises PrometheusError."""
    services: list[ProposedService] = []
    notes = list(_unreadable(client, selected))
    interval = None
    taken: dict[str, str] = {}
    accountant = Accountant(client)
    for exposure in exposures(client, selected):
        notes += _notes_on(exposure)
        traffic = accountant.traffic(exposure, selected)
        found = sorted(_services(exposure, traffic, selected), key=lambda one: (-one.requests, one.name))
        for service in found:
            name = unused(service.name, taken, service.preset)
            if name != service.name:
                notes.append(f"{name}: {taken[service.name]} calls one {service.name} too; if they are one, keep one")
            taken[name] = service.preset
            services.append(replace(service, name=name))
        if found and interval is None:
            series = matching_all(
                exposure.convention.total, (*exposure.convention.always, *equal_to(found[0].selector))
            )
            interval = scrape_interval(client, series)
    services.sort(key=lambda one: (-one.requests, one.name))
    return Proposal(tuple(services), interval, tuple(notes))


def _unreadable(client: PrometheusClient, selected: Matchers) -> Iterator[str]:
    """What is counted by a name that is known, with labels that are not."""
    series = matching_all("http_requests_total", (("code", "=", ""), ("status", "=", ""), *selected))
    for sample in client.instant(f"count({series})").samples:
        yield (
            f"{sample.value:.0f} series of http_requests_total have neither the label code nor status; where another "
            "one tells failures, count them in PromQL: sli: {total: …, bad: …}"
        )


def _notes_on(exposure: Exposure) -> Iterator[str]:
    total, key = exposure.convention.total, exposure.key
    for warning in exposure.warnings:
        yield f"Prometheus warns that it may not know all of {total}: {warning}"
    if key is None:
        yield f"no label tells the services of {total}: {', '.join(exposure.convention.keys)} were looked at"
        return
    if not exposure.is_all:
        yield f"{total} has so many groups of labels that some were left out; narrow it with --selector"
    if exposure.without_key:
        yield f"{exposure.without_key} series of {total} have no label {key}, and are in no service"
    if unwritable := sum(not is_writable(value) for value in exposure.scopes):
        yield f"{unwritable} values of {key} of {total} hold control characters, which no stack.yaml takes"
    if key.startswith("exported_"):
        yield (
            f"{total} says {key}, for the scrape has a label {key.removeprefix('exported_')} of its own; "
            "with honor_labels the names here would be others"
        )


def _services(exposure: Exposure, traffic: Traffic, selected: Matchers) -> Iterator[ProposedService]:
    fixed = {label: value for label, _, value in selected}
    for value in sorted(exposure.scopes) or [""]:
        if not is_writable(value):
            continue
        requests = traffic.requests.by.get((value,), 0.0)
        bad = traffic.bad.by.get((value,), 0.0)
        success = target_of(requests if traffic.bad.window else 0.0, bad)
        latency = latency_of(traffic.bounds(value))
        yield ProposedService(
            name=_name(exposure, value),
            preset=exposure.preset,
            selector=tuple({**fixed, **_told_by(exposure, value)}.items()),
            requests=requests,
            window=traffic.requests.window,
            success=success,
            latency=latency,
            notes=tuple(_notes(exposure, traffic, value, success, latency)),
        )


def _name(exposure: Exposure, value: str) -> str:
    if exposure.preset == "traefik":
        value = PROVIDER.sub("", value)
    return service_name(value.removeprefix(_prefix(exposure)), exposure.preset)


def _prefix(exposure: Exposure) -> str:
    return service_prefix("") if exposure.key == ENVOY_LISTENER else ""


def _told_by(exposure: Exposure, value: str) -> dict[str, str]:
    """The label that tells the service; the preset envoy needs none, for the name of the service tells it."""
    return {exposure.key: value} if exposure.key and not _prefix(exposure) else {}


def _notes(exposure: Exposure, traffic: Traffic, value: str, success: Target, latency: Latency | None) -> Iterator[str]:
    for label in SCOPES:
        found = sorted(exposure.scopes.get(value, {}).get(label, ()))
        if len(found) > 1:
            shown = ", ".join(map(scalar, found[:3])) + (", …" if found[3:] else "")
            yield f"several of {label} are counted together ({shown}); one in the selector keeps it apart"
    if success.measured is None:
        counted = "no requests were counted" if traffic.bad.window else "Prometheus could not count the requests"
        yield f"{counted}, so the target is a usual one and not measured"
    elif success.is_missed:
        yield "more fail than any usual target allows: mend it, or ask whether these are failures"
    in_ten_minutes = traffic.recent.by.get((value,), 0.0) / 6
    if success.measured is not None and traffic.recent.window and in_ten_minutes < FEW_REQUESTS:
        yield (
            f"requests in 10m: about {in_ten_minutes:.0f}, by the mean of the last hour; a gate needs {FEW_REQUESTS} "
            "without a failure to prove 99%: give it a longer window"
        )
    if latency is None:
        yield from _why_no_latency(exposure, traffic, value)


def _why_no_latency(exposure: Exposure, traffic: Traffic, value: str) -> Iterator[str]:
    buckets, bounds = exposure.convention.buckets, traffic.bounds(value)
    if buckets is None:
        yield "no latency: nothing here has a histogram"
    elif not bounds:
        yield f"no latency: there are no series of {buckets} that count it"
    elif not any(bounds.values()):
        yield "no latency: its histogram counted no requests"
    else:
        finite = [format_duration(bound) for bound in list(bounds)[:-1]]
        listed = f"{', '.join(finite[:12])}{', …' if finite[12:] else ''}"
        yield f"no latency: 99% of the requests stayed within none of the buckets but the highest ({listed or 'none'})"
