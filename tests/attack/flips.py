"""One bit is flipped in files of every format: what comes of it is read, said to be damaged, or an error; nothing else, and in bounds.

    python tests/attack/flips.py [--flips 300] [--seed 0]     prints, by format, how many flips were noticed

A flip in the data of a JPEG can be noticed where its codes no longer make sense, of a PNG always, as it has check sums. In the others, and
where one code of a JPEG becomes another of the same length, no decoder can notice it.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from damaged import sources
from inkdigits import Error, Reader, images

TRIES = 2000
CHANGED = 24
"""A pixel has changed if it did by more grey levels than so many."""
MUCH = 0.01
"""A picture has changed much if so large a share of its pixels has."""
START = 0.3
"""Share of a file in which its headers lie."""
MUST_NOTICE = (".png",)
"""Formats with check sums: nothing may change unnoticed."""


def attack(tries: int, chance: random.Random, home: Path) -> Iterator[str]:
    """See the docstring of `run.py`."""
    files, reader = sources(), Reader(threshold=0)
    for _ in range(tries):
        name = chance.choice(sorted(files))
        data = flipped(files[name], chance, 0.0)
        try:
            reader.read_pages([(images.load(data), 1, name)])
        except Error:
            yield ""
        except Exception as error:
            (home / name).write_bytes(data)
            yield f"{Path(name).suffix}: {type(error).__name__}: {error}"
        else:
            what = outcome(files[name], data)
            yield f"{Path(name).suffix}: changed, and nobody noticed" if what == "much changed" and name.endswith(MUST_NOTICE) else ""


def flipped(data: bytes, chance: random.Random, start: float) -> bytes:
    """A file with one bit flipped, after that share of it, but for its last two bytes."""
    place = chance.randrange(int(start * len(data)), len(data) - 2)
    return data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]


def outcome(whole: bytes, data: bytes) -> str:
    """What came of a flip: noticed (an error, or damaged), or else how much of the picture changed."""
    good = images.first(whole)
    try:
        page = images.load(data).decode(1, 0)
    except Error:
        return "error"
    if page.doubtful:
        return "damaged"
    if page.image.shape != good.shape:
        return "much changed"
    changed = (np.abs(page.image.astype(np.int16) - good) > CHANGED).mean()
    return "same" if changed == 0 else "little changed" if changed < MUCH else "much changed"


def main() -> None:
    """Print, by format, what came of flips beyond the header."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flips", type=int, default=300, help="of each format")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    columns = ("error", "damaged", "same", "little changed", "much changed")
    print(f"{'format':18}" + "".join(f"{column:>16}" for column in columns))
    files = sources()
    for form in sorted({name.split(".", 1)[1] for name in files}):
        chance = random.Random(f"{given.seed} {form}")
        alike = [data for name, data in sorted(files.items()) if name.split(".", 1)[1] == form]
        found: Counter[str] = Counter()
        for _ in range(given.flips):
            whole = chance.choice(alike)
            found[outcome(whole, flipped(whole, chance, START))] += 1
        print(f"{form:18}" + "".join(f"{found[column]:16,}" for column in columns))


if __name__ == "__main__":
    main()
