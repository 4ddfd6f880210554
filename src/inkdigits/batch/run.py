"""Many sources -> one row for every page, in order. What cannot be read is a row that says why; the others are not lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from queue import SimpleQueue
from typing import TYPE_CHECKING

from .. import images
from ..errors import InputError, MissingExtra
from ..options import Options
from ..reading import Reading
from .sources import File

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

    from ..reader import Reader
    from .pool import Pool, Work

    _Page = tuple[int, File, int, images.Document | InputError | MissingExtra]
    """A page to read: the place of its file among those asked for, the file, the number; and the document, or why it cannot be opened."""
    _Begun = tuple["Task", Future[list[Reading]]]

TOGETHER = 16
"""Pages whose tiles are classified together, where nobody waits for the first of them."""
AHEAD = 32
"""Files on their way to each process and back: enough to keep it busy, few enough that memory stays small."""
AHEAD_KEPT = 2
"""The same where Readings carry their images."""
PART = 16
"""Pages of a document that are one task of a process: what is read again where one of them costs it its life."""
DEFAULT = Options()
ALL = range(1, images.MAX_PAGES + 1)
"""Every page of a document."""


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
            yield from in_pool(pool, files, single=single, keep=keep, options=reader.options, ordered=ordered)
        return
    wanted = ((file, ALL) for file in files)
    for _, reading in readings(reader, wanted, single=single, keep=keep, together=TOGETHER if single else 1):
        yield reading


def readings(
    reader: Reader,
    wanted: Iterable[tuple[File, range]],
    *,
    single: bool,
    keep: bool,
    together: int,
    options: Options | None = None,
    begins: Callable[[int], None] = lambda page: None,
) -> Iterator[tuple[int, Reading]]:
    """The Readings of files, page by page in their order, each with the place of its file.

    wanted: files, each with the pages to read; those that there are not, or that are done, are passed over.
    together: pages whose tiles are classified together; none of their Readings comes before the last of them is read.
    options: in place of the Reader's own.
    begins: called with the number of a page before it is decoded, with 0 before a file is opened. Raises ModelError.
    """
    some: list[_Page] = []
    for page in _pages(wanted, begins):
        some.append(page)
        if len(some) == together:
            yield from _read(reader, some, single, keep, options, begins)
            some = []
    yield from _read(reader, some, single, keep, options, begins)


def _pages(wanted: Iterable[tuple[File, range]], begins: Callable[[int], None]) -> Iterator[_Page]:
    """The pages to read. What cannot be opened is said in place of the first of them."""
    for place, (file, pages) in enumerate(wanted):
        begins(0)
        try:
            document = _document(file)
        except (InputError, MissingExtra) as error:
            if pages.start not in file.done:
                yield place, file, pages.start, error
        else:
            left = range(pages.start, min(pages.stop, document.pages + 1))
            yield from ((place, file, number, document) for number in left if number not in file.done)


def _read(
    reader: Reader, some: list[_Page], single: bool, keep: bool, options: Options | None, begins: Callable[[int], None]
) -> Iterator[tuple[int, Reading]]:
    def asked() -> Iterator[tuple[images.Document, int, str]]:
        for _, file, number, document in some:
            if isinstance(document, images.Document):
                begins(number)
                yield document, number, file.name

    answers = iter(reader.read_pages(asked(), single=single, keep=keep, options=options))
    for place, file, number, document in some:
        found = next(answers) if isinstance(document, images.Document) else document
        yield place, found if isinstance(found, Reading) else Reading((), file.name, number, error=_said(found))


def _document(file: File) -> images.Document:
    if file.error:
        raise InputError(file.name, file.error)
    most = images.MAX_PAGES if file.most is None else file.most
    return images.load(file.name if file.content is None else file.content, file.name, most=most)


def _said(error: InputError | MissingExtra) -> str:
    """The message of an error without its source, which has its own place in a row."""
    return error.message if isinstance(error, InputError) else str(error)


def in_pool(
    pool: Pool[Task, list[Reading]],
    files: Iterable[File],
    *,
    single: bool = False,
    keep: bool = False,
    options: Options = DEFAULT,
    ordered: bool = True,
) -> Iterator[Reading]:
    """Read files in the processes of a pool of `reading_work`; the rest as for `rows`, options as of a Reader."""
    begun: deque[_Begun] = deque()
    finished: SimpleQueue[_Begun] = SimpleQueue()
    take = begun.popleft if ordered else finished.get
    count = 0
    for file in files:
        task = Task(file, single, keep, options, range(1, PART + 1))
        future = pool.submit(task)
        if ordered:
            begun.append((task, future))
        else:
            future.add_done_callback(lambda future, task=task: finished.put((task, future)))  # type: ignore[misc]
        count += 1
        if count >= (AHEAD_KEPT if keep else AHEAD) * pool.workers:
            yield from _of_file(pool, *take())
            count -= 1
    for _ in range(count):
        yield from _of_file(pool, *take())


def _of_file(pool: Pool[Task, list[Reading]], task: Task, future: Future[list[Reading]]) -> Iterator[Reading]:
    """All Readings of a file of which the first part is begun. While there are pages in each part, as many parts as there are workers are
    begun."""
    begun: deque[_Begun] = deque([(task, future)])
    while begun:
        task, future = begun.popleft()
        found = _of_part(pool, task, future)
        yield from found
        if not task.file.done.union(reading.page for reading in found).issuperset(task.pages):
            break
        last = begun[-1][0] if begun else task
        while len(begun) < pool.workers:
            last = replace(last, pages=range(last.pages.stop, last.pages.stop + PART))
            begun.append((last, pool.submit(last)))
    for _, future in begun:
        future.cancel()


def _of_part(pool: Pool[Task, list[Reading]], task: Task, future: Future[list[Reading]]) -> list[Reading]:
    """The Readings of a part of a file, where a page that cost a worker its life has an error, and the others are read without it."""
    from .pool import LostError

    lost: list[Reading] = []
    while True:
        try:
            return sorted([*lost, *future.result()], key=lambda reading: reading.page)
        except LostError as error:
            page = error.part or next(number for number in task.pages if number not in task.file.done)
            lost.append(Reading((), task.file.name, page, error=str(error)))
            if not error.part:  # not even opened
                return lost
            task = replace(task, file=replace(task.file, done=task.file.done | {page}))
            future = pool.submit(task)


@dataclass(frozen=True, slots=True)
class Task:
    """Pages of a file for a worker process. single, keep: as in `Reader.trace_page`. options: as of a Reader."""

    file: File
    single: bool = False
    keep: bool = False
    options: Options = DEFAULT
    pages: range = ALL

    @property
    def how(self) -> tuple[bool, bool, str]:
        """Tasks that share this are read together."""
        return self.single, self.keep, repr(self.options)


def reading_work(kind: type[Reader], model: str | Path | None, device: str = "cpu") -> Work[Task, list[Reading]]:
    """What a process of a Pool does: it has a Reader of its own, on one thread; a loaded model does not travel. device: as for `Reader`."""
    import cv2

    from .pool import limit_memory

    if device == "cpu":  # what a GPU's driver lays claim to is no memory
        limit_memory()
    cv2.setNumThreads(1)
    return partial(answers, kind(model, device=device))


def answers(reader: Reader, tasks: Sequence[Task]) -> list[list[Reading]]:
    """The Readings of each task, those of the same kind read together. A sole task is read page by page: so it is known which page is to
    blame where it ends the process."""
    from .pool import begins

    together = TOGETHER if len(tasks) > 1 else 1
    found: list[list[Reading]] = [[] for _ in tasks]
    places = sorted(range(len(tasks)), key=lambda place: tasks[place].how)
    for _, group in groupby(places, key=lambda place: tasks[place].how):
        alike = list(group)
        task = tasks[alike[0]]
        wanted = [(tasks[place].file, tasks[place].pages) for place in alike]
        read = readings(reader, wanted, single=task.single, keep=task.keep, together=together, options=task.options, begins=begins)
        for k, reading in read:
            found[alike[k]].append(reading)
    return found
