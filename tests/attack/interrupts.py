"""Ctrl-C at a random moment of the first half second: a line and an exit status, and rows that can be gone on with.

The signal goes to the whole process group, as from a terminal. Before a line of inkdigits runs Python itself starts, and has its own way
to end: that is counted as right where no file of inkdigits is in what it says.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import stacks

TRIES = 100
IMAGES = 30


def attack(tries: int, chance: random.Random, home: Path) -> Iterator[str]:
    """See the docstring of `run.py`."""
    names = stacks.make(home, IMAGES)
    whole = stacks.undisturbed(home, names)
    for number in range(tries):
        stacks.clear(home)
        running = stacks.begin(home, stacks.command(names, "--resume", "--jobs", str(1 + number % 2)))
        time.sleep(chance.choice([chance.uniform(0, 0.05), chance.uniform(0, 0.6)]))
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGINT)
        said = running.communicate()[1]
        yield wrong(running.returncode, said) or stacks.broken_after_resuming(home, names, whole)


def wrong(status: int, said: str) -> str:
    """What is not as it must be at the end of a run that was interrupted; "" where nothing is."""
    if (status == 1 and said.startswith("inkdigits: 7.png")) or (status, said) in ((130, "interrupted\n"), (-signal.SIGINT, "")):
        return ""
    start = f"{os.sep}inkdigits{os.sep}" not in said and "KeyboardInterrupt" in said
    return "" if start else f"it ended with {status} and said {said[-300:]!r}"
