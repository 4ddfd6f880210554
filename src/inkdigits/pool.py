"""Worker processes: one that dies or hangs costs the task that it was at, nothing else.

What the workers do is up to a picklable function that each of them calls once, and that returns how to answer a list of tasks.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeVar

from .errors import Error

TOGETHER = 16
"""Tasks that are handed to a worker at once, at most."""
TIMEOUT = 120.0
"""Seconds that a worker may take for a task. The slowest is a PDF of many pages."""

Task = TypeVar("Task")
Answer = TypeVar("Answer")
Work = Callable[[list[Task]], list[Answer]]


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class LostError(Error):
    """The worker died or was given up at this very task."""


class Pool(Generic[Task, Answer]):
    """Answers tasks in worker processes. A context manager; leaving it ends the workers.

    begin: called in each worker; picklable, as are tasks and answers. workers: how many processes. room: tasks that may wait, 0 for any
    number. timeout: seconds for a task; starting a worker is not counted.
    """

    def __init__(self, begin: Callable[[], Work[Task, Answer]], workers: int, *, room: int = 0, timeout: float = TIMEOUT) -> None:
        self.begin, self.workers, self.room, self.timeout = begin, workers, room, timeout
        self._tasks: queue.Queue[tuple[Task, Future[Answer]] | None] = queue.Queue()
        self._threads = [threading.Thread(target=self._keep_busy, daemon=True) for _ in range(workers)]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Pool[Task, Answer]:
        """The workers start with the first task."""
        return self

    def __exit__(self, *_: object) -> None:
        """See `close`."""
        self.close()

    @property
    def waiting(self) -> int:
        """Tasks that no worker has begun, and that nobody has cancelled."""
        with self._tasks.mutex:
            return sum(item is not None and not item[1].cancelled() for item in self._tasks.queue)

    def submit(self, task: Task) -> Future[Answer]:
        """Have a task answered. Raises queue.Full as `submit_all` does.

        The future raises LostError, and what of ours the work raises: then all tasks that were handed over together fail alike.
        """
        return self.submit_all([task])[0]

    def submit_all(self, tasks: Sequence[Task]) -> list[Future[Answer]]:
        """Have tasks answered, all of them or none: raises queue.Full where others wait already and there is no room for all of these.

        Where nothing waits they are taken, however many they are: else what is more than `room` would never be answered.
        """
        if self.room and (waiting := self.waiting) and waiting + len(tasks) > self.room:
            raise queue.Full
        futures: list[Future[Answer]] = [Future() for _ in tasks]
        for item in zip(tasks, futures, strict=True):
            self._tasks.put(item)
        return futures

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
                worker = self._answer(worker, batch)
        if worker is not None:
            worker.end()

    def _answer(self, worker: _Worker | None, batch: list[tuple[Task, Future[Answer]]]) -> _Worker | None:
        """Have a batch answered; returns the worker, or None where it did not survive. Then each task is tried again by itself."""
        new = worker is None
        worker = worker or _Worker(self.begin)
        try:
            answers = worker.answer([task for task, _ in batch], self.timeout)
        except (EOFError, OSError, TimeoutError) as error:
            worker.kill()
            if not new and not worker.begun:
                return self._answer(None, batch)  # it was killed while it was idle, for which these tasks are not to blame
            if len(batch) > 1:
                survivor: _Worker | None = None
                for one in batch:
                    survivor = self._answer(survivor, [one])
                return survivor
            hung = isinstance(error, TimeoutError)
            reason = f"took longer than {self.timeout:g} s and was given up" if hung else "died, perhaps for want of memory"
            batch[0][1].set_exception(LostError(f"the process that read it {reason}; make the image smaller, or report it"))
            return None
        if isinstance(answers, Error):
            for _, future in batch:
                future.set_exception(answers)
        else:
            for (_, future), answer in zip(batch, answers, strict=True):
                future.set_result(answer)
        return worker


class _Worker:
    """A worker process, and the way to it."""

    def __init__(self, begin: Callable[[], Work[Any, Any]]) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, far = context.Pipe()
        self.process = context.Process(target=_work, args=(far, begin), daemon=True)
        self.process.start()
        far.close()  # the end that the worker holds is the only one: when it dies, this one tells
        self.ready = False
        self.begun = False
        """Whether it has the tasks that it was sent last."""

    def answer(self, tasks: list[Any], timeout: float) -> list[Any] | Error:
        """Raises EOFError or OSError where the process died, TimeoutError where it took too long."""
        if not self.ready:
            self.ready = self.connection.recv()
        self.begun = False
        self.connection.send(tasks)
        self.begun = self._told(timeout)
        answers: list[Any] | Error = self._told(timeout * len(tasks))
        return answers

    def _told(self, timeout: float) -> Any:
        """What it says next."""
        if not self.connection.poll(timeout):
            raise TimeoutError
        return self.connection.recv()

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


def _work(connection: Connection, begin: Callable[[], Work[Any, Any]]) -> None:
    """The whole life of a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of a terminal; the first one ends the others
    work = begin()
    connection.send(True)
    while (tasks := _next(connection)) is not None:
        connection.send(True)  # they are here: from now on they may be to blame
        try:
            answers: list[Any] | Error = work(tasks)
        except Error as error:
            answers = error
        connection.send(answers)


def _next(connection: Connection) -> list[Any] | None:
    try:
        tasks: list[Any] | None = connection.recv()
    except EOFError:  # whom it worked for is gone
        return None
    return tasks
