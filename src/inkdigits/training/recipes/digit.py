"""digit: the network that ships. Trained through the reader: every digit is written on paper and found again as in a user's photo.

    inkdigits train --recipe digit --data mnist

Three sorts of tiles, mixed anew each epoch: MNIST as published (slightly moved), MNIST written on paper and read back, and, where
INKDIGITS_DATA holds them, the UCI pen and optical digits (training splits) written on paper and read back: other countries' hands.
"""

from collections.abc import Callable

import cv2
import keras
import numpy as np
from keras import layers

from inkdigits.training.datasets import Dataset, uci_handwriting
from inkdigits.training.settings import Settings
from inkdigits.training.synthesis import written_tiles

SETTINGS = Settings(epochs=10, batch_size=128, learning_rate=2e-3, validation_split=0.05, augment="paper")
WRITINGS = 3  # how many times each MNIST digit is written on paper; the UCI digits, fewer, five times


def build_model(image_shape: tuple[int, int], classes: int) -> keras.Model:
    """A small convolutional network: 107,000 parameters, 5.3 million multiplications a tile."""
    model = keras.Sequential([keras.Input(image_shape), layers.Reshape((*image_shape, 1))])
    for filters, size, strides in ((24, 5, 2), (48, 3, 1), (64, 3, 2), (64, 3, 1)):
        model.add(layers.Conv2D(filters, size, strides, padding="same", use_bias=False))
        model.add(layers.BatchNormalization())
        model.add(layers.ReLU())
    model.add(layers.Flatten())
    model.add(layers.Dropout(0.4))
    model.add(layers.Dense(classes, activation="softmax"))
    return model


def compile_model(model: keras.Model, settings: Settings, steps_per_epoch: int) -> None:
    """AdamW under a cosine from a short warm-up to zero; labels smoothed a little."""
    steps = settings.epochs * steps_per_epoch
    rate = keras.optimizers.schedules.CosineDecay(
        settings.learning_rate / 20, steps - steps // 20, warmup_target=settings.learning_rate, warmup_steps=steps // 20
    )
    model.compile(
        optimizer=keras.optimizers.AdamW(rate, weight_decay=1e-3),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.02),
        metrics=["accuracy"],
    )


def training_images(train: Dataset, settings: Settings, seed: int) -> Callable[[int], tuple[np.ndarray, np.ndarray]]:
    """Write everything on paper once; returns epoch -> (float32 (N, 28, 28) in [0, 1], int64 (N,))."""
    sets = [(train, WRITINGS)] + [(other, 5) for other in uci_handwriting() if other.classes == train.classes]
    written = [
        [written_tiles(data.images, data.labels, data.classes, (seed, k, again)) for again in range(times)]
        for k, (data, times) in enumerate(sets)
    ]

    def epoch_images(epoch: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng((seed, epoch))
        tiles = [train.images, *(pool[epoch % len(pool)] for pool in written)]
        labels = [train.labels, *(data.labels for data, _ in sets)]
        moved = np.stack([_moved(tile, rng) for tile in np.concatenate(tiles)])  # (N, 28, 28)
        return moved, np.concatenate(labels)

    return epoch_images


def _moved(tile: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A small random turn, slant, stretch and shift: uint8 (28, 28) -> float32 (28, 28) in [0, 1]."""
    a, b, c, d = rng.normal(0, 0.06, 4)
    matrix = np.array([[1 + a, b, 0], [c, 1 + d, 0]])
    middle = np.array([13.5, 13.5])
    matrix[:, 2] = middle - matrix[:, :2] @ middle + rng.normal(0, 0.7, 2)
    return cv2.warpAffine(tile, matrix, (28, 28), flags=cv2.INTER_LINEAR).astype(np.float32) / 255
