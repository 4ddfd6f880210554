"""What ends a command from outside: Ctrl-C, a request to terminate, a terminal that closes."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
SAID = "interrupted"


@contextmanager
def at_once() -> Iterator[None]:
    """Within, they end the process with a line and nothing else: modules are imported, which do not like it, and nothing is open yet."""
    with _handled(_exit):
        yield


@contextmanager
def interruptible() -> Iterator[None]:
    """Within, Ctrl-C raises KeyboardInterrupt, as it does in every Python program, and the others end the process, as they always do."""
    with _handled(signal.default_int_handler, (signal.SIGINT,)), _handled(signal.SIG_DFL, SIGNALS[1:]):
        yield


@contextmanager
def raised() -> Iterator[None]:
    """Within, they raise KeyboardInterrupt with the number of the signal, so that what is open is closed."""
    with _handled(_raise):
        yield


def status(error: KeyboardInterrupt) -> int:
    """The exit status that says so: 130 for Ctrl-C, 143 for a request to terminate."""
    return 128 + int(error.args[0] if error.args else signal.SIGINT)


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], Any] | signal.Handlers, numbers: Sequence[int] = SIGNALS) -> Iterator[None]:
    """Those that are ignored, as under nohup, stay so; and only the main thread is told at all."""
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: known for number in numbers if (known := signal.getsignal(number)) not in (signal.SIG_IGN, None)}
    for number in before:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, known in before.items():
            signal.signal(number, known)


def _exit(number: int, frame: FrameType | None) -> None:
    try:
        os.write(2, f"{SAID}\n".encode())
    finally:
        os._exit(128 + number)


def _raise(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt(number)
