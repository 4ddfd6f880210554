"""What the first bytes of an image file say, before anything is decoded: format, size, whether its end is there, orientation.

The decoders (OpenCV) allocate what a header asks for and fill up a file that is cut off with grey; both are caught here.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from .errors import InputError


class Header(NamedTuple):
    """format: its usual name. width, height: pixels, 0 for PDF. complete: False if the file ends before the image does."""

    format: str
    width: int = 0
    height: int = 0
    complete: bool = True


def header(name: str, data: bytes) -> Header:
    """Read the header of an image file's bytes. Raises InputError for what is no image, or none that can be read."""
    try:
        for magic, parse in _PARSERS.items():
            if data.startswith(magic):
                return parse(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
        if b"%PDF-" in data[:1024]:
            return Header("PDF")
        if data[:2] in (b"P1", b"P2", b"P3", b"P4", b"P5", b"P6") and data[2:3].isspace():
            return _pnm(data)
    except (struct.error, IndexError, ValueError):
        raise InputError(name, "the image file is cut off in its header", "copy or save it again") from None
    if data[4:8] == b"ftyp":
        raise InputError(name, "HEIC and AVIF files are not read", "save it as JPEG or PNG")
    start = data[:24].decode("utf-8", "replace").split("\n")[0]
    what = f"it starts with {start!r}" if start.isprintable() else "its first bytes are those of no known format"
    raise InputError(name, f"not an image: {what}", "give a PNG, JPEG, WebP, TIFF, BMP, GIF, PNM or PDF file")


def _png(data: bytes) -> Header:
    width, height = struct.unpack(">II", data[16:24])
    return Header("PNG", width, height, b"IEND" in data[-64:] or b"IEND\xaeB`\x82" in data)


def _jpeg(data: bytes) -> Header:
    at = 2
    while True:
        if data[at] != 0xFF:
            raise ValueError("no marker")
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])[0]
        if marker == 0xFF:
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            # Inside the compressed data an FF byte is always followed by 00, so the end marker cannot occur there by chance.
            scan = data.find(b"\xff\xda", at)
            return Header("JPEG", width, height, scan > 0 and data.find(b"\xff\xd9", scan) > 0)
        at += 2 + length


def _gif(data: bytes) -> Header:
    return Header("GIF", *struct.unpack("<HH", data[6:10]))


def _bmp(data: bytes) -> Header:
    width, height = struct.unpack("<ii", data[18:26])
    return Header("BMP", abs(width), abs(height), len(data) >= min(struct.unpack("<I", data[2:6])[0], len(data) + 1))


def _webp(data: bytes) -> Header:
    kind, complete = data[12:16], len(data) >= struct.unpack("<I", data[4:8])[0] + 8
    if kind == b"VP8X":
        width, height = (1 + int.from_bytes(data[i : i + 3], "little") for i in (24, 27))
    elif kind == b"VP8L":
        bits = struct.unpack("<I", data[21:25])[0]
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    else:
        width, height = (n & 0x3FFF for n in struct.unpack("<HH", data[26:30]))
    return Header("WebP", width, height, complete)


def _tiff(data: bytes) -> Header:
    """Size from the first directory of a classic TIFF (tags 256 and 257)."""
    values = _ifd(data, 0)
    return Header("TIFF", values[256], values[257])


def _pnm(data: bytes) -> Header:
    fields = [word for line in data[:512].split(b"\n") for word in line.split(b"#")[0].split()]
    return Header("PNM", int(fields[1]), int(fields[2]))


def _ifd(data: bytes, base: int) -> dict[int, int]:
    """Numbers of the first directory of TIFF data at `base`: tag -> first value, for the integer types."""
    order = "<" if data[base : base + 2] == b"II" else ">"
    start = base + struct.unpack(order + "I", data[base + 4 : base + 8])[0]
    values = {}
    for i in range(struct.unpack(order + "H", data[start : start + 2])[0]):
        entry = data[start + 2 + 12 * i : start + 14 + 12 * i]
        tag, kind = struct.unpack(order + "HH", entry[:4])
        if kind in (3, 4):
            values[tag] = struct.unpack(order + ("H" if kind == 3 else "I"), entry[8 : 10 if kind == 3 else 12])[0]
    return values


def exif_orientation(data: bytes, head: Header) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none (JPEG: the APP1 segment; PNG: eXIf; WebP: EXIF)."""
    limit = 1 << 18 if head.format == "JPEG" else len(data)
    marks = {"JPEG": b"Exif\x00\x00", "PNG": b"eXIf", "WebP": b"EXIF"}
    mark = marks.get(head.format)
    at = data.find(mark, 0, limit) if mark else -1
    if at < 0:
        return 1
    base = at + {"JPEG": 6, "PNG": 4, "WebP": 8}[head.format]
    if head.format == "WebP" and data[base : base + 6] == b"Exif\x00\x00":
        base += 6
    try:
        value = _ifd(data, base).get(0x0112, 1)
    except (struct.error, IndexError):
        return 1  # a damaged note about the image is no reason not to read the image
    return value if 1 <= value <= 8 else 1


_PARSERS = {
    b"\x89PNG\r\n\x1a\n": _png,
    b"\xff\xd8\xff": _jpeg,
    b"GIF87a": _gif,
    b"GIF89a": _gif,
    b"BM": _bmp,
    b"II*\x00": _tiff,
    b"MM\x00*": _tiff,
}
