"""The indicators of a stack's services: of one by itself, and of families, whose services share their rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from prometheus.presets import ENVOY_LISTENER, PRESETS, Matchers, equal_to
from prometheus.selector import equal_value, is_selector
from prometheus.slo import Sli
from stack.dataclass import dataclass
from stack.errors import HqError
from stack.model import PromqlSli, Service
from stack.prefix import service_prefix


@dataclass(frozen=True)
class Family:
    """Services with one indicator: several that one label tells apart (then `sli.key` names it), or a single one."""

    sli: Sli
    services: tuple[str, ...]


def sli_of(service: Service) -> Sli:
    """The indicator of a service, from its preset or its own PromQL; raises HqError for what is no selector."""
    if isinstance(service.sli, PromqlSli):
        return _custom(service.name, service.sli)
    return _preset(service.sli.preset, service.name, equal_to(service.sli.selector.items()))


def families(services: Iterable[Service]) -> Iterator[Family]:
    """The services by family, each in exactly one; raises HqError for what is no selector.

    One preset and one selector make a family, but for the label whose value is the name of the service.
    """
    alike: dict[object, list[Service]] = {}
    for service in services:
        alike.setdefault(_shape(service) or service.name, []).append(service)
    for members in alike.values():
        yield _family(members) if len(members) > 1 else Family(sli_of(members[0]), (members[0].name,))


def _shape(service: Service) -> tuple[str, str, Matchers] | None:
    """What all services of a family have in common: preset, key and the other matchers; None for one by itself."""
    if isinstance(service.sli, PromqlSli):
        return None
    labels = service.sli.selector.items()
    if service.sli.preset == "envoy":
        return service.sli.preset, ENVOY_LISTENER, equal_to(labels)
    key = next((label for label, value in labels if value == service.name), None)
    if key is None:
        return None
    return service.sli.preset, key, equal_to((label, value) for label, value in labels if label != key)


def _family(members: list[Service]) -> Family:
    shape = _shape(members[0])
    assert shape is not None  # noqa: S101 - only services that have one are alike
    preset, key, others = shape
    names = tuple(service.name for service in members)
    if preset == "envoy":
        sli = replace(_preset(preset, "|".join(names), others), key=key, key_prefix=service_prefix(""))
    else:
        sli = replace(_preset(preset, "|".join(names), ((key, "=~", "|".join(names)), *others)), key=key)
    return Family(sli, names)


def _preset(preset: str, name: str, selected: Matchers) -> Sli:
    sli = PRESETS[preset](name, selected)
    job = next((value for label, operator, value in selected if (label, operator) == ("job", "=")), None)
    return replace(sli, job=job or sli.job)


def _custom(name: str, sli: PromqlSli) -> Sli:
    for key in ("total", "good", "bad", "latency", "throttled"):
        series = getattr(sli, key)
        if series is not None and not is_selector(series):
            raise HqError(
                f"services.{name}.sli.{key}: {series!r} does not select the series of a counter; "
                'write it like http_requests_total{job="shop"}, without functions'
            )
    return Sli(
        service=name,
        total=sli.total.strip(),
        bad=sli.bad and sli.bad.strip(),
        good=sli.good and sli.good.strip(),
        buckets=sli.latency and sli.latency.strip(),
        throttled=sli.throttled and sli.throttled.strip(),
        job=equal_value(sli.total, "job"),
    )
