"""Files that are there whole or not at all, and files that only one process writes at a time."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import IO, Any

from .errors import OutputError

RETRY = 0.1
"""Seconds between two looks at a lock, where the system cannot wait for it."""


def write(path: str | os.PathLike[str], content: bytes | str) -> None:
    """Write a file as `whole` does. content: a text is written as UTF-8, and a name in it that is not valid UTF-8 as the bytes it has."""
    with whole(path) as part:
        part.write_bytes(content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content)


@contextmanager
def whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A new name in the folder of `path`, which is made where it is missing: what the block writes there takes the place of `path` when
    the block has ended without an error. Until then, and after an error, what was at `path` is still there.

    The new name has the suffix of `path`. A link stays a link, and what it leads to is replaced; a device or a pipe is written to as it
    is. Raises OutputError where the file cannot be written.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file() and not target.is_dir():
        with _said_of(path):
            yield target
        return
    part = target.with_name(f".{os.urandom(4).hex()}.part{target.suffix}")
    try:
        with _said_of(path):
            target.parent.mkdir(parents=True, exist_ok=True)
            yield part
            if target.exists():
                shutil.copymode(target, part)
            os.replace(part, target)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A new folder beside `path`: when the block has ended without an error it takes the place of `path`, and of all that is in it. Until
    then, and after an error, what was at `path` is still there. Raises OutputError where it cannot be written."""
    target = Path(os.path.realpath(path))
    part, old = (target.with_name(f".{os.urandom(4).hex()}.{kind}") for kind in ("part", "old"))
    try:
        with _said_of(path):
            part.mkdir(parents=True)
            yield part
            if target.exists():
                os.replace(target, old)
            os.replace(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        if old.exists() and not target.exists():
            os.replace(old, target)
        shutil.rmtree(old, ignore_errors=True)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Make the folder of a file that will be written later. Raises OutputError where the file could not be written now."""
    target = Path(os.path.realpath(path))
    with _said_of(path):
        if target.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        target.parent.mkdir(parents=True, exist_ok=True)
        probe = target.with_name(f".{os.urandom(4).hex()}.part")
        probe.touch()
        probe.unlink()


class Appended:
    """A file that this process alone writes, a piece at a time: at any moment it holds whole pieces only, but for a kill in the middle of
    one. A context manager, and a stream of text in UTF-8.

    It is made where it is missing, and locked until it is closed. Raises OutputError where it cannot be written, where another process
    has it, and, at the next piece, where it was deleted or replaced meanwhile.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        try:
            self._file = _opened(self.path)
        except OSError as error:
            raise OutputError(f"{self.path} cannot be written: {error.strerror}") from None

    def __enter__(self) -> Appended:
        """It is open already."""
        return self

    def __exit__(self, *_: object) -> None:
        """See `close`."""
        self.close()

    @property
    def size(self) -> int:
        """How many bytes it holds."""
        return os.fstat(self._file.fileno()).st_size

    def head(self, count: int) -> bytes:
        """Its first bytes."""
        self._file.seek(0)
        return self._file.read(count)

    def write(self, text: str) -> int:
        """Add a piece, whole or not at all; a name that is not valid UTF-8 is written as the bytes it has."""
        self._check_there()
        rest, end = memoryview(text.encode("utf-8", "surrogateescape")), self.size
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self.cut(end)
            raise OutputError(f"{self.path} cannot be written: {error.strerror}; what it holds is whole") from None
        return len(text)

    def flush(self) -> None:
        """Every piece is on its way already."""

    def isatty(self) -> bool:
        """It is a file."""
        return False

    def cut(self, size: int) -> None:
        """Keep the first bytes only."""
        self._file.truncate(size)

    def replace(self, pieces: Iterable[bytes]) -> None:
        """Let the file hold these alone, all of them or, after a kill, what it held before; it stays locked."""
        with whole(self.path) as part:
            with open(part, "wb") as new:
                new.writelines(pieces)
            file = open(part, "ab+", buffering=0)  # noqa: SIM115  # as long as this object
            lock(file, wait=False)
        self._file.close()
        self._file = file

    def remove(self) -> None:
        """Delete the file, and close it."""
        with suppress(OSError):
            os.remove(self.path)
        self.close()

    def close(self) -> None:
        """Close the file, and let others have it."""
        self._file.close()

    def _check_there(self) -> None:
        if not _is(self._file, self.path):
            raise OutputError(f"{self.path} was deleted or replaced while it was written; its rows are lost with it, so begin anew")


def _opened(path: str) -> FileIO:
    """A file that is locked for us, and that the path still leads to: who had it before may have put another in its place."""
    while True:
        file = open(path, "ab+", buffering=0)  # noqa: SIM115  # as long as who asked for it
        try:
            if not lock(file, wait=False):
                raise OutputError(f"{path} is being written by another run; wait for its end, or choose another file")
            if _is(file, path):
                return file
        except BaseException:
            file.close()
            raise
        file.close()


def _is(file: FileIO, path: str) -> bool:
    """Whether the path leads to this open file."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except OSError:
        return False


def lock(file: IO[Any], *, wait: bool) -> bool:
    """Lock an open file for this process, until it is closed or the process ends, however it ends. wait: for another process that has
    it. Returns whether it is locked now. Raises OSError where the file system cannot lock."""
    while not _take(file, wait):
        if not wait:
            return False
        time.sleep(RETRY)
    return True


@contextmanager
def _said_of(path: str | os.PathLike[str]) -> Iterator[None]:
    """What the system says, as an OutputError that names the file."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{os.fspath(path)} cannot be written: {error.strerror or error}; choose another place, or make room") from None


if sys.platform == "win32":
    import msvcrt

    _BEYOND = 1 << 40
    """Where the byte that is locked lies: behind all that anybody reads."""

    def _take(file: IO[Any], wait: bool) -> bool:
        at = file.tell()
        try:
            file.seek(_BEYOND)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError:  # held by another process
            return False
        finally:
            file.seek(at)
        return True

else:
    import fcntl

    def _take(file: IO[Any], wait: bool) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True
