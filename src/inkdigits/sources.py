"""What is to be read: files, folders, globs, lists of names, standard input."""

from __future__ import annotations

import glob
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from . import images

BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class File:
    """A file to read.

    name: as the user gave it. content: of what is no file, such as standard input. error: why there is nothing to read, "" where there is.
    done: the pages that were read before, and are not to be read again.
    """

    name: str
    content: bytes | None = None
    error: str = ""
    done: frozenset[int] = frozenset()


def expand(sources: Iterable[str]) -> Iterator[File]:
    """The files that the sources mean: files, folders with all below them, globs that the shell left alone, and "-", standard input.

    Folders are searched for names with an image suffix, in natural order (page2 before page10); hidden files are passed over.
    A folder without images and a glob without matches come out as Files with an error.
    """
    for source in sources:
        if source == "-":
            yield File("-", content=sys.stdin.buffer.read())
        elif os.path.isdir(source):
            yield from _in_folder(source)
        elif not os.path.lexists(source) and glob.has_magic(source):
            found = sorted(glob.glob(source, recursive=True), key=_natural)
            yield from expand(found) if found else [File(source, error="no file matches; check the pattern and the folder")]
        else:
            yield File(source)


def listed(stream: BinaryIO, separator: bytes = b"\n") -> Iterator[str]:
    """The names in a list, one after the other as they come; empty ones are passed over. separator: b"\\0" for names with line breaks."""
    rest = b""
    while block := stream.read1(BLOCK) if hasattr(stream, "read1") else stream.read(BLOCK):
        *names, rest = (rest + block).split(separator)
        yield from (os.fsdecode(name) for name in map(_trimmed, names) if name)
    if name := _trimmed(rest):
        yield os.fsdecode(name)


def _trimmed(name: bytes) -> bytes:
    return name.removesuffix(b"\r")


def _in_folder(folder: str) -> Iterator[File]:
    empty = True
    denied: list[OSError] = []
    for path, below, names in os.walk(folder, onerror=denied.append):
        below[:] = sorted((name for name in below if not name.startswith(".")), key=_natural)
        for name in sorted(names, key=_natural):
            if name.lower().endswith(images.SUFFIXES) and not name.startswith("."):
                empty = False
                yield File(os.path.join(path, name))
    for error in denied:
        yield File(str(error.filename), error=f"the folder cannot be read: {error.strerror}")
    if empty and not denied:
        yield File(folder, error="no images in this folder; their names must end in " + ", ".join(images.SUFFIXES))


def _natural(name: str) -> list[str | int]:
    """Sorts digits by their value. Text and numbers alternate, so that like is compared with like."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name.lower())]
