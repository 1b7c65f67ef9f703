"""Does the score tell resilient from naive, and a whole pool from one member? Medians on the demo's stack.

    python -m bench.score [--rounds 3] [--json]

Each arm is a stack of its own, and all run the same wave at the same time, so that they share whatever else the
machine does. A round takes about two and a half minutes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from bench.live import LiveStack, copy_stack, live_stack

WAVE = ("--duration", "30s", "--set", "step=3s")
ARMS = {
    "resilient, four members": ("resilient", ()),
    "resilient, one member": ("resilient", ("--set", "share=25%")),
    "naive, four members": ("naive", ()),
}


def main() -> int:
    """Prints the scores of every arm; exit code 1 when they do not stand in the order that they must."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    scores = measure(arguments.rounds)
    medians = {arm: median(values) for arm, values in scores.items()}
    if arguments.json:
        print(json.dumps({"scores": scores, "medians": medians}, indent=2))
    else:
        for arm, values in scores.items():
            print(f"{arm:<26}{medians[arm]:6.1f}   of {', '.join(f'{value:.1f}' for value in values)}")
    return 0 if in_order(medians) else 1


def in_order(medians: dict[str, float]) -> bool:
    """Naive at least 5 points below resilient on the same wave, four members not above one."""
    resilient, one, naive = (medians[arm] for arm in ARMS)
    return naive <= resilient - 5 and resilient <= one


def measure(rounds: int) -> dict[str, list[float]]:
    """The scores of each arm, a round at a time."""
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stacks:
        live = {}
        for number, (arm, (calls, _)) in enumerate(ARMS.items()):
            home = Path(directory) / str(number)
            home.mkdir()
            path = copy_stack(home, ("--calls, resilient", f"--calls, {calls}"))
            live[arm] = stacks.enter_context(live_stack(path))
        with ThreadPoolExecutor(len(live)) as pool:
            results = [list(pool.map(score, live.items())) for _ in range(rounds)]
    return {arm: [result[number] for result in results] for number, arm in enumerate(ARMS)}


def score(arm: tuple[str, LiveStack]) -> float:
    """The score of one run of an arm."""
    name, live = arm
    live.wait_until_steady()
    done = live.hq("chaos", "run", "proxy-failure-wave", *WAVE, *ARMS[name][1], "--json", timeout=300)
    answer = json.loads(done.stdout)
    print(f"{name}: {answer['score']}", file=sys.stderr)
    if answer["score"] is None:
        raise subprocess.SubprocessError(f"{name}: {answer['reason']}")
    return float(answer["score"])


if __name__ == "__main__":
    sys.exit(main())
