"""Many sources -> one row for every page, in order. What cannot be read is a row that says why; the others are not lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from queue import SimpleQueue
from typing import TYPE_CHECKING

from . import images
from .errors import InputError, MissingExtra
from .reading import Reading
from .sources import File

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

    from .pool import Pool, Work
    from .reader import Reader

TOGETHER = 16
"""Pages whose tiles are classified together, where nobody waits for the first of them."""
AHEAD = 32
"""Files on their way to each process and back: enough to keep it busy, few enough that memory stays small."""


def rows(
    reader: Reader, files: Iterable[File], *, single: bool = False, keep: bool = False, jobs: int = 1, ordered: bool = True
) -> Iterator[Reading]:
    """Read files, page by page, in the order given; each Reading comes as soon as it is there. However many there are, only a few are
    held at a time.

    single: one digit an image, as `Reader.predict`. keep: let the Readings carry their images. jobs: processes that read at the same time.
    ordered: False gives the Readings of several jobs as they come, so that a slow file keeps none waiting.
    A file or page that cannot be read is a Reading with `error` set. Raises ModelError.
    """
    if jobs > 1:
        from .pool import Pool  # what processes need is not imported by those who want none

        with Pool(partial(reading_work, type(reader), reader.model, reader.device), jobs) as pool:
            yield from in_pool(pool, files, single=single, keep=keep, threshold=reader.threshold, ordered=ordered)
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
            if 1 not in file.done:
                yield place, file, 1, error
        else:
            yield from ((place, file, number, document) for number in range(1, document.pages + 1) if number not in file.done)


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


def _said(error: InputError | MissingExtra) -> str:
    """The message of an error without its source, which has its own place in a row."""
    return error.message if isinstance(error, InputError) else str(error)


def in_pool(
    pool: Pool[Task, list[Reading]],
    files: Iterable[File],
    *,
    single: bool = False,
    keep: bool = False,
    threshold: float | None = None,
    ordered: bool = True,
) -> Iterator[Reading]:
    """Read files in the processes of a pool of `reading_work`; the rest as for `rows`, `threshold` as in `Reader`."""
    begun: deque[tuple[File, Future[list[Reading]]]] = deque()
    finished: SimpleQueue[tuple[File, Future[list[Reading]]]] = SimpleQueue()
    take = begun.popleft if ordered else finished.get
    count = 0
    for file in files:
        future = pool.submit(Task(file, single, keep, threshold))
        if ordered:
            begun.append((file, future))
        else:
            future.add_done_callback(lambda future, file=file: finished.put((file, future)))  # type: ignore[misc]
        count += 1
        if count >= AHEAD * pool.workers:
            yield from _result(*take())
            count -= 1
    for _ in range(count):
        yield from _result(*take())


def _result(file: File, future: Future[list[Reading]]) -> list[Reading]:
    from .pool import LostError

    try:
        return future.result()
    except LostError as error:
        return [Reading((), file.name, max(file.done, default=0) + 1, error=str(error))]


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


def reading_work(kind: type[Reader], model: str | Path | None, device: str = "cpu") -> Work[Task, list[Reading]]:
    """What a process of a Pool does: it has a Reader of its own, on one thread; a loaded model does not travel. device: as for `Reader`."""
    import cv2

    cv2.setNumThreads(1)
    return partial(answers, kind(model, device=device))


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
