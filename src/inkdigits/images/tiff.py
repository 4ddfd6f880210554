"""Whether the pixels of a TIFF page are all there and are what was written, as far as the file lets one know.

OpenCV keeps to itself what libtiff says of the strips of a page, and leaves them black or half decoded. Deflate has check sums; the other
compressions have none: of LZW, fax and plain data only that they lie within the file can be known.
"""

from __future__ import annotations

import struct
import zlib

from ..arrays import Bytes

COMPRESSION = 0x0103
OFFSETS, COUNTS = (0x0111, 0x0144), (0x0117, 0x0145)
"""Tags: where the strips, or the tiles, of a page lie, and of how many bytes each is (TIFF 6.0, sections 3 and 15)."""
DEFLATE = (8, 32946)
NUMBERS = {3: "H", 4: "I", 16: "Q"}
PIECE = 1 << 20
"""Bytes that are decompressed at a time."""


def is_sound(data: Bytes, at: int, most: int) -> bool:
    """Whether the strips of a page lie within the file, and those that are deflated have the check sums that they name.

    data: uint8 (N,), the file. at: where the directory of the page lies. most: bytes that all strips together may have: with more it is not
    looked at any further.
    """
    tags = _numbers(data.data, at)
    offsets, counts = (next((tags[tag] for tag in own if tag in tags), ()) for own in (OFFSETS, COUNTS))
    if not offsets or len(offsets) != len(counts) or any(start + count > len(data) for start, count in zip(offsets, counts, strict=True)):
        return False
    if tags.get(COMPRESSION, (1,))[0] not in DEFLATE:
        return True
    for start, count in zip(offsets, counts, strict=True):
        most -= _inflated(data[start : start + count], most)
        if most < 0:
            return False
    return True


def _inflated(strip: Bytes, most: int) -> int:
    """The bytes that a deflated strip holds; more than `most` where it holds more, is damaged or is not whole."""
    inflate, size, rest = zlib.decompressobj(), 0, strip.tobytes()
    try:
        while not inflate.eof and size <= most:
            piece = inflate.decompress(rest, PIECE)
            rest = inflate.unconsumed_tail
            size += len(piece)
            if not piece and not inflate.eof:
                return most + 1
    except zlib.error:
        return most + 1
    return size


def _numbers(data: memoryview, at: int) -> dict[int, tuple[int, ...]]:
    """The tags of the directory at a place that matter here. The file was walked through before, and its directories lie within it."""
    order, big = ("<" if data[0] == ord("I") else ">"), 43 in data[2:4]
    count_code, size, inline = ("Q", 20, 8) if big else ("H", 12, 4)
    (entries,) = struct.unpack_from(order + count_code, data, at)
    found: dict[int, tuple[int, ...]] = {}
    for entry in range(at + struct.calcsize(order + count_code), at + struct.calcsize(order + count_code) + entries * size, size):
        tag, kind, count = struct.unpack_from(order + "HH" + ("Q" if big else "I"), data, entry)
        if tag in (COMPRESSION, *OFFSETS, *COUNTS) and kind in NUMBERS:
            place, code = entry + size - inline, f"{order}{count}{NUMBERS[kind]}"
            if count > len(data):
                continue
            if struct.calcsize(code) > inline:
                (place,) = struct.unpack_from(order + ("Q" if big else "I"), data, place)
            if place + struct.calcsize(code) <= len(data):
                found[tag] = struct.unpack_from(code, data, place)
    return found
