"""Records docs/demo.webp: the real page in a real Chromium, used by a hand at a person's speed.

    make demo-video      # or: python tools/demo_video.py --out docs/demo.webp

The page's clock runs by the frame, not by the machine: a busy machine records the same film, only more slowly. The answers are
the service's; they arrive within the frame in which they are asked for, as they do on an idle machine (tens of milliseconds).
Needs inkdigits[dev] and Debian's chromium.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from inkdigits.training.pen import GLYPHS

ROOT = Path(__file__).resolve().parent.parent
WIDTH, HEIGHT, RATE = 960, 720, 15
"""Of the film: pixels, frames a second."""
HAND, SWING = 550.0, 1000.0
"""Pixels a second of a hand that writes, and of one that goes elsewhere."""
QUALITY = 80
ARROW = np.array([(0, 0), (0, 20), (5, 16), (8, 23), (11, 22), (8, 15), (14, 15)])
"""The pointer, in pixels."""
LETTER = [[(0.0, 1.0), (0.4, 0.0), (0.8, 1.0)], [(0.15, 0.62), (0.65, 0.62)]]
"""An A."""

Points = NDArray[np.float64]


class Film:
    """A page, the hand that uses it, and the frames so far: pairs of a picture, uint8 (H, W, 3) RGB, and its milliseconds."""

    def __init__(self, page: Page) -> None:
        self.page, self.at, self.pressed = page, np.array([WIDTH * 0.9, HEIGHT * 0.8]), False
        self.frames: list[tuple[NDArray[np.uint8], int]] = []
        self.asked = 0
        page.on("request", lambda _: self._count(1))
        page.on("requestfinished", lambda _: self._count(-1))
        page.on("requestfailed", lambda _: self._count(-1))

    def _count(self, step: int) -> None:
        self.asked += step

    def shoot(self) -> None:
        """Let one frame's time pass, and take it; what looks as before lasts longer."""
        self.page.clock.run_for(1000 // RATE)
        self.page.wait_for_timeout(5)
        while self.asked:
            self.page.wait_for_timeout(5)
        shot = np.array(Image.open(BytesIO(self.page.screenshot())).convert("RGB"))
        tip = np.round(self.at).astype(int)
        if self.pressed:
            cv2.circle(shot, tip, 13, (255, 150, 40), 2, cv2.LINE_AA)
        cv2.fillPoly(shot, [ARROW + tip], (255, 255, 255), cv2.LINE_AA)
        cv2.polylines(shot, [ARROW + tip], True, (20, 20, 20), 1, cv2.LINE_AA)
        if self.frames and np.array_equal(self.frames[-1][0], shot):
            self.frames[-1] = shot, self.frames[-1][1] + 1000 // RATE
        else:
            self.frames.append((shot, 1000 // RATE))

    def rest(self, seconds: float) -> None:
        """Do nothing for a while."""
        for _ in range(round(seconds * RATE)):
            self.shoot()

    def follow(self, path: Points, speed: float) -> None:
        """Move the hand along points (N, 2) with so many pixels a second."""
        run = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
        frames = max(2, round(run[-1] / speed * RATE))
        share = np.linspace(0, 1, frames + 1)
        share = share * share * (3 - 2 * share)  # a hand speeds up and slows down
        for begin, end in pairwise(share):
            for part in np.linspace(begin, end, 5)[1:]:
                self.at = np.array([np.interp(part * run[-1], run, path[:, k]) for k in (0, 1)])
                self.page.mouse.move(*map(float, self.at))
            self.shoot()

    def go(self, x: float, y: float) -> None:
        """Move the hand there, in a bow."""
        end = np.array([x, y])
        bow = (self.at + end) / 2 + 0.12 * (end - self.at)[::-1] * (1, -1)
        self.follow(curve(np.array([self.at, bow, end])), SWING)

    def press(self, selector: str) -> None:
        """Move to a button or a link, and click on it."""
        place = self.page.locator(selector).bounding_box()
        assert place, f"{selector} is not on the page"
        self.go(place["x"] + place["width"] * 0.5, place["y"] + place["height"] * 0.6)
        self.pressed = True
        self.shoot()
        self.page.mouse.down()
        self.page.mouse.up()
        self.shoot()
        self.pressed = False

    def write(self, glyph: list[list[tuple[float, float]]], left: float, top: float, height: float) -> None:
        """Write a glyph, strokes in a box of 1 x 1, on the pad."""
        pad = self.page.locator("#pad").bounding_box()
        assert pad, "the pad is not on the page"
        for stroke in glyph:
            points = np.array(stroke) * height + (pad["x"] + left, pad["y"] + top)
            self.go(*points[0])
            self.pressed = True
            self.page.mouse.down()
            self.follow(curve(points) if len(points) > 3 else points, HAND)
            self.page.mouse.up()
            self.pressed = False


def curve(points: Points, steps: int = 12) -> Points:
    """A Catmull-Rom spline through points (N, 2)."""
    p = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])[:, None]
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    a, b, c, d = p[:-3], p[1:-2], p[2:-1], p[3:]
    between = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return np.concatenate([between.reshape(-1, 2), points[-1:]])


def play(film: Film) -> None:
    """The story: a 3, a 42, a page of numbers, a letter."""
    film.rest(0.4)
    film.write(GLYPHS["3"][2], 190, 90, 190)
    film.rest(1.6)
    film.press("#clear")
    film.write(GLYPHS["4"][0], 110, 90, 190)
    film.rest(0.6)
    film.write(GLYPHS["2"][1], 290, 90, 190)
    film.rest(1.6)
    film.press("nav a[href='#image']")
    with film.page.expect_file_chooser() as chooser:
        film.press("label:has(#image-file)")
    chooser.value.set_files(ROOT / "examples" / "page.jpg")
    film.page.locator("#image-boxes g").first.wait_for()
    film.rest(2.6)
    film.press("nav a[href='#draw']")
    film.press("#clear")
    film.write(LETTER, 200, 90, 190)
    film.rest(3)


@contextmanager
def service() -> Iterator[str]:
    """The address of `inkdigits serve` in a process of its own."""
    command = [sys.executable, "-m", "inkdigits", "serve", "--port", "0", "--workers", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[0]
        finally:
            process.terminate()


def main() -> int:
    """Record, and write the film."""
    parser = argparse.ArgumentParser(description="Record the page in use.")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "demo.webp")
    out = parser.parse_args().out
    chromium = shutil.which("chromium")
    if chromium is None:
        print("there is no chromium: apt-get install chromium", file=sys.stderr)
        return 1
    with service() as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light", reduced_motion="reduce")
        page.clock.install(time=0)
        page.goto(address, wait_until="networkidle")
        page.clock.pause_at(60_000)
        film = Film(page)
        play(film)
        browser.close()
    first, *others = (Image.fromarray(picture) for picture, _ in film.frames)
    times = [ms for _, ms in film.frames]
    first.save(out, save_all=True, append_images=others, duration=times, loop=0, quality=QUALITY, method=6, minimize_size=True)
    print(f"{out}: {sum(times) / 1000:.1f} s, {len(times)} frames, {out.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
