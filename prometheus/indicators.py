"""The indicators of a stack's services: of one by itself, and of families, whose services share their rules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from prometheus.convention import Matchers
from prometheus.presets import ENVOY_LISTENER, PRESETS, equal_to
from prometheus.selector import equal_value
from prometheus.slo import Sli
from stack.dataclass import dataclass
from stack.model import PromqlSli, Service
from stack.prefix import service_prefix

PROVIDER = re.compile(r"@[a-z0-9]+$")
"""Behind the name of a service of Traefik's, as in name@provider."""


@dataclass(frozen=True)
class Family:
    """Services with one indicator: several that one label tells apart (then `sli.key` names it), or a single one."""

    sli: Sli
    services: tuple[str, ...]


def sli_of(service: Service) -> Sli:
    """The indicator of a service, from its preset or its own PromQL."""
    if isinstance(service.sli, PromqlSli):
        return _custom(service.name, service.sli)
    return _preset(service.sli.preset, service.name, equal_to(service.sli.selector.items()))


def families(services: Iterable[Service]) -> Iterator[Family]:
    """The services by family, each in exactly one.

    One preset and one selector make a family, but for the label whose value is the name of the service; in Traefik's,
    the name and the provider, which is the same for all of a family.
    """
    alike: dict[_Shape | str, list[Service]] = {}
    for service in services:
        alike.setdefault(_shape(service) or service.name, []).append(service)
    for shape, members in alike.items():
        if isinstance(shape, _Shape) and len(members) > 1:
            yield _family(shape, members)
        else:
            yield Family(sli_of(members[0]), (members[0].name,))


@dataclass(frozen=True)
class _Shape:
    """What all services of a family have in common.

    The value of the label `key` is the name of the service between `prefix` and `suffix`; `others` is what else is
    selected.
    """

    preset: str
    key: str
    others: Matchers
    prefix: str = ""
    suffix: str = ""


def _shape(service: Service) -> _Shape | None:
    """What a service has in common with others; None for one that shares nothing."""
    if isinstance(service.sli, PromqlSli):
        return None
    preset, labels = service.sli.preset, service.sli.selector
    if preset == "envoy":
        return _Shape(preset, ENVOY_LISTENER, equal_to(labels.items()), prefix=service_prefix(""))
    for key, value in labels.items():
        provider = PROVIDER.search(value) if preset == "traefik" else None
        suffix = provider[0] if provider else ""
        if value == service.name + suffix:
            others = equal_to((label, value) for label, value in labels.items() if label != key)
            return _Shape(preset, key, others, suffix=suffix)
    return None


def _family(shape: _Shape, members: list[Service]) -> Family:
    names = tuple(service.name for service in members)
    several = "|".join(names)
    if shape.preset == "envoy":
        sli = _preset(shape.preset, several, shape.others)
    else:
        values = f"({several}){shape.suffix}" if shape.suffix else several
        sli = _preset(shape.preset, several, ((shape.key, "=~", values), *shape.others))
    return Family(replace(sli, key=shape.key, key_prefix=shape.prefix, key_suffix=shape.suffix), names)


def _preset(preset: str, name: str, selected: Matchers) -> Sli:
    sli = PRESETS[preset](name, selected)
    job = next((value for label, operator, value in selected if (label, operator) == ("job", "=")), None)
    return replace(sli, job=job or sli.job)


def _custom(name: str, sli: PromqlSli) -> Sli:
    return Sli(
        service=name,
        total=sli.total,
        bad=sli.bad,
        good=sli.good,
        buckets=sli.latency,
        throttled=sli.throttled,
        job=equal_value(sli.total, "job"),
    )
