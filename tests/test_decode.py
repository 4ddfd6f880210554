"""What a page may cost, counted before decoding and after it; and what a decoder warned of."""

import io
import re
import struct
import time
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from inkdigits import images
from inkdigits.errors import InputError
from inkdigits.images.tiff import is_sound


@pytest.fixture
def undecoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing may be decoded."""
    for decoder in ("cv2.imdecode", "simplejpeg.decode_jpeg"):
        monkeypatch.setattr(decoder, lambda *_, **__: pytest.fail("decoded"))


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def writing() -> Image.Image:
    """Digits on paper, 320 x 240, with enough in it that bits have something to change."""
    page = np.random.default_rng(0).normal(225, 6, (240, 320, 3)).clip(0, 255).astype(np.uint8)
    cv2.putText(page, "31415", (20, 150), cv2.FONT_HERSHEY_SIMPLEX, 3, (40, 40, 90), 9)
    return Image.fromarray(page)


def png_header(width: int, height: int, depth: int, colour: int) -> bytes:
    chunks = b"IHDR" + struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0), b"IEND"
    return b"\x89PNG\r\n\x1a\n" + b"".join(struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks)


def tiff(pages: int, **tags: int) -> bytes:
    """A TIFF of one strip, 8 x 8 and grey, that all its pages show; page n says so by its first pixel, n % 251."""
    entry = {"width": (256, 8), "height": (257, 8), "bits": (258, 8), "method": (259, 1), "photometric": (262, 1), "channels": (277, 1)}
    values = {number: tags.get(name, value) for name, (number, value) in entry.items()} | {278: 8, 279: 64}
    size = 2 + 12 * (len(values) + 1) + 4
    out = bytearray(b"II*\0" + struct.pack("<I", 8))
    for page in range(pages):
        at = len(out)
        rows = sorted((values | {273: at + size}).items())
        out += struct.pack("<H", len(rows)) + b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in rows)
        out += struct.pack("<I", at + size + 64 if page < pages - 1 else 0) + bytes([page % 251] + [90] * 63)
    return bytes(out)


@pytest.mark.usefixtures("undecoded")
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(png_header(14_000, 14_000, 16, 6), id="PNG, 16 bits, with transparency"),
        pytest.param(b"P7\nWIDTH 10000\nHEIGHT 10000\nDEPTH 300\nMAXVAL 255\nTUPLTYPE X\nENDHDR\n", id="PAM of 300 channels"),
        pytest.param(b"P6\n14000 14000\n65535\n", id="PNM, 16 bits"),
        pytest.param(tiff(1, width=10_000, height=10_000, bits=64, channels=3), id="TIFF of floats, 64 bits"),
        pytest.param(tiff(1, width=10_000, height=10_000, channels=65_535), id="TIFF of 65,535 channels"),
    ],
)
def test_bytes_are_counted_before_decoding(data: bytes) -> None:
    with pytest.raises(InputError, match=r"\d+ x \d+ pixels of \d+ bytes each are too many; at most 800 million bytes"):
        images.first(data)


def test_eight_bits_of_four_channels_are_few_enough() -> None:
    with pytest.raises(InputError, match="damaged"):  # there are no pixels in it; it is not too large
        images.first(png_header(14_000, 14_000, 8, 6))


def lying_avif(side: int = 400) -> bytes:
    """Its boxes promise 40 x 30 pixels, its frame has more."""
    data = bytearray(encoded(Image.new("L", (side, side), 200), "AVIF"))
    for box in re.finditer(b"ispe", bytes(data)):
        struct.pack_into(">II", data, box.end() + 4, 40, 30)
    return bytes(data)


@pytest.mark.usefixtures("undecoded")
def test_an_avif_is_believed_by_its_frames_and_not_by_its_boxes() -> None:
    """Found by attack: 2.7 GB."""
    with pytest.raises(InputError, match="promises 40 x 30 pixels, its data hold 400 x 400"):
        images.first(lying_avif())


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="one frame"),
        pytest.param({"save_all": True, "append_images": [writing()] * 3}, id="an animation"),
        pytest.param({"subsampling": "4:4:4"}, id="full colour"),
        pytest.param({"autotiling": True}, id="tiles"),
        pytest.param({"exif": Image.Exif()}, id="with EXIF"),
    ],
)
def test_avif_that_tells_the_truth_is_read(options: dict[str, object]) -> None:
    assert images.first(encoded(writing(), "AVIF", **options)).shape == (240, 320, 3)


def test_avif_with_transparency_and_of_ten_bits_is_read() -> None:
    assert images.first(encoded(writing().convert("RGBA"), "AVIF")).shape == (240, 320, 3)
    deep = np.asarray(writing()).astype(np.uint16) << 2
    assert images.first(cv2.imencode(".avif", deep, [cv2.IMWRITE_AVIF_DEPTH, 10])[1].tobytes()).shape == (240, 320, 3)


def test_pixels_are_counted_after_decoding_too(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(writing(), "PNG")
    monkeypatch.setattr("cv2.imdecode", lambda *_: np.zeros((4000, 3000), np.uint8))
    with pytest.raises(InputError, match="promises 320 x 240 pixels, and the data hold 3000 x 4000"):
        images.first(data)


def test_want_of_memory_is_called_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        error = cv2.error("Failed to allocate 1 bytes")
        error.code = cv2.Error.StsNoMem
        raise error

    monkeypatch.setattr("cv2.imdecode", fail)
    with pytest.raises(InputError, match="not enough memory"):
        images.first(encoded(writing(), "PNG"))


def test_pages_are_counted_before_one_is_decoded() -> None:
    with pytest.raises(InputError, match="10001 pages are too many; at most 10000 are read: split it"):
        images.load(tiff(10_001))


def test_page_9999_of_a_tiff_costs_what_page_1_costs() -> None:
    document = images.load(tiff(9999))
    assert [document.page(number)[0, 0] for number in (1, 9999, 252, 2)] == [0, 9998 % 251, 0, 1]

    def cost(number: int) -> float:
        begun = time.process_time()
        for _ in range(20):
            document.page(number)
        return time.process_time() - begun

    assert cost(9999) < 10 * cost(1) + 0.02  # seconds; walking through those before it takes hundreds of times as long


def bomb_of_scans() -> bytes:
    """A progressive JPEG with the last of its scans 300 times."""
    data = encoded(writing(), "JPEG", progressive=True)
    last = data.rfind(b"\xff\xda")
    return data[:last] + data[last:-2] * 300 + data[-2:]


@pytest.mark.usefixtures("undecoded")
def test_scans_of_a_jpeg_are_counted_before_decoding() -> None:
    with pytest.raises(InputError, match="more than 200 scans"):
        images.first(bomb_of_scans())


def with_sampling(first: int) -> bytes:
    """A JPEG whose first component is said to be sampled so: two hexadecimal digits, across and down."""
    data = bytearray(encoded(writing(), "JPEG", subsampling=0))
    at = data.index(b"\xff\xc0")
    data[at + 11] = first
    return bytes(data)


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :]


@pytest.mark.parametrize("fewer", [1, 4])
@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="JPEG"),
        pytest.param({"progressive": True}, id="progressive"),
        pytest.param({"restart_marker_rows": 1}, id="with restarts"),
    ],
)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_whole_jpegs_are_not_doubted_and_are_what_opencv_makes_of_them(mode: str, options: dict[str, object], fewer: int) -> None:
    data = encoded(writing().convert(mode), "JPEG", **options)
    page = images.load(data).decode(1, 320 // fewer)
    reduced = {1: cv2.IMREAD_ANYCOLOR, 4: cv2.IMREAD_REDUCED_COLOR_4 if mode != "L" else cv2.IMREAD_REDUCED_GRAYSCALE_4}[fewer]
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), reduced)
    np.testing.assert_array_equal(page.image, expected if mode == "L" else expected[..., ::-1])
    assert not page.doubtful


@pytest.mark.parametrize("fewer", [1, 4])
def test_what_libjpeg_warns_of_makes_a_page_doubtful(fewer: int) -> None:
    """Which flips it notices depends on the place: of 40 in the first half some must be, and what is noticed is still an image."""
    data = encoded(writing(), "JPEG", optimize=True)
    start = data.rfind(b"\xff\xda") + 14
    pages = [images.load(flipped(data, place)).decode(1, 320 // fewer) for place in range(start, start + 400, 10)]
    assert sum(page.doubtful for page in pages) >= 5
    assert {page.image.shape for page in pages} == {(240 // fewer, 320 // fewer, 3)}


def test_a_jpeg_whose_middle_is_missing_is_doubtful() -> None:
    data = encoded(writing(), "JPEG")
    assert images.load(data[: len(data) // 2] + data[-2:]).decode(1, 0).doubtful


def test_a_jpeg_that_cannot_be_checked_is_doubtful() -> None:
    assert images.load(with_sampling(0x31)).decode(1, 0).doubtful


def test_every_other_format_is_not_doubted(tmp_path: Path) -> None:
    for kind in ("PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "AVIF"):
        assert not images.load(encoded(writing(), kind)).decode(1, 0).doubtful


@pytest.mark.parametrize("number", [1, 2])
def test_a_deflated_tiff_whose_check_sum_is_wrong_is_doubtful(number: int) -> None:
    data = encoded(writing(), "TIFF", compression="tiff_adobe_deflate", save_all=True, append_images=[writing()])
    assert not any(images.load(data).decode(page, 0).doubtful for page in (1, 2))
    changed = flipped(data, len(data) * (2 * number - 1) // 4)
    assert [images.load(changed).decode(page, 0).doubtful for page in (1, 2)] == [number == 1, number == 2]


@pytest.mark.parametrize(
    ("tags", "doubtful"),
    [
        pytest.param({}, False, id="whole"),
        pytest.param({"at": 10_000}, True, id="its pixels lie beyond its end"),
        pytest.param({"method": 8}, True, id="its pixels are not deflated"),
    ],
)
def test_a_tiff_whose_pixels_are_not_there_is_doubtful(tags: dict[str, int], doubtful: bool) -> None:
    data = bytearray(tiff(1, **{key: value for key, value in tags.items() if key != "at"}))
    if "at" in tags:
        place = data.index(struct.pack("<HHI", 273, 4, 1)) + 8
        data[place : place + 4] = struct.pack("<I", tags["at"])
    assert is_sound(np.frombuffer(data, np.uint8), 8, 1000) is not doubtful


def test_a_deflated_bomb_is_not_unpacked_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    strip = zlib.compress(bytes(100 << 20), 9)
    data = bytearray(tiff(1, method=8))
    for tag, value in ((273, len(data)), (279, len(strip))):
        place = data.index(struct.pack("<HHI", tag, 4, 1)) + 8
        data[place : place + 4] = struct.pack("<I", value)
    whole = np.frombuffer(bytes(data) + strip, np.uint8)
    assert is_sound(whole, 8, 100 << 20)
    unpacked = []

    class Counting:
        """As zlib's, and keeps count."""

        def __init__(self) -> None:
            self.inside = Inflate()

        def decompress(self, data: bytes, most: int) -> bytes:
            unpacked.append(most)
            return self.inside.decompress(data, most)

        def __getattr__(self, name: str) -> object:
            return getattr(self.inside, name)

    Inflate = zlib.decompressobj
    monkeypatch.setattr("inkdigits.images.tiff.zlib.decompressobj", Counting)
    assert not is_sound(whole, 8, 2 << 20)
    assert 2 << 20 <= sum(unpacked) <= 4 << 20
