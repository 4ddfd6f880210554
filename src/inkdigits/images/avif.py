"""The bytes of an AVIF file -> the sizes that its boxes promise, and those of the AV1 frames within, which the decoder goes by.

The boxes: ISO/IEC 14496-12 (iloc), 23008-12 (ispe). The frames: AV1 Bitstream & Decoding Process Specification, 5.3 and 5.5.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

BOXES = 1 << 16
"""Bytes at the beginning of a file among which its boxes are."""
SEQUENCE_HEADER = 1
"""The type of the unit (OBU) that holds the size of the frames."""
MOST_UNITS = 8
"""How many units may come before it."""


def promised(data: bytes) -> tuple[int, int]:
    """Width and height of the largest image; the others are thumbnails, or parts of a mosaic. Raises ValueError where there is none."""
    found = [struct.unpack_from(">II", data, m.end() + 4) for m in re.finditer(b"ispe", data[:BOXES])]
    if not found:
        raise ValueError("the AVIF header is damaged")
    width, height = max(found, key=lambda size: size[0] * size[1])
    return width, height


def held(data: bytes) -> tuple[int, int]:
    """The most width and the most height that a frame of it has. Raises ValueError where no frame says so."""
    sizes = [size for at in _items(data) if (size := _frame_size(data, at))]
    if not sizes:
        raise ValueError("the AVIF holds no image that its header points to")
    return max(width for width, _ in sizes), max(height for _, height in sizes)


def deep(data: bytes) -> bool:
    """Whether its numbers have more than 8 bits."""
    return any(data[m.end() + 2] & 0x40 for m in re.finditer(b"av1C", data[:BOXES]))


def _items(data: bytes) -> Iterator[int]:
    """Where the pieces lie of which the file's items are made."""
    inner = data.find(b"idat", 0, BOXES) + 4
    for found in re.finditer(b"iloc", data[:BOXES]):
        at = found.end()
        version = data[at]
        offset_size, length_size = data[at + 4] >> 4, data[at + 4] & 15
        base_size, index_size = data[at + 5] >> 4, data[at + 5] & 15 if version else 0
        number = 4 if version == 2 else 2  # bytes of an item's number, and of how many there are
        at += 6
        count, at = _whole(data, at, number)
        for _ in range(count):
            at += number
            method = data[at + 1] & 15 if version else 0
            at += 4 if version else 2
            base, at = _whole(data, at, base_size)
            pieces, at = _whole(data, at, 2)
            for _ in range(pieces):
                offset, at = _whole(data, at + index_size, offset_size)
                at += length_size
                yield base + offset + (inner if method == 1 else 0)


def _frame_size(data: bytes, at: int) -> tuple[int, int] | None:
    """The size in the first units of a piece; None where there is none, as in metadata and in what is left of a frame."""
    for _ in range(MOST_UNITS):
        if at + 2 > len(data):
            return None
        kind, extended, sized = data[at] >> 3 & 15, data[at] & 4, data[at] & 2
        at += 2 if extended else 1
        size, at = _leb128(data, at) if sized else (len(data) - at, at)
        if kind == SEQUENCE_HEADER:
            return _Bits(data[at : at + min(size, 256)]).frame_size()
        at += size
    return None


def _whole(data: bytes, at: int, size: int) -> tuple[int, int]:
    """A number of so many bytes, and where it ends."""
    if at + size > len(data):
        raise IndexError
    return int.from_bytes(data[at : at + size]), at + size


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and where it ends."""
    value = 0
    for place in range(8):
        value |= (data[at + place] & 0x7F) << 7 * place
        if data[at + place] < 0x80:
            return value, at + place + 1
    raise ValueError("the AVIF header is damaged")


class _Bits:
    """A sequence header, bit by bit."""

    def __init__(self, data: bytes) -> None:
        self.bits, self.left = int.from_bytes(data), 8 * len(data)

    def take(self, count: int) -> int:
        """The next bits as a number. Raises IndexError at the end."""
        self.left -= count
        if self.left < 0:
            raise IndexError
        return self.bits >> self.left & (1 << count) - 1

    def frame_size(self) -> tuple[int, int]:
        """Most width and height of a frame: what comes before them is passed over, as 5.5.1 of the specification has it."""
        self.take(4)  # profile, still picture
        if self.take(1):  # a short header
            self.take(5)
        else:
            delay_bits = self._timing()
            shown_delay = self.take(1)
            for _ in range(self.take(5) + 1):
                self.take(12)
                if self.take(5) > 7:  # level
                    self.take(1)
                if delay_bits and self.take(1):
                    self.take(2 * delay_bits + 1)
                if shown_delay and self.take(1):
                    self.take(4)
        width_bits, height_bits = self.take(4) + 1, self.take(4) + 1
        return self.take(width_bits) + 1, self.take(height_bits) + 1

    def _timing(self) -> int:
        """Pass over timing and decoder model; the bits of a delay, 0 without such a model."""
        if not self.take(1):
            return 0
        self.take(64)
        if self.take(1):  # the same interval throughout, in a number with as many zeros before it as bits after its first
            zeros = 0
            while not self.take(1):
                zeros += 1
            self.take(zeros)
        if not self.take(1):
            return 0
        bits = self.take(5) + 1
        self.take(42)
        return bits
