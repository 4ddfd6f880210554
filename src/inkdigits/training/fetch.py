"""Data files: where they are looked for, how they are downloaded, and how it is known that they are what was published.

Looked for first in $INKDIGITS_DATA/SET, then in the cache, $INKDIGITS_HOME/SET. A download is resumed, checked, and moved into place
whole; two processes that want the same file wait for each other.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import http.client
import os
import sys
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inkdigits import files
from inkdigits.errors import DataError

TIMEOUT = 20.0
"""Seconds without a byte after which a mirror is given up."""


@dataclass(frozen=True, slots=True)
class File:
    """One published file. inner: the hash of its decompressed bytes, outer: of the file as published; "md5:HEX" or "sha256:HEX".

    Where `inner` is known a recompressed or decompressed copy is as good as the original. Where only `outer` is known a decompressed copy
    cannot be told from a changed one: it is taken, and only its format is checked when it is read.
    """

    name: str
    inner: str = ""
    outer: str = ""


def cache_folder() -> Path:
    """$INKDIGITS_HOME, or the platform's folder for caches."""
    if home := os.environ.get("INKDIGITS_HOME"):
        return Path(home).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "inkdigits"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "inkdigits"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "inkdigits"


def folders(group: str) -> list[Path]:
    """Where the files of a data set are looked for, in this order."""
    given = os.environ.get("INKDIGITS_DATA")
    return ([Path(given).expanduser() / group] if given else []) + [cache_folder() / group]


def find(group: str, file: File) -> Path | None:
    """The file on this disk, compressed or not; None if it is in neither place. Its content is not checked."""
    for folder in folders(group):
        for name in (file.name, file.name.removesuffix(".gz")):
            if (folder / name).is_file():
                return folder / name
    return None


def in_cache(path: Path) -> bool:
    """Whether inkdigits may replace this file; what lies in INKDIGITS_DATA is the user's."""
    return path.parent.parent == cache_folder()


def fault(path: Path, file: File) -> str:
    """Why the file at `path` is not the published one; "" if it is. Any size: it is read in pieces."""
    try:
        raw = path.open("rb")
    except PermissionError as error:
        return f"it cannot be read ({error.strerror})"
    with raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        if file.inner:
            kind, _, published = file.inner.partition(":")
            try:
                found = hashlib.file_digest(gzip.GzipFile(fileobj=raw) if packed else raw, kind).hexdigest()
            except (OSError, EOFError, zlib.error) as error:
                return f"the gzip file is damaged ({error})"
            return "" if found == published else f"the decompressed bytes have {kind.upper()} {found}, published is {published}"
        if path.name != file.name:
            return ""
        kind, _, published = file.outer.partition(":")
        found = hashlib.file_digest(raw, kind).hexdigest()
        return "" if found == published else f"the file has {kind.upper()} {found}, published is {published}"


def content(group: str, file: File, mirrors: tuple[str, ...]) -> tuple[Path, bytes]:
    """A file that is known to be good: its path, and its bytes; decompressed where `inner` is known, as they lie elsewhere.

    What is here is decompressed once for its hash and for its reader. Downloads, and raises, as `obtain` does.
    """
    path = find(group, file)
    if path is not None and file.inner:
        kind, _, published = file.inner.partition(":")
        with contextlib.suppress(OSError, EOFError, zlib.error):  # `obtain` says what is wrong, or mends it
            inside = path.read_bytes()
            inside = gzip.decompress(inside) if inside[:2] == b"\x1f\x8b" else inside
            if hashlib.new(kind, inside).hexdigest() == published:
                return path, inside
    path = obtain(group, file, mirrors)
    return path, path.read_bytes()


def obtain(group: str, file: File, mirrors: tuple[str, ...], *, timeout: float = TIMEOUT) -> Path:
    """The path of a file that is known to be good. Downloaded if it is not here, and again if the copy in the cache is damaged.

    mirrors: URLs that end in "/"; $INKDIGITS_MIRROR/GROUP/ is asked before them. timeout: seconds without a byte.
    Raises DataError that names the folders, the mirrors with what went wrong, and the remedy.
    """
    path = find(group, file)
    if path is not None:
        if not (reason := fault(path, file)):
            return path
        if not in_cache(path):
            raise DataError(f"{path}: damaged: {reason}; replace it (it lies in INKDIGITS_DATA, which inkdigits never changes)")
    target = cache_folder() / group / file.name
    if own := os.environ.get("INKDIGITS_MIRROR"):
        mirrors = (f"{own.rstrip('/')}/{group}/", *mirrors)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(target.with_name(target.name + ".lock")):
            if path is not None and path.is_file() and fault(path, file):
                path.unlink()
            if target.is_file() and not fault(target, file):
                return target  # another process was faster
            failures = _download(file, target, mirrors, timeout)
    except OSError as error:  # what mirrors do wrong is in `failures`; this is the cache
        raise DataError(f"{target.parent}: cannot keep {file.name} there ({error}); name another folder by INKDIGITS_HOME") from None
    if failures is None:
        return target
    places = " or ".join(str(folder) for folder in folders(group))
    raise DataError(
        f"{file.name} of {group} is not here and could not be downloaded:\n"
        + "".join(f"  {failure}\n" for failure in failures)
        + f"Put the file into {places}, or name another mirror by INKDIGITS_MIRROR; `--data digits` needs no download."
    )


def _download(file: File, target: Path, mirrors: tuple[str, ...], timeout: float) -> list[str] | None:
    """Ask one mirror after the other; None once the file is in its place, else why each of them failed."""
    part, failures = target.with_name(target.name + ".part"), []
    for mirror in mirrors:
        if reason := _attempt(mirror + file.name, part, file, timeout):
            failures.append(f"{mirror}{file.name}: {reason}")
        else:
            os.replace(part, target)
            return None
    return failures


def _attempt(url: str, part: Path, file: File, timeout: float) -> str:
    """Download into `part` from one mirror; why it failed, or "" if `part` is now the published file."""
    resumed = part.exists() and part.stat().st_size > 0
    try:
        _get(url, part, timeout)
    except urllib.error.HTTPError as error:
        reason = str(error)
    except (OSError, http.client.HTTPException, ValueError) as error:  # urllib's errors are OSErrors, a mangled answer is one of the others
        reason = str(getattr(error, "reason", error)) or type(error).__name__
    else:
        if reason := fault(part, file):
            part.unlink()
    if reason and resumed and not part.exists():
        return _attempt(url, part, file, timeout)  # the beginning may have come from another mirror: let this one send it all
    return reason


def _get(url: str, part: Path, timeout: float) -> None:
    """Download into `part`, going on where an earlier attempt stopped. Raises URLError, OSError, HTTPException or ValueError."""
    done = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "inkdigits"})
    if done:
        request.add_header("Range", f"bytes={done}-")
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            going_on = answer.status == 206
            if going_on and not (answer.headers.get("Content-Range") or "").startswith(f"bytes {done}-"):
                part.unlink()
                raise ValueError(f"answered with the range {answer.headers.get('Content-Range')}, asked for was {done}-")
            expected = int(answer.headers.get("Content-Length") or 0) + (done if going_on else 0)
            with part.open("ab" if going_on else "wb") as out:
                while chunk := answer.read(1 << 16):
                    out.write(chunk)
                    _progress(part.stem, out.tell(), expected)
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
    if got < expected:
        raise ConnectionError(f"the connection ended after {got:,} of {expected:,} bytes")


def _progress(name: str, done: int, expected: int) -> None:
    """A line on a terminal, rewritten in place; nothing in a pipe. An empty name clears it."""
    if sys.stderr.isatty():
        share = f" {done / expected:4.0%}" if expected else ""
        sys.stderr.write(f"\r\x1b[K{name} {done / 1e6:.1f} MB{share}" if name else "\r\x1b[K")
        sys.stderr.flush()


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that the system gives back even if this process is killed."""
    with path.open("wb") as file:
        files.lock(file, wait=True)  # the lock file itself stays: removed under one who waits for it, it would be held twice
        yield
