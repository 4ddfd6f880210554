"""path | bytes | file | PIL image | array -> uint8 images: sizes checked first, upright, without transparency, 8 bits, all pages.

Everything that looks at pixels after this sees uint8 (H, W) or (H, W, 3) RGB. Whatever cannot become that is an InputError.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Bytes
from ..errors import InputError, MissingExtra
from .conversions import TURNED, eight_bits, opaque, upright
from .decode import FEWER, check_size, decode
from .header import kind_of, read_header

MAX_BYTES = 1 << 30
MAX_PAGES = 10_000
"""Of a document. A file of a megabyte can promise any number of them."""
SUFFIXES = (
    ".apng", ".avif", ".bmp", ".dib", ".gif", ".heic", ".heif", ".hif", ".j2k", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".jxl", ".pam",
    ".pbm", ".pdf", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp",
)  # fmt: skip
"""Names by which images are found in a folder. Some of these cannot be read, but a photo must not be passed over in silence."""
UNREADABLE = {
    "HEIC": "save it as JPEG (iPhone: Settings > Camera > Formats > Most Compatible)",
    "JPEG 2000": "save it as PNG or JPEG",
    "JPEG XL": "save it as PNG or JPEG",
}
"""Kinds of images that are known but cannot be read, and what to do about them."""
PDF_DPI = 200
"""Resolution at which PDF pages are drawn: a handwritten digit is then 30 to 60 pixels high."""


@dataclass(frozen=True, slots=True)
class Page:
    """One decoded page. image: uint8 (h, w) or (h, w, 3) RGB; size: height and width in the source, which may be larger.

    doubtful: whether the file may be damaged, so that a part of the image is not what it was: its decoder had a warning, or cannot tell.
    """

    image: Bytes
    size: tuple[int, int]
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """An image file whose header was read: so many pages, each decoded when it is asked for, by number from 1.

    decode: (number, side) -> Page; where the longest side of a JPEG is at least twice `side` pixels, it may be smaller than its source by
    a half, a quarter or an eighth, but no smaller than `side`: this takes a part of the time. 0 takes it as it is.
    """

    pages: int
    decode: Callable[[int, int], Page]

    def page(self, number: int) -> Bytes:
        """One page as it is: uint8 (H, W) or (H, W, 3) RGB. Raises InputError."""
        return self.decode(number, 0).image


def first(source: Any) -> Bytes:
    """The first page of a source: uint8 (H, W) or (H, W, 3) RGB. Raises InputError."""
    return load(source).page(1)


def load(source: Any, name: str = "", *, most: int = MAX_PAGES) -> Document:
    """Open an image, whatever it comes as.

    source: path, bytes, binary file, PIL image, or array (H, W) or (H, W, 1 | 3 | 4), RGB(A), of the numbers that `eight_bits` takes.
    name: what errors call it; by default the path, or what kind of thing it is. most: pages that a document may have.
    Raises InputError for what cannot be read, MissingExtra for a PDF without `inkdigits[pdf]`. Decoding raises InputError as well.
    """
    if isinstance(source, np.ndarray):
        return _decoded(_from_array(source, name or "array"))
    if isinstance(source, str | os.PathLike):
        name = name or os.fspath(source)
        return _from_bytes(_contents(source, name), name, most)
    if isinstance(source, bytes | bytearray | memoryview):
        return _from_bytes(bytes(source), name or "bytes", most)
    if hasattr(source, "read"):
        data = source.read()
        name = name or str(getattr(source, "name", "file"))
        if not isinstance(data, bytes):
            raise InputError(name, "the file gives text, not bytes", 'open it with mode "rb"')
        return _from_bytes(data, name, most)
    if "PIL.Image" in sys.modules and isinstance(source, sys.modules["PIL.Image"].Image):  # else it cannot be one
        return _decoded(_from_pil(source, name or getattr(source, "filename", "") or "PIL image"))
    raise InputError(name or type(source).__name__, "not an image", "give a path, bytes, a binary file, a PIL image or an array")


def _decoded(image: Bytes) -> Document:
    page = Page(image, (image.shape[0], image.shape[1]))
    return Document(1, lambda number, side: page)


def _contents(path: str | os.PathLike[str], name: str) -> bytes:
    try:
        if special := _special(os.stat(path).st_mode):  # opening one may wait for ever
            raise InputError(name, f"{special}, not a file", "give a file, or - for what comes through a pipe")
        with open(path, "rb") as file:
            return file.read(MAX_BYTES + 1)
    except (FileNotFoundError, ValueError):  # ValueError: a NUL in the name
        remedy = "addresses are not fetched: download it first" if "://" in name else "check the name and the folder"
        raise InputError(name, "no such file", remedy) from None
    except IsADirectoryError:
        raise InputError(name, "a folder, not an image", "give one image, or use `inkdigits read` for a folder") from None
    except PermissionError:
        raise InputError(name, "no permission to read it", "change the file's permissions, or run as its owner") from None
    except OSError as error:
        raise InputError(name, f"cannot be read: {error.strerror or error}") from None


def _special(mode: int) -> str:
    """What a path leads to that is neither file nor folder; "" for these."""
    kinds = {stat.S_ISFIFO: "a named pipe", stat.S_ISSOCK: "a socket", stat.S_ISCHR: "a device", stat.S_ISBLK: "a device"}
    return next((what for test, what in kinds.items() if test(mode)), "")


def _from_bytes(data: bytes, name: str, most: int) -> Document:
    if not data:
        raise InputError(name, "the file is empty", "copy or download it again")
    if len(data) > MAX_BYTES:
        raise InputError(name, f"larger than {MAX_BYTES >> 20} MiB", "make it smaller, or split it")
    try:
        header = read_header(data)
    except ValueError as error:
        known = kind_of(data)
        remedy = f"a damaged {known}: copy or download it again" if known else "give PNG, JPEG, WebP, TIFF, BMP, GIF or PDF"
        raise InputError(name, str(error), remedy) from None
    if header.kind in UNREADABLE:
        raise InputError(name, f"{header.kind} images cannot be read", UNREADABLE[header.kind])
    if header.kind == "PDF":
        return _from_pdf(data, name, most)

    _check_pages(len(header.pages), name, most)
    raw = np.frombuffer(data, np.uint8)
    if len(header.pages) > 1:
        raw = raw.copy()  # to be written to

    def decoded(number: int, side: int) -> Page:
        page = header.pages[number - 1]
        width, height = page.width, page.height
        fewer = next((k for k in FEWER if max(width, height) >= k * side), 1) if side and header.kind == "JPEG" else 1
        image, doubtful = decode(raw, header, number, fewer, name)
        return Page(image, (width, height) if header.orientation in TURNED else (height, width), doubtful)

    return Document(len(header.pages), decoded)


def _from_pdf(data: bytes, name: str, most: int) -> Document:
    try:
        import pypdfium2
    except ImportError:
        raise MissingExtra("pdf", "reading PDF") from None
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower()
        reason, remedy = ("the PDF has a password", "save it without one") if locked else ("the PDF is damaged", "download it again")
        raise InputError(name, reason, remedy) from None
    _check_pages(len(document), name, most)

    def decoded(number: int, side: int) -> Page:
        scale = PDF_DPI / 72  # PDF counts in points, 72 an inch
        try:
            sheet = document[number - 1]
            width, height = (round(side * scale) for side in sheet.get_size())
            check_size(width, height, name)
            pixels: Bytes = sheet.render(scale=scale, rev_byteorder=True).to_numpy()
        except pypdfium2.PdfiumError:
            raise InputError(name, f"page {number} of the PDF is damaged", "download it again") from None
        return Page(np.ascontiguousarray(pixels[..., :3]), pixels.shape[:2])  # rendered on white: a fourth channel holds nothing

    return Document(len(document), decoded)


def _check_pages(pages: int, name: str, most: int) -> None:
    if pages > most:
        raise InputError(name, f"{pages} pages are too many", f"at most {most} are read: split it")


def _from_array(array: NDArray[Any], name: str) -> Bytes:
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]  # (H, W, 1) -> (H, W)
    if array.ndim != 2 and not (array.ndim == 3 and array.shape[2] in (3, 4)):
        raise InputError(name, f"an array of shape {array.shape} is not an image", "give (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)")
    check_size(array.shape[1], array.shape[0], name)
    return opaque(np.ascontiguousarray(eight_bits(array, name)))


def _from_pil(image: Any, name: str) -> Bytes:
    width, height = image.size
    check_size(width, height, name)
    try:
        orientation = image.getexif().get(0x0112, 1)
        if "A" in image.getbands() or "transparency" in image.info:
            image = image.convert("RGBA")
        elif image.mode == "1":
            image = image.convert("L")
        elif image.mode not in ("L", "RGB", "F") and not image.mode.startswith("I"):
            image = image.convert("RGB")
        pixels = np.asarray(image)
    except OSError as error:  # Pillow decodes when the pixels are asked for
        raise InputError(name, f"the image is damaged: {error}", "copy or download it again") from None
    return upright(_from_array(pixels, name), orientation)
