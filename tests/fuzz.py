"""Damaged image files: each gives a Reading or one of our errors, in 2 s and 1 GB. `make fuzz` runs it, pytest does not.

    python tests/fuzz.py [--files 100000] [--seed 0] [--workers 2]     mutate and read; exit status 1 where something was found
    python tests/fuzz.py fuzz-findings/NAME ...                        read these files as they are, in this process

The examples, made small, are encoded into every format that is read, and their bytes are changed: bits, numbers, cuts, repeats, splices.
File N of a seed is always the same one. What was found is kept in fuzz-findings/, bytes and reason, a few files of each kind.
Seconds are those of the processor, so that a busy machine finds nothing; what takes WALL of the clock is stopped and is a finding too.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import resource
import signal
import sys
import time
import traceback
from collections import Counter, deque
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path

import cv2

from damaged import SIDE, mutated, sources
from inkdigits import Digit, Error, ModelError, Reader, Reading, images

ROOT = Path(__file__).parent.parent
SECONDS, WALL, MEMORY = 2.0, 40.0, 1 << 30
KEEP = 3
"""Files kept of each kind of finding."""
WHOLE = 10
"""Every so many files are read as a page of lines, the others as one digit."""


def outcome(reader: Reader, data: bytes, whole: bool) -> tuple[str, str]:
    """Read one file: what came of it; and, where that must not be, the traceback."""
    try:
        if whole:
            found: Digit | Reading = reader.read(data)
        else:  # a JPEG at a quarter of its size
            found = reader.predict(images.load(data).decode(1, SIDE // 4).image)
    except ModelError as error:
        return "no model", str(error)
    except Error as error:
        reason = getattr(error, "reason", str(error))
        return f"{type(error).__name__}: " + re.sub(r"\d+", "N", reason.split(": it starts")[0].split(": its first")[0]), ""
    except BaseException as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} in {Path(last.filename).name}, {last.name}", traceback.format_exc()
    text = found.label if isinstance(found, Digit) else found.text
    return ("nothing to read on it" if text in ("", "?") else "read"), ""


def work(pipe: Connection) -> None:
    """In a process of its own: read what comes through the pipe, say what came of it, how long it took, and the most memory so far."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)  # libpng, libtiff and others say every time what they think of such files
    cv2.setNumThreads(1)
    reader = Reader(threshold=0)
    job = pipe.recv()
    while job is not None:
        start = time.process_time()
        kind, trace = outcome(reader, *job)
        pipe.send((kind, trace, time.process_time() - start, most_memory()))
        job = pipe.recv()


def most_memory() -> int:
    """The most bytes that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


@dataclass
class Worker:
    process: multiprocessing.process.BaseProcess
    pipe: Connection
    name: str = ""
    data: bytes = b""
    until: float = 0.0

    def give(self, name: str, data: bytes, whole: bool) -> None:
        self.name, self.data, self.until = name, data, time.monotonic() + WALL
        self.pipe.send((data, whole))

    def stop(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


def start() -> Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    return Worker(process, ours)


class Findings:
    """What must not be: counted by kind, the first of each kind kept as a file with its reason beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.kinds = folder, Counter[str]()

    def add(self, kind: str, name: str, data: bytes, reason: str) -> None:
        self.kinds[kind] += 1
        if self.kinds[kind] > KEEP:
            return
        self.folder.mkdir(exist_ok=True)
        (self.folder / name).write_bytes(data)
        (self.folder / f"{name}.txt").write_text(f"{kind}\n{reason}\n")
        say(f"\rfound: {kind}: {self.folder.name}/{name}, {len(data)} bytes", "\n")


def say(text: str, end: str = "") -> None:
    print(text, end=end, file=sys.stderr, flush=True)


def fuzz(files: int, seed: int, workers: int, folder: Path) -> int:
    """Read so many mutated files; returns the exit status."""
    seeds = sources()
    names, findings = list(seeds), Findings(folder)
    kinds: Counter[str] = Counter()
    slowest, largest = (0.0, ""), (0, "")
    # The unchanged files go first: each must be readable, or the changed ones would test nothing.
    queue = deque([(name, seeds[name], n % WHOLE == 0) for n, name in enumerate(names)])
    total, given, done, begun, shown = len(names) + files, 0, 0, time.monotonic(), 0.0
    busy: dict[Connection, Worker] = {}
    idle = [start() for _ in range(workers)]
    try:
        while done < total:
            while idle and (queue or given < files):
                if queue:
                    job = queue.popleft()
                else:
                    job = (*mutated(names, seeds, seed, given), given % WHOLE == 0)
                    given += 1
                worker = idle.pop()
                worker.give(*job)
                busy[worker.pipe] = worker
            ready = wait(list(busy), timeout=1)
            for pipe in [*ready, *(p for p, w in busy.items() if p not in ready and time.monotonic() > w.until)]:
                worker = busy.pop(pipe)
                done += 1
                suffix = worker.name.rpartition(".")[2]
                try:
                    if pipe not in ready:
                        raise TimeoutError
                    kind, trace, seconds, memory = pipe.recv()
                except (EOFError, OSError) as error:
                    worker.process.join(5)
                    hang = isinstance(error, TimeoutError)
                    kind = (
                        f"{suffix}: no answer in {WALL:g} s" if hang else f"{suffix}: the process died, exit code {worker.process.exitcode}"
                    )
                    findings.add(kind, worker.name, worker.data, "")
                    kinds["hang or death"] += 1
                    worker.stop()
                    idle.append(start())
                    continue
                kinds[kind] += 1
                if trace:
                    findings.add(kind, worker.name, worker.data, trace)
                elif worker.name in seeds and kind not in ("read", "nothing to read on it"):
                    findings.add(f"unchanged {suffix}: {kind}", worker.name, worker.data, "")
                slowest = max(slowest, (seconds, worker.name))
                largest = max(largest, (memory, worker.name), key=lambda pair: pair[0])  # the first file at which it was that large
                if seconds > SECONDS:
                    findings.add(f"{suffix}: slow", worker.name, worker.data, f"{seconds:.1f} s: {kind}")
                if memory > MEMORY:
                    findings.add(f"{suffix}: memory", worker.name, worker.data, f"{memory >> 20} MiB: {kind}")
                    worker.stop()
                    worker = start()
                idle.append(worker)
            passed = time.monotonic() - begun
            if done and (passed > shown + 1 or done == total):
                shown, rate = passed, done / passed
                left = (total - done) / rate / 60
                say(f"\r{done} of {total} files, {rate:.0f} a second, {left:.1f} min left, {findings.kinds.total()} found ")
    except KeyboardInterrupt:
        say("\nstopped")
    finally:
        for worker in [*idle, *busy.values()]:
            worker.stop()
    passed = time.monotonic() - begun
    print(f"\n{done} files in {passed / 60:.1f} min ({len(names)} unchanged; seed {seed}), {done / max(passed, 1e-9):.0f} a second")
    for kind, count in kinds.most_common():
        print(f"{count:8d}  {kind}")
    print(f"slowest {slowest[0]:.2f} s of processor time ({slowest[1]}); largest process {largest[0] >> 20} MiB (since {largest[1]})")
    for kind, count in findings.kinds.most_common():
        print(f"found {count:6d}  {kind}")
    print(f"see {folder}/" if findings.kinds else "nothing found")
    return 1 if findings.kinds else 0


def reread(paths: list[Path]) -> int:
    """Read files as they are, both ways, and say what comes of it; returns the exit status."""
    reader, bad = Reader(threshold=0), 0
    for path in paths:
        for whole in (False, True):
            begun = time.process_time()
            kind, trace = outcome(reader, path.read_bytes(), whole)
            seconds, memory = time.process_time() - begun, most_memory()
            bad += bool(trace) or seconds > SECONDS or memory > MEMORY
            print(f"{path}, {'read' if whole else 'predict'}: {kind}, {seconds:.2f} s, {memory >> 20} MiB so far\n{trace}", end="")
    return 1 if bad else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path, help="files to read as they are, instead of mutated ones")
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--findings", type=Path, default=ROOT / "fuzz-findings")
    options = parser.parse_args()
    return reread(options.paths) if options.paths else fuzz(options.files, options.seed, options.workers, options.findings)


if __name__ == "__main__":
    sys.exit(main())
