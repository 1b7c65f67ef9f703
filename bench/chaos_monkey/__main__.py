"""kill -9 of each process at random moments of a loop, and whether a promise is broken by it.

    python -m bench.chaos_monkey [--kills 30] [--seed S] [--victim NAME …] [--together 2]
                                 [--output FILE] [--write docs/reliability.md]
    python -m bench.chaos_monkey --read FILE … --write docs/reliability.md

Brings a small stack up and runs a scenario again and again. A round kills one or more of serve, the run, Envoy,
Prometheus and Alertmanager at moments that the seed draws over the whole loop, and ends with a run that nothing
disturbs. Some 25 s a kill. --read makes the tables again from reports that were written before.
Exit code: 0 every promise was kept, 1 one was broken, 2 it could not be tried.
"""

from __future__ import annotations

import argparse
import json
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.chaos_monkey.loop import Monkey, Say
from bench.chaos_monkey.plan import planned_rounds
from bench.chaos_monkey.report import Document, document, tables
from bench.chaos_monkey.runs import FAULT_SECONDS
from bench.chaos_monkey.stack import stack_under_test
from bench.chaos_monkey.victims import VICTIMS
from bench.detection_matrix.page import replace_tables
from stack.errors import HqError


def main() -> int:
    """Kills, or reads what was found when it was done; prints, and writes, what it comes to."""
    arguments = _parser().parse_args()
    try:
        sessions = [*map(_read, arguments.read)] or [_session(arguments)]
        _tell(arguments, sessions)
    except (HqError, AssertionError) as error:  # the latter by a stack that does not come up
        print(f"bench.chaos_monkey: {error}", file=sys.stderr)
        return 2
    return 1 if any(session["breaches"] for session in sessions) else 0


def _read(path: Path) -> Document:
    try:
        session: Document = json.loads(path.read_text())
    except OSError as error:
        raise HqError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise HqError(f"{path} is no report of this program") from None
    return session


def let_loose(
    directory: Path, *, kills: int, seed: int, victims: Sequence[str], together: tuple[int, int], say: Say
) -> Document:
    """One session on a stack of its own in `directory`, as a document; raises HqError when it cannot be tried."""
    asked = {"kills": kills, "victims": list(victims), "together": together[1], "fault_seconds": FAULT_SECONDS}
    with stack_under_test(directory) as live:
        monkey = Monkey(live, seed, say)
        with monkey:
            monkey.rehearse()
            say(f"a loop that nothing disturbs takes {monkey.loop_seconds:.1f} s; seed {seed}")
            monkey.run(planned_rounds(victims, kills, together, seed))
            monkey.settle()
        session = document(monkey, asked)
        (directory / "report.json").write_text(json.dumps(session))  # whatever the end of the stack brings
    return session


def _session(arguments: argparse.Namespace) -> Document:
    began = time.monotonic()
    seed = secrets.randbelow(10**6) if arguments.seed is None else arguments.seed

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:7.1f}s  {line}", file=sys.stderr, flush=True)

    directory = Path(tempfile.mkdtemp(prefix="dev-hq-monkey-"))
    session = let_loose(
        directory,
        kills=arguments.kills,
        seed=seed,
        victims=list(dict.fromkeys(arguments.victim)),
        together=(1, arguments.together),
        say=say,
    )
    if session["breaches"]:
        say(f"what was written is in {directory}")
    else:
        shutil.rmtree(directory)
    return session


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=30, metavar="N", help="default: %(default)s")
    parser.add_argument("--seed", type=int, metavar="S", help="of all chance (default: drawn, and printed)")
    parser.add_argument("--victim", nargs="+", default=VICTIMS, choices=VICTIMS, metavar="NAME", help="only these")
    parser.add_argument(
        "--together", type=int, default=2, metavar="N", help="most kills a round (default: %(default)s)"
    )
    parser.add_argument("--read", type=Path, nargs="+", default=[], metavar="FILE", help="reports instead of kills")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the report there, as JSON")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the tables between this page's markers")
    return parser


def _tell(arguments: argparse.Namespace, sessions: Sequence[Document]) -> None:
    text = tables(sessions)
    print(text)
    for session in sessions:
        for breach in session["breaches"]:
            print(f"broken: {breach['what']}", file=sys.stderr)
    if arguments.output:
        arguments.output.write_text(json.dumps(sessions[0], indent=2) + "\n")
    if arguments.write:
        replace_tables(arguments.write, "monkey", f"{_commands(sessions)}\n\n{text}")


def _commands(sessions: Sequence[Document]) -> str:
    """What makes these figures again, a line for each seed."""
    return "\n".join(
        f"* `python -m bench.chaos_monkey --kills {session['asked']['kills']} --seed {session['seed']}"
        f" --together {session['asked']['together']}`"
        for session in sessions
    )


if __name__ == "__main__":
    sys.exit(main())
