"""The failed requests of a window, by the counters of a service."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gates.counting.bursts import in_bursts
from gates.counting.evidence import Evidence
from gates.counting.probes import probes, succeeded
from gates.counting.share import BadShare, Counted
from gates.counting.window import Window
from gates.instant import Instant, Reading, UnusableAnswerError
from gates.wording import count
from prometheus.selector import matching, name_of
from prometheus.slo import told_by

if TYPE_CHECKING:
    from prometheus.slo import Sli


def failed_requests(sli: Sli, seconds: float, instant: Instant) -> Counted:
    """The failed requests in the `seconds` before an instant; raises PrometheusError, UnusableAnswerError."""
    window = Window(sli.total, seconds, instant, sli.job, sli.probed)
    reading = instant.ask(_questions(sli, window))
    if reading.count("requests that do not tell"):
        label, part = told_by(sli), "bad" if sli.good is None else "good"
        raise UnusableAnswerError(
            f"requests of {sli.total} have no label {label}, so nobody can tell which of them failed; name counters "
            f'that tell it, as total and {part}, or, where no others have the label, add {label}!="" to {part}'
        )
    total = reading.count("requests")
    evidence = replace(window.evidence(reading, total), missing=_missing(sli, reading))
    counted = reading.count("counted requests") or 0.0
    unseen = _unseen(sli, reading, evidence)
    if total is None:
        return Counted(BadShare(0.0, 0.0, 0.0), evidence)
    if counted > 1.01 * total + 1:
        kind = "bad" if sli.good is None else "good"
        raise UnusableAnswerError(f"there are more {kind} requests ({count(counted)}) than requests ({count(total)})")
    bad = counted if sli.good is None else total - counted
    return Counted(BadShare.of(total, bad + min(0.0, unseen), bad + max(0.0, unseen)), evidence)


def failed_in_bursts(sli: Sli, seconds: float, instant: Instant) -> Counted:
    """As failed_requests(), with the size of their bursts."""
    counted = failed_requests(sli, seconds, instant)
    return in_bursts(counted, seconds, instant, total=sli.total, bad=sli.bad, good=sli.good, probed=sli.probed)


def _questions(sli: Sli, window: Window) -> dict[str, str]:
    if sli.probed:
        made, good = probes(sli.total, window.seconds), succeeded(sli.total, window.seconds)
        return {"requests": made, "counted requests": good, **window.questions()}
    part = _part(sli)
    requests, label = window.increase(sli.total), told_by(sli)
    return {
        "requests": requests,
        "counted requests": f"({window.increase(part)} or 0 * {requests})",
        "requests before the first scrape": window.unseen(sli.total),
        "counted requests before the first scrape": window.unseen(part),
        **({"requests that do not tell": window.increase(matching(sli.total, label, "=", ""))} if label else {}),
        **({"series of counted requests": window.series_of(part)} if _is_of_its_own(sli) else {}),
        **window.questions(),
    }


def _part(sli: Sli) -> str:
    part = sli.bad if sli.good is None else sli.good
    assert part is not None  # noqa: S101 - an Sli has exactly one of the two
    return part


def _is_of_its_own(sli: Sli) -> bool:
    """Whether bad (or good) requests have a counter that may be missing, or typed wrong, while requests are counted."""
    return name_of(_part(sli)) != name_of(sli.total)


def _missing(sli: Sli, reading: Reading) -> str | None:
    return _part(sli) if _is_of_its_own(sli) and reading.count("series of counted requests") is None else None


def _unseen(sli: Sli, reading: Reading, evidence: Evidence) -> float:
    """How many more bad requests there were before a first scrape; below zero, how many fewer."""
    counted = reading.count("counted requests before the first scrape") or 0.0
    if not evidence.is_complete:  # then a first scrape is where the history begins, and nobody knows what was before
        return 0.0
    return counted if sli.good is None else (reading.count("requests before the first scrape") or 0.0) - counted
