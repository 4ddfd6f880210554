"""Many images: how many a second by the number of worker processes or Ray actors, beside a plain loop; and that memory stays flat.

The plain loop is what the textbook projects do: `cv2.imread`, a resize, `keras.predict`, one image at a time.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from inkdigits.training.pen import write
from inkdigits.training.progress import making

from .networks import trained
from .speed import note
from .tables import Table, middle, quartiles

RATES = ("images", "read by", "images/s", "times the plain loop")
MEMORY = ("images", "read by", "seconds", "memory after the first 1,000, MB", "at the end, MB", "grown by")
KINDS = (
    ("28x28 PNG, one digit", "predict", 4000),
    ("1-megapixel JPEG, one digit", "predict", 1500),
    ("1-megapixel JPEG, ten digits", "read", 400),
)
"""Images, the command that reads them, and how many of them are read; the plain loop takes each for one digit."""
DIFFERENT = 200
"""Images that are really different; the others are the same files under other names."""
PLAIN = 60
"""Images that the plain loop is timed on."""
SETTLED = 1000
MORE = 5
"""Times as many images for Ray, which takes seconds to start, and never the same."""


def rates(home: Path, rounds: int, jobs: Sequence[int]) -> Table:
    """The images of KINDS, through `inkdigits predict` and `read` as whole processes, beside a plain loop; each
    round all of them in turn. What a process takes to start and to load its model is taken off, by a run on a few images."""
    cnn = next(run for run in trained(home) if run.recipe == "cnn2")
    engines: list[tuple[str, int, list[str]]] = [("worker", 1, [])] + (
        [("Ray actor", MORE, ["--engine", "ray"])] if importlib.util.find_spec("ray") else []
    )
    rows, figures = [], []
    with tempfile.TemporaryDirectory() as folder:
        for kind, command, count in KINDS:
            names = _files(Path(folder), kind, MORE * count)
            found: dict[str, list[float]] = {"plain loop": []}
            for i in range(rounds):
                making(False)(kind, i, rounds)
                found["plain loop"].append(_plain(names[:PLAIN], cnn.folder / "model.keras"))
                for engine, times, options in engines:
                    for n in jobs:
                        few, many = names[: 20 * n], names[: times * count]
                        seconds = _command(command, many, n, options) - _command(command, few, n, options)
                        found.setdefault(f"{n} {engine}{'s' if n > 1 else ''}", []).append((len(many) - len(few)) / seconds)
            for name, values in found.items():
                ratios = [a / b for a, b in zip(values, found["plain loop"], strict=True)]
                rows.append([kind, name, middle(values, 0), "" if name == "plain loop" else middle(ratios, 1)])
                figures.append({"images": kind, "read_by": name, "rate": quartiles(values), "by_plain_loop": quartiles(ratios)})
    return Table("scale", RATES, rows, figures, f"{rounds} rounds.")


def memory(count: int, jobs: Sequence[int]) -> Table:
    """So many images through `inkdigits read`: resident memory of all its processes together."""
    rows, figures = [], []
    with tempfile.TemporaryDirectory() as folder:
        names = _files(Path(folder), "28x28 PNG, one digit", count)
        for n in jobs:
            samples: list[tuple[int, float]] = []
            took = _command("read", names, n, samples=samples)
            settled = next((mb for done, mb in samples if done >= min(SETTLED, count // 2)), 0.0)
            last = statistics.median(mb for _, mb in samples[-5:])
            name = f"{n} worker{'s' if n > 1 else ''}"
            rows.append([f"{count:,}", name, f"{took:.0f}", f"{settled:.0f}", f"{last:.0f}", f"{last / settled - 1:+.1%}"])
            figures.append({"images": count, "read_by": name, "seconds": took, "settled_mb": settled, "end_mb": last})
    return Table("memory", MEMORY, rows, figures)


def _files(folder: Path, kind: str, count: int) -> list[str]:
    """Images under so many names."""
    home = folder / kind.replace(" ", "-")
    home.mkdir()
    rng = np.random.default_rng(0)
    for i in range(min(DIFFERENT, count)):
        text = "".join(map(str, rng.integers(0, 10, 10 if "ten" in kind else 1)))
        coded = _crop(text, rng) if "PNG" in kind else note(1000, 1000, [text], 90 if "ten" in kind else 500)
        (home / f"{i}.png").write_bytes(coded)
    for i in range(DIFFERENT, count):
        os.link(home / f"{i % DIFFERENT}.png", home / f"{i}.png")
    return [str(home / f"{i}.png") for i in range(count)]


def _crop(text: str, rng: np.random.Generator) -> bytes:
    """One digit on 28 x 28 pixels of paper, as a PNG."""
    page = np.full((28, 28), 225, np.float32)
    ink = write(text, rng, height=19, pen=2.0)[:26, :26]
    top, left = (28 - ink.shape[0]) // 2, (28 - ink.shape[1]) // 2
    page[top : top + ink.shape[0], left : left + ink.shape[1]] *= 1 - 0.8 * ink
    grey = np.clip(page + rng.normal(0, 3, page.shape), 0, 255).astype(np.uint8)
    return bytes(cv2.imencode(".png", grey)[1])


def _plain(names: Sequence[str], model: Path) -> float:
    """Images a second that a plain loop reads, without what its start takes; in a process of its own, as the others are."""
    code = (
        "import sys, time, cv2, keras\n"
        "model = keras.models.load_model(sys.argv[1])\n"
        "def one(name):\n"
        "    image = cv2.resize(255 - cv2.imread(name, cv2.IMREAD_GRAYSCALE), (28, 28)) / 255.0\n"
        "    return model.predict(image[None].astype('float32'), verbose=0).argmax()\n"
        "one(sys.argv[2])\n"
        "start = time.perf_counter()\n"
        "for name in sys.argv[2:]: one(name)\n"
        "print((len(sys.argv) - 2) / (time.perf_counter() - start))\n"
    )
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([sys.executable, "-c", code, str(model), *names], check=True, capture_output=True, text=True, env=quiet)
    return float(done.stdout.split()[-1])


def _command(
    command: str, names: Sequence[str], jobs: int, options: Sequence[str] = (), samples: list[tuple[int, float]] | None = None
) -> float:
    """Seconds of an `inkdigits` process that reads a list of files; samples: gets (rows so far, megabytes) now and then."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / ("rows" if options else "rows.jsonl")
        words = [sys.executable, "-m", "inkdigits", command, "--from", "-", "--out", str(out), "--jobs", str(jobs), "--quiet", *options]
        with subprocess.Popen(words, stdin=subprocess.PIPE) as process:
            assert process.stdin is not None
            if samples is not None:
                threading.Thread(target=_watch, args=(process, out, samples), daemon=True).start()
            process.stdin.write("\n".join(names).encode())
            process.stdin.close()
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, words)
    return time.perf_counter() - start


def _watch(process: subprocess.Popen[bytes], out: Path, samples: list[tuple[int, float]]) -> None:
    rows = at = 0
    while process.poll() is None:
        time.sleep(0.2)
        try:
            with open(out, "rb") as file:
                file.seek(at)
                block = file.read()
            rows, at = rows + block.count(b"\n"), at + len(block)
            samples.append((rows, resident(process.pid)))
        except OSError:
            continue  # it has just ended


def resident(pid: int) -> float:
    """Resident megabytes of a process and its children, those of each counted whole. Raises OSError where it is gone."""
    children = [one for path in Path(f"/proc/{pid}/task").glob("*/children") for one in path.read_text().split()]  # of every thread
    pages = [int(Path(f"/proc/{one}/statm").read_text().split()[1]) for one in (str(pid), *children)]
    return sum(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6
