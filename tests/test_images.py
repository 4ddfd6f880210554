"""Images come in as users have them. The pictures show a red block in the top left corner of a light page, 40 wide and 30 high."""

import io
import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from inkdigits import images
from inkdigits.errors import MissingExtra
from sample_images import PAPER, RED, encoded, exif, grey, page, pil


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(encoded(pil(), "PNG"), id="PNG"),
        pytest.param(encoded(pil("RGBA"), "PNG"), id="PNG with an alpha channel that hides nothing"),
        pytest.param(encoded(pil(), "JPEG", quality=100, subsampling=0), id="JPEG"),
        pytest.param(encoded(pil(), "JPEG", progressive=True, quality=100, subsampling=0), id="progressive JPEG"),
        pytest.param(encoded(pil("CMYK"), "JPEG", quality=100, subsampling=0), id="CMYK JPEG"),
        pytest.param(encoded(pil(), "WEBP", lossless=True), id="WebP"),
        pytest.param(encoded(pil(), "WEBP", quality=100), id="lossy WebP"),
        pytest.param(encoded(pil(), "TIFF"), id="TIFF"),
        pytest.param(encoded(pil(), "TIFF", compression="tiff_lzw"), id="TIFF, LZW"),
        pytest.param(encoded(pil(), "TIFF", big_tiff=True), id="BigTIFF"),
        pytest.param(encoded(pil("CMYK"), "TIFF"), id="CMYK TIFF"),
        pytest.param(encoded(pil(), "BMP"), id="BMP"),
        pytest.param(encoded(pil(), "PPM"), id="PNM"),
        pytest.param(b"P3 # by hand\n40 30\n255\n" + b" ".join(b"%d" % n for n in page().ravel()) + b"\n", id="PNM as text"),
        pytest.param(encoded(pil().quantize(8), "PNG"), id="PNG with a palette"),
        pytest.param(encoded(pil().quantize(8), "GIF"), id="GIF"),
        pytest.param(encoded(pil(), "AVIF", quality=100), id="AVIF"),
    ],
)
def test_formats_keep_their_colours(data: bytes) -> None:
    image = images.first(data)
    assert image.dtype == np.uint8
    assert image.shape == (30, 40, 3)
    np.testing.assert_allclose(image[7, 10], RED, atol=12)
    np.testing.assert_allclose(image[25, 35], PAPER, atol=12)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(encoded(pil("L"), "PNG"), id="grey PNG"),
        pytest.param(encoded(pil("L"), "JPEG", quality=100), id="grey JPEG"),
        pytest.param(encoded(pil("L"), "TIFF"), id="grey TIFF"),
        pytest.param(encoded(Image.fromarray(np.asarray(pil("L")).astype(np.uint16) * 257), "PNG"), id="16-bit PNG"),
        pytest.param(encoded(Image.fromarray(np.asarray(pil("L")).astype(np.float32) / 255), "TIFF"), id="TIFF of floats"),
    ],
)
def test_grey_images_stay_grey(data: bytes) -> None:
    image = images.first(data)
    assert image.shape == (30, 40)
    assert abs(int(image[7, 10]) - grey(RED)) <= 2
    assert abs(int(image[25, 35]) - grey(PAPER)) <= 2


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(encoded(pil("1"), "PNG"), id="PNG"),
        pytest.param(encoded(pil("1"), "TIFF", compression="group4"), id="fax TIFF"),
        pytest.param(encoded(pil("1"), "BMP"), id="BMP"),
        pytest.param(encoded(pil("1"), "PPM"), id="PBM"),
    ],
)
def test_one_bit_becomes_black_and_white(data: bytes) -> None:
    assert set(np.unique(images.first(data))) == {0, 255}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_orientation_is_applied(kind: str, orientation: int) -> None:
    """Pillow's own `exif_transpose` is the oracle."""
    from PIL import ImageOps

    data = encoded(pil(), kind, exif=exif(orientation))
    with Image.open(io.BytesIO(data)) as stored:
        upright = np.asarray(ImageOps.exif_transpose(stored).convert("RGB"))
        np.testing.assert_allclose(images.first(stored), upright, atol=12)
    np.testing.assert_allclose(images.first(data), upright, atol=12)


def transparent(stroke: int, cover: slice) -> bytes:
    image = np.zeros((30, 40, 4), np.uint8)
    image[cover, cover] = (stroke, stroke, stroke, 255)
    return encoded(Image.fromarray(image), "PNG")


@pytest.mark.parametrize(
    ("data", "paper"),
    [
        pytest.param(transparent(0, slice(5, 10)), 255, id="black strokes on nothing: white paper"),
        pytest.param(transparent(120, slice(5, 10)), 255, id="grey strokes on nothing: white paper"),
        pytest.param(transparent(255, slice(5, 10)), 0, id="white strokes on nothing: black paper"),
        pytest.param(encoded(Image.new("RGBA", (40, 30)), "PNG"), 255, id="nothing at all: white paper"),
    ],
)
def test_transparent_drawings_are_laid_on_paper_that_shows_them(data: bytes, paper: int) -> None:
    assert (images.first(data)[20, 30] == paper).all()


def test_a_cut_out_note_is_laid_on_white() -> None:
    note = np.zeros((40, 40, 4), np.uint8)
    note[5:35, 5:35] = (250, 250, 250, 255)
    note[10:30, 18:22, :3] = 20
    assert (images.first(note)[0, 0] == 255).all()


def test_half_transparent_strokes_are_mixed_with_the_paper() -> None:
    image = np.zeros((10, 10, 4), np.uint8)
    image[2:5, 2:5, 3] = 128
    assert images.first(image)[3, 3].tolist() == [127, 127, 127]


@pytest.mark.parametrize(
    "array",
    [
        pytest.param(np.random.default_rng(0).integers(0, 256, (1500, 1000, 4), np.uint8), id="transparency"),
        pytest.param(np.random.default_rng(0).integers(0, 65536, (1500, 1000, 3), np.uint16), id="16 bits"),
        pytest.param(np.random.default_rng(0).random((3000, 1000)), id="floats"),
    ],
)
def test_large_images_are_converted_in_little_more_than_their_own_memory(array: np.ndarray) -> None:
    """Measured before: 1.8 GB for a PNG of 49 million pixels with transparency, 0.2 MB as a file."""
    tracemalloc.start()
    try:
        image = images.first(array)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 * image.nbytes + (20 << 20)
    if array.ndim == 3 and array.shape[2] == 4:
        cover = array[..., 3:] / 255
        expected = array[..., :3] * cover + 255 * (1 - cover)
    else:
        expected = array * (255 / 65535 if array.dtype == np.uint16 else 255)
    np.testing.assert_allclose(image, expected, atol=0.51)


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        pytest.param(np.array([[0, 1], [0, 1]], bool), [0, 255], id="bool"),
        pytest.param(np.array([[0, 7], [0, 7]], np.uint8), [0, 7], id="uint8 as it is"),
        pytest.param(np.array([[0, 65535], [0, 65535]], np.uint16), [0, 255], id="16 bits"),
        pytest.param(np.array([[0, 4095], [0, 4095]], np.uint16), [0, 255], id="12 bits stored in 16"),
        pytest.param(np.array([[0, 255], [0, 255]], np.int64), [0, 255], id="8 bits stored in 64"),
        pytest.param(np.array([[0, 1], [0, 0.2]], np.float64), [0, 255], id="floats up to 1"),
        pytest.param(np.array([[0, 0.2], [0, 0.2]], np.float32), [0, 51], id="dark floats stay dark"),
        pytest.param(np.array([[0.0, 255], [0, 9]]), [0, 255], id="floats up to 255"),
        pytest.param(np.array([[-1.0, 1], [0, 0]]), [0, 255], id="floats around 0"),
        pytest.param(np.array([[0.0, 0], [0, 0]]), [0, 0], id="all black"),
    ],
)
def test_arrays_of_any_number_become_eight_bits(array: np.ndarray, expected: list[int]) -> None:
    image = images.first(array)
    assert image.dtype == np.uint8
    assert image[0].tolist() == expected


def test_sources_of_every_kind_give_the_same_image(tmp_path: Path) -> None:
    data = encoded(pil(), "PNG")
    path = tmp_path / "page.png"
    path.write_bytes(data)
    with path.open("rb") as file:
        for source in (path, str(path), data, bytearray(data), file, io.BytesIO(data), pil(), page(), Image.open(io.BytesIO(data))):
            np.testing.assert_array_equal(images.first(source), page())
    np.testing.assert_array_equal(images.first(page()[..., :1]), page()[..., 0])


def test_pages_of_a_tiff_are_decoded_one_by_one() -> None:
    document = images.load(encoded(pil(), "TIFF", save_all=True, append_images=[pil("L"), pil().resize((20, 10))]))
    assert document.pages == 3
    assert [document.page(n).shape for n in (3, 2, 1)] == [(10, 20, 3), (30, 40), (30, 40, 3)]


def test_the_pages_of_a_pdf_are_drawn_at_200_dpi() -> None:
    pytest.importorskip("pypdfium2")
    document = images.load(encoded(pil(), "PDF", resolution=100, save_all=True, append_images=[pil("L")]))
    assert document.pages == 2
    for number in (1, 2):
        assert np.abs(np.subtract(document.page(number).shape, (60, 80, 3))).max() <= 1
    np.testing.assert_allclose(document.page(1)[10, 10], RED, atol=12)


def test_pdf_without_its_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pypdfium2", None)
    with pytest.raises(MissingExtra, match=r"inkdigits\[pdf\]"):
        images.first(b"%PDF-1.7\n")


def test_the_first_frame_of_an_animation_is_the_picture() -> None:
    data = encoded(pil().quantize(8), "GIF", save_all=True, append_images=[Image.new("P", (40, 30))], duration=50)
    document = images.load(data)
    assert document.pages == 1
    np.testing.assert_allclose(document.page(1)[7, 10], RED, atol=12)


@pytest.mark.parametrize(
    ("kind", "side", "shape"),
    [
        pytest.param(".jpg", 0, (600, 800), id="as it is"),
        pytest.param(".jpg", 401, (600, 800), id="less than twice as large as needed"),
        pytest.param(".jpg", 400, (300, 400), id="half is enough"),
        pytest.param(".jpg", 150, (150, 200), id="a quarter is enough"),
        pytest.param(".jpg", 10, (75, 100), id="no less than an eighth"),
        pytest.param(".png", 100, (600, 800), id="only of JPEG"),
    ],
)
@pytest.mark.parametrize("colour", [False, True])
def test_a_jpeg_is_decoded_as_large_as_is_needed(kind, side, shape, colour):
    image = np.full((600, 800, 3) if colour else (600, 800), 90, np.uint8)
    image[:300, :400] = RED[::-1] if colour else 200
    page = images.load(cv2.imencode(kind, image)[1].tobytes()).decode(1, side)
    assert page.size == (600, 800)
    assert page.image.shape == (*shape, 3)[: image.ndim]
    np.testing.assert_allclose(page.image[5, 5], RED if colour else 200, atol=12)


def test_a_smaller_jpeg_stands_upright_too():
    image = Image.fromarray(np.pad(np.full((100, 200), 255, np.uint8), ((0, 0), (0, 200))))  # light on the left
    exif = image.getexif()
    exif[0x0112] = 6  # to be turned to the right: light above
    file = io.BytesIO()
    image.save(file, "JPEG", exif=exif)
    page = images.load(file.getvalue()).decode(1, 200)
    assert page.size == (400, 100)
    assert page.image.shape == (200, 50)
    assert page.image[50].min() > 200
    assert page.image[150].max() < 50
