"""bytes -> what kind of image file they are, and the size of every page, before anything is decoded.

A header that promises 60,000 x 60,000 pixels costs nothing to read and 10 GB to believe. A file that was cut short is told here too:
decoders fill the missing part with grey, and grey would be read as paper.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass

from . import avif

CUT_SHORT = "the file is cut short"
MOST_SCANS = 200
"""Of a progressive JPEG, which has about ten. Each takes as long as decoding all pixels, and may take no more than a few bytes."""


@dataclass(frozen=True, slots=True)
class PageHeader:
    """What a page promises. width, height: in pixels, as stored, EXIF orientation not applied.

    bytes_a_pixel: of memory, when it is decoded: channels times the bytes of each. at: where in a TIFF file its directory lies.
    """

    width: int
    height: int
    bytes_a_pixel: int
    at: int = 0


@dataclass(frozen=True, slots=True)
class Header:
    """kind: "PNG", "JPEG", ... pages: every page in order; empty for PDF, whose pages have no pixels.

    orientation: EXIF, 1 to 8, of JPEG, PNG and WebP; 1, as stored, for the others (OpenCV itself turns TIFF upright).
    """

    kind: str
    pages: tuple[PageHeader, ...] = ()
    orientation: int = 1


def kind_of(data: bytes) -> str | None:
    """The file format that the first bytes tell: None where it is none that is known here."""
    for kind, magics in _MAGIC.items():
        if data.startswith(magics):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data[4:8] == b"ftyp":
        brands = data[8 : int.from_bytes(data[:4])]
        if b"avif" in brands or b"avis" in brands:
            return "AVIF"
        if any(brand in brands for brand in (b"heic", b"heix", b"hevc", b"mif1", b"msf1")):
            return "HEIC"
    return "PDF" if b"%PDF-" in data[:1024] else None


def read_header(data: bytes) -> Header:
    """Read the header of an image file. Raises ValueError, saying what is wrong, for one that is unknown, damaged or cut short."""
    kind = kind_of(data)
    if kind is None:
        start = data[:24].decode("utf-8", "replace").splitlines()[0]
        what = f"it starts with {start!r}" if start.isprintable() else "its first bytes are those of no known format"
        raise ValueError(f"not an image: {what}")
    if kind not in _PARSERS:
        return Header(kind)
    try:
        header = _PARSERS[kind](data)
    except (struct.error, IndexError, OverflowError):  # OverflowError: an offset that no memory has
        raise ValueError(CUT_SHORT) from None
    if not header.pages:
        raise ValueError(f"the {kind} holds no image")
    return header


def tiff_directories(data: bytes) -> dict[int, dict[int, int]]:
    """The directories of a TIFF file or an EXIF block (TIFF 6.0, section 2; BigTIFF), by where they lie: the whole-number tags of each, by
    tag number, of several numbers the first.

    Raises struct.error or OverflowError where the data ends too early, ValueError where they go in circles or overlap.
    """
    order = "<" if data[:2] == b"II" else ">"
    big = struct.unpack_from(order + "H", data, 2)[0] == 43
    count_code, offset_code, entry_size = ("Q", "Q", 20) if big else ("H", "I", 12)
    (at,) = struct.unpack_from(order + offset_code, data, 8 if big else 4)
    directories: dict[int, dict[int, int]] = {}
    left = len(data)
    while at:
        if at in directories:
            raise ValueError("its pages go in circles")
        tags = directories[at] = {}
        (count,) = struct.unpack_from(order + count_code, data, at)
        at += struct.calcsize(order + count_code)
        left -= count * entry_size
        if left < 0:  # many long directories on top of each other would take minutes
            raise ValueError(CUT_SHORT)
        for entry in range(at, at + count * entry_size, entry_size):
            tag, kind = struct.unpack_from(order + "HH", data, entry)
            if kind in _WHOLE_NUMBERS:  # the value of a single number sits in the entry itself, in its last 4 (BigTIFF 8) bytes
                value = entry + (12 if big else 8)
                if tag == _BITS and struct.unpack_from(order + offset_code, data, entry + 4)[0] > (4 if big else 2):
                    (value,) = struct.unpack_from(order + offset_code, data, value)
                tags[tag] = struct.unpack_from(order + _WHOLE_NUMBERS[kind], data, value)[0]
        (at,) = struct.unpack_from(order + offset_code, data, at + count * entry_size)
    return directories


def _orientation(exif: bytes) -> int:
    """The orientation that an EXIF block asks for; 1 where it has none or makes no sense: that is no reason not to read the image."""
    try:
        value = next(iter(tiff_directories(exif.removeprefix(b"Exif\0\0")).values())).get(0x0112, 1)
    except (struct.error, ValueError, StopIteration, OverflowError):
        return 1
    return value if 1 <= value <= 8 else 1


def _png(data: bytes) -> Header:
    width, height, depth, colour = struct.unpack_from(">IIBB", data, 16)
    at, orientation = 8, 1
    while data[at + 4 : at + 8] != b"IEND":
        (length,) = struct.unpack_from(">I", data, at)
        if data[at + 4 : at + 8] == b"eXIf":
            orientation = _orientation(data[at + 8 : at + 8 + length])
        at += 12 + length
    if len(data) < at + 12 + struct.unpack_from(">I", data, at)[0]:  # the end has a length too: OpenCV makes room for it
        raise ValueError(CUT_SHORT)
    channels = {0: 1, 2: 3}.get(colour, 4)
    return Header("PNG", (PageHeader(width, height, channels * (2 if depth == 16 else 1)),), orientation)


def _jpeg(data: bytes) -> Header:
    at, page, progressive, orientation = 2, PageHeader(0, 0, 1), False, 1
    while data[at + 1] != 0xDA:  # where the scan begins: nothing but pixels from here on
        if data[at] != 0xFF:
            raise ValueError("the JPEG header is damaged")
        if data[at + 1] == 0xFF:  # a fill byte
            at += 1
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if data[at + 1] in _START_OF_FRAME:
            height, width, components = struct.unpack_from(">HHB", data, at + 5)
            page, progressive = PageHeader(width, height, components), data[at + 1] & 3 == 2
        elif data[at + 1] == 0xE1 and data.startswith(b"Exif\0\0", at + 4):
            orientation = _orientation(data[at + 4 : at + 2 + length])
        at += 2 + length
    # The end marker cannot occur inside compressed data; before the scan it can: an EXIF thumbnail has its own.
    if data.rfind(b"\xff\xd9", at) < 0:
        raise ValueError(CUT_SHORT)
    if progressive and data.count(b"\xff\xda", at) > MOST_SCANS:
        raise ValueError(f"the JPEG has more than {MOST_SCANS} scans")
    return Header("JPEG", (page,), orientation)


def _webp(data: bytes) -> Header:
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    if len(data) < end:
        raise ValueError(CUT_SHORT)
    at, orientation = 12, 1
    while at < end - 8:
        (length,) = struct.unpack_from("<I", data, at + 4)
        if data[at : at + 4] == b"EXIF":
            orientation = _orientation(data[at + 8 : at + 8 + length])
        at += 8 + length + length % 2
    if data[12:16] == b"VP8X":
        width, height = 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    elif data[12:16] == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    else:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    return Header("WebP", (PageHeader(width, height, 4),), orientation)


def _gif(data: bytes) -> Header:
    width, height = struct.unpack_from("<HH", data, 6)
    return Header("GIF", (PageHeader(width, height, 4),))  # the first frame is the picture: an animation is no document of several pages


def _bmp(data: bytes) -> Header:
    old = struct.unpack_from("<I", data, 14)[0] == 12
    width, height = struct.unpack_from("<HH" if old else "<ii", data, 18)
    bits = 24
    if not old:
        (start,), (bits, method) = struct.unpack_from("<I", data, 10), struct.unpack_from("<HI", data, 28)
        if method == 0 and len(data) < start + (width * bits + 31) // 32 * 4 * abs(height):
            raise ValueError(CUT_SHORT)
    return Header("BMP", (PageHeader(width, abs(height), 4 if bits == 32 else 3),))  # a negative height means rows from top to bottom


def _pnm(data: bytes) -> Header:
    found = (_PAM if data[:2] == b"P7" else _PNM).match(data[:4096])
    if not found:
        raise ValueError("the PNM header is damaged")
    if data[:2] == b"P7":
        channels, largest = (int(number[1]) if (number := key.search(data, 0, found.end())) else 1 for key in (_DEPTH, _LARGEST))
    else:
        channels, largest = 3 if data[1:2] in b"36" else 1, int(found[3] or 1)
    return Header("PNM", (PageHeader(int(found[1]), int(found[2]), channels * (2 if largest > 255 else 1)),))


def _tiff(data: bytes) -> Header:
    def page(at: int, tags: dict[int, int]) -> PageHeader:
        channels = 3 if tags.get(_PHOTOMETRIC) == _PALETTE else tags.get(_CHANNELS, 1)
        return PageHeader(tags.get(0x0100, 0), tags.get(0x0101, 0), channels * -(-tags.get(_BITS, 1) // 8), at)

    return Header("TIFF", tuple(page(at, tags) for at, tags in tiff_directories(data).items()))


def _avif(data: bytes) -> Header:
    (width, height), held = avif.promised(data), avif.held(data)
    if held[0] > width or held[1] > height:
        raise ValueError(f"the AVIF header promises {width} x {height} pixels, its data hold {held[0]} x {held[1]}")
    return Header("AVIF", (PageHeader(width, height, 8 if avif.deep(data) else 4),))


_MAGIC: dict[str, bytes | tuple[bytes, ...]] = {
    "PNG": b"\x89PNG\r\n\x1a\n",
    "JPEG": b"\xff\xd8\xff",
    "GIF": (b"GIF87a", b"GIF89a"),
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "BMP": b"BM",
    "JPEG 2000": (b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),
    "JPEG XL": (b"\0\0\0\x0cJXL \r\n\x87\n", b"\xff\x0a"),
    "PNM": tuple(f"P{n}{space}".encode() for n in range(1, 8) for space in "\n\r\t "),
}
_PARSERS: dict[str, Callable[[bytes], Header]] = {
    "PNG": _png,
    "JPEG": _jpeg,
    "WebP": _webp,
    "TIFF": _tiff,
    "BMP": _bmp,
    "GIF": _gif,
    "PNM": _pnm,
    "AVIF": _avif,
}
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WHOLE_NUMBERS = {1: "B", 3: "H", 4: "I", 16: "Q"}
_GAP = rb"(?:\s|#[^\n]*\n)+"
_PNM = re.compile(rb"P[1-6]" + _GAP + rb"(\d+)" + _GAP + rb"(\d+)(?:" + _GAP + rb"(\d+))?\s")
_PAM = re.compile(rb"P7\s.*?WIDTH\s+(\d+)\s.*?HEIGHT\s+(\d+)\s.*?ENDHDR", re.DOTALL)
_DEPTH, _LARGEST = re.compile(rb"\sDEPTH\s+(\d+)\s"), re.compile(rb"\sMAXVAL\s+(\d+)\s")
_BITS, _PHOTOMETRIC, _CHANNELS = 0x0102, 0x0106, 0x0115
_PALETTE = 3
