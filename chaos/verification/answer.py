"""The answer to "would anyone have been told?", as sentences and a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from chaos.score import Outcome
from chaos.verification.aim import Aim
from chaos.verification.bars import worded
from chaos.verification.quality import Quality, Share, Times
from chaos.verification.settled import Tried
from chaos.verification.verified import Verified
from gates.wording import number, span


def concluded(verified: Verified, *, sample: bool) -> Verified:
    """With the outcome that the bars make of trials that came to their end; of a sample, chance may explain a miss."""
    reason = answer(verified)
    if not any(one.trial.must_alert for one in verified.quality.judgements):
        return replace(verified, outcome=Outcome.COULD_NOT_RUN, reason=reason)
    missed = any(one.disproved if sample else one.met is False for one in verified.findings)
    return replace(verified, outcome=Outcome.WEAKNESS if missed else Outcome.RESILIENT, reason=reason)


def answer(verified: Verified) -> str:
    """The one sentence that everything comes to."""
    due = [one for one in verified.tried if one.trial.must_alert and not one.void]
    if not due:
        return "Would anyone have been told? Nobody knows: no anomaly came about that should have raised an alert."
    began = {judgement.trial: judgement for judgement in verified.quality.judgements}
    seen = [one for one in due if began[one.trial].right]
    told = [one for one in seen if one.notified is not None]
    share = Share(len(told), len(due))
    word = "Yes" if len(told) == len(due) else "Not always" if told else "No"
    sentence = f"{word}: the right alert fired for {len(seen)} of {len(due)} anomalies that were large enough"
    if seen:
        detected = Times(tuple(began[one.trial].detected or 0.0 for one in seen))
        sentence += f" (after {detected.max:.0f} s at most)"
    if seen and not told:
        sentence += (
            ", and no notification reached the journal: does Alertmanager send to the webhook of `dev-hq serve`?"
        )
    elif len(told) < len(seen):
        sentence += f", and the notification reached the journal for {len(told)} of these."
    elif seen:
        sentence += ", and each notification reached the journal."
    else:
        sentence += "."
    return f"Would anyone have been told? {sentence} {_proven(share)}"


def _proven(share: Share) -> str:
    low, high = share.interval
    proven = f"at least {low:.0%}" if share.hits else f"at most {high:.0%}"
    return f"{share.hits} of {share.of} prove that of {proven} of such anomalies someone is told."


def table(verified: Verified) -> Iterator[str]:
    """A line for each scenario and intensity, as they were judged."""
    columns = "{:<19}{:>6}{:>12}  {:<25}{:>13}{:>7}{:>14}"
    yield columns.format("scenario", "size", "measured", "right alert", "to detect", "needs", "to clear")
    quality = verified.quality
    for name in sorted({one.act.name.partition(" at ")[0] for one in verified.tried if isinstance(one.act, Aim)}):
        for intensity in quality.intensities:
            those = [one for one in _of(verified, name) if one.trial.intensity == intensity and not one.void]
            if those:
                trials = {one.trial for one in those}
                part = Quality(tuple(one for one in quality.judgements if one.trial in trials), (), 0.0)
                needs = max((one.trial.allowed or 0.0 for one in those), default=0.0)
                yield columns.format(
                    name,
                    f"{intensity}x",
                    _sizes(those),
                    worded(part.recall(intensity)),
                    _range(part.detect()),
                    f"{needs:.0f} s" if needs else "-",
                    _range(part.clear()),
                )


def _of(verified: Verified, name: str) -> list[Tried]:
    return [one for one in verified.tried if isinstance(one.act, Aim) and one.act.scenario.name == name]


def _sizes(those: list[Tried]) -> str:
    sizes = [one.size or 0.0 for one in those]
    low, high = f"{min(sizes):.2f}", f"{max(sizes):.2f}"
    return f"{low}x" if low == high else f"{low}-{high}x"


def _range(times: Times) -> str:
    """The median and the longest."""
    if times.median is None or times.max is None:
        return "-"
    return f"{times.median:.1f}/{times.max:.1f} s"


def summary(verified: Verified) -> Iterator[str]:
    """Everything that is not in the table, a line each."""
    quality = verified.quality
    yield f"precision     {worded(quality.precision)} episodes were right"
    yield f"right type    {worded(quality.right_type)} of the anomalies that showed"
    for (kind, seen), times in quality.confusion.items():
        if kind != seen:
            yield f"confusion     {kind} showed as {seen} {times} times"
    for one in verified.tried:
        if not isinstance(one.act, Aim):
            alarms = next(len(each.episodes) for each in quality.judgements if each.trial == one.trial)
            heard = f"{alarms} false alarms" if alarms else "silent"
            yield f"decoy         {one.act.name}, {one.act.seconds:g} s: {heard}"
    yield f"false alarms  {_false_alarms(quality)}"
    for episode in quality.false_alarms:
        yield f"              {episode.anomaly_type} ({episode.severity}) of {episode.service} at {episode.since:.0f}"
    for one in verified.tried:
        if one.void:
            yield f"not judged    {one.act.name}: {one.void}"
    for sentence in verified.left_out:
        yield f"not tried     {sentence}"
    for finding in verified.findings:
        verdict = {True: "met", False: "missed", None: "not shown"}[finding.met]
        yield f"bar           {finding.bar}: {verdict}, {finding.evidence}"


def _false_alarms(quality: Quality) -> str:
    seen, daily, most = len(quality.false_alarms), quality.false_alarms_a_day, quality.most_false_alarms_a_day
    if daily is None or most is None:
        return "nobody knows: there was no steady time"
    steady = span(quality.steady_seconds)
    return f"{seen} in {steady} of steady time: {number(daily)} a day, at most {number(most)}"
