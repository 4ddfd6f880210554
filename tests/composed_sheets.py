"""Maps of paper as a network gives them for a sheet in front of a camera."""

import cv2
import numpy as np

SHAPE = (120, 160)
TRUE = {"portrait": 210 / 297, "landscape": 297 / 210, "receipt": 0.4}


def camera(ratio, roll=0.0, pitch=0.0, yaw=0.0, fill=0.6, focus=0.7, shape=SHAPE, shift=(0.0, 0.0)):
    """The corners of a sheet of a true ratio (width by height) in front of a camera: float32 (4, 2), clockwise from its own top left.
    Angles in degrees; fill: the sheet's height by the map's; focus: in diagonals."""
    height, width = shape
    f = focus * np.hypot(height, width)
    sheet = np.array([(-ratio, -1), (ratio, -1), (ratio, 1), (-ratio, 1)]) / 2
    turn, tip, swing = np.deg2rad([roll, pitch, yaw])
    points = np.column_stack([sheet @ [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]], np.zeros(4)])
    points = points @ np.array([[1, 0, 0], [0, np.cos(tip), np.sin(tip)], [0, -np.sin(tip), np.cos(tip)]])
    points = points @ np.array([[np.cos(swing), 0, np.sin(swing)], [0, 1, 0], [-np.sin(swing), 0, np.cos(swing)]])
    far = f / (fill * height)
    seen = f * points[:, :2] / (points[:, 2:] + far) + [(width - 1) / 2, (height - 1) / 2] + np.array(shift)
    return seen.astype(np.float32)


def filled(quad, shape=SHAPE, value=1.0, into=None):
    """A map of paper: 1 within the quad; each pixel by the share of it that is covered."""
    big = np.zeros((shape[0] * 8, shape[1] * 8), np.uint8)
    cv2.fillPoly(big, [np.round(((quad + 0.5) * 8 - 0.5) * 16).astype(np.int32)], 255, shift=4)
    mask = cv2.resize(big, shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return mask if into is None else into * (1 - mask) + value * mask


def noisy(paper, seed=0):
    """As a network says it: soft, uncertain, with writing as holes and specks of false paper."""
    rng = np.random.default_rng(seed)
    soft = cv2.GaussianBlur(paper, (0, 0), 0.8) * 0.9 + 0.05 + rng.normal(0, 0.06, paper.shape).astype(np.float32)
    for _ in range(25):
        x, y = rng.integers(0, paper.shape[1]), rng.integers(0, paper.shape[0])
        if paper[y, x] > 0.5:
            cv2.line(soft, (int(x), int(y)), (int(x + rng.integers(2, 14)), int(y + rng.integers(-1, 2))), 0.2, int(rng.integers(1, 4)))
    for _ in range(6):
        x, y = rng.integers(0, paper.shape[1]), rng.integers(0, paper.shape[0])
        cv2.circle(soft, (int(x), int(y)), 2, 0.8, -1)
    return np.clip(soft, 0, 1).astype(np.float32)
