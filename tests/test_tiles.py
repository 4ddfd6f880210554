"""Tiles: the MNIST convention, for every size, pen and strength."""

import cv2
import numpy as np
import pytest

from inkdigits.recognition.tiles import CONTRACT, tile


def ring(size: int, pen: int) -> np.ndarray:
    sheet = np.zeros((size, size), np.uint8)
    cv2.ellipse(sheet, (size // 2, size // 2), (size // 4, size // 3), 0, 0, 360, 1, pen)
    return sheet.astype(bool)


@pytest.mark.parametrize(("size", "pen"), [(24, 2), (60, 5), (200, 4), (200, 30), (600, 2)])
def test_any_size_fills_the_box_and_is_centred(size, pen):
    mask = ring(size, pen)
    made = tile(mask.astype(np.float32), mask)
    assert made.shape == (28, 28)
    assert made.dtype == np.float32
    assert made.min() >= 0
    assert made.max() == pytest.approx(1, abs=0.05)
    ys, xs = np.nonzero(made > 0.02)
    assert max(np.ptp(ys), np.ptp(xs)) + 1 in (19, 20)
    centre = np.array([(made.sum(1) @ np.arange(28)), (made.sum(0) @ np.arange(28))]) / made.sum()
    assert np.abs(centre - 14).max() <= 0.51


def test_pencil_and_felt_tip_give_the_same_tile():
    mask = ring(80, 6)
    np.testing.assert_allclose(tile(mask * np.float32(0.1), mask), tile(mask * np.float32(0.9), mask), atol=1e-5)


def test_a_single_pixel_is_still_a_tile():
    mask = np.ones((1, 1), bool)
    assert tile(np.ones((1, 1), np.float32), mask).max() == 1


def test_a_published_mnist_digit_comes_back_nearly_as_it_is(data_dir):
    import gzip

    with gzip.open(data_dir / "mnist" / "t10k-images-idx3-ubyte.gz") as file:
        digits = np.frombuffer(file.read(16 + 784 * 200), np.uint8, offset=16).reshape(-1, 28, 28)
    difference = [np.abs(tile(d.astype(np.float32) / 255, d > 0) - d / np.float32(255)).mean() for d in digits]
    assert np.mean(difference) < 0.003


def test_the_contract_is_what_models_are_checked_against():
    assert CONTRACT == {"version": 2, "size": 28, "box": 20, "centre": "mass", "level": 0.85}
