"""The disk is full at a random moment, on a small tmpfs: a line, exit status 1, whole rows, and once there is room it is gone on.

Every fourth time annotated pictures go there too. The disk is left with a random number of bytes.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import stacks
from skipped import Skipped

TRIES = 12
IMAGES = 120
SIZE = 512 << 10
"""Bytes of the disk: room for all the rows, but not for more."""
FULL = "No space left on device"


def attack(tries: int, chance: random.Random, home: Path) -> Iterator[str]:
    """See the docstring of `run.py`."""
    names = stacks.make(home, IMAGES)
    whole = stacks.undisturbed(home, names)
    for number in range(tries):
        with disk(home / "disk") as small:
            pictures = number % 4 == 3
            yield fill(home, small, names, whole, chance, ["--annotate", str(small / "seen")] if pictures else [])


@contextmanager
def disk(place: Path) -> Iterator[Path]:
    """A file system of SIZE bytes."""
    place.mkdir(exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", place], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Skipped(f"a tmpfs cannot be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def fill(home: Path, small: Path, names: list[str], whole: list[dict[str, object]], chance: random.Random, options: list[str]) -> str:
    """Read onto a disk with little room, make room, go on: what is wrong; "" where nothing is."""
    ballast = small / "ballast"
    ballast.write_bytes(bytes(SIZE - 4096 * chance.randint(2, 12)))
    out = str(small / stacks.OUT)
    running = stacks.begin(home, stacks.command(names, "--resume", "--jobs", str(chance.choice([1, 2])), *options, out=out))
    said = [line for line in running.communicate()[1].splitlines() if not line.startswith("inkdigits: 7.png")]
    if running.returncode not in (1, 2) or not said or FULL not in " ".join(said):  # 2: no room for the first byte, as with any bad --out
        return f"with a full disk it ended with {running.returncode} and said {said[-3:]}"
    if running.returncode == 1 and len(said) > 1:
        return f"a full disk is {len(said)} lines: {said}"
    try:
        stacks.rows(small / stacks.OUT)
    except ValueError as error:
        return f"rows that are not whole: {error}"
    if left := [path.name for path in small.rglob(".*")]:
        return f"left behind: {left}"
    ballast.unlink()
    return stacks.broken_after_resuming(home, names, whole, out=out)
