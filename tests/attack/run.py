"""Attacks on the commands and the reader: what was tried, and what broke. `make attack` runs them, pytest does not.

    python tests/attack/run.py [--only KIND ...] [--tries N] [--seed 0]     exit status 1 where something broke

Each kind is a module beside this one, named in KINDS. It has a docstring whose first line says what is done; TRIES, how often; and
`attack(tries, chance, home)`, which yields a line for each try: "" where all was as it must be, else what broke. chance: a
random.Random of its own, the same for a seed. home: an empty folder. It raises Skipped, with the reason, where this machine does not
allow it.
"""

from __future__ import annotations

import argparse
import importlib
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from skipped import Skipped

KINDS = ("kills", "interrupts", "full", "deleted", "flips", "bombs")
KEEP = 3
"""Lines of each kind that are printed below its row."""


@dataclass(frozen=True)
class Outcome:
    """What came of one kind. broke: the lines that are not empty, each with how often it came. skipped: why it ended early, or "".
    seconds: how long it took."""

    kind: str
    what: str
    tried: int
    broke: Counter[str]
    skipped: str
    seconds: float


def run(kind: str, tries: int | None, seed: int) -> Outcome:
    """Try one kind."""
    module = importlib.import_module(kind)
    tried, broke, skipped, start = 0, Counter[str](), "", perf_counter()
    with tempfile.TemporaryDirectory(prefix=f"attack-{kind}-") as home:
        try:
            for line in module.attack(tries or module.TRIES, random.Random(f"{seed} {kind}"), Path(home)):
                tried += 1
                if line:
                    broke[line] += 1
                say(f"\r\x1b[K{kind}: {tried} tried, {broke.total()} broke")
        except Skipped as reason:
            skipped = str(reason)
    say("\r\x1b[K")
    return Outcome(kind, str(module.__doc__).splitlines()[0], tried, broke, skipped, perf_counter() - start)


HEAD = f"{'kind':10} {'tried':>7} {'broke':>7} {'minutes':>8}  what"


def row(one: Outcome) -> str:
    """What was tried and what broke, in columns under HEAD, and below it how it broke."""
    lines = [f"{one.kind:10} {one.tried:7,} {one.broke.total():7,} {one.seconds / 60:8.1f}  {one.what}"]
    lines += [f"{'':35}  skipped: {one.skipped}"] if one.skipped else []
    lines += [f"{'':35}  broke, {times} times: {line}" for line, times in one.broke.most_common(KEEP)]
    return "\n".join(lines)


def say(text: str) -> None:
    """On a terminal, how far it is."""
    if sys.stderr.isatty():
        print(text, end="", file=sys.stderr, flush=True)


def main() -> int:
    """As the docstring of this file says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=KINDS, nargs="+", default=KINDS, metavar="KIND", help=f"of {', '.join(KINDS)}")
    parser.add_argument("--tries", type=int, help="of each kind, in place of its own number")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print(HEAD, flush=True)
    broke = 0
    for kind in given.only:
        outcome = run(kind, given.tries, given.seed)
        print(row(outcome), flush=True)  # as it comes: whoever ends it keeps what is done
        broke += outcome.broke.total()
    print(f"{broke} broke" if broke else "nothing broke")
    return int(broke > 0)


if __name__ == "__main__":
    sys.exit(main())
