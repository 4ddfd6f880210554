"""Images that cannot be read say why, before anything large is decoded; what is only odd is read."""

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from inkdigits import images
from inkdigits.errors import InputError
from sample_images import encoded, exif, pil


def huge(kind: str) -> bytes:
    """A header that promises 60,000 x 60,000 pixels, and no pixels."""
    side = 60_000
    if kind == "PNG":
        body = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
        end = struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
        return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body)) + end
    if kind == "JPEG":
        data = bytearray(encoded(pil(), "JPEG"))
        at = data.index(b"\xff\xc0")
        data[at + 5 : at + 9] = struct.pack(">HH", side, side)
        return bytes(data)
    if kind == "GIF":
        data = bytearray(encoded(pil().quantize(8), "GIF"))
        data[6:10] = struct.pack("<HH", side, side)
        return bytes(data)
    if kind == "BMP":
        data = bytearray(encoded(pil(), "BMP"))
        data[18:26], data[30] = struct.pack("<ii", side, -side), 1  # compressed, so that its length proves nothing
        return bytes(data)
    if kind == "TIFF":
        return encoded(pil(), "TIFF").replace(struct.pack("<HHIHH", 256, 4, 1, 40, 0), struct.pack("<HHIHH", 256, 4, 1, 0, 9999))
    return b"P5\n60000 60000\n255\n"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "PNM"])
def test_a_huge_header_is_refused_before_anything_is_decoded(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("decoded"))
    monkeypatch.setattr(cv2, "imdecodemulti", lambda *_, **__: pytest.fail("decoded"))
    with pytest.raises(InputError, match="too many"):
        images.first(huge(kind))


def lying(kind: str) -> bytes:
    """A small file whose header promises 196 million pixels: not too many, but more than its bytes can hold."""
    side = 14_000
    if kind == "JPEG":
        return huge(kind).replace(struct.pack(">HH", 60_000, 60_000), struct.pack(">HH", side, side))
    if kind == "GIF":
        return huge(kind).replace(struct.pack("<HH", 60_000, 60_000), struct.pack("<HH", side, side))
    return huge(kind).replace(struct.pack("<ii", 60_000, -60_000), struct.pack("<ii", side, -side))


@pytest.mark.parametrize("kind", ["JPEG", "GIF", "BMP"])
def test_more_pixels_than_the_bytes_can_hold_are_refused_before_anything_is_decoded(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by fuzzing: 1.2 GB and 5 s for a file of 2 KB."""
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("decoded"))
    with pytest.raises(InputError, match=f"{kind} data are damaged"):
        images.first(lying(kind))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(encoded(Image.new("L", (4000, 3000), 255), "JPEG", progressive=True, quality=10), id="JPEG"),
        pytest.param(encoded(Image.new("P", (4000, 3000)), "GIF"), id="GIF"),
    ],
)
def test_blank_pages_take_few_bytes_and_are_read(data: bytes) -> None:
    assert images.first(data).shape[:2] == (3000, 4000)


def cut(kind: str, **options: object) -> bytes:
    data = encoded(pil(), kind, **options)
    return data[: len(data) * 2 // 3]


def with_thumbnail() -> bytes:
    """A JPEG whose EXIF thumbnail is complete, cut short in its own scan."""
    thumbnail = b"Exif\0\0" + encoded(pil(), "JPEG")
    data = encoded(pil().resize((400, 300)), "JPEG")
    data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail + data[2:]
    return data[:-20]


def pdf_without_its_page() -> bytes:
    objects = b"1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj\n2 0 obj <</Type /Pages /Count 1 /Kids [3 0 R]>> endobj\n"
    return b"%PDF-1.4\n" + objects + b"trailer <</Root 1 0 R>>"


def piled_up() -> bytes:
    """A TIFF of directories 8 bytes apart and each as long as half the file: reading them takes the square of its bytes."""
    data = bytearray(b"II*\0" + struct.pack("<I", 8) + bytes(60_000))
    entries = 2000
    for at in range(8, 20_000, 8):
        struct.pack_into("<H", data, at, entries)
        struct.pack_into("<I", data, at + 2 + 12 * entries, at + 8)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "the file is empty", id="empty"),
        pytest.param(cut("PNG"), "cut short", id="PNG cut short"),
        pytest.param(cut("JPEG"), "cut short", id="JPEG cut short"),
        pytest.param(encoded(pil(), "JPEG")[:-2], "cut short", id="JPEG without its end"),
        pytest.param(encoded(pil(), "JPEG")[:30], "cut short", id="JPEG cut in its header"),
        pytest.param(with_thumbnail(), "cut short", id="JPEG cut short after a whole thumbnail"),
        pytest.param(cut("WEBP"), "cut short", id="WebP cut short"),
        pytest.param(cut("BMP"), "cut short", id="BMP cut short"),
        pytest.param(cut("TIFF", compression="tiff_lzw"), "cut short|damaged", id="TIFF cut short"),
        pytest.param(encoded(pil().quantize(8), "GIF")[:-40], "damaged", id="GIF cut short"),
        pytest.param(cut("PPM"), "damaged", id="PNM cut short"),
        pytest.param(b"P6\nwide high\n255\n" + bytes(99), "PNM header", id="PNM without a size"),
        pytest.param(b"\x89PNG\r\n\x1a\n", "cut short", id="nothing but the magic"),
        pytest.param(b"hello, this is text", "not an image: it starts with 'hello, this is text'", id="text"),
        pytest.param(b"\x00\x01\x02\x03" * 9, "not an image", id="bytes of no format"),
        pytest.param(encoded(Image.new("L", (1, 1)), "PNG"), "too few", id="1 x 1"),
        pytest.param(encoded(Image.new("L", (300, 1)), "PNG"), "too few", id="one row"),
        pytest.param(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(80), "HEIC images cannot be read", id="HEIC"),
        pytest.param(b"%PDF-1.4 nothing behind it", "the PDF is damaged", id="damaged PDF"),
        pytest.param(encoded(pil(), "PNG")[:-12] + b"\x40\0\0\0IEND\xaeB`\x82", "cut short", id="PNG whose end says that it is a gigabyte"),
        pytest.param(pdf_without_its_page(), "page 1 of the PDF is damaged", id="PDF whose page is not there"),
        pytest.param(b"II*\0\0\0\0\0", "the TIFF holds no image", id="TIFF without pages"),
        pytest.param(b"II+\0\x08\0\0\0" + b"\xff" * 8, "cut short", id="BigTIFF whose page is beyond all memory"),
        pytest.param(piled_up(), "cut short", id="TIFF whose directories lie on top of each other"),
    ],
)
def test_files_that_cannot_be_read_say_why(data: bytes, reason: str) -> None:
    if b"%PDF" in data:
        pytest.importorskip("pypdfium2")
    with pytest.raises(InputError, match=reason) as caught:
        images.load(data, "in/a.png").page(1)
    assert caught.value.source == "in/a.png"
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        pytest.param("nowhere.png", "no such file", id="missing file"),
        pytest.param("https://example.org/a.png", "no such file; addresses are not fetched", id="address"),
        pytest.param(".", "a folder", id="folder"),
        pytest.param("a\0b.png", "no such file", id="a name that no file can have"),
        pytest.param(io.StringIO("text"), "text, not bytes", id="text file object"),
        pytest.param(np.zeros((3, 28, 28), np.uint8), r"shape \(3, 28, 28\)", id="channels first"),
        pytest.param(np.zeros((5, 5, 2), np.uint8), "shape", id="two channels"),
        pytest.param(np.zeros(784, np.uint8), "shape", id="a flat row"),
        pytest.param(np.zeros((0, 5), np.uint8), "too few", id="an empty array"),
        pytest.param(np.full((5, 5), np.nan), "NaN", id="NaN"),
        pytest.param(np.full((5, 5), -np.inf), "infinite", id="infinity"),
        pytest.param(np.full((5, 5), 1e300), "infinite", id="numbers beyond all images"),
        pytest.param(np.zeros((5, 5), complex), "complex", id="complex numbers"),
        pytest.param(3.14, "not an image", id="a number"),
        pytest.param(None, "not an image", id="None"),
    ],
)
def test_sources_that_cannot_be_read_say_why(source: object, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        images.first(source)


def test_a_file_without_permission_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may read everything: the refusal is the system call's own, made by hand."""
    path = tmp_path / "locked.png"
    path.write_bytes(encoded(pil(), "PNG"))

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(InputError, match="no permission"):
        images.first(path)


def test_a_damaged_exif_block_does_not_stop_the_image() -> None:
    data = encoded(pil(), "JPEG", exif=exif(6))
    at = data.index(b"Exif\0\0")
    assert images.first(data[: at + 8] + b"\xff" * 8 + data[at + 16 :]).shape == (30, 40, 3)


def test_an_exif_block_that_points_beyond_all_memory_does_not_stop_the_image() -> None:
    block = b"Exif\0\0II+\0\x08\0\0\0" + b"\xff" * 8
    data = encoded(pil(), "JPEG")
    assert images.first(data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[2:]).shape == (30, 40, 3)
