"""line: reads whole lines of digits, touching ones too. A convolution along the line and the CTC loss, which needs no place of any digit.

    inkdigits train --recipe line --data mnist

The lines are composed of MNIST's digits, those of one writer on each (and of the digits of handwriting fonts, and, where INKDIGITS_DATA
holds them, of the UCI digits), with the marks, rules and prints that surround such lines, written on paper and found again by the reader
itself. Of every twentieth writer no line is trained on; the test lines are of MNIST's test digits, and are the same for every seed.

Test lines read without an error after 20 epochs: 76.50 %, digit error 7.2 % (seed 0). Composing takes a quarter of an hour on two
cores, an epoch three minutes.
"""

import keras
import numpy as np
from keras import layers, ops

from inkdigits.errors import RecipeError
from inkdigits.training import fonts
from inkdigits.training.backend import ctc_loss
from inkdigits.training.datasets import DIGITS, Dataset, mnist_writers, uci_handwriting
from inkdigits.training.fit import EpochImages
from inkdigits.training.lines import packed, strips
from inkdigits.training.progress import Report
from inkdigits.training.schedule import warm_cosine
from inkdigits.training.settings import Settings

SETTINGS = Settings(epochs=20, batch_size=64, learning_rate=2e-3, validation_split=0.05, one_hot=False, preprocessing="strips")
# validation_split: the share of the writers that are held out
LINES, HELD_OUT, TEST = 100_000, 1_500, 2_000
UCI, FONTS = 15, 3  # each of the UCI sets, and each font, is so many writers among five hundred
FONT_LICENCES = "OFL, GPL, public domain"
CLASSES = ("blank", *DIGITS)


def build_model(image_shape: tuple[int, int], classes: int) -> keras.Model:
    """Nine convolutions: the height goes from 32 to 1, the width only to a half, so that every other column is a frame: 410,000 parameters.

    No layer depends on the width: the network reads lines of any length, though it is trained on one.
    """
    height, width = image_shape
    model = keras.Sequential([keras.Input(image_shape), layers.Reshape((height, width, 1))])  # (N, 32, W, 1)
    for filters, size, strides in ((24, 5, (2, 2)), (48, 3, (2, 1)), (80, 3, (2, 1)), (112, 3, (2, 1))):
        _convolution(model, filters, size, strides=strides, padding="same")  # (N, 16, W/2, 24) ... (N, 2, W/2, 112)
    model.add(layers.ZeroPadding2D(((0, 0), (1, 1))))
    _convolution(model, 144, (2, 3))  # (N, 1, W/2, 144)
    _convolution(model, 144, (1, 3), padding="same")
    model.add(layers.SpatialDropout2D(0.1))
    for apart in (2, 4):  # what a hand makes of its other digits says what this one is
        _convolution(model, 144, (1, 3), padding="same", dilation_rate=(1, apart))
    model.add(layers.Dropout(0.2))
    model.add(layers.Conv2D(classes, 1))
    model.add(layers.Reshape((width // 2, classes)))  # (N, W/2, classes): a row of scores for each frame
    model.add(layers.Softmax())
    return model


def _convolution(model: keras.Model, filters: int, size: int | tuple[int, int], **options: object) -> None:
    model.add(layers.Conv2D(filters, size, use_bias=False, **options))
    model.add(layers.BatchNormalization())
    model.add(layers.ReLU())


def compile_model(model: keras.Model, settings: Settings, steps_per_epoch: int) -> None:
    """AdamW; the rate warms up over a twentieth of the steps and falls to zero along a cosine; the CTC loss of each digit."""
    rate = warm_cosine(settings, steps_per_epoch, warming=0.05)
    model.compile(optimizer=keras.optimizers.AdamW(rate, weight_decay=1e-3, clipnorm=1.0), loss=loss, metrics=[accuracy])


def loss(labels: keras.KerasTensor, probabilities: keras.KerasTensor) -> keras.KerasTensor:
    """Minus the log of the probability of the digits, by their number: (N, L) and (N, frames, classes) -> (N,)."""
    signs = ops.cast(labels, "int32") + 1  # (N, L): 0 is the blank, and what follows the last digit
    count = ops.sum(ops.cast(signs > 0, "float32"), axis=1)
    return ctc_loss(signs, ops.log(ops.maximum(probabilities, 1e-7))) / ops.maximum(count, 1.0)


def accuracy(labels: keras.KerasTensor, probabilities: keras.KerasTensor) -> keras.KerasTensor:
    """1 where the likeliest class of each frame, without repeats and blanks, gives the digits: (N, L) and (N, frames, classes) -> (N,)."""
    signs = ops.cast(labels, "int32") + 1
    best = ops.cast(ops.argmax(probabilities, axis=-1), "int32")  # (N, frames)
    before = ops.pad(best[:, :-1], ((0, 0), (1, 0)))
    new = ops.cast(ops.logical_and(best != before, best > 0), "int32")
    place = ops.one_hot(ops.cumsum(new, axis=1) - 1, labels.shape[1])  # (N, frames, L): which digit of the answer a frame begins
    answer = ops.matmul(ops.cast(best * new, "float32")[:, None, :], place)[:, 0]  # (N, L)
    whole = ops.sum(new, axis=1) == ops.sum(ops.cast(signs > 0, "int32"), axis=1)
    return ops.cast(ops.logical_and(ops.all(answer == ops.cast(signs, "float32"), axis=1), whole), "float32")


def datasets(train: Dataset, test: Dataset, settings: Settings, seed: int, progress: Report) -> tuple[Dataset, Dataset | None, Dataset]:
    """Lines of some writers to train on, lines of others held out, and lines of the test digits: strips uint8 (N, 32, 256)."""
    if train.name != "mnist":
        raise RecipeError(f"recipe line: a line is of one writer, and the writers of {train.name} are not known; train it on --data mnist")
    writer = mnist_writers()
    hands = [train.subset(np.flatnonzero(writer == name)) for name in np.unique(writer)]
    hands = [hand for hand in hands if len(np.unique(hand.labels)) == len(DIGITS)]
    order = np.random.default_rng((seed, 99)).permutation(len(hands))
    count = min(round(settings.validation_split * len(hands)), len(hands) - 1)
    others = [Dataset("fonts", "train", *hand, DIGITS, FONT_LICENCES) for hand in fonts.hands()]
    fitting = _lines([*(hands[i] for i in order[count:]), *uci_handwriting() * UCI, *others * FONTS], LINES, (seed, 1), progress)
    held_out = _lines([hands[i] for i in order[:count]], HELD_OUT, (seed, 2), progress) if count else None
    return fitting, held_out, _lines([test], TEST, (0, 3), progress)


def _lines(hands: list[Dataset], count: int, seed: tuple[int, int], progress: Report) -> Dataset:
    first = hands[0]
    others = {f"{hand.name}: {hand.licence}" for hand in hands if hand.name != first.name} | {f"fonts: {FONT_LICENCES}"}  # of letters too
    images, labels = strips(hands, count, seed, progress=lambda done, total: progress(f"composing {total:,} lines", done, total))
    licence = "; ".join([first.licence, *sorted(others)])
    return Dataset(f"lines of {first.name}", first.split, images, labels, CLASSES, licence)


def training_images(train: Dataset, settings: Settings, seed: int) -> tuple[EpochImages, list[Dataset]]:
    """Pack the lines anew for every epoch: epoch -> (float32 (N, 32, 256) in [0, 1], int64 (N, 40)); no other data sets."""
    count = max(1, len(train.labels) * 2 // 5)  # about as many rows as all lines fill
    return lambda epoch: packed(train.images, train.labels, count, np.random.default_rng((seed, epoch))), []
