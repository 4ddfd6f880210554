"""Work that training shares out among processes."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

import cv2

from inkdigits.errors import RecipeError

Task = TypeVar("Task")
Result = TypeVar("Result")

DIED = (
    'a process that makes training images died: a script that trains must do so below `if __name__ == "__main__":`, '
    "as such processes import it; and they may have been ended for want of memory"
)


def in_processes(
    work: Callable[[Task], Result], tasks: Sequence[Task], workers: int, prepare: Callable[..., None] | None = None, *given: Any
) -> Iterator[Result]:
    """work(task) of each task, in their order, done by `workers` processes of one thread each.

    prepare: is called first in each of them, with what is given. Ctrl-C reaches the caller alone, and ends them after the task they are at.
    Raises RecipeError where one of them dies.
    """
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin, (prepare, given))
    try:
        yield from pool.map(work, tasks)
    except BrokenProcessPool:
        raise RecipeError(DIED) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(prepare: Callable[..., None] | None, given: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    if prepare is not None:
        prepare(*given)
