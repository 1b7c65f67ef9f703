"""What the monkey did and saw, as JSON and as the tables of docs/reliability.md."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from bench.chaos_monkey.loop import Kill, Monkey
from bench.chaos_monkey.promise import Promise
from bench.chaos_monkey.victims import RUN, VICTIMS
from chaos.lease import TTL

PHASES = ("starting", "baseline", "faults", "recovery", "between runs")

Document = Mapping[str, Any]


def document(monkey: Monkey, asked: Document) -> Document:
    """One session of the monkey, `asked` for so: every kill, every breach, and how much was seen."""
    looks = monkey.prober.looks
    lines = monkey.journal.lines
    return {
        "seed": monkey.seed,
        "asked": asked,
        "loop_seconds": round(monkey.loop_seconds, 1),
        "kills": [_kill(kill) for kill in monkey.kills],
        "missed": len(monkey.missed),
        "runs_after": len(monkey.scores),
        "seen": {
            "looks at members and runtime": len(looks),
            "looks that showed a fault": sum(look.faulty for look in looks),
            "journal records": sum(line.record is not None for line in lines),
            "torn lines": sum(line.record is None for line in lines),
            "notifications delivered": monkey.courier.sent,
            "notifications acknowledged": len(monkey.courier.acknowledged),
            "scrapes": monkey.scraper.scrapes,
            "scrapes refused": monkey.scraper.failures,
            "scrapes without a collector": monkey.scraper.partial,
            "counters compared": len(monkey.scraper.counters),
        },
        "breaches": [{"promise": breach.promise.value, "what": breach.sentence} for breach in monkey.breaches],
    }


def _kill(kill: Kill) -> Document:
    return {
        "number": kill.planned.number,
        "victim": kill.planned.victim,
        "moment": round(kill.planned.moment, 4),
        "pid": kill.pid,
        "at": round(kill.at, 3),
        "into_loop_seconds": round(kill.into_loop, 3),
        "phase": kill.phase,
        "together_with": list(kill.together_with),
        "over_http": kill.over_http,
        "outcome": kill.outcome,
        "fault_seconds": _rounded(kill.fault_seconds),
        "back_seconds": _rounded(kill.back_seconds),
    }


def tables(sessions: Sequence[Document]) -> str:
    """The tables of some sessions together, as Markdown."""
    kills = [kill for session in sessions for kill in session["kills"]]
    sections = (
        ("| promise | held |", "|---|---|", _promises(sessions)),
        ("| killed | times | " + " | ".join(PHASES) + " |", "|---" * (len(PHASES) + 2) + "|", _phases(kills)),
        ("| killed alone | how the run that was under way ended |", "|---|---|", _outcomes(kills)),
        ("| killed | seconds into the loop, in order |", "|---|---|", _moments(kills)),
        ("| killed | ready again after: median, 95 %, longest |", "|---|---|", _returns(kills)),
        (
            f"| killed with its fault on | times | the fault (TTL {TTL:g} s) was gone after: median, 95 %, longest |",
            "|---|---|---|",
            _remainders(kills),
        ),
        ("| seen | |", "|---|---|", _seen(sessions)),
    )
    return "\n\n".join("\n".join([head, rule, *rows]) for head, rule, rows in sections) + "\n"


def _promises(sessions: Sequence[Document]) -> Iterator[str]:
    breaches = [breach for session in sessions for breach in session["breaches"]]
    words = (*(promise.value for promise in Promise), *(breach["promise"] for breach in breaches))
    for promise in dict.fromkeys(words):  # an older report may word them otherwise
        broken = [breach["what"] for breach in breaches if breach["promise"] == promise]
        yield f"| {promise} | {'**no**: ' + '; '.join(broken) if broken else 'yes'} |"


def _phases(kills: Sequence[Document]) -> Iterator[str]:
    for victim in (*VICTIMS, None):
        those = [kill["phase"] for kill in kills if victim in (None, kill["victim"])]
        counts = " | ".join(str(those.count(phase)) for phase in PHASES)
        yield f"| {'all' if victim is None else f'`{victim}`'} | {len(those)} | {counts} |"


def _outcomes(kills: Sequence[Document]) -> Iterator[str]:
    for victim in VICTIMS:
        if victim != RUN:
            those = [kill for kill in kills if kill["victim"] == victim and not kill["together_with"]]
            counts = Counter((kill["outcome"] or "never began").replace("_", " ") for kill in those)
            yield f"| `{victim}` | {', '.join(f'{count} {name}' for name, count in counts.most_common()) or '-'} |"


def _moments(kills: Sequence[Document]) -> Iterator[str]:
    for victim in VICTIMS:
        moments = sorted(kill["into_loop_seconds"] for kill in kills if kill["victim"] == victim)
        yield f"| `{victim}` | {', '.join(f'{moment:.1f}' for moment in moments) or '-'} |"


def _returns(kills: Sequence[Document]) -> Iterator[str]:
    for victim in VICTIMS:
        if victim != RUN:
            yield f"| `{victim}` | {_spread(kill['back_seconds'] for kill in kills if kill['victim'] == victim)} |"


def _remainders(kills: Sequence[Document]) -> Iterator[str]:
    """Of a run only: while it lives, its fault may be on until its deadline, whatever else was killed."""
    remainders = [kill["fault_seconds"] for kill in kills if kill["victim"] == RUN]
    found = [seconds for seconds in remainders if seconds is not None]
    yield f"| `{RUN}` | {len(found)} | {_spread(found)} |"


def _seen(sessions: Sequence[Document]) -> Iterator[str]:
    names = dict.fromkeys(name for session in sessions for name in session["seen"])
    for name in names:
        values = [session["seen"][name] for session in sessions]
        yield f"| {name} | {max(values) if name == 'counters compared' else sum(values)} |"
    yield f"| runs that nothing disturbed, each with a score | {sum(session['runs_after'] for session in sessions)} |"


def _spread(seconds: Iterable[float | None]) -> str:
    values = sorted(value for value in seconds if value is not None)
    if not values:
        return "-"
    p95 = values[math.ceil(0.95 * len(values)) - 1]
    return f"{median(values):.1f} s, {p95:.1f} s, {values[-1]:.1f} s"


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None or math.isinf(seconds) else round(seconds, 3)
