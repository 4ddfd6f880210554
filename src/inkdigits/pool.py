"""Worker processes that read, each with a Reader of its own: one that dies or hangs costs the file that it was reading, nothing else."""

from __future__ import annotations

import multiprocessing
import queue
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from .batch import TOGETHER, File, readings
from .errors import Error
from .reading import Reading

if TYPE_CHECKING:
    from .reader import Reader

TIMEOUT = 120.0
"""Seconds that a worker may take for a file. The slowest that is read is a PDF of many pages."""
DIED = "the process that read it died, perhaps for want of memory; make the image smaller, or report it"
HUNG = "reading it took longer than {:g} s and was given up; make the image smaller, or report it"


@dataclass(frozen=True, slots=True)
class Task:
    """A file to read, and how: `single` and `keep` as in `Reader.trace_page`, `threshold` as in `Reader`."""

    file: File
    single: bool = False
    keep: bool = False
    threshold: float | None = None

    @property
    def how(self) -> tuple[bool, bool, float]:
        """Tasks that share this are read together."""
        return self.single, self.keep, -1.0 if self.threshold is None else self.threshold


class Pool:
    """Reads files in worker processes. A context manager; leaving it ends the workers.

    reader: each worker makes one like it. workers: how many processes. room: tasks that may wait, 0 for any number. timeout: seconds
    for a file.
    """

    def __init__(self, reader: Reader, workers: int, *, room: int = 0, timeout: float = TIMEOUT) -> None:
        self.model, self.kind, self.workers, self.timeout = reader.model, type(reader), workers, timeout
        self._tasks: queue.Queue[tuple[Task, Future[list[Reading]]] | None] = queue.Queue(room)
        self._threads = [threading.Thread(target=self._keep_busy, daemon=True) for _ in range(workers)]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Pool:
        """The workers are there already."""
        return self

    def __exit__(self, *_: object) -> None:
        """See `close`."""
        self.close()

    @property
    def waiting(self) -> int:
        """Tasks that no worker has begun."""
        return self._tasks.qsize()

    def submit(self, task: Task, *, wait: bool = True) -> Future[list[Reading]]:
        """Have a file read: a Reading for each page. wait: for room among the waiting; without it raises queue.Full where there is none.

        The future raises ModelError where the model cannot be loaded; every other trouble is a Reading with `error` set.
        """
        future: Future[list[Reading]] = Future()
        self._tasks.put((task, future), block=wait)
        return future

    def close(self) -> None:
        """End the workers; what waits is cancelled, what runs is finished."""
        with suppress(queue.Empty):
            while (waiting := self._tasks.get_nowait()) is not None:
                waiting[1].cancel()
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()

    def _keep_busy(self) -> None:
        """The thread of one worker: hands it what waits, its share of it at once."""
        worker: _Worker | None = None
        while (first := self._tasks.get()) is not None:
            batch = [first]
            with suppress(queue.Empty):
                for _ in range(min(TOGETHER - 1, self._tasks.qsize() // self.workers)):
                    if (another := self._tasks.get_nowait()) is None:
                        self._tasks.put(None)  # the end, for after this batch
                        break
                    batch.append(another)
            batch = [(task, future) for task, future in batch if future.set_running_or_notify_cancel()]
            if batch:
                worker = self._read(worker, batch)
        if worker is not None:
            worker.end()

    def _read(self, worker: _Worker | None, batch: list[tuple[Task, Future[list[Reading]]]]) -> _Worker | None:
        """Have a batch read; returns the worker, or None where it did not survive. Then each file is tried again by itself."""
        worker = worker or _Worker(self.kind, self.model)
        try:
            answer = worker.read([task for task, _ in batch], self.timeout)
        except (EOFError, OSError, TimeoutError) as error:
            worker.kill()
            if len(batch) > 1:
                survivor: _Worker | None = None
                for one in batch:
                    survivor = self._read(survivor, [one])
                return survivor
            task, future = batch[0]
            reason = HUNG.format(self.timeout) if isinstance(error, TimeoutError) else DIED
            future.set_result([Reading((), task.file.name, error=reason)])
            return None
        if isinstance(answer, Error):
            for _, future in batch:
                future.set_exception(answer)
        else:
            for (_, future), pages in zip(batch, answer, strict=True):
                future.set_result(pages)
        return worker


class _Worker:
    """A process that reads, and the way to it."""

    def __init__(self, kind: type[Reader], model: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, far = context.Pipe()
        self.process = context.Process(target=_work, args=(far, kind, model), daemon=True)
        self.process.start()
        far.close()  # the end that the worker holds is the only one: when it dies, this one tells
        self.ready = False

    def read(self, tasks: list[Task], timeout: float) -> list[list[Reading]] | Error:
        """Raises EOFError or OSError where the process died, TimeoutError where it took too long."""
        if not self.ready:
            self.ready = self.connection.recv()  # starting is not counted
        self.connection.send(tasks)
        if not self.connection.poll(timeout * len(tasks)):
            raise TimeoutError
        answer: list[list[Reading]] | Error = self.connection.recv()
        return answer

    def end(self) -> None:
        """Let it finish."""
        with suppress(OSError):
            self.connection.send(None)
        self.process.join()

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.join()
        self.connection.close()


def _work(connection: Connection, kind: type[Reader], model: Any) -> None:
    """The whole life of a worker process."""
    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of a terminal; the first one ends the others
    cv2.setNumThreads(1)
    reader = kind(model)
    connection.send(True)
    while (tasks := _next(connection)) is not None:
        try:
            answer: list[list[Reading]] | Error = _answers(reader, tasks)
        except Error as error:
            answer = error
        connection.send(answer)


def _next(connection: Connection) -> list[Task] | None:
    try:
        tasks: list[Task] | None = connection.recv()
    except EOFError:  # whom it worked for is gone
        return None
    return tasks


def _answers(reader: Reader, tasks: Sequence[Task]) -> list[list[Reading]]:
    """The Readings of each task, those of the same kind read together."""
    places = sorted(range(len(tasks)), key=lambda place: tasks[place].how)
    found: dict[int, list[Reading]] = {}
    for _, group in groupby(places, key=lambda place: tasks[place].how):
        alike = list(group)
        task = tasks[alike[0]]
        reader.threshold = task.threshold
        files = [tasks[place].file for place in alike]
        found |= {place: [] for place in alike}
        for k, reading in readings(reader, files, single=task.single, keep=task.keep, together=TOGETHER):
            found[alike[k]].append(reading)
    return [found[place] for place in range(len(tasks))]
