"""number: reads numbers as people write them: digits, . , - / : + % $ ( ), and "other" for what is none. A convolution along a grey
strip and the CTC loss, which needs no place of any character.

    INKDIGITS_DATA=FOLDER inkdigits train --recipe number --data mnist
    inkdigits train --recipe number --data mnist --without strokes       # or registers, hands33, lines, composition: what each is worth
    inkdigits train --recipe number --data mnist --share 0.5             # with half of the hands and crops

The strips are composed of real hands (UNIPEN's pen strokes, MNIST by writer, the digits of hands33, UCI's sets, handwriting fonts and a
model of pen strokes) in the forms that numbers have, with what stands beside and under them on paper, and of photographed cells and lines;
anew for every epoch. Hands of the dev splits, and every twentieth writer of MNIST, are held out.
"""

import keras
import numpy as np
from keras import layers, ops

from inkdigits.arrays import Bytes, Labels
from inkdigits.errors import RecipeError
from inkdigits.recognition.alphabet import CLASSES
from inkdigits.training.backend import ctc_loss
from inkdigits.training.data.catalogue import COLLECTIONS
from inkdigits.training.data.crops import LICENCES
from inkdigits.training.data.unipen import LICENCE
from inkdigits.training.datasets import Dataset, load
from inkdigits.training.fit import EpochImages
from inkdigits.training.progress import Report
from inkdigits.training.schedule import warm_cosine
from inkdigits.training.settings import Settings
from inkdigits.training.synthesis import sources
from inkdigits.training.synthesis.rows import Shares
from inkdigits.training.synthesis.supply import Supply, changed, rows

SETTINGS = Settings(epochs=16, batch_size=16, learning_rate=2e-3, validation_split=0.05, one_hot=False, preprocessing="strips")
# validation_split: the share of MNIST's writers that are held out
FRESH, USES = 6_000, 4  # rows composed for an epoch, and in how many epochs each of them is used
HELD_OUT, TEST = 600, 1_000
PARTS = sources.PARTS
EASY = 1.0, 0.6, 0.3, 0.2, 0.1
"""The share of easy rows in the first compositions: a network that begins with hard ones answers nothing but blanks for a long time."""


def build_model(image_shape: tuple[int, int], classes: int) -> keras.Model:
    """Ten convolutions: the height goes from 40 to 1, the width to a quarter, each column of which gives two frames: 700,000 parameters.

    No layer depends on the width: the network reads fields of any length, though it is trained on one.
    """
    height, width = image_shape
    strips = keras.Input(image_shape)
    x = layers.Reshape((height, width, 1))(strips)  # (N, 40, W, 1)
    x = _convolved(x, 24, 5, strides=2)  # (N, 20, W/2, 24)
    x = _convolved(x, 40, 3, strides=(2, 1))  # (N, 10, W/2, 40)
    x = _residual(_convolved(x, 72, 3, strides=2), 3)  # (N, 5, W/4, 72)
    x = _residual(_convolved(x, 120, 3, strides=(2, 1)), 3)  # (N, 3, W/4, 120)
    x = layers.ZeroPadding2D(((0, 0), (1, 1)))(x)
    x = _convolved(x, 160, 3, padding="valid")  # (N, 1, W/4, 160)
    for apart in (1, 2, 4):  # what a hand makes of its other signs says what this one is
        x = _residual(x, (1, 3), dilation_rate=(1, apart))
    x = layers.Dropout(0.1)(x)
    x = layers.Conv2D(2 * classes, 1)(x)
    x = layers.Reshape((width // 2, classes))(x)  # (N, W/2, classes): a row of scores for each frame
    return keras.Model(strips, layers.Softmax(dtype="float32")(x))


def _convolved(x: keras.KerasTensor, filters: int, size: int | tuple[int, int], **options: object) -> keras.KerasTensor:
    x = layers.Conv2D(filters, size, use_bias=False, **{"padding": "same", **options})(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.98)(x))


def _residual(x: keras.KerasTensor, size: int | tuple[int, int], **options: object) -> keras.KerasTensor:
    return layers.Add()([x, _convolved(x, x.shape[-1], size, **options)])


def compile_model(model: keras.Model, settings: Settings, steps_per_epoch: int) -> None:
    """AdamW; the rate warms up over a twentieth of the steps and falls to zero along a cosine; the CTC loss of each character, softened."""
    rate = warm_cosine(settings, steps_per_epoch, warming=0.05)
    model.compile(optimizer=keras.optimizers.AdamW(rate, weight_decay=2e-3, clipnorm=1.0), loss=loss, metrics=[accuracy])


def loss(labels: keras.KerasTensor, probabilities: keras.KerasTensor) -> keras.KerasTensor:
    """log(1 + c), where c is minus the log of the probability of the characters, by their number: (N, L) and (N, frames, classes) -> (N,).

    Rows that nobody could read, of which there are some, would else have most of the gradient (Barron, A General and Adaptive Robust Loss
    Function, 2019: what the Cauchy loss is to the squared one, this is to c).
    """
    signs = ops.cast(labels, "int32") + 1  # (N, L): 0 is the blank, and what follows the last character
    count = ops.sum(ops.cast(signs > 0, "float32"), axis=1)
    return ops.log1p(ctc_loss(signs, ops.log(ops.maximum(probabilities, 1e-7))) / ops.maximum(count, 1.0))


def accuracy(labels: keras.KerasTensor, probabilities: keras.KerasTensor) -> keras.KerasTensor:
    """1 where the likeliest class of each frame, without repeats and blanks, gives the text: (N, L) and (N, frames, classes) -> (N,)."""
    signs = ops.cast(labels, "int32") + 1
    best = ops.cast(ops.argmax(probabilities, axis=-1), "int32")  # (N, frames)
    before = ops.pad(best[:, :-1], ((0, 0), (1, 0)))
    new = ops.cast(ops.logical_and(best != before, best > 0), "int32")
    which = ops.expand_dims(ops.cumsum(new, axis=1) - 1, -1)  # (N, frames, 1): which character of the answer a frame begins
    place = ops.cast(which == ops.arange(labels.shape[1]), "float32")  # (N, frames, L)
    answer = ops.matmul(ops.cast(best * new, "float32")[:, None, :], place)[:, 0]  # (N, L)
    whole = ops.sum(new, axis=1) == ops.sum(ops.cast(signs > 0, "int32"), axis=1)
    return ops.cast(ops.logical_and(ops.all(answer == ops.cast(signs, "float32"), axis=1), whole), "float32")


def datasets(train: Dataset, test: Dataset, settings: Settings, seed: int, progress: Report) -> tuple[Dataset, Dataset | None, Dataset]:
    """The rows of the first epoch; rows of the dev hands and MNIST's held-out writers; rows of the dev hands and MNIST's test digits."""
    if train.name != "mnist" or train.writers is None:
        raise RecipeError(f"recipe number: numbers are of one hand each, and {train.name} names no writers; train it on --data mnist")
    own, others = writers(train, settings, seed)
    held_out = composed(others, "dev", HELD_OUT, (seed, 2), progress) if others else None
    first = Shares(easy=0.0 if settings.start else EASY[0])
    own_rows = composed(own, "trainable", FRESH, (seed, 1, 0), progress, first, left_out(settings))
    return own_rows, held_out, composed(test, "dev", TEST, (0, 3), progress)


def training_images(train: Dataset, settings: Settings, seed: int) -> tuple[EpochImages, list[Dataset]]:
    """Rows composed anew for every epoch: epoch -> (float32 (N, 40, 400) in [0, 1], int64 (N, 48)); no other data sets."""
    own, _ = writers(load("mnist", "train"), settings, seed)
    easy, ablation = () if settings.start else EASY, left_out(settings)

    def compose(number: int) -> tuple[Bytes, Labels]:
        shares = Shares(easy=easy[number] if number < len(easy) else 0.0)
        return rows(own, "trainable", FRESH, (seed, 1, number), shares=shares, jobs=1, ablation=ablation)

    return Supply(compose, changed, USES, (seed, 1), train.images, train.labels), []


def left_out(settings: Settings) -> sources.Ablation:
    """What the rows that are trained on are not made of; those that are measured on always are as they are."""
    return sources.Ablation(tuple(settings.without.split(",")) if settings.without else (), settings.share)


def writers(train: Dataset, settings: Settings, seed: int) -> tuple[Dataset, Dataset | None]:
    """MNIST's digits by the writers that are trained on, and by those that are held out."""
    of_images = np.asarray(train.writers)
    names = np.random.default_rng((seed, 99)).permutation(np.unique(of_images))
    count = round(settings.validation_split * len(names))
    held = np.isin(of_images, names[:count])
    return train.subset(np.flatnonzero(~held)), train.subset(np.flatnonzero(held)) if count else None


def composed(
    mnist: Dataset, split: str, count: int, seed: tuple[int, ...], progress: Report, shares: Shares | None = None,
    ablation: sources.Ablation = sources.WHOLE,
) -> Dataset:  # fmt: skip
    """Rows of MNIST's digits and of a split of the other collections, as a data set of lines."""

    def report(done: int, total: int) -> None:
        progress(f"composing {total:,} rows", done, total)

    made = rows(mnist, split, count, seed, shares=shares, ablation=ablation, progress=report)
    others = [
        LICENCE,
        *(f"{name}: {text}" for name, text in LICENCES.items()),
        f"UCI digits: {COLLECTIONS['optdigits'].licence}",
        "fonts: OFL, GPL, public domain",
    ]
    licence = "; ".join([mnist.licence, *others])
    return Dataset("numbers", mnist.split, *made, CLASSES, licence)
