"""What a command is going to write is none of what it reads: said before anything is opened, for nothing then is lost."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from ..errors import OutputError
from ..images import SUFFIXES

if TYPE_CHECKING:
    from ..batch.sources import File

Identity = tuple[int, int]
"""Device and number of a file: the same under all of its names."""


class Outputs:
    """Files, and a folder for pictures, that are going to be written.

    files: path by option; None where that was not given. numbered: options whose file may become FILE-1, FILE-2 and so on. pictures: the
    folder of `--annotate`. Every check raises click.UsageError with the reason.
    """

    def __init__(self, files: Mapping[str, str | None], *, numbered: Iterable[str] = (), pictures: str | None = None) -> None:
        self._paths = {option: path for option, path in files.items() if path}
        for (first, one), (second, other) in combinations(self._paths.items(), 2):
            if os.path.realpath(one) == os.path.realpath(other):
                raise click.UsageError(f"{first} and {second} are the same file, {one}; choose another for one of them")
        self._there = {found: option for option, path in self._paths.items() if (found := identity(path))}
        for option in numbered:
            path = Path(self._paths.get(option, ""))
            every = glob.glob(f"{glob.escape(str(path.with_suffix('')))}-*{glob.escape(path.suffix)}") if option in self._paths else ()
            self._there |= {found: option for name in every if (found := identity(name))}
        self._pictures, self._folder = pictures, identity(pictures) if pictures else None

    def may_replace(self, *, but: str | None = None) -> bool:
        """Whether something is there that could be written over; but: an option that is known to write over nothing."""
        return self._folder is not None or any(option != but for option in self._there.values())

    def check_file(self, path: str, what: str = "one of the sources") -> None:
        """Refuse to write over a file that is read. what: it is."""
        self._check(identity(path), what)

    def check_list(self, stream: BinaryIO) -> None:
        """Refuse to write over a list of sources."""
        with suppress(OSError, ValueError):  # what is no file has no number
            found = os.fstat(stream.fileno())
            self._check((found.st_dev, found.st_ino), "the list that --from reads")

    def _check(self, found: Identity | None, what: str) -> None:
        if found and (option := self._there.get(found)):
            raise click.UsageError(f"{option} {self._paths[option]} is {what} and would be written over; choose another file")

    def check_files(self, files: Iterable[File]) -> None:
        """Refuse to write over any of the sources."""
        identity_of_folder = lru_cache(identity)  # many files share one
        for file in files:
            if file.content is not None or file.error:
                continue
            self.check_file(file.name)
            if self._folder is not None and identity_of_folder(os.path.dirname(file.name) or ".") == self._folder:
                raise click.UsageError(
                    f"--annotate {self._pictures} is where {file.name} lies, one of the sources, and pictures may have the names of such; "
                    "choose another folder"
                )

    def check_folder(self, folder: str) -> None:
        """Refuse to write pictures into a folder that is read with all that is below it: the next run would read them."""
        pictures = {option: path for option, path in self._paths.items() if path.lower().endswith(SUFFIXES)}
        for option, path in ({"--annotate": self._pictures} | pictures).items():
            if path and Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
                raise click.UsageError(
                    f"{option} {path} lies in {folder}, which is read: pictures there would be read as sources; choose a place outside"
                )


@contextmanager
def said_of(option: str) -> Iterator[None]:
    """An OutputError is a wrong use of this option."""
    try:
        yield
    except OutputError as error:
        raise click.BadParameter(str(error), param_hint=option) from None


def identity(path: str) -> Identity | None:
    """Which file a path leads to; None where there is none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def read_twice(stream: BinaryIO) -> BinaryIO:
    """A list of sources that can be read from its start again, kept in a temporary file where it comes through a pipe."""
    import shutil
    import tempfile

    if stream.seekable():
        return stream
    kept = tempfile.TemporaryFile()  # noqa: SIM115  # it goes with who asked for it
    shutil.copyfileobj(stream, kept)
    kept.seek(0)
    return kept
