"""upright: tells writing that stands upright from writing that is turned by a quarter or a half. It shows which way up a page is.

    INKDIGITS_DATA=FOLDER inkdigits train --recipe upright --data mnist

It learns from the strips of the `number` recipe, anew for every epoch; the same hands are held out. An 8, a 0 and many a 1 look alike both
ways: no network can be right of each crop, and a page is judged by several.
"""

import keras
import numpy as np
from keras import layers

from inkdigits.arrays import Bytes, Labels
from inkdigits.errors import RecipeError
from inkdigits.recognition.upright import CLASSES
from inkdigits.training.data.catalogue import COLLECTIONS
from inkdigits.training.data.crops import LICENCES
from inkdigits.training.data.unipen import LICENCE
from inkdigits.training.datasets import Dataset, load
from inkdigits.training.fit import EpochImages
from inkdigits.training.progress import Report
from inkdigits.training.recipes.number import writers
from inkdigits.training.schedule import warm_cosine
from inkdigits.training.settings import Settings
from inkdigits.training.synthesis.standing import lit, standing
from inkdigits.training.synthesis.supply import Supply, rows

SETTINGS = Settings(epochs=12, batch_size=64, learning_rate=2e-3, validation_split=0.05, preprocessing="strips")
FRESH, EACH = 4_000, 6  # rows composed for an epoch, and crops of each
HELD_OUT, TEST = 600, 1_000


def build_model(image_shape: tuple[int, int], classes: int) -> keras.Model:
    """Four convolutions and a mean over all places: 80,000 parameters, 7 million multiplications a window."""
    model = keras.Sequential([keras.Input(image_shape), layers.Reshape((*image_shape, 1))])
    for filters, size, strides in ((16, 5, 2), (32, 3, 2), (64, 3, 2), (96, 3, 1)):
        model.add(layers.Conv2D(filters, size, strides, padding="same", use_bias=False))
        model.add(layers.BatchNormalization())
        model.add(layers.ReLU())
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(classes, activation="softmax", dtype="float32"))
    return model


def compile_model(model: keras.Model, settings: Settings, steps_per_epoch: int) -> None:
    """AdamW; the rate warms up over a twentieth of the steps and falls to zero along a cosine."""
    rate = warm_cosine(settings, steps_per_epoch, warming=0.05)
    model.compile(optimizer=keras.optimizers.AdamW(rate, weight_decay=1e-3), loss="categorical_crossentropy", metrics=["accuracy"])


def datasets(train: Dataset, test: Dataset, settings: Settings, seed: int, progress: Report) -> tuple[Dataset, Dataset | None, Dataset]:
    """Windows of the first epoch; of the dev hands and MNIST's held-out writers; of the dev hands and MNIST's test digits."""
    if train.name != "mnist" or train.writers is None:
        raise RecipeError(f"recipe upright: strips are of one hand each, and {train.name} names no writers; train it on --data mnist")
    own, others = writers(train, settings, seed)
    held_out = composed(others, "dev", HELD_OUT, (seed, 22), progress) if others else None
    return composed(own, "trainable", FRESH, (seed, 21, 0), progress), held_out, composed(test, "dev", TEST, (0, 23), progress)


def training_images(train: Dataset, settings: Settings, seed: int) -> tuple[EpochImages, list[Dataset]]:
    """Windows made anew for every epoch: epoch -> (float32 (N, 40, 120) in [0, 1], int64 (N,)); no other data sets."""
    own, _ = writers(load("mnist", "train"), settings, seed)

    def compose(number: int) -> tuple[Bytes, Labels]:
        return of_rows(rows(own, "trainable", FRESH, (seed, 21, number), jobs=1)[0], (seed, 21, number))

    return Supply(compose, lit, 1, (seed, 21), train.images, train.labels), []


def of_rows(images: Bytes, seed: tuple[int, ...]) -> tuple[Bytes, Labels]:
    """EACH windows of every row."""
    return standing(images, EACH, np.random.default_rng((*seed, 1)))


def composed(mnist: Dataset, split: str, count: int, seed: tuple[int, ...], progress: Report) -> Dataset:
    """Windows of rows with MNIST's digits and a split of the other collections, as a data set."""
    made, _ = rows(mnist, split, count, seed, progress=lambda done, total: progress(f"composing {total:,} rows", done, total))
    others = [f"{name}: {text}" for name, text in LICENCES.items()]
    licence = "; ".join(
        [mnist.licence, LICENCE, *others, f"UCI digits: {COLLECTIONS['optdigits'].licence}", "fonts: OFL, GPL, public domain"]
    )
    return Dataset("windows", mnist.split, *of_rows(made, seed), CLASSES, licence)
