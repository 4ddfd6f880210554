"""Many sources -> one row for every page, in order. What cannot be read is a row that says why; the others are not lost."""

from __future__ import annotations

import glob
import os
import re
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from . import images
from .errors import Error, InputError, MissingExtra
from .reader import Reader
from .reading import Reading

AHEAD = 4
"""Files in the hands of each process: enough to keep it busy, few enough that results come soon and memory stays small."""


@dataclass(frozen=True, slots=True)
class File:
    """A file to read. name: as the user gave it. content: for standard input. error: why there is nothing to read, "" where there is."""

    name: str
    content: bytes | None = None
    error: str = ""


def expand(sources: Iterable[str]) -> Iterator[File]:
    """The files that the sources mean: files, folders with all below them, globs that the shell left alone, and "-", standard input.

    Folders are searched for names with an image suffix, in natural order (page2 before page10); hidden files are passed over.
    A folder without images and a glob without matches come out as Files with an error.
    """
    for source in sources:
        if source == "-":
            yield File("-", content=sys.stdin.buffer.read())
        elif os.path.isdir(source):
            yield from _in_folder(source)
        elif not os.path.lexists(source) and glob.has_magic(source):
            found = sorted(glob.glob(source, recursive=True), key=_natural)
            yield from expand(found) if found else [File(source, error="no file matches; check the pattern and the folder")]
        else:
            yield File(source)


def rows(reader: Reader, files: Iterable[File], *, single: bool = False, keep: bool = False, jobs: int = 1) -> Iterator[Reading]:
    """Read files, page by page, in the order given; each Reading comes as soon as it is there.

    single: one digit an image, as `Reader.predict`. keep: let the Readings carry their images. jobs: processes that read at the same time.
    A file or page that cannot be read is a Reading with `error` set. Raises ModelError, and Error where a process was killed.
    """
    if jobs == 1:
        for file in files:
            yield from _read(reader, file, single, keep)
    else:
        yield from _in_processes(reader, files, single, keep, jobs)


def _in_folder(folder: str) -> Iterator[File]:
    empty = True
    denied: list[OSError] = []
    for path, below, names in os.walk(folder, onerror=denied.append):
        below[:] = sorted((name for name in below if not name.startswith(".")), key=_natural)
        for name in sorted(names, key=_natural):
            if name.lower().endswith(images.SUFFIXES) and not name.startswith("."):
                empty = False
                yield File(os.path.join(path, name))
    for error in denied:
        yield File(str(error.filename), error=f"the folder cannot be read: {error.strerror}")
    if empty and not denied:
        yield File(folder, error="no images in this folder; their names must end in " + ", ".join(images.SUFFIXES))


def _natural(name: str) -> list[str | int]:
    """Sorts digits by their value. Text and numbers alternate, so that like is compared with like."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name.lower())]


def _read(reader: Reader, file: File, single: bool, keep: bool) -> Iterator[Reading]:
    """The Readings of one file."""
    if file.error:
        yield Reading((), file.name, error=file.error)
        return
    try:
        document = images.load(file.name if file.content is None else file.content, file.name)
    except (InputError, MissingExtra) as error:
        yield Reading((), file.name, error=_said(error))
        return
    for page in range(1, document.pages + 1):
        try:
            yield reader.trace_page(document, page, single=single, source=file.name, keep=keep).reading
        except InputError as error:
            yield Reading((), file.name, page, error=_said(error))


def _said(error: InputError | MissingExtra) -> str:
    """The message of an error without its source, which has its own place in a row."""
    return str(error).removeprefix(f"{error.source}: ") if isinstance(error, InputError) else str(error)


def _in_processes(reader: Reader, files: Iterable[File], single: bool, keep: bool, jobs: int) -> Iterator[Reading]:
    import multiprocessing
    from concurrent.futures import Future, ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    # A loaded model does not travel to another process: each loads its own, and runs it on one thread.
    fresh = type(reader)(reader.model, reader.threshold)
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _start, (fresh, single, keep))
    waiting: deque[Future[list[Reading]]] = deque()
    try:
        for file in files:
            waiting.append(pool.submit(_work, file))
            if len(waiting) >= AHEAD * jobs:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    except BrokenProcessPool:
        raise Error("a reading process was killed, perhaps for want of memory; try again with fewer --jobs") from None
    finally:
        pool.shutdown(cancel_futures=True)


_task: tuple[Reader, bool, bool]
"""In a reading process: its Reader, and what to do."""


def _start(reader: Reader, single: bool, keep: bool) -> None:
    import signal

    global _task
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of a terminal; the first one ends the others
    _task = reader, single, keep


def _work(file: File) -> list[Reading]:
    reader, single, keep = _task
    return list(_read(reader, file, single, keep))
