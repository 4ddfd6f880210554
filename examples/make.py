"""Makes the images in this folder: digits by a model of pen strokes (inkdigits.training.pen), on paper, under uneven light.

    python examples/make.py

Always the same images: the seed is the file's name. What each says is in truth.csv.
"""

import csv
import zlib
from pathlib import Path

import cv2
import numpy as np

from inkdigits.training.pen import write
from inkdigits.training.synthesis import light

HERE = Path(__file__).parent
BLUE, RED, BLACK, CHALK = (0.75, 0.6, 0.25), (0.25, 0.8, 0.8), (0.85, 0.85, 0.85), (-0.8, -0.8, -0.75)

# name: lines, height of a digit and pen in pixels, ink (share of red, green and blue light taken away), paper level, ruled
IMAGES = {
    "digit_7.png": (["7"], 120, 9, BLACK, 0.97, False),
    "digit_3_felt_tip.jpg": (["3"], 150, 18, RED, 0.9, False),
    "digit_5_chalk.png": (["5"], 110, 8, CHALK, 0.18, False),
    "digit_2_faint_pencil.jpg": (["2"], 90, 3, (0.2, 0.2, 0.2), 0.85, False),
    "number_314159.jpg": (["314159"], 90, 7, BLUE, 0.92, False),
    "number_2026_ruled.jpg": (["2026"], 80, 6, BLUE, 0.95, True),
    "page.jpg": (["48107", "9265 31", "70 884"], 72, 6, BLACK, 0.9, False),
}


def picture(name: str) -> np.ndarray:
    """One of the images above: uint8 (h, w, 3) BGR."""
    lines, height, pen, ink, level, ruled = IMAGES[name]
    rng = np.random.default_rng((zlib.crc32(name.encode()), 1))
    written = [write(text, rng, height=height, pen=pen) for text in lines]
    margin, pitch = int(0.8 * height), int(1.7 * height)
    sheet = np.zeros((2 * margin + height + pitch * (len(lines) - 1) + height // 3, 2 * margin + max(w.shape[1] for w in written)))
    for i, line in enumerate(written):
        x, y = margin + int(rng.uniform(0, 0.3) * height), margin + i * pitch
        sheet[y : y + line.shape[0], x : x + line.shape[1]] = line[:, : sheet.shape[1] - x]
    paper = level * light(sheet.shape, rng)
    if ruled:
        paper[margin + int(1.05 * height) :: pitch] *= 0.6
        paper[margin + int(1.05 * height) + 1 :: pitch] *= 0.6
    grain = cv2.GaussianBlur(rng.normal(0, 0.03, sheet.shape), (0, 0), 1.0)
    channels = []
    for share in ink:
        taken = 1 - share * sheet if share > 0 else 1 + (0.95 / level - 1) * -share * sheet  # chalk adds light
        channels.append(paper * taken + grain)
    image = np.dstack(channels[::-1])
    return np.clip(cv2.GaussianBlur(image, (0, 0), 0.7) * 255, 0, 255).astype(np.uint8)


if __name__ == "__main__":
    for name in IMAGES:
        cv2.imwrite(str(HERE / name), picture(name), [cv2.IMWRITE_JPEG_QUALITY, 88] if name.endswith("jpg") else [])
    with (HERE / "truth.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(
            [("file", "truth"), *((n, "\\n".join(v[0]).replace(" ", "")) for n, v in IMAGES.items())]
        )
