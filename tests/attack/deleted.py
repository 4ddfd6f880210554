"""The file of rows is deleted, renamed or replaced while it is written: a line, exit status 1, and nothing of others is written over."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import stacks

TRIES = 15
IMAGES = 400
MINE = "mine\n"


def attack(tries: int, chance: random.Random, home: Path) -> Iterator[str]:
    """See the docstring of `run.py`."""
    names = stacks.make(home, IMAGES)
    whole = stacks.undisturbed(home, names)
    for number in range(tries):
        stacks.clear(home)
        yield disturb(home, names, chance, number % 3) or stacks.broken_after_resuming(home, names, whole)


def disturb(home: Path, names: list[str], chance: random.Random, how: int) -> str:
    """Begin a run and take its file away some rows later: what is wrong with how it ended; "" where nothing is."""
    path, other = home / stacks.OUT, home / "kept.jsonl"
    running = stacks.begin(home, stacks.command(names, "--jobs", str(chance.choice([1, 2]))))
    goal = chance.choice([1, 20, 200])
    while running.poll() is None and stacks.rows_there(home) < goal:
        time.sleep(0.002)
    if running.poll() is not None:
        return "the run was over before anything could be done to it"
    if how == 0:
        path.unlink()
    else:
        path.rename(other)
    if how == 2:
        path.write_text(MINE)
    said = [line for line in running.communicate()[1].splitlines() if not line.startswith("inkdigits: 7.png")]
    if running.returncode != 1 or len(said) != 1 or "was deleted or replaced while it was written" not in said[0]:
        return f"it ended with {running.returncode} and said {said[-3:]}"
    if how == 2 and path.read_text() != MINE:
        return "the file that took its place was written to"
    if how and not stacks.rows(other):
        return "the rows are gone from the file that was renamed"
    stacks.clear(home)
    return ""
