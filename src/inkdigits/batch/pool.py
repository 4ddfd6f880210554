"""Worker processes: one that dies, hangs or wants too much memory costs the part of the task that it was at, nothing else.

What the workers do is up to a picklable function that each of them calls once, and that returns how to answer a list of tasks. It tells by
`begins` which part of a task it is at: a part is what has a time limit, and what is lost.
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
from time import monotonic
from typing import Any, Generic, TypeVar

from ..errors import Error

TOGETHER = 16
"""Tasks that are handed to a worker at once, at most."""
TIMEOUT = 120.0
"""Seconds that a worker may take for a part of a task."""
MEMORY = 4 << 30
"""Bytes that a worker may take: the largest pages, decoded from progressive JPEG or 16 bits, take half of them."""
GRACE = 10.0
"""Seconds that a process may take to end that has let go of its connection."""
OUT_OF_MEMORY = 77
"""The exit status of a worker that had no more memory."""

Task = TypeVar("Task")
Answer = TypeVar("Answer")
Work = Callable[[list[Task]], list[Answer]]


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class LostError(Error):
    """The worker died or was given up at this very task. part: the last that it had begun, 0 where it had begun none."""

    def __init__(self, reason: str, part: int = 0) -> None:
        self.part = part
        super().__init__(reason)


_clock: Any = None
"""Of this process where it is a worker: when the part began that it is at, and its number; shared with the process that it works for."""


def begins(part: int) -> None:
    """Tell, in a worker, that a part of a task begins, by its number from 1, or 0 before the first. Elsewhere it does nothing."""
    if _clock is not None:
        _clock[:] = monotonic(), part


def limit_memory(most: int = MEMORY) -> None:
    """Let this process, a worker, take no more bytes than so many, where the system can see to it (Linux)."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


class Pool(Generic[Task, Answer]):
    """Answers tasks in worker processes. A context manager; leaving it ends the workers.

    begin: called in each worker; picklable, as are tasks and answers. workers: how many processes. room: tasks that may wait, 0 for any
    number. timeout: seconds for a part of a task; starting a worker is not counted.
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
        if hasattr(signal, "pthread_sigmask"):  # a worker is born deaf to what the first process answers for all, even while it starts
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
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
            hung = isinstance(error, TimeoutError)
            if not hung:
                worker.process.join(GRACE)  # it is ending by itself, and how it does is to be told
            worker.kill()
            reason = f"took longer than {self.timeout:g} s and was given up" if hung else worker.how_it_ended
            if not new and not worker.begun:
                return self._answer(None, batch)  # it was killed while it was idle, for which these tasks are not to blame
            if len(batch) > 1:
                survivor: _Worker | None = None
                for one in batch:
                    survivor = self._answer(survivor, [one])
                return survivor
            lost = f"the process that read it {reason}; make the image smaller, or report it"
            batch[0][1].set_exception(LostError(lost, worker.part))
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
        self.clock = context.RawArray("d", 2)
        self.process = context.Process(target=_work, args=(far, begin, self.clock), daemon=True)
        self.process.start()
        far.close()  # the end that the worker holds is the only one: when it dies, this one tells
        self.ready = False
        self.begun = False
        """Whether it has the tasks that it was sent last."""

    def answer(self, tasks: list[Any], timeout: float) -> list[Any] | Error:
        """Raises EOFError or OSError where the process died, TimeoutError where a part of a task took too long."""
        if not self.ready:
            self.ready = self.connection.recv()
        self.begun = False
        self.clock[:] = monotonic(), 0
        self.connection.send(tasks)
        self.begun = self._told(timeout)
        answers: list[Any] | Error = self._told(timeout)
        return answers

    def _told(self, timeout: float) -> Any:
        """What it says next."""
        while not self.connection.poll(max(0.0, self.clock[0] + timeout - monotonic())):
            if monotonic() > self.clock[0] + timeout:
                raise TimeoutError
        return self.connection.recv()

    @property
    def part(self) -> int:
        """The number of the part that it began last."""
        return int(self.clock[1])

    @property
    def how_it_ended(self) -> str:
        """What became of a process that is no more, in words."""
        status = self.process.exitcode or 0
        if status == OUT_OF_MEMORY:
            return "ran out of the memory that it may take"
        if status == -signal.SIGKILL:
            return "died (SIGKILL), as where the machine has no more memory"
        return f"died ({signal.Signals(-status).name})" if status < 0 else f"died (exit status {status})"

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


def _work(connection: Connection, begin: Callable[[], Work[Any, Any]], clock: Any) -> None:
    """The whole life of a worker process."""
    global _clock
    _clock = clock
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of a terminal; the first one ends the others
    work = begin()
    with suppress(BrokenPipeError, ConnectionResetError):  # whom it works for is gone
        connection.send(True)
        while (tasks := _next(connection)) is not None:
            connection.send(True)  # they are here: from now on they may be to blame
            try:
                answers: list[Any] | Error = work(tasks)
            except Error as error:
                answers = error
            except Exception as error:
                if not _wants_memory(error):
                    raise
                os._exit(OUT_OF_MEMORY)
            connection.send(answers)


def _wants_memory(error: Exception) -> bool:
    """Whether it says that there was no more memory, in Python's words, OpenCV's or ONNX Runtime's."""
    return isinstance(error, MemoryError) or "alloc" in str(error)


def _next(connection: Connection) -> list[Any] | None:
    try:
        tasks: list[Any] | None = connection.recv()
    except EOFError:  # whom it worked for is gone
        return None
    return tasks
