"""How good are the shipped anomaly rules, type by type, when it is known what happened?

    python -m bench.detection_matrix [--repeats 5] [--days 2] [--seed 1] [--rate 400] [--type TYPE …] [--json]
                                     [--output FILE] [--write docs/detection.md]
    python -m bench.detection_matrix --history [--seed 1] [--write docs/detection.md]

Every type at 0.75, 1.25 and 3 times its threshold, decoys, and days without a fault, as series with the noise of real
ones: Poisson requests and failures, latencies of a gamma distribution in buckets. Prometheus' own rule manager judges
them in simulated time, at scrapes and evaluations of 15 s and the holds that are shipped. Five repeats take some ten
minutes. With --history it is the band of what is usual that is tried instead, on days of it. Exit code: 0 all bars
are met, 1 one is missed, 2 it could not be measured.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from bench.detection_matrix.matrix import RATE, Result, run_matrix, shown_types
from bench.detection_matrix.page import replace_tables
from bench.detection_matrix.report import document, tables
from chaos.verification.bars import bars
from stack.errors import HqError


def main() -> int:
    """Runs the matrix and prints, and writes, what it says."""
    arguments = _parser().parse_args()
    try:
        if arguments.history:
            return _history(arguments)
        result = run_matrix(
            repeats=arguments.repeats,
            days=arguments.days,
            seed=arguments.seed,
            rate=arguments.rate,
            kinds=arguments.type,
            progress=lambda line: print(line, file=sys.stderr, flush=True),
        )
        _tell(arguments, result)
    except HqError as error:
        print(f"bench.detection_matrix: {error}", file=sys.stderr)
        return 2
    return 1 if any(one.met is False for one in bars(result.quality)) else 0


def _history(arguments: argparse.Namespace) -> int:
    from bench.detection_matrix.history import checks, table

    found = list(checks(arguments.seed))
    print(table(found))
    if arguments.write:
        command = f"python -m bench.detection_matrix --history --seed {arguments.seed}"
        replace_tables(arguments.write, "history", f"`{command}`\n\n{table(found)}")
    return 0 if all(one.met for one in found) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, choices=range(101), metavar="N", help="default: %(default)s")
    parser.add_argument("--days", type=float, default=2.0, help="without any fault (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of all chance (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=RATE, help="requests a second (default: %(default)s)")
    parser.add_argument("--type", nargs="+", default=[], choices=shown_types(), metavar="TYPE", help="only these")
    parser.add_argument("--history", action="store_true", help="try the band of what is usual instead")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the JSON there, too")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the tables between this page's markers")
    return parser


def _tell(arguments: argparse.Namespace, result: Result) -> None:
    text = json.dumps(document(result), indent=2)
    print(text if arguments.json else tables(result))
    if arguments.output:
        arguments.output.write_text(text + "\n")
    if arguments.write:
        command = (
            f"python -m bench.detection_matrix --repeats {result.repeats} --days {result.days:g} --seed {result.seed}"
        )
        replace_tables(arguments.write, "matrix", f"`{command}`\n\n{tables(result)}")


if __name__ == "__main__":
    sys.exit(main())
