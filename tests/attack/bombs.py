"""Small files that promise or unpack to far more than they are: each is refused, or read, in the memory that a worker may take.

Images lie in their headers, have thousands of pages, frames and scans; models want terabytes, cards and .npz files are deep or huge.
"""

from __future__ import annotations

import io
import json
import random
import re
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image

MEMORY = 3 << 30
"""Bytes that a reading may take: less than a worker may, more than a page of 200 million pixels in colour does."""
SECONDS = 120.0
CODE = """
import resource, sys
resource.setrlimit(resource.RLIMIT_DATA, ({memory}, {memory}))
from inkdigits import Error, Reader, images
try:
    document = images.load({path!r})
    for number in range(1, min(document.pages, 20) + 1):
        Reader().trace_page(document, number)
except Error as error:
    print("refused:", error)
"""
"""What reads a bomb. A crash, another exception and a time without end are what must not be."""


def attack(tries: int, chance: random.Random, home: Path) -> Iterator[str]:
    """See the docstring of `run.py`."""
    for name, make in list(BOMBS.items())[:tries]:
        path = home / name.replace(" ", "-")
        path.write_bytes(make(chance))
        command = [sys.executable, "-c", CODE.format(memory=MEMORY, path=str(path))]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            yield f"{name}: no answer in {SECONDS:g} s"
            continue
        last = (done.stderr.strip().splitlines() or [""])[-1]
        yield "" if done.returncode == 0 else f"{name}: ended with {done.returncode}: {last}"
        path.unlink()


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def avif_that_lies(_: random.Random) -> bytes:
    data = bytearray(encoded(Image.new("L", (5000, 5000), 200), "AVIF", speed=10))
    for box in re.finditer(b"ispe", bytes(data)):
        struct.pack_into(">II", data, box.end() + 4, 40, 30)
    return bytes(data)


def png_of_zeros(_: random.Random) -> bytes:
    """14,000 x 14,000 pixels, white, in 0.2 MB."""
    rows = zlib.compressobj(9)
    packed = b"".join([*(rows.compress(bytes(14_001)) for _ in range(14_000)), rows.flush()])
    chunks = b"IHDR" + struct.pack(">IIBBBBB", 14_000, 14_000, 8, 0, 0, 0, 0), b"IDAT" + packed, b"IEND"
    return b"\x89PNG\r\n\x1a\n" + b"".join(struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks)


def many_frames(kind: str) -> Callable[[random.Random], bytes]:
    def make(chance: random.Random) -> bytes:
        frames = [Image.new("L", (1000, 1000), 10 + n) for n in range(60)]
        return encoded(frames[0], kind, save_all=True, append_images=frames[1:])

    return make


def many_scans(_: random.Random) -> bytes:
    data = encoded(Image.new("L", (4000, 4000), 200), "JPEG", progressive=True)
    last = data.rfind(b"\xff\xda")
    return data[:last] + data[last:-2] * 5000 + data[-2:]


def many_pages(_: random.Random) -> bytes:
    """A TIFF of 60,000 directories that all show the same strip."""
    rows = struct.pack("<H", 9) + b"".join(
        struct.pack("<HHII", tag, 4, 1, value)
        for tag, value in ((256, 9000), (257, 9000), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, 9000), (279, 64))
    )
    size, start = len(rows) + 4, 72
    pages = (rows + struct.pack("<I", start + (page + 1) * size if page < 59_999 else 0) for page in range(60_000))
    return b"II*\0" + struct.pack("<I", start) + bytes(64) + b"".join(pages)


def pdf_of_pages(_: random.Random) -> bytes:
    objects = b"1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj\n2 0 obj <</Type /Pages /Count 2000000000 /Kids [3 0 R]>> endobj\n"
    return b"%PDF-1.4\n" + objects + b"3 0 obj <</Type /Page /Parent 2 0 R /MediaBox [0 0 9 9]>> endobj\ntrailer <</Root 1 0 R>>"


def pdf_as_large_as_a_field(_: random.Random) -> bytes:
    objects = b"1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj\n2 0 obj <</Type /Pages /Count 1 /Kids [3 0 R]>> endobj\n"
    return b"%PDF-1.4\n" + objects + b"3 0 obj <</Type /Page /Parent 2 0 R /MediaBox [0 0 1e6 1e6]>> endobj\ntrailer <</Root 1 0 R>>"


def pam_of_channels(_: random.Random) -> bytes:
    return b"P7\nWIDTH 10000\nHEIGHT 10000\nDEPTH 500\nMAXVAL 65535\nTUPLTYPE X\nENDHDR\n" + bytes(99)


def zip_of_zeros(_: random.Random) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", bytes(100 << 20))
    return out.getvalue()


def deep_json(_: random.Random) -> bytes:
    return b"[" * 1_000_000 + json.dumps({}).encode()


BOMBS: dict[str, Callable[[random.Random], bytes]] = {
    "lying.avif": avif_that_lies,
    "zeros.png": png_of_zeros,
    "frames.gif": many_frames("GIF"),
    "frames.webp": many_frames("WEBP"),
    "frames.png": many_frames("PNG"),
    "frames.avif": many_frames("AVIF"),
    "scans.jpg": many_scans,
    "pages.tiff": many_pages,
    "pages.pdf": pdf_of_pages,
    "field.pdf": pdf_as_large_as_a_field,
    "channels.pam": pam_of_channels,
    "zeros.npz": zip_of_zeros,
    "deep.json": deep_json,
}
TRIES = len(BOMBS)
