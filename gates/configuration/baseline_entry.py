"""The baseline of a gate of a gates file, and the candidate that is compared with it."""

from __future__ import annotations

from gates.conditions.baseline import Baseline
from stack.document import Value
from stack.model import LONGEST_GATE_WINDOW
from stack.selector import is_label

PREVIOUS = "previous"


def read_baseline(value: Value, candidate: Value | None) -> Baseline:
    """What is compared: earlier series (`offset`), the release before (`release: previous`), or series by labels."""
    keys = value.mapping()
    if not keys:
        raise value.error(f"{value.path} must name offset, release: previous, or label values such as version: stable")
    if "offset" in keys or ("release" in keys and keys["release"].text() == PREVIOUS):
        word = "offset" if "offset" in keys else "release"
        if len(keys) > 1 or candidate:
            other = candidate or next(entry for key, entry in keys.items() if key != word)
            raise other.error(f"a baseline by {word} is the candidate's own past; leave {_last(other)} out")
        if word == "release":
            return Baseline(previous_release=True)
        return Baseline(offset=keys["offset"].duration(low=60, high=LONGEST_GATE_WINDOW))
    labels = _labels(value)
    if candidate is None and len(labels) > 1:
        raise value.error(f"{value.path} has several labels, so say with candidate: what is compared with it")
    chosen = _labels(candidate) if candidate else ()
    if candidate and chosen == labels:
        raise candidate.error(f"{candidate.path} is the baseline itself; give it another value")
    return Baseline(labels=labels, candidate=chosen)


def _labels(value: Value) -> tuple[tuple[str, str], ...]:
    labels = value.mapping()
    if not labels:
        raise value.error(f"{value.path} must name label values, such as version: canary")
    for name, text in labels.items():
        if not is_label(name):
            raise text.error(f'"{name}" is not a label name; use letters, digits and _, not a digit first')
    return tuple(sorted((name, text.text()) for name, text in labels.items()))


def _last(value: Value) -> str:
    return value.path.rpartition(".")[2]
