"""How well does the adaptive band detect what the Numenta Anomaly Benchmark labels? The rules run in promtool.

    python -m bench.nab [DIRECTORY] [--rules FILE] [--by-time] [--json]

DIRECTORY is of NAB's layout: data/CATEGORY/FILE.csv and labels/combined_windows.json. A file of 4000 rows takes some
five seconds.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

from bench.nab.corpus import read_corpus
from bench.nab.recorded import recorded_scores
from bench.nab.report import Report, report
from prometheus.formats.nab import nab_file
from stack.errors import HqError


def main(arguments: list[str] | None = None) -> int:
    """Prints the scores; exit code 2 with one line of what is wrong with the directory or the rules."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.nab", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", nargs="?", type=Path, default=Path("nab"), help="of NAB's layout (default: nab)")
    parser.add_argument("--rules", type=Path, help="another rule file, with `# threshold: X` in it")
    parser.add_argument("--by-time", action="store_true", help="rows at their own times, not one every five minutes")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    try:
        found = measure(chosen.directory, chosen.rules, by_time=chosen.by_time)
    except HqError as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(found.as_json(), indent=2) if chosen.json else found.as_text())
    return 0


def measure(directory: Path, rules: Path | None, *, by_time: bool = False) -> Report:
    """What the rules (ours unless others are given) make of the files in `directory`; raises HqError."""
    corpus = read_corpus(directory)
    text = _read(rules) if rules else nab_file()
    return report(corpus, recorded_scores(corpus, text, by_time=by_time), threshold_of(text, rules))


def threshold_of(text: str, rules: Path | None) -> float:
    """What the rule file says in its comment `# threshold: X`; raises HqError."""
    match = re.search(r"^# threshold: ([0-9.]+)\s*$", text, re.MULTILINE)
    try:
        return float(match[1]) if match else float("nothing")
    except ValueError:
        raise HqError(f"{rules} does not say its threshold; add a line such as: # threshold: 0.5") from None


def _read(rules: Path) -> str:
    try:
        return rules.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise HqError(f"the rules cannot be read from {rules}: {error}") from None


if __name__ == "__main__":
    sys.exit(main())
