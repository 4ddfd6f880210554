"""Many sources -> one row for every page, in order. What cannot be read is a row that says why; the others are not lost."""

from __future__ import annotations

import glob
import os
import re
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from . import images
from .errors import InputError, MissingExtra
from .pool import TOGETHER, LostError, Pool, Work
from .reading import Reading

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

    from .reader import Reader

AHEAD = 32
"""Files on their way to each process and back: enough to keep it busy, few enough that memory stays small."""


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
    A file or page that cannot be read is a Reading with `error` set. Raises ModelError.
    """
    if jobs > 1:
        yield from _in_processes(reader, files, single, keep, jobs)
        return
    for _, reading in readings(reader, files, single=single, keep=keep, together=TOGETHER if single else 1):
        yield reading


def readings(reader: Reader, files: Iterable[File], *, single: bool, keep: bool, together: int) -> Iterator[tuple[int, Reading]]:
    """The Readings of files, page by page in their order, each with the place of its file.

    together: pages whose tiles are classified together; none of their Readings comes before the last of them is read. Raises ModelError.
    """
    some: list[tuple[int, File, int, images.Document | InputError | MissingExtra]] = []
    for page in _pages(files):
        some.append(page)
        if len(some) == together:
            yield from _read(reader, some, single, keep)
            some = []
    yield from _read(reader, some, single, keep)


def _pages(files: Iterable[File]) -> Iterator[tuple[int, File, int, images.Document | InputError | MissingExtra]]:
    """Each page: the place of its file, the file, the number; and the document, or why it cannot be opened."""
    for place, file in enumerate(files):
        try:
            document = _document(file)
        except (InputError, MissingExtra) as error:
            yield place, file, 1, error
        else:
            yield from ((place, file, number, document) for number in range(1, document.pages + 1))


def _read(
    reader: Reader, some: list[tuple[int, File, int, images.Document | InputError | MissingExtra]], single: bool, keep: bool
) -> Iterator[tuple[int, Reading]]:
    asked = [(document, number, file.name) for _, file, number, document in some if isinstance(document, images.Document)]
    answers = iter(reader.read_pages(asked, single=single, keep=keep))
    for place, file, number, document in some:
        found = next(answers) if isinstance(document, images.Document) else document
        yield place, found if isinstance(found, Reading) else Reading((), file.name, number, error=_said(found))


def _document(file: File) -> images.Document:
    if file.error:
        raise InputError(file.name, file.error)
    return images.load(file.name if file.content is None else file.content, file.name)


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


def _said(error: InputError | MissingExtra) -> str:
    """The message of an error without its source, which has its own place in a row."""
    return str(error).removeprefix(f"{error.source}: ") if isinstance(error, InputError) else str(error)


def _in_processes(reader: Reader, files: Iterable[File], single: bool, keep: bool, jobs: int) -> Iterator[Reading]:
    waiting: deque[tuple[File, Future[list[Reading]]]] = deque()
    with Pool(partial(reading_work, type(reader), reader.model), jobs) as pool:
        for file in files:
            waiting.append((file, pool.submit(Task(file, single, keep, reader.threshold))))
            if len(waiting) >= AHEAD * jobs:
                yield from _result(*waiting.popleft())
        while waiting:
            yield from _result(*waiting.popleft())


def _result(file: File, future: Future[list[Reading]]) -> list[Reading]:
    try:
        return future.result()
    except LostError as error:
        return [Reading((), file.name, error=str(error))]


@dataclass(frozen=True, slots=True)
class Task:
    """A file for a worker process, and how to read it: `single` and `keep` as in `Reader.trace_page`, `threshold` as in `Reader`."""

    file: File
    single: bool = False
    keep: bool = False
    threshold: float | None = None

    @property
    def how(self) -> tuple[bool, bool, float]:
        """Tasks that share this are read together."""
        return self.single, self.keep, -1.0 if self.threshold is None else self.threshold


def reading_work(kind: type[Reader], model: str | Path | None) -> Work[Task, list[Reading]]:
    """What a process of a Pool does: it has a Reader of its own, on one thread; a loaded model does not travel."""
    import cv2

    cv2.setNumThreads(1)
    return partial(answers, kind(model))


def answers(reader: Reader, tasks: Sequence[Task]) -> list[list[Reading]]:
    """The Readings of each task, those of the same kind read together."""
    found: list[list[Reading]] = [[] for _ in tasks]
    places = sorted(range(len(tasks)), key=lambda place: tasks[place].how)
    for _, group in groupby(places, key=lambda place: tasks[place].how):
        alike = list(group)
        task = tasks[alike[0]]
        reader.threshold = task.threshold
        files = [tasks[place].file for place in alike]
        for k, reading in readings(reader, files, single=task.single, keep=task.keep, together=TOGETHER):
            found[alike[k]].append(reading)
    return found
