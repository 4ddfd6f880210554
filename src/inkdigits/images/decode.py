"""The bytes of an image file whose header was read -> the pixels of one page, and whether they may be damaged.

What a page may take is counted twice: by what its header promises before anything is decoded, and by what came of it.
"""

from __future__ import annotations

import struct
from typing import Any

import cv2
import numpy as np
import simplejpeg

from ..arrays import Bytes
from ..errors import InputError
from .conversions import bands, eight_bits, opaque, upright
from .header import Header, PageHeader
from .tiff import is_sound

MAX_PIXELS = 200_000_000
"""More than the largest phone cameras and an A3 page at 1200 dpi. One such page is 600 MB in colour, and
takes twice that while OpenCV decodes it."""
MAX_DECODED = 4 * MAX_PIXELS
"""Bytes of a page: what the largest takes in four channels of 8 bits."""
MOST_PIXELS_A_BYTE = {"JPEG": 512, "GIF": 4096, "BMP": 4096}
"""No data hold more: a block of 8 x 8 takes one bit of a progressive JPEG, 4096 pixels take 12 bits of a GIF, 255 take 16 of a BMP.
A header that promises more lies, and these decoders believe it: they take a gigabyte and fill it with one colour."""
MIN_SIDE = 2
FEWER = (8, 4, 2)
"""A JPEG can be decoded to these parts of its size (from its cosines, without the rest)."""
JPEG_COLOURS = {1: "GRAY", 3: "RGB", 4: "CMYK"}
"""What a JPEG is decoded to, by its number of components."""


def check_size(width: int, height: int, name: str, bytes_a_pixel: int = 1) -> None:
    """Raise InputError for a page that is too large or too small. bytes_a_pixel: channels times the bytes of each."""
    if width * height > MAX_PIXELS:
        limit = f"at most {MAX_PIXELS // 1_000_000} million pixels are read: make it smaller"
        raise InputError(name, f"{width} x {height} pixels are too many", limit)
    if width * height * bytes_a_pixel > MAX_DECODED:
        limit = f"at most {MAX_DECODED // 1_000_000} million bytes are read: save it with 8 bits a channel, or make it smaller"
        raise InputError(name, f"{width} x {height} pixels of {bytes_a_pixel} bytes each are too many", limit)
    if min(width, height) < MIN_SIDE:
        raise InputError(name, f"{width} x {height} pixels are too few for a digit", "scan or photograph it larger")


def decode(data: Bytes, header: Header, number: int, fewer: int, name: str) -> tuple[Bytes, bool]:
    """Decode a page, by number from 1, and turn it upright: uint8 (H, W) or (H, W, 3) RGB; and whether it may be damaged, as the decoder
    had a warning or cannot tell.

    data: uint8 (N,), the file; of a TIFF of several pages it is written to. fewer: 1, or of a JPEG one of FEWER. name: what errors call it.
    Raises InputError for a page that is too large or small, that cannot be decoded, and that is not what its header promised.
    """
    page = header.pages[number - 1]
    check_size(page.width, page.height, name, page.bytes_a_pixel)
    if page.width * page.height > MOST_PIXELS_A_BYTE.get(header.kind, MAX_PIXELS) * len(data):
        raise _damaged(header.kind, name)
    try:
        if header.kind == "JPEG":
            image, doubtful = _jpeg(data, page, fewer, name)
        else:
            doubtful = header.kind == "TIFF" and not is_sound(data, page.at, MAX_DECODED)
            image = _others(_from(data, page) if len(header.pages) > 1 else data, header.kind, name)
        _check_decoded(image, header.kind, page, fewer, name)
        return upright(opaque(image), header.orientation), doubtful
    except MemoryError:
        raise InputError(name, "there is not enough memory to decode it", "make it smaller") from None


def _jpeg(data: Bytes, page: PageHeader, fewer: int, name: str) -> tuple[Bytes, bool]:
    """OpenCV keeps to itself what libjpeg warns of, such as blocks that make no sense; TurboJPEG tells."""
    how: dict[str, Any] = {"min_height": -(-page.height // fewer), "min_width": -(-page.width // fewer)}
    colours, doubtful = JPEG_COLOURS.get(page.bytes_a_pixel, "RGB"), False
    try:
        image = simplejpeg.decode_jpeg(data, colours, strict=True, **how)
    except ValueError:
        doubtful = True
        try:
            image = simplejpeg.decode_jpeg(data, colours, strict=False, **how)
        except ValueError:  # chroma sampled in a way that TurboJPEG does not know, or nothing that can be decoded
            return _others(data, "JPEG", name, fewer), doubtful
    if colours == "CMYK":
        return _from_cmyk(image), doubtful
    return image[..., 0] if colours == "GRAY" else image, doubtful  # (H, W, 1) -> (H, W)


def _others(data: Bytes, kind: str, name: str, fewer: int = 1) -> Bytes:
    """What OpenCV decodes: uint8 (H, W), (H, W, 3) RGB or (H, W, 4) RGBA."""
    reduced = {8: cv2.IMREAD_REDUCED_COLOR_8, 4: cv2.IMREAD_REDUCED_COLOR_4, 2: cv2.IMREAD_REDUCED_COLOR_2}
    flags = reduced[fewer] | cv2.IMREAD_IGNORE_ORIENTATION if fewer > 1 else cv2.IMREAD_UNCHANGED
    try:
        image = cv2.imdecode(data, flags)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError from None
        image = None
    if image is None:
        raise _damaged(kind, name)
    image = eight_bits(image, name)
    if image.ndim == 3:
        for rows in bands(image):  # in place
            image[rows] = cv2.cvtColor(image[rows], cv2.COLOR_BGR2RGB if image.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)
    return image


def _from(data: Bytes, page: PageHeader) -> Bytes:
    """A TIFF that begins with this page: OpenCV would walk through all that come before it."""
    order, big = ("<", data[2] == 43) if data[0] == ord("I") else (">", data[3] == 43)
    struct.pack_into(order + ("Q" if big else "I"), data.data, 8 if big else 4, page.at)
    return data


def _from_cmyk(image: Bytes) -> Bytes:
    """Inks as Adobe stores them, 255 for none -> RGB: uint8 (H, W, 4) -> (H, W, 3)."""
    out = np.empty((*image.shape[:2], 3), np.uint8)
    for rows in bands(image):
        black = image[rows][..., 3:].astype(np.uint16)  # (h, W, 1)
        out[rows] = black - ((255 - image[rows][..., :3].astype(np.uint16)) * black >> 8)
    return out


def _check_decoded(image: Bytes, kind: str, page: PageHeader, fewer: int, name: str) -> None:
    """Raise InputError where what was decoded is not what the header promised."""
    height, width = image.shape[:2]
    promised = (-(-page.width // fewer), -(-page.height // fewer))
    if (width, height) == promised or (kind in ("TIFF", "AVIF") and (height, width) == promised):  # turned by OpenCV
        return
    reason = f"the {kind} header promises {page.width} x {page.height} pixels, and the data hold {width} x {height}"
    raise InputError(name, reason, "copy or download it again")


def _damaged(kind: str, name: str) -> InputError:
    return InputError(name, f"the {kind} data are damaged", "copy or download it again, or save it as PNG")
