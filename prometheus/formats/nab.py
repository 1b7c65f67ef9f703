"""The adaptive band as a rule file for the Numenta Anomaly Benchmark: a score of every value of every series."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus.detection.adaptive import STEP, band_rules, distance, drift_distance, larger
from prometheus.formats.format import Format, Naming
from prometheus.formats.text import dump
from prometheus.rule import Recording, RuleFile
from stack.quantity import format_duration

SOURCE = "nab_value"
SCORE = "anomaly:score"
THRESHOLD = "0.5"
TITLE = "# The adaptive band on the Numenta Anomaly Benchmark"


def nab_rules() -> list[Recording]:
    """The shipped rules with a score between 0 and 1, which is 0.5 at the edge of the band."""
    widths = larger(distance(SOURCE), drift_distance())
    return [
        *band_rules(SOURCE),
        Recording("anomaly:distance", f"({widths}) and {SOURCE}"),
        Recording(SCORE, "anomaly:distance / (1 + anomaly:distance)"),
    ]


def nab_file() -> str:
    """The rule file: reads nab_value{series}, records anomaly:score{series}; says the threshold in a comment."""
    rules = [{"record": rule.record, "expr": rule.expr} for rule in nab_rules()]
    header = f"{TITLE}: {SOURCE}{{series}} to {SCORE}{{series}}.\n"
    groups = {"groups": [{"name": "nab", "interval": format_duration(STEP), "rules": rules}]}
    return f"{header}# threshold: {THRESHOLD}\n{dump(groups)}"


class _OfNoStack(Format):
    """A format whose one file is the same for every stack."""

    def texts(self, files: Iterable[RuleFile], naming: Naming) -> dict[str, str]:
        """The file by its name, as it is written."""
        return {"nab.yml": nab_file()}


NAB = _OfNoStack("nab", "bench.nab", lambda _file, _naming: nab_file(), TITLE)
"""As `dev-hq generate --format nab` writes it."""
