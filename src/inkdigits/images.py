"""path | bytes | file | PIL image | array -> uint8 images: sizes checked first, upright, without transparency, 8 bits, all pages.

Everything that looks at pixels after this sees uint8 (H, W) or (H, W, 3) RGB. Whatever cannot become that is an InputError.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .errors import InputError, MissingExtra
from .imageheader import Header, kind_of, read_header

Bytes = NDArray[np.uint8]

MAX_PIXELS = 200_000_000
"""More than the largest phone cameras and an A3 page at 1200 dpi. One such page is 600 MB in colour, and
takes twice that while OpenCV decodes it."""
MOST_PIXELS_A_BYTE = {"JPEG": 512, "GIF": 4096, "BMP": 4096}
"""No data hold more: a block of 8 x 8 takes one bit of a progressive JPEG, 4096 pixels take 12 bits of a GIF, 255 take 16 of a BMP.
A header that promises more lies, and these decoders believe it: they take a gigabyte and fill it with one colour."""
MIN_SIDE = 2
MAX_BYTES = 1 << 30
SUFFIXES = (".avif", ".bmp", ".gif", ".heic", ".jpeg", ".jpg", ".pbm", ".pdf", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp")
"""Names by which images are found in a folder. HEIC cannot be read, but a photo must not be passed over in silence."""
REDUCED = {8: cv2.IMREAD_REDUCED_GRAYSCALE_8, 4: cv2.IMREAD_REDUCED_GRAYSCALE_4, 2: cv2.IMREAD_REDUCED_GRAYSCALE_2}
UPRIGHT_LATER = cv2.IMREAD_ANYCOLOR | cv2.IMREAD_IGNORE_ORIENTATION
"""How OpenCV is told to decode a JPEG to a part of its size (from its cosines, without the rest), in colour if it has any."""
TURNED = (5, 6, 7, 8)
"""EXIF orientations that swap height and width."""
PDF_DPI = 200
"""Resolution at which PDF pages are drawn: a handwritten digit is then 30 to 60 pixels high."""


@dataclass(frozen=True, slots=True)
class Page:
    """One decoded page. image: uint8 (h, w) or (h, w, 3) RGB; size: height and width in the source, which may be larger."""

    image: Bytes
    size: tuple[int, int]


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


def load(source: Any, name: str = "") -> Document:
    """Open an image, whatever it comes as.

    source: path, bytes, binary file, PIL image, or array (H, W) or (H, W, 1 | 3 | 4), RGB(A), of the numbers that `eight_bits` takes.
    name: what errors call it; by default the path, or what kind of thing it is.
    Raises InputError for what cannot be read, MissingExtra for a PDF without `inkdigits[pdf]`. Decoding raises InputError as well.
    """
    if isinstance(source, np.ndarray):
        return _decoded(_from_array(source, name or "array"))
    if isinstance(source, str | os.PathLike):
        name = name or os.fspath(source)
        return _from_bytes(_contents(source, name), name)
    if isinstance(source, bytes | bytearray | memoryview):
        return _from_bytes(bytes(source), name or "bytes")
    if hasattr(source, "read"):
        data = source.read()
        name = name or str(getattr(source, "name", "file"))
        if not isinstance(data, bytes):
            raise InputError(name, "the file gives text, not bytes", 'open it with mode "rb"')
        return _from_bytes(data, name)
    if "PIL.Image" in sys.modules and isinstance(source, sys.modules["PIL.Image"].Image):  # else it cannot be one
        return _decoded(_from_pil(source, name or getattr(source, "filename", "") or "PIL image"))
    raise InputError(name or type(source).__name__, "not an image", "give a path, bytes, a binary file, a PIL image or an array")


def _decoded(image: Bytes) -> Document:
    page = Page(image, (image.shape[0], image.shape[1]))
    return Document(1, lambda number, side: page)


def eight_bits(image: NDArray[Any], name: str = "array") -> Bytes:
    """Scale numbers of any kind to uint8 0..255. uint8 stays as it is, False and True are 0 and 255.

    Other numbers are divided by the smallest 1, 3, 7, ... 2^n - 1 that holds the largest: so floats up to 1, 12 bits stored in 16, and
    0..16 all end near full range, 0 stays black, and a picture with little contrast is not stretched into noise. With negative numbers
    among them, the smallest becomes 0 and the largest 255. Raises InputError for NaN, infinity, and numbers that are none of these.
    """
    if image.dtype == np.uint8:
        return image
    if image.dtype == np.bool_:
        return image.astype(np.uint8) * np.uint8(255)
    if image.dtype.kind not in "iuf":
        raise InputError(name, f"an array of {image.dtype} is not an image", "give uint8, uint16 or floats in [0, 1]")
    low, high = float(image.min()), float(image.max())
    if not max(abs(low), abs(high)) < 1e38:  # nor is it for NaN
        raise InputError(name, "it has NaN or infinite pixels", "replace them first")
    if low < 0:
        black, full = low, high - low
    else:
        black, full = 0.0, 2.0 ** int(np.ceil(np.log2(high + 1))) - 1 if high > 1 else 1.0
    scaled = np.empty(image.shape, np.uint8)
    for rows in _bands(image):
        scaled[rows] = np.rint((image[rows].astype(np.float32) - np.float32(black)) * np.float32(255 / max(full, 1e-12)))
    return scaled


def _contents(path: str | os.PathLike[str], name: str) -> bytes:
    try:
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


def _from_bytes(data: bytes, name: str) -> Document:
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
    if header.kind == "HEIC":
        remedy = "save it as JPEG (iPhone: Settings > Camera > Formats > Most Compatible)"
        raise InputError(name, "HEIC photos cannot be read", remedy)
    if header.kind == "PDF":
        return _from_pdf(data, name)

    def decode(number: int, side: int) -> Page:
        width, height = header.sizes[number - 1]
        _check_size(width, height, name)
        if width * height > MOST_PIXELS_A_BYTE.get(header.kind, MAX_PIXELS) * len(data):
            raise _damaged(header.kind, name)
        fewer = next((k for k in REDUCED if max(width, height) >= k * side), 1) if side and header.kind == "JPEG" else 1
        image = _decode(data, header, number, name, fewer)
        return Page(image, (width, height) if header.orientation in TURNED else (height, width))

    return Document(len(header.sizes), decode)


def _decode(data: bytes, header: Header, number: int, name: str, fewer: int) -> Bytes:
    """Decode one page of a file whose header was checked, and turn it upright. fewer: 1, or of a JPEG one of REDUCED."""
    raw, image = np.frombuffer(data, np.uint8), None
    with suppress(cv2.error):
        if header.kind == "TIFF":
            _, pages = cv2.imdecodemulti(raw, cv2.IMREAD_UNCHANGED, range=(number - 1, number))
            image = pages[0] if pages else None
        else:
            image = cv2.imdecode(raw, REDUCED[fewer] | UPRIGHT_LATER if fewer > 1 else cv2.IMREAD_UNCHANGED)
    if image is None:
        raise _damaged(header.kind, name)
    image = eight_bits(image, name)
    if image.ndim == 3:
        for rows in _bands(image):  # in place
            image[rows] = cv2.cvtColor(image[rows], cv2.COLOR_BGR2RGB if image.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)
    return upright(opaque(image), header.orientation)


def _damaged(kind: str, name: str) -> InputError:
    return InputError(name, f"the {kind} data are damaged", "copy or download it again, or save it as PNG")


def _from_pdf(data: bytes, name: str) -> Document:
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

    def decode(number: int, side: int) -> Page:
        scale = PDF_DPI / 72  # PDF counts in points, 72 an inch
        try:
            sheet = document[number - 1]
            width, height = (round(side * scale) for side in sheet.get_size())
            _check_size(width, height, name)
            pixels: Bytes = sheet.render(scale=scale, rev_byteorder=True).to_numpy()
        except pypdfium2.PdfiumError:
            raise InputError(name, f"page {number} of the PDF is damaged", "download it again") from None
        return Page(np.ascontiguousarray(pixels[..., :3]), pixels.shape[:2])  # rendered on white: a fourth channel holds nothing

    return Document(len(document), decode)


def _from_array(array: NDArray[Any], name: str) -> Bytes:
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]  # (H, W, 1) -> (H, W)
    if array.ndim != 2 and not (array.ndim == 3 and array.shape[2] in (3, 4)):
        raise InputError(name, f"an array of shape {array.shape} is not an image", "give (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)")
    _check_size(array.shape[1], array.shape[0], name)
    return opaque(np.ascontiguousarray(eight_bits(array, name)))


def _from_pil(image: Any, name: str) -> Bytes:
    width, height = image.size
    _check_size(width, height, name)
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


def opaque(image: Bytes) -> Bytes:
    """Lay an image with transparency on paper: uint8 (H, W, 4) RGBA -> (H, W, 3) RGB; others stay as they are.

    The paper is white, or black where everything visible is light: chalk-white strokes drawn on nothing.
    """
    if image.ndim == 2 or image.shape[2] == 3:
        return image
    colour, alpha = image[..., :3], image[..., 3]
    if alpha.min() == 255:
        return np.ascontiguousarray(colour)
    visible = alpha > 127
    dark = visible & (cv2.cvtColor(image, cv2.COLOR_RGBA2GRAY) <= 127)
    # The darkest of what is visible, not the mean: a cut-out piece of white paper with dark writing belongs on white.
    light = visible.any() and np.count_nonzero(dark) <= 0.02 * np.count_nonzero(visible)
    paper = np.float32(0 if light else 255)
    out = np.empty(colour.shape, np.uint8)
    for rows in _bands(image):
        cover = alpha[rows][..., None].astype(np.float32) / 255  # (h, W) -> (h, W, 1)
        out[rows] = np.rint(colour[rows] * cover + paper * (1 - cover))
    return out


def upright(image: Bytes, orientation: int) -> Bytes:
    """Turn and mirror an image as its EXIF orientation, 1 to 8, asks."""
    if orientation in TURNED:
        image = image.swapaxes(0, 1)  # (H, W[, 3]) -> (W, H[, 3])
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    return np.ascontiguousarray(image)


def _bands(image: NDArray[Any]) -> Iterator[slice]:
    """The rows of an image, some at a time: numbers in between that are wider than its own stay few."""
    step = max(1, (1 << 20) // max(image[0].size, 1))
    return (slice(top, top + step) for top in range(0, len(image), step))


def _check_size(width: int, height: int, name: str) -> None:
    if width * height > MAX_PIXELS:
        limit = f"at most {MAX_PIXELS // 1_000_000} million pixels are read: make it smaller"
        raise InputError(name, f"{width} x {height} pixels are too many", limit)
    if min(width, height) < MIN_SIDE:
        raise InputError(name, f"{width} x {height} pixels are too few for a digit", "scan or photograph it larger")
