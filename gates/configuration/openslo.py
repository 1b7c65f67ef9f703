"""OpenSLO v1 documents, read for what gates can judge: ratios of counted requests over rolling windows.

https://github.com/OpenSLO/OpenSLO, specification v1. What it leaves to implementations (metadata, the `spec` of a
metric source, `x-…`) may hold anything; everything else is read as strictly as our own files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from gates.configuration.openslo_indicator import Library, fields_of, indicator_of, name_of, sli_of
from gates.configuration.slos import LONGEST_PERIOD, PERIOD, Slo, read_title
from stack.document import Value, read_documents
from stack.objective import measurable

VERSION = "openslo/v1"
_KINDS = ("SLO", "SLI", "DataSource", "Service", "AlertPolicy", "AlertCondition", "AlertNotificationTarget")
_SLO = (
    "description", "service", "indicator", "indicatorRef", "timeWindow", "budgetingMethod", "objectives",
    "alertPolicies",
)  # fmt: skip
_OBJECTIVE = ("displayName", "op", "value", "target", "targetPercent", "timeSliceTarget", "timeSliceWindow")


def read_openslo(named: Value, base: Path) -> Iterator[Slo]:
    """The SLOs in the file that `named` names, relative to `base`, one for each objective; raises HqError.

    An SLO with several objectives becomes several, named by it and by their displayName, or their number.
    """
    file = base / named.text()
    if not file.exists():
        raise named.error(f"there is no file {file}; paths are relative to this file")
    documents = [_document(value) for value in read_documents(file)]
    slos = [entries for kind, entries in documents if kind == "SLO"]
    if not slos:
        raise named.error(f"{file} holds no document of kind SLO")
    library = Library(documents)
    for entries in slos:
        yield from _slos(entries, library)


def _document(value: Value) -> tuple[str, Mapping[str, Value]]:
    """The kind of a document, and its entries."""
    keys = fields_of(value, ("apiVersion", "kind", "metadata", "spec"))
    if (version := keys["apiVersion"].text()) != VERSION:
        raise keys["apiVersion"].error(f'apiVersion must be {VERSION}, not "{version}"; convert the document first')
    return keys["kind"].choice(_KINDS), keys


def _slos(document: Mapping[str, Value], library: Library) -> Iterator[Slo]:
    name, spec = name_of(document), document["spec"]
    keys = fields_of(spec, ("budgetingMethod", "objectives"), _SLO)
    _refuse_other_budgets(keys["budgetingMethod"])
    period = _period(keys["timeWindow"]) if "timeWindow" in keys else PERIOD
    sli = sli_of(indicator_of(spec, keys, library), read_title(keys["service"]) if "service" in keys else "", library)
    objectives = [fields_of(item, (), _OBJECTIVE) for item in keys["objectives"].items()]
    if not objectives:
        raise keys["objectives"].error("spec.objectives must list at least one objective")
    for number, objective in enumerate(objectives, start=1):
        suffix = f"-{_label(objective, number)}" if len(objectives) > 1 else ""
        place = next(iter(objective.values()), spec)
        yield Slo(name + suffix, sli, _target(objective, place), period, place)


def _refuse_other_budgets(method: Value) -> None:
    if method.choice(("Occurrences", "Timeslices", "RatioTimeslices")) != "Occurrences":
        raise method.error(
            f"budgetingMethod {method.text()} weighs minutes, and gates weigh requests: a failure at night would "
            "count as much as thousands by day; write Occurrences"
        )


def _label(objective: Mapping[str, Value], number: int) -> str:
    return objective["displayName"].text() if "displayName" in objective else str(number)


def _target(objective: Mapping[str, Value], place: Value) -> Decimal:
    if ("target" in objective) == ("targetPercent" in objective):
        raise place.error("an objective needs either target, a ratio, or targetPercent")
    if "targetPercent" in objective:
        return measurable(objective["targetPercent"], objective["targetPercent"].number(Decimal(0), Decimal(100)) / 100)
    target = objective["target"]
    if not re.fullmatch(r"[01](\.\d{1,9})?", target.text(), re.ASCII):
        raise target.error(
            f'{target.path} must be a ratio such as 0.999, not "{target.text()}"; a percentage is a targetPercent'
        )
    return measurable(target, Decimal(target.text()))


def _period(value: Value) -> float:
    windows = list(value.items())
    if len(windows) != 1:
        raise value.error("spec.timeWindow must list exactly one window")
    keys = fields_of(windows[0], ("duration",), ("isRolling", "calendar"))
    if "calendar" in keys or ("isRolling" in keys and not keys["isRolling"].truth()):
        raise windows[0].error(
            f"{windows[0].path} follows the calendar, and gates judge windows that roll; "
            "leave calendar out and write isRolling: true"
        )
    duration = keys["duration"]
    if re.fullmatch(r"\d+[MQY]", duration.text(), re.ASCII):
        raise duration.error(f'{duration.path}: "{duration.text()}" has no fixed length; write it in days, such as 30d')
    return duration.duration(low=60, high=LONGEST_PERIOD)
