"""Work that training shares out among processes.

What they are given lies in files, and what goes through a pipe is no more than a name: whoever writes more than a pipe holds to a process
that dies waits for ever, on CPython before 3.11.5 for a task, on any for what the process begins with.
"""

from __future__ import annotations

import multiprocessing
import pickle
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import cv2

from inkdigits.errors import RecipeError

Task = TypeVar("Task")
Result = TypeVar("Result")
Call = tuple[Callable[..., Any] | None, tuple[Any, ...]]

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
    with TemporaryDirectory(prefix="inkdigits-") as folder:
        first, *files = _kept(Path(folder), [(prepare, given), *((work, (task,)) for task in tasks)])
        pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin, (first,))
        try:
            yield from pool.map(_done, files)
        except BrokenProcessPool:
            raise RecipeError(DIED) from None
        finally:
            pool.shutdown(cancel_futures=True)


def _kept(folder: Path, calls: Iterable[Call]) -> list[Path]:
    """A file for each call."""
    files = []
    for number, call in enumerate(calls):
        files.append(folder / str(number))
        files[-1].write_bytes(pickle.dumps(call))
    return files


def _begin(file: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    _done(file)


def _done(file: Path) -> Any:
    """What comes of the call in a file; None of no call."""
    call, given = pickle.loads(file.read_bytes())
    return None if call is None else call(*given)
