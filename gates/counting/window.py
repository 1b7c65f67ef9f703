"""A window of a counter, and the PromQL that asks what it holds and what it is worth."""

from __future__ import annotations

from collections.abc import Mapping

from gates.counting.evidence import Evidence, Liveness, longest_silence
from gates.counting.probes import probes
from gates.instant import Instant, Reading, UnusableAnswerError
from gates.wording import count
from prometheus.selector import matching, quoted
from stack.dataclass import dataclass
from stack.quantity import format_duration

_STEPS = 360  # at most so many moments of a window are looked at to see how much of it has data
_MISSED_FOR = (3600.0, 86400.0)  # a target that answers no more is missed for the window, but within these

_REPLICA_LABELS = ("prometheus_replica", "replica", "__replica__", "receive_replica", "thanos_replica", "prometheus")


@dataclass(frozen=True)
class Window:
    """The `seconds` before an instant, of the counter that the selector `series` names; `job` scrapes it, if known.

    Where it is `probed`, `series` is a gauge, and each of its samples a request.
    """

    series: str
    seconds: float
    instant: Instant
    job: str | None
    probed: bool = False

    def increase(self, series: str, by: str = "") -> str:
        """PromQL: what the counter `series` counted in this window; with `by` such as ` by (le)`, in parts."""
        return f"sum{by}(increase({series}[{self._length}]))"

    def unseen(self, series: str, by: str = "") -> str:
        """PromQL: what series born in this window had counted when they were first scraped.

        A counter that is born at 3 has counted 3, and increase() sees nothing of them.
        """
        last = f"last_over_time({series}[{self._length}])"
        counted = f"{last} - (increase({series}[{self._length}]) or 0 * {last}) > 0"
        return f"sum{by}(({counted}) unless {series} offset {self._length})"

    def series_of(self, series: str) -> str:
        """PromQL: how many series there were in the window, nothing without one."""
        return f"count(last_over_time({series}[{self._length}]))"

    def questions(self) -> dict[str, str]:
        """PromQL, by name, for everything that evidence() reads."""
        if self.probed:
            return {"recent requests": probes(self.series, self._recent), **self.questions_of_liveness()}
        return {
            "recent requests": f"sum(increase({self.series}[{format_duration(self._recent)}]))",
            "counter resets": f"sum(resets({self.series}[{self._length}]))",
            **self.questions_of_liveness(),
        }

    def questions_of_liveness(self) -> dict[str, str]:
        """PromQL, by name, for everything that liveness() reads; it may be a gauge too.

        A series that has ended has no newest sample; in VictoriaMetrics timestamp() alone would still find it.
        """
        missed_for = format_duration(min(max(self.seconds, _MISSED_FOR[0]), _MISSED_FOR[1]))
        seen = f"group by (job, instance) (last_over_time({self.series}[{missed_for}]))"
        asked = {
            "steps with data": self._steps_with_data(),
            "newest sample": f"max(timestamp({self.series}) and {self.series})",
            "copies": self._copies(),
            "dead targets": f"(up == 0 and on (job, instance) {seen})",
        }
        if self.job is not None:
            asked["dead targets of the job"] = f"(up{{job={quoted(self.job)}}} == 0)"
        return asked

    def evidence(self, reading: Reading, requests: float | None) -> Evidence:
        """What the answers to questions() say; raises UnusableAnswerError."""
        return Evidence(
            **vars(self.liveness(reading)),
            requests=requests,
            recent=reading.count("recent requests"),
            recent_window=self._recent,
            resets=reading.count("counter resets") or 0.0,
        )

    def liveness(self, reading: Reading) -> Liveness:
        """What the answers to questions_of_liveness() say; raises UnusableAnswerError."""
        if copies := reading.count("copies"):
            raise UnusableAnswerError(
                f"{self.series} has the same series more than once ({count(copies)} too many), as a pair of Prometheus "
                f"servers writes them, and so counts requests more than once; select the series of one of the pair, by "
                f"a label such as {' or '.join(_REPLICA_LABELS[:2])}"
            )
        return Liveness(
            series=self.series,
            window=self.seconds,
            at=self.instant.at,
            scrape_interval=self.instant.scrape_interval,
            coverage=min(1.0, (reading.count("steps with data") or 0.0) * self._step / self.seconds),
            step=self._step,
            newest=reading.count("newest sample"),
            dead=_targets(reading.labels("dead targets")),
            dead_of_job=_targets(reading.labels("dead targets of the job")),
            max_age=self.instant.max_age,
        )

    def _copies(self) -> str:
        """PromQL: how many series of a target differ from another of it in nothing but the name of a replica."""
        scraped = matching(self.series, "instance", "!=", "")
        return f"sum(count without ({', '.join(_REPLICA_LABELS)}) ({scraped}) - 1) > 0"

    def _steps_with_data(self) -> str:
        """PromQL: at how many steps there was a series with a recent sample.

        A Prometheus that was down left no staleness behind, and a plain selector would look back over five minutes.
        """
        silence = max(longest_silence(self.instant.scrape_interval), self.instant.max_age or 0.0)
        recent = format_duration(silence)
        fresh = f"{self.series} and last_over_time({self.series}[{recent}])"
        return f"count_over_time(group({fresh})[{self._length}:{format_duration(self._step)}])"

    @property
    def _length(self) -> str:
        return format_duration(self.seconds)

    @property
    def _step(self) -> float:
        return max(self.instant.scrape_interval, float(round(self.seconds / _STEPS)))

    @property
    def _recent(self) -> float:
        return max(self.seconds / 4, 4 * self.instant.scrape_interval)


def _targets(found: list[Mapping[str, str]]) -> tuple[str, ...]:
    return tuple(sorted({f"{labels.get('job', '')} at {labels.get('instance', '')}" for labels in found}))
