"""A sheet on a desk as a camera sees it: one plane in perspective, a soft shadow, light that is not even, blur, noise, JPEG."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from inkdigits.arrays import Bytes, Double, Float

Rng = np.random.Generator

FOCUS = 0.72
"""The focal length, in diagonals of the picture: 31 mm on film."""
LARGEST = 2400
"""The longest side of a picture, in pixels."""


@dataclass(frozen=True, slots=True)
class Camera:
    """How a sheet lies and is seen. roll: its tilt; pitch, yaw: of the camera, all in degrees. fill: the share of the picture's width or
    height that the sheet takes up."""

    roll: float = 0.0
    pitch: float = 0.0
    yaw: float = 0.0
    fill: float = 0.7

    def plane(self, ratio: float) -> Double:
        """The homography from the plane of the desk, where the sheet's middle is at (0, 0) and its longer side is 1, to a picture whose
        diagonal is 1, the sheet's middle at (0, 0). ratio: of the picture's width to its height; float64 (3, 3)."""
        roll, pitch, yaw = np.deg2rad([self.roll, self.pitch, self.yaw])
        turn = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
        tip = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
        swing = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
        rotation = swing @ tip @ turn
        far = FOCUS / (0.8 * self.fill / max(ratio, 1 / ratio))
        moved: Double = np.column_stack([rotation[:, 0], rotation[:, 1], [0, 0, far]])
        return np.diag([FOCUS, FOCUS, 1.0]) @ moved


def photograph(sheet: Bytes, desk: Bytes, camera: Camera, rng: Rng) -> Bytes:
    """A picture of a sheet on a desk, in which the sheet has about as many pixels as it has by itself.

    sheet, desk: uint8 (h, w, 3), RGB. Returns uint8 (H, W, 3), RGB.
    """
    size, on_sheet = _framed(sheet.shape, camera)
    on_desk = on_sheet @ _desk_to_sheet(desk.shape, sheet.shape, rng)
    under = cv2.warpPerspective(desk, on_desk, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT).astype(np.float32)
    own = cv2.warpPerspective(sheet, on_sheet, size, flags=cv2.INTER_LINEAR).astype(np.float32)
    mask = cv2.warpPerspective(np.ones(sheet.shape[:2], np.float32), on_sheet, size, flags=cv2.INTER_LINEAR)
    under *= (1 - _shadow(mask, rng) * (1 - mask))[..., None]
    scene = under * (1 - mask[..., None]) + own * mask[..., None] * np.float32(rng.uniform(0.82, 0.98))
    return _taken(scene * _light(size, rng)[..., None], rng)


def _framed(shape: tuple[int, ...], camera: Camera) -> tuple[tuple[int, int], Double]:
    """The size of the picture, width and height, and the homography from the pixels of the sheet to those of the picture."""
    high, wide = shape[:2]
    longest = max(high, wide)
    to_plane = np.array([[1 / longest, 0, -wide / 2 / longest], [0, 1 / longest, -high / 2 / longest], [0, 0, 1]])
    corners = np.array([[(0, 0), (wide, 0), (wide, high), (0, high)]], np.float64)
    for ratio in (4 / 3, 3 / 4):
        seen = cv2.perspectiveTransform(corners, camera.plane(ratio) @ to_plane)[0]
        span = np.ptp(seen, axis=0)
        if (span[0] > span[1]) == (ratio > 1):
            break
    sides = np.linalg.norm(np.roll(seen, -1, axis=0) - seen, axis=1)
    scale = longest / float(sides.max())  # the longest side keeps its pixels
    width = max(span[0] * scale, span[1] * scale * ratio) / camera.fill
    shrunk = min(1.0, LARGEST / max(width, width / ratio))
    size = round(width * shrunk), round(width / ratio * shrunk)
    middle = (seen.min(axis=0) + seen.max(axis=0)) / 2
    scale *= shrunk
    place = np.array([[scale, 0, size[0] / 2 - scale * middle[0]], [0, scale, size[1] / 2 - scale * middle[1]], [0, 0, 1]])
    return size, place @ camera.plane(ratio) @ to_plane


def _desk_to_sheet(desk: tuple[int, ...], sheet: tuple[int, ...], rng: Rng) -> Double:
    """From the pixels of the desk to those of the sheet: a desk is about three sheets long, and lies at any angle."""
    scale = 3.2 * max(sheet[:2]) / max(desk[:2])
    angle = rng.uniform(-25, 25) + 90 * int(rng.integers(4))
    matrix = cv2.getRotationMatrix2D((desk[1] / 2, desk[0] / 2), float(angle), scale)
    matrix[:, 2] += np.array([sheet[1] / 2 - desk[1] / 2, sheet[0] / 2 - desk[0] / 2])
    return np.vstack([matrix, [0, 0, 1]])


def _shadow(mask: Float, rng: Rng) -> Float:
    """The light that the sheet takes from the desk beside it: float32 (H, W) in [0, 0.6]."""
    diagonal = float(np.hypot(*mask.shape[:2]))
    away = diagonal * rng.uniform(0.002, 0.012)
    angle = rng.uniform(0, 2 * np.pi)
    moved = np.array([[1, 0, away * np.cos(angle)], [0, 1, away * np.sin(angle)]])
    cast = cv2.GaussianBlur(cv2.warpAffine(mask, moved, mask.shape[1::-1]), (0, 0), max(1.0, away * 0.7))
    return np.asarray(cast * np.float32(rng.uniform(0.25, 0.6)), np.float32)


def _light(size: tuple[int, int], rng: Rng) -> Float:
    """Light that falls off to one side and to the corners, in one picture of four with the soft edge of a shadow across: float32 (H, W)."""
    xs, ys = np.linspace(-0.5, 0.5, size[0], dtype=np.float32)[None], np.linspace(-0.5, 0.5, size[1], dtype=np.float32)[:, None]
    angle = rng.uniform(0, 2 * np.pi)
    along = xs * np.float32(np.cos(angle)) + ys * np.float32(np.sin(angle))
    light = 1 + np.float32(rng.uniform(0.05, 0.4)) * along - np.float32(rng.uniform(0.1, 0.5)) * (xs**2 + ys**2)
    if rng.random() < 0.25:
        edge = rng.uniform(-0.25, 0.25)
        light = light * (1 - np.float32(rng.uniform(0.15, 0.45)) / (1 + np.exp(-(along - edge) * np.float32(rng.uniform(15, 60)))))
    return np.asarray(np.clip(light * np.float32(rng.uniform(0.8, 1.0)), 0, 1.1), np.float32)


def _taken(scene: Float, rng: Rng) -> Bytes:
    """What a camera makes of light: a cast of colour, blur, noise that grows with the light, JPEG."""
    cast = np.array([rng.uniform(0.94, 1.04), 1, rng.uniform(0.9, 1.04)], np.float32)
    sharp = cv2.GaussianBlur(scene * cast, (0, 0), float(rng.uniform(0.5, 0.9)))
    grain = rng.standard_normal(sharp.shape, np.float32)
    grain = 0.5 * grain + rng.standard_normal(sharp.shape[:2], np.float32)[..., None]
    noisy = sharp + grain * (np.float32(rng.uniform(0.8, 2.5)) + 0.01 * sharp)
    image = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    _, coded = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(78, 94))])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)[..., ::-1])
