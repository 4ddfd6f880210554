"""What is to be read: files, folders, globs, lists of names, standard input."""

from __future__ import annotations

import codecs
import glob
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from .. import images

BLOCK = 1 << 16
MOST_NAMED = 5
"""Endings, and links, that are named of those that are skipped."""
ENCODINGS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
"""What the byte-order marks mean with which programs of Windows begin a list."""


@dataclass(frozen=True, slots=True)
class File:
    """A file to read.

    name: as the user gave it. content: of what is no file, such as standard input. error: why there is nothing to read, "" where there is.
    done: the pages that were read before, and are not to be read again. most: pages that it may have, None for as many as are ever read.
    """

    name: str
    content: bytes | None = None
    error: str = ""
    done: frozenset[int] = frozenset()
    most: int | None = None


class Skipped:
    """What lies in the folders that are read and is not looked at. endings: how many files of each; links: those that lead to folders."""

    def __init__(self) -> None:
        self.endings: Counter[str] = Counter()
        self.links: list[str] = []

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.endings or self.links)

    def __str__(self) -> str:
        """In a line: 12 .txt, 3 .docx, 1 without an ending, a link to a folder (scans/old)."""
        parts = [f"{count:,} {ending or 'without an ending'}" for ending, count in self.endings.most_common(MOST_NAMED)]
        if others := self.endings.total() - sum(count for _, count in self.endings.most_common(MOST_NAMED)):
            parts.append(f"{others:,} others")
        if self.links:
            few = ", ".join(self.links[:MOST_NAMED]) + (", ..." if len(self.links) > MOST_NAMED else "")
            parts.append(f"{len(self.links):,} link{'s' * (len(self.links) > 1)} to folders ({few})")
        return ", ".join(parts)


def expand(sources: Iterable[str], skipped: Skipped | None = None) -> Iterator[File]:
    """The files that the sources mean: files, folders with all below them, globs that the shell left alone, and "-", standard input.

    Folders are searched for names with an image suffix, in natural order (page2 before page10); what else is in them is noted in `skipped`,
    but for hidden files. Links to files are files; those to folders are not followed, and noted too. A folder without images and a glob
    without matches come out as Files with an error.
    """
    for source in sources:
        if source == "-":
            yield File("-", content=sys.stdin.buffer.read())
        elif os.path.isdir(source):
            yield from _in_folder(source, Skipped() if skipped is None else skipped)
        elif not os.path.lexists(source) and glob.has_magic(source):
            found = sorted(glob.glob(source, recursive=True), key=_natural)
            yield from expand(found, skipped) if found else [File(source, error="no file matches; check the pattern and the folder")]
        else:
            yield File(source)


def listed(stream: BinaryIO, separator: bytes = b"\n") -> Iterator[str]:
    """The names in a list, one after the other as they come; empty ones are passed over. separator: b"\0" for names with line breaks.
    A byte-order mark is none of the first name, and says how the list is encoded; without one the bytes are those of the names."""
    rest, decoder = b"", None
    for number, block in enumerate(_blocks(stream)):
        if number == 0:
            mark = next((mark for mark in ENCODINGS if block.startswith(mark)), b"")
            block = block[len(mark) :]
            decoder = codecs.getincrementaldecoder(ENCODINGS[mark])("replace") if mark else None
        *names, rest = (rest + (os.fsencode(decoder.decode(block)) if decoder else block)).split(separator)
        yield from (os.fsdecode(name) for name in map(_trimmed, names) if name)
    if name := _trimmed(rest):
        yield os.fsdecode(name)


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    """What is in a stream, as it comes; the first block has at least the three bytes of a mark, if there are so many."""
    read = stream.read1 if hasattr(stream, "read1") else stream.read
    first = b""
    while len(first) < 3 and (more := read(BLOCK)):
        first += more
    yield first
    while block := read(BLOCK):
        yield block


def _trimmed(name: bytes) -> bytes:
    return name.removesuffix(b"\r")


def _in_folder(folder: str, skipped: Skipped) -> Iterator[File]:
    own, denied, empty = Skipped(), list[OSError](), True
    for path, below, names in os.walk(folder, onerror=denied.append):
        below[:] = sorted((name for name in below if not name.startswith(".")), key=_natural)
        own.links += [link for name in below if os.path.islink(link := os.path.join(path, name))]
        for name in sorted(names, key=_natural):
            if name.startswith("."):
                continue
            if name.lower().endswith(images.SUFFIXES):
                empty = False
                yield File(os.path.join(path, name))
            else:
                own.endings[os.path.splitext(name)[1].lower()] += 1
    skipped.endings.update(own.endings)
    skipped.links += own.links
    for error in denied:
        yield File(str(error.filename), error=f"the folder cannot be read: {error.strerror}")
    if empty and not denied:
        there = f"; in it are {own}" if own else ""
        yield File(folder, error=f"no images in this folder; their names must end in {', '.join(images.SUFFIXES)}{there}")


def _natural(name: str) -> list[str | int]:
    """Sorts digits by their value. Text and numbers alternate, so that like is compared with like."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name.lower())]
