"""Image files of every format, and what damage does to their bytes: what `fuzz.py` reads. File N of a seed is always the same one."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from inkdigits.images.header import read_header

EXAMPLES = Path(__file__).parent.parent / "examples"
SIDE = 100
"""Long side of the pictures, in pixels: what the bytes do to the reader does not depend on it, and 100,000 files take half an hour."""

Rng = np.random.Generator
Mutation = Callable[[bytearray, Rng], bytes | bytearray]


def sources() -> dict[str, bytes]:
    """The examples in every format: bytes by name."""
    out: dict[str, bytes] = {}
    for path in sorted(EXAMPLES.glob("*.[jp][pn]g")):
        colour = cv2.imread(str(path))
        scale = SIDE / max(colour.shape)
        colour = cv2.resize(colour, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        for name, data in encodings(colour).items():
            out[f"{path.stem}.{name}"] = data
    return out


def encodings(colour: np.ndarray) -> dict[str, bytes]:
    """uint8 (h, w, 3) BGR -> a file of each kind: bytes by suffix, with what is special about it before the suffix."""
    grey = cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY)
    alpha = np.dstack([colour, 255 - grey])
    bilevel = np.where(grey > cv2.mean(grey)[0] - 20, np.uint8(255), np.uint8(0))
    deep = grey.astype(np.uint16) * 257

    def encode(suffix: str, image: np.ndarray, *options: int) -> bytes:
        return cv2.imencode(suffix, image, options)[1].tobytes()

    jpeg = encode(".jpg", colour, cv2.IMWRITE_JPEG_QUALITY, 80)
    out = {
        "png": encode(".png", colour),
        "grey.png": encode(".png", grey),
        "alpha.png": encode(".png", alpha),
        "deep.png": encode(".png", deep),
        "bit.png": encode(".png", bilevel, cv2.IMWRITE_PNG_BILEVEL, 1),
        "palette.png": palette_png(grey),
        "jpg": jpeg,
        "grey.jpg": encode(".jpg", grey),
        "progressive.jpg": encode(".jpg", colour, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        "turned.jpg": turned(jpeg, 6),
        "webp": encode(".webp", colour, cv2.IMWRITE_WEBP_QUALITY, 80),
        "alpha.webp": encode(".webp", alpha, cv2.IMWRITE_WEBP_QUALITY, 80),
        "lossless.webp": encode(".webp", colour, cv2.IMWRITE_WEBP_QUALITY, 101),
        "tiff": encode(".tiff", grey, cv2.IMWRITE_TIFF_COMPRESSION, cv2.IMWRITE_TIFF_COMPRESSION_NONE),
        "lzw.tiff": encode(".tiff", colour, cv2.IMWRITE_TIFF_COMPRESSION, cv2.IMWRITE_TIFF_COMPRESSION_LZW),
        "zip.tiff": encode(".tiff", alpha, cv2.IMWRITE_TIFF_COMPRESSION, cv2.IMWRITE_TIFF_COMPRESSION_ADOBE_DEFLATE),
        "deep.tiff": encode(".tiff", deep),
        "float.tiff": encode(".tiff", grey.astype(np.float32) / 255),
        "pages.tiff": cv2.imencodemulti(".tiff", [colour, colour[::2, ::2], colour])[1].tobytes(),
        "bmp": encode(".bmp", colour),
        "grey.bmp": encode(".bmp", grey),
        "runs.bmp": rle_bmp(grey & 0xE0),
        "gif": encode(".gif", colour),
        "ppm": encode(".ppm", colour),
        "pgm": encode(".pgm", deep),
        "pbm": encode(".pbm", bilevel),
        "text.ppm": b"P3 # by hand\n%d %d\n255\n" % colour.shape[1::-1] + b" ".join(b"%d" % n for n in colour.ravel()) + b"\n",
        "pam": encode(".pam", grey),
        "pdf": pdf(jpeg, colour.shape),
    }
    if cv2.haveImageWriter(".avif"):
        out["avif"] = encode(".avif", colour, cv2.IMWRITE_AVIF_SPEED, 9)
    return out


def palette_png(grey: np.ndarray) -> bytes:
    """Sixteen greys by number."""
    chunks = [
        b"IHDR" + struct.pack(">IIBBBBB", grey.shape[1], grey.shape[0], 8, 3, 0, 0, 0),
        b"PLTE" + bytes(level * 17 for level in range(16) for _ in range(3)),
        b"tRNS" + bytes([255] * 15 + [128]),
        b"IDAT" + zlib.compress(b"".join(b"\0" + row.tobytes() for row in grey >> 4)),
        b"IEND",
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks)


def turned(jpeg: bytes, orientation: int) -> bytes:
    """Add an EXIF block with an orientation to a JPEG."""
    exif = b"Exif\0\0MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


def rle_bmp(grey: np.ndarray) -> bytes:
    """Runs of equal bytes, as BMP's RLE8 has them."""
    rows = []
    for row in grey[::-1]:
        ends = [*(np.flatnonzero(np.diff(row)) + 1).tolist(), len(row)]
        rows.append(b"".join(bytes([end - start, row[start]]) for start, end in zip([0, *ends], ends, strict=False)) + b"\0\0")
    pixels, palette = b"".join(rows) + b"\0\1", bytes(channel for level in range(256) for channel in (level, level, level, 0))
    start = 54 + len(palette)
    header = b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start)
    return header + struct.pack("<IiiHHIIiiII", 40, *grey.shape[::-1], 1, 8, 1, len(pixels), 0, 0, 256, 0) + palette + pixels


def pdf(jpeg: bytes, shape: tuple[int, ...]) -> bytes:
    """A page that shows a JPEG, a third of an inch high."""
    height, width = shape[:2]
    draw = b"q %d 0 0 %d 0 0 cm /I Do Q" % (width // 4, height // 4)
    image = b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode"
    page = b"/Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Resources << /XObject << /I 4 0 R >> >> /Contents 5 0 R"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< " + page % (width // 4, height // 4) + b" >>",
        b"<< " + image % (width, height) + b" /Length %d >>\nstream\n%s\nendstream" % (len(jpeg), jpeg),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(draw), draw),
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 6\n0000000000 65535 f \n%strailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (table, len(out))
    return bytes(out) + end


ODD_NUMBERS = (
    0,
    1,
    2,
    3,
    7,
    8,
    16,
    64,
    100,
    127,
    128,
    255,
    256,
    1024,
    9999,
    32767,
    32768,
    65535,
    65536,
    2**24,
    2**31 - 1,
    2**31,
    2**32 - 1,
)
ODD_TEXTS = (b"0", b"1", b"-1", b"7", b"255", b"256", b"999", b"5000", b"14142", b"65536", b"99999", b"2147483648", b"1e9", b"0.001")


def place(data: bytearray, rng: Rng) -> int:
    """Where to change something: as often where headers are, in the first bytes and the last ones, as anywhere."""
    near = int(rng.integers(min(len(data), 80)))
    return int(rng.choice([near, near, len(data) - 1 - near, *rng.integers(len(data), size=3)]))


def span(data: bytearray, rng: Rng) -> tuple[int, int]:
    """A piece of the file, most often a short one."""
    start = place(data, rng)
    return start, start + 1 + int(rng.exponential(rng.choice([4, 40, len(data) / 4])))


def flip_bits(data: bytearray, rng: Rng) -> bytearray:
    for _ in range(int(rng.integers(1, 20))):
        data[place(data, rng)] ^= 1 << int(rng.integers(8))
    return data


def new_bytes(data: bytearray, rng: Rng) -> bytearray:
    start, end = span(data, rng)
    data[start:end] = rng.bytes(len(data[start:end]))
    return data


def fill(data: bytearray, rng: Rng) -> bytearray:
    start, end = span(data, rng)
    data[start:end] = bytes([int(rng.choice([0, 255, 32, 48]))]) * len(data[start:end])
    return data


def number(data: bytearray, rng: Rng) -> bytearray:
    """Write a number that decoders trip over, in either byte order, where a number may be."""
    code = str(rng.choice([*"BHIQ"]))
    packed = struct.pack(str(rng.choice([*"<>"])) + code, int(rng.choice(ODD_NUMBERS)) % (1 << 8 * struct.calcsize(f"<{code}")))
    at = place(data, rng)
    data[at : at + len(packed)] = packed
    return data


def size(data: bytearray, rng: Rng) -> bytearray:
    """Another width or height or both, wherever the header has them."""
    try:
        page = read_header(bytes(data)).pages[0]
    except (ValueError, IndexError):
        return number(data, rng)
    for side in (page.width, page.height):
        other = int(rng.choice([0, 1, 2, side // 2, 2 * side, 1000, 9999, 14000, 16383, 65535]))
        for code in ("<I", ">I", "<H", ">H"):
            at = data.find(struct.pack(code, side), 0, 400) if 0 <= side < 65536 and other < 65536 else -1
            if at >= 0 and rng.random() < 0.9:
                data[at : at + struct.calcsize(code)] = struct.pack(code, other)
                break
    return data


def text_number(data: bytearray, rng: Rng) -> bytes:
    """The same for numbers written in digits, in PNM and PDF."""
    found = [m.span() for m in re.finditer(rb"(?<![\w.])\d+", data[:4096])]
    if not found:
        return number(data, rng)
    start, end = found[int(rng.integers(len(found)))]
    return data[:start] + ODD_TEXTS[int(rng.integers(len(ODD_TEXTS)))] + data[end:]


def cut_out(data: bytearray, rng: Rng) -> bytearray:
    start, end = span(data, rng)
    del data[start:end]
    return data


def cut_off(data: bytearray, rng: Rng) -> bytearray:
    return data[: place(data, rng)]


def put_in(data: bytearray, rng: Rng) -> bytes:
    at = place(data, rng)
    return data[:at] + rng.bytes(1 + int(rng.exponential(20))) + data[at:]


def repeat(data: bytearray, rng: Rng) -> bytes:
    start, end = span(data, rng)
    return data[:end] + data[start:end] * int(rng.integers(1, 40)) + data[end:]


def move(data: bytearray, rng: Rng) -> bytearray:
    start, end = span(data, rng)
    piece = data[start:end]
    at = place(data, rng)
    data[at : at + len(piece)] = piece
    return data


SAME_LENGTH: tuple[Mutation, ...] = (flip_bits, new_bytes, fill, number, size, move)
"""More often than the others: most formats are refused at once where a part has moved."""
MUTATIONS: tuple[Mutation, ...] = (*SAME_LENGTH, *SAME_LENGTH, text_number, cut_out, cut_off, put_in, repeat)


def mutated(names: list[str], files: dict[str, bytes], seed: int, index: int) -> tuple[str, bytes]:
    """File number `index`: its name and bytes."""
    rng = np.random.default_rng((seed, index))
    name = names[int(rng.integers(len(names)))]
    data = bytearray(files[name])
    if rng.random() < 0.1:  # the head of one file and the tail of another
        other = files[names[int(rng.integers(len(names)))]]
        data = data[: place(data, rng)] + other[int(rng.integers(len(other))) :]
    for _ in range(int(rng.integers(1, 5))):
        if data:
            data = bytearray(MUTATIONS[int(rng.integers(len(MUTATIONS)))](data, rng))
    if rng.random() < 0.6:  # what opens and what ends a file: without them it is refused at once
        data = bytearray(files[name][:12]) + data[12:]
    if rng.random() < 0.4:
        data += files[name][-12:]
    if rng.random() < 0.7:
        checked(data)
    return f"{index}.{name.split('.', 1)[1]}", bytes(data)


def checked(data: bytearray) -> None:
    """Make the check sums of a PNG and the length of a WebP right again, or no damage would get past them."""
    if data.startswith(b"RIFF") and len(data) > 12:
        struct.pack_into("<I", data, 4, len(data) - 8)
    if not data.startswith(b"\x89PNG"):
        return
    at = 8
    while at + 12 <= len(data):
        end = at + 8 + struct.unpack_from(">I", data, at)[0]
        if end + 4 > len(data):
            return
        struct.pack_into(">I", data, end, zlib.crc32(data[at + 4 : end]))
        at = end + 4
