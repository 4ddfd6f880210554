"""fields: finds handwritten numbers on pages of all kinds, and the sheet itself: a map of what stands where.

    INKDIGITS_DATA=FOLDER inkdigits train --recipe fields --data mnist

A convolutional network with skips from fine to coarse and back (Ronneberger et al., U-Net, 2015), which marks the core of each number, so
that neighbours stay apart (Wang et al., Shape Robust Text Detection, 2019). It learns from composed pages alone, anew for every epoch: the
hands are those of the `number` recipe, and the same are held out.
"""

import keras
import numpy as np
from keras import layers, ops

from inkdigits.arrays import Bytes, Labels
from inkdigits.errors import RecipeError
from inkdigits.layout.maps import CLASSES
from inkdigits.training.data.catalogue import COLLECTIONS
from inkdigits.training.data.crops import LICENCES
from inkdigits.training.data.unipen import LICENCE
from inkdigits.training.datasets import Dataset, load
from inkdigits.training.fit import EpochImages
from inkdigits.training.progress import Report
from inkdigits.training.recipes.number import writers
from inkdigits.training.schedule import warm_cosine
from inkdigits.training.settings import Settings
from inkdigits.training.synthesis.supply import Supply, pages, shaded

SETTINGS = Settings(epochs=20, batch_size=8, learning_rate=2e-3, validation_split=0.05, one_hot=False, preprocessing="pages")
FRESH, USES = 1_800, 2  # pages composed for an epoch, and in how many epochs each of them is used
HELD_OUT, TEST = 200, 400
WEIGHTS = (0.5, 3.0, 1.5, 1.0, 1.0, 0.6, 1.0)
"""How much a pixel of each class counts: most of a page is paper, and what matters are the cores."""


def build_model(image_shape: tuple[int, int], classes: int) -> keras.Model:
    """Down to a thirty-second of the size and up again to a quarter: 680,000 parameters; pages of any height and width divisible by 32.

    Three blocks more at the coarsest step let every place look 190 pixels around: a desk is told from paper by the sheet that lies on it.
    """
    height, width = image_shape
    page = keras.Input(image_shape)
    x = layers.Reshape((height, width, 1))(page)  # (N, H, W, 1)
    x = _convolved(x, 16, 5, strides=2)  # (N, H/2, W/2, 16)
    skips = []
    for filters in (32, 56, 80, 96):  # (N, H/4, W/4, 32) to (N, H/32, W/32, 96)
        x = _residual(_convolved(x, filters, 3, strides=2))
        skips.append(x)
    for _ in range(3):
        x = _residual(x)
    for skip in skips[-2::-1]:
        filters = skip.shape[-1]
        x = layers.UpSampling2D(2)(_convolved(x, filters, 1))
        x = _convolved(layers.Add()([x, skip]), filters, 3)
    x = layers.Conv2D(classes, 1)(x)  # (N, H/4, W/4, classes)
    return keras.Model(page, layers.Softmax(dtype="float32")(x))


def _convolved(x: keras.KerasTensor, filters: int, size: int, **options: object) -> keras.KerasTensor:
    x = layers.Conv2D(filters, size, use_bias=False, padding="same", **options)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.98)(x))


def _residual(x: keras.KerasTensor) -> keras.KerasTensor:
    return layers.Add()([x, _convolved(x, x.shape[-1], 3)])


def compile_model(model: keras.Model, settings: Settings, steps_per_epoch: int) -> None:
    """AdamW; the rate warms up over a twentieth of the steps and falls to zero along a cosine; cross-entropy, weighed by class."""
    rate = warm_cosine(settings, steps_per_epoch, warming=0.05)
    model.compile(optimizer=keras.optimizers.AdamW(rate, weight_decay=2e-3, clipnorm=1.0), loss=loss, metrics=["accuracy"])


def loss(labels: keras.KerasTensor, probabilities: keras.KerasTensor) -> keras.KerasTensor:
    """The cross-entropy of each page, its pixels weighed by their class: (N, h, w) and (N, h, w, classes) -> (N,)."""
    classes = ops.cast(labels, "int32")
    own = ops.take(ops.convert_to_tensor(np.array(WEIGHTS, np.float32)), classes)
    entropy = keras.losses.sparse_categorical_crossentropy(classes, probabilities)  # (N, h, w)
    return ops.sum(own * entropy, axis=(1, 2)) / ops.sum(own, axis=(1, 2))


def datasets(train: Dataset, test: Dataset, settings: Settings, seed: int, progress: Report) -> tuple[Dataset, Dataset | None, Dataset]:
    """The pages of the first epoch; pages of the dev hands and MNIST's held-out writers; pages of the dev hands and MNIST's test digits."""
    if train.name != "mnist" or train.writers is None:
        raise RecipeError(f"recipe fields: pages are written on by one hand each, and {train.name} names no writers; train on --data mnist")
    own, others = writers(train, settings, seed)
    held_out = composed(others, "dev", HELD_OUT, (seed, 12), progress) if others else None
    return composed(own, "trainable", FRESH, (seed, 11, 0), progress), held_out, composed(test, "dev", TEST, (0, 13), progress)


def training_images(train: Dataset, settings: Settings, seed: int) -> tuple[EpochImages, list[Dataset]]:
    """Pages composed anew for every epoch: epoch -> (float32 (N, 320, 320) in [0, 1], int64 (N, 80, 80)); no other data sets."""
    own, _ = writers(load("mnist", "train"), settings, seed)

    def compose(number: int) -> tuple[Bytes, Labels]:
        return pages(own, "trainable", FRESH, (seed, 11, number), jobs=1)

    return Supply(compose, shaded, USES, (seed, 11), train.images, train.labels), []


def composed(mnist: Dataset, split: str, count: int, seed: tuple[int, ...], progress: Report) -> Dataset:
    """Pages with MNIST's digits and a split of the other collections, as a data set of maps."""
    made = pages(mnist, split, count, seed, progress=lambda done, total: progress(f"composing {total:,} pages", done, total))
    others = [f"hands33: {LICENCES['hands33']}", f"UCI digits: {COLLECTIONS['optdigits'].licence}", "fonts: OFL, GPL, public domain"]
    return Dataset("pages", mnist.split, *made, CLASSES, "; ".join([mnist.licence, LICENCE, *others]))
