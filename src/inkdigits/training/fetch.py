"""Data files: where they are looked for, how they are downloaded, and how it is known that they are what was published.

Looked for first in $INKDIGITS_DATA/SET, then in the cache, $INKDIGITS_HOME/SET. A download is resumed, checked, and moved into place
whole; two processes that want the same file wait for each other.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from inkdigits.errors import DataError

from .idx import decompressed

TIMEOUT = 20.0
"""Seconds without a byte after which a mirror is given up."""


@dataclass(frozen=True, slots=True)
class File:
    """One published file. md5: of the decompressed bytes; gz_md5: of the file as published, where only that is known; size: its bytes."""

    name: str
    md5: str = ""
    gz_md5: str = ""
    size: int = 0

    def fault(self, content: bytes) -> str:
        """Why these bytes are not the published file; "" if they are."""
        if self.md5:
            try:
                found = hashlib.md5(decompressed(self.name, content), usedforsecurity=False).hexdigest()
            except DataError as error:
                return str(error)
            return "" if found == self.md5 else f"the decompressed bytes have MD5 {found}, published are {self.md5}"
        found = hashlib.md5(content, usedforsecurity=False).hexdigest()
        return "" if found == self.gz_md5 else f"the file has MD5 {found}, published is {self.gz_md5}"


def cache_folder() -> Path:
    """$INKDIGITS_HOME, or the platform's folder for caches."""
    if home := os.environ.get("INKDIGITS_HOME"):
        return Path(home)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "inkdigits"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", str(Path.home()))) / "inkdigits"
    return Path(os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))) / "inkdigits"


def folders(group: str) -> list[Path]:
    """Where the files of a data set are looked for, in this order."""
    given = os.environ.get("INKDIGITS_DATA")
    return ([Path(given) / group] if given else []) + [cache_folder() / group]


def find(group: str, file: File) -> Path | None:
    """The file on this disk, compressed or not; None if it is in neither place. Its content is not checked."""
    for folder in folders(group):
        for name in (file.name, file.name.removesuffix(".gz")):
            if (folder / name).is_file():
                return folder / name
    return None


def content(group: str, file: File, mirrors: tuple[str, ...], *, timeout: float = TIMEOUT) -> bytes:
    """The checked bytes of a file; it is downloaded if it is not here, and again if the copy in the cache is damaged.

    Raises DataError that names the folders, the mirrors with what went wrong, and the remedy.
    """
    path = find(group, file)
    if path is not None:
        data = path.read_bytes()
        if not (fault := file.fault(data)):
            return data
        if path.parent != cache_folder() / group:
            raise DataError(f"{path}: damaged: {fault}; replace it (it lies in INKDIGITS_DATA, which inkdigits never changes)")
        path.unlink()
    return download(group, file, mirrors, timeout=timeout).read_bytes()


def download(group: str, file: File, mirrors: tuple[str, ...], *, timeout: float = TIMEOUT) -> Path:
    """Download a file into the cache from the first mirror that has it; returns its path. Raises DataError."""
    folder = cache_folder() / group
    folder.mkdir(parents=True, exist_ok=True)
    path, part = folder / file.name, folder / (file.name + ".part")
    if own := os.environ.get("INKDIGITS_MIRROR"):
        mirrors = (own.rstrip("/") + f"/{group}/", *mirrors)
    with _locked(folder / (file.name + ".lock")):
        if path.is_file() and not file.fault(path.read_bytes()):
            return path  # another process was faster
        failures = []
        for mirror in mirrors:
            try:
                _get(mirror + file.name, part, file, timeout)
            except (OSError, ValueError) as error:  # urllib's errors are OSErrors, a mangled answer is a ValueError
                failures.append(f"  {mirror + file.name}: {getattr(error, 'reason', None) or error}")
                continue
            if fault := file.fault(part.read_bytes()):
                failures.append(f"  {mirror + file.name}: {fault}")
                part.unlink()
                continue
            os.replace(part, path)
            return path
    places = " or ".join(str(f) for f in folders(group))
    raise DataError(
        f"{file.name} of {group} is not here and could not be downloaded:\n"
        + "\n".join(failures)
        + f"\nPut the file into {places}, or set INKDIGITS_MIRROR; `--data digits` needs no download."
    )


def _get(url: str, part: Path, file: File, timeout: float) -> None:
    """Download into `part`, going on where an earlier attempt stopped."""
    done = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "inkdigits"})
    if done:
        request.add_header("Range", f"bytes={done}-")
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            going_on = answer.status == 206
            expected = int(answer.headers.get("Content-Length") or 0) + (done if going_on else 0)
            with part.open("ab" if going_on else "wb") as out:
                while chunk := answer.read(1 << 16):
                    out.write(chunk)
                    _progress(file.name, out.tell(), expected)
                out.flush()
                os.fsync(out.fileno())
                got = out.tell()
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416:  # there is nothing after what we have: either it is whole, or it is not this file
            return
        raise
    finally:
        _progress("", 0, 0)
    if expected and got < expected:
        raise OSError(f"the connection ended after {got} of {expected} bytes")


def _progress(name: str, done: int, expected: int) -> None:
    if sys.stderr.isatty():
        share = f" {done / expected:4.0%}" if expected else ""
        sys.stderr.write(f"\r\x1b[K{name} {done / 1e6:.1f} MB{share}" if name else "\r\x1b[K")
        sys.stderr.flush()


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that the system gives back even if this process is killed."""
    with path.open("wb") as file:
        _lock(file)  # the lock file itself stays: removed under one who waits for it, it would be held twice
        yield


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX)
