"""Pictures to encode: a red block in the top left corner of a light page, 40 wide and 30 high."""

import io

import numpy as np
from PIL import Image

RED, PAPER = (200, 30, 40), (250, 240, 230)


def page() -> np.ndarray:
    image = np.full((30, 40, 3), PAPER, np.uint8)
    image[:15, :20] = RED
    return image


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def pil(mode: str = "RGB") -> Image.Image:
    return Image.fromarray(page()).convert(mode)


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


def grey(colour: tuple[int, int, int]) -> int:
    return round(0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2])
