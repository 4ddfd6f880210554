"""path | bytes | file | PIL image | array -> uint8 image: orientation, transparency, 16 bits, pages, and limits checked before decoding."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .errors import InputError, MissingExtra
from .imageheader import Header, exif_orientation, header

Bytes = NDArray[np.uint8]

MAX_PIXELS = 200_000_000
"""An image of more pixels is refused before it is decoded: a few bytes of header must not cost gigabytes."""
MIN_SIDE = 2
PDF_DPI = 200

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".pgm", ".ppm", ".pbm", ".pnm", ".pdf")
"""Names by which images are found in a folder. What a file is, its first bytes say."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a source. image: uint8 (H, W) or (H, W, 3) RGB, as it is seen; page: from 1."""

    image: Bytes
    page: int


def first(source: Any) -> Bytes:
    """The first page of anything that can be read: uint8 (H, W) or (H, W, 3) RGB. Raises InputError."""
    return next(pages(source)).image


def pages(source: Any) -> Iterator[Page]:
    """The pages of a source, decoded one at a time: several for TIFF and PDF, one for everything else.

    source: path, bytes, binary file, PIL image, or array (H, W[, 1 | 3 | 4]) of bool, uint8, uint16, or float in [0, 1]; colours as RGB[A].
    Raises InputError with the source, the reason and the remedy.
    """
    if isinstance(source, np.ndarray):
        yield Page(_opaque(_to_8_bits(_shaped(source))), 1)
    elif hasattr(source, "convert") and hasattr(source, "getbands"):  # a PIL image, without importing PIL
        yield Page(_from_pil(source), 1)
    else:
        name, content = _content(source)
        yield from _decoded(name, content)


def _content(source: Any) -> tuple[str, bytes]:
    if isinstance(source, bytes | bytearray | memoryview):
        return "image bytes", bytes(source)
    if hasattr(source, "read"):
        return str(getattr(source, "name", "stream")), source.read()
    name = os.fspath(source)
    try:
        return name, Path(name).read_bytes()
    except FileNotFoundError:
        raise InputError(name, "there is no such file", "check the path") from None
    except IsADirectoryError:
        raise InputError(name, "is a folder", "`inkdigits read FOLDER` reads the images in it") from None
    except PermissionError:
        raise InputError(name, "may not be read", "check the file's permissions") from None
    except OSError as error:
        raise InputError(name, f"cannot be read ({error.strerror})") from None


def _decoded(name: str, content: bytes) -> Iterator[Page]:
    if not content:
        raise InputError(name, "the file is empty", "save or copy it again")
    head = header(name, content)
    if head.format == "PDF":
        yield from _pdf(name, content)
        return
    if head.width * head.height > MAX_PIXELS:
        raise InputError(name, f"{head.width} x {head.height} pixels are more than {MAX_PIXELS // 1_000_000} million", "scale it down")
    if min(head.width, head.height) < MIN_SIDE:
        raise InputError(name, f"{head.width} x {head.height} pixels hold no writing", "give an image of the writing")
    if not head.complete:
        raise InputError(name, f"the {head.format} file is cut off before its end", "copy or save it again")
    if head.format == "TIFF":
        yield from _tiff(name, content)
    else:
        yield Page(_as_seen(_decode(name, content, head), exif_orientation(content, head)), 1)


def _decode(name: str, content: bytes, head: Header) -> Bytes:
    data = np.frombuffer(content, np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if image is None:
        raise InputError(name, f"the {head.format} file is damaged", "open and save it again in an image program")
    return np.asarray(image)


def _tiff(name: str, content: bytes) -> Iterator[Page]:
    data, page = np.frombuffer(content, np.uint8), 0
    while True:
        done, found = cv2.imdecodemulti(data, cv2.IMREAD_UNCHANGED, range=(page, page + 1))
        if not done or not found:
            break
        page += 1
        yield Page(_as_seen(np.asarray(found[0]), 1), page)
    if page == 0:
        raise InputError(name, "the TIFF file is damaged", "open and save it again in an image program")


def _pdf(name: str, content: bytes) -> Iterator[Page]:
    try:
        import pypdfium2
    except ImportError:
        raise MissingExtra("pdf", f"{name}: reading PDF") from None
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        raise InputError(name, f"the PDF file is damaged or locked ({error})", "open and print it to a new PDF") from None
    try:
        for i in range(len(document)):
            page = document[i]
            width, height = page.get_size()
            scale = PDF_DPI / 72
            if width * height * scale * scale > MAX_PIXELS:
                raise InputError(
                    name, f"page {i + 1} is larger than {MAX_PIXELS // 1_000_000} million pixels", "print it to a smaller page"
                )
            yield Page(np.ascontiguousarray(page.render(scale=scale, rev_byteorder=True).to_numpy()[..., :3]), i + 1)
    finally:
        document.close()


def _as_seen(image: NDArray[Any], orientation: int) -> Bytes:
    """OpenCV's BGR[A] of 8, 16 or 32 bits, turned upright, as uint8 (H, W) or (H, W, 3) RGB."""
    image = _to_8_bits(image)
    if image.ndim == 3:
        image = image[..., [2, 1, 0, 3]] if image.shape[2] == 4 else image[..., ::-1]
    return _upright(_opaque(image), orientation)


def _upright(image: Bytes, orientation: int) -> Bytes:
    """Undo the EXIF orientation, 1 to 8 (CIPA DC-008, tag 0x0112)."""
    if orientation in (5, 6, 7, 8):
        image = image.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    return np.ascontiguousarray(image)


def _to_8_bits(image: NDArray[Any]) -> Bytes:
    """Any depth to 8 bits. 16-bit scans often use a part of the range only: they are stretched over what they use."""
    if image.dtype == np.uint8:
        return image
    if image.dtype == bool:
        return image.astype(np.uint8) * 255
    values = image.astype(np.float32)
    if image.dtype == np.uint16:
        low, high = np.quantile(values, (0.0005, 0.9995))
        if values.ndim == 3 and values.shape[2] == 4:
            low, high = 0, 65535
        values = (values - low) / max(high - low, 256)
    elif np.issubdtype(image.dtype, np.integer):
        values = values / 255
    return np.round(np.clip(np.nan_to_num(values), 0, 1) * 255).astype(np.uint8)


def _opaque(image: Bytes) -> Bytes:
    """Lay a transparent image (H, W, 4) on paper: white, or black where the strokes that show are light."""
    if image.ndim == 2 or image.shape[2] == 3:
        return np.ascontiguousarray(image)
    alpha = image[..., 3:].astype(np.float32) / 255  # (H, W, 1)
    colour = image[..., :3].astype(np.float32)
    shown = float((colour.mean(axis=2, keepdims=True) * alpha).sum() / max(alpha.sum(), 1e-6))
    sheet = 0.0 if shown > 160 and alpha.mean() < 0.6 else 255.0
    return np.ascontiguousarray(np.round(colour * alpha + sheet * (1 - alpha)).astype(np.uint8))


def _shaped(array: NDArray[Any]) -> NDArray[Any]:
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)) or min(array.shape[:2]) < MIN_SIDE:
        raise InputError("array", f"shape {array.shape} is no image", "give (H, W), (H, W, 3) or (H, W, 4)")
    if array.shape[0] * array.shape[1] > MAX_PIXELS:
        raise InputError("array", f"shape {array.shape} is more than {MAX_PIXELS // 1_000_000} million pixels", "scale it down")
    return array


def _from_pil(image: Any) -> Bytes:
    """A PIL image by its pixels, upright; palettes and CMYK by Pillow's own conversion."""
    orientation = int(image.getexif().get(0x0112, 1))
    if image.mode in ("I;16", "I;16B", "I;16L", "I", "F"):
        array = np.asarray(image)
        array = array.astype(np.uint16) if image.mode != "F" else array / max(float(array.max()), 1.0)
    else:
        transparent = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
        array = np.asarray(image.convert("RGBA" if transparent else "L" if image.mode in ("1", "L") else "RGB"))
    return _upright(_opaque(_to_8_bits(_shaped(array))), orientation if 1 <= orientation <= 8 else 1)


def from_file(stream: io.BufferedIOBase) -> Iterator[Page]:
    """The pages of an open binary file, for `-`."""
    return pages(stream.read())
