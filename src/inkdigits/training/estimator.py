"""DigitClassifier: the recipes behind scikit-learn's interface, for pipelines, cross-validation and searches.

    >>> from inkdigits import DigitClassifier
    >>> classifier = DigitClassifier("cnn2").fit(images, labels)        # doctest: +SKIP
    >>> cross_val_score(DigitClassifier("dense"), images, labels)       # doctest: +SKIP

It takes arrays of images that look alike: cropped, and white ink on black, or all the other way round. Photos are for `inkdigits.Reader`.
"""

from __future__ import annotations

import contextlib
import math
import random
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Bytes, Float
from inkdigits.errors import MissingExtra, RecipeError
from inkdigits.models import Card, Model

from .backend import use_backend
from .datasets import Dataset
from .export import export_onnx
from .fit import train_model
from .settings import load_recipe

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError:
    raise MissingExtra("train", "DigitClassifier") from None

SIDE = 28
"""Pixels that the shorter side of an image has at least: what the recipes are made for."""


class DigitClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A network trained from a recipe, as a scikit-learn classifier.

    recipe: the name of one that comes with inkdigits, or your own FILE.py; not `number`, which reads whole numbers. `digit` writes the
    images on paper: it wants white ink on black, and works in processes, so that a script needs `if __name__ == "__main__":`.
    epochs, batch_size, learning_rate, augment: None for the recipe's own.
    image_shape: height and width of the images that come as flat rows; None: a square, and where their length is no square number a
    single row of pixels, as tables give them.
    seed: 0 to 2**32 - 1; the same one gives the same network on the same machine. verbose: show the progress on standard error.

    X is (N, H, W) or flat, (N, H * W). uint8 is 0..255; other numbers are scaled by what `fit` saw: 0..1 if all lie in it, else smallest
    to largest; then they are rounded to 256 levels. Images whose shorter side is below 28 pixels are enlarged until it is 28.
    y: one label an image, numbers or texts. All of X is trained on, none of it held out: `predict_proba` is the softmax, not calibrated.

    classes_: the labels, sorted. n_features_in_: H * W. image_shape_: (H, W). range_: the numbers that stand for no ink and for full ink.
    history_: a row an epoch, with loss and accuracy. onnx_: the network, the bytes of an ONNX file, and card_, its card: what is kept and
    pickled, so that predicting needs no Keras.
    """

    def __init__(
        self,
        recipe: str = "cnn2",
        *,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        augment: str | None = None,
        image_shape: tuple[int, int] | None = None,
        seed: int = 0,
        verbose: bool = False,
    ) -> None:
        self.recipe = recipe
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.augment = augment
        self.image_shape = image_shape
        self.seed = seed
        self.verbose = verbose

    def fit(self, X: Any, y: Any) -> Self:
        """Train on images X and labels y, as the class says. Files are written to a temporary folder only, and removed.

        Raises ValueError for arrays that do not fit, RecipeError for a recipe or a setting that does not work, MissingExtra without Keras.
        Ctrl-C is passed on, and leaves what an earlier call of `fit` has trained.
        """
        use_backend()
        recipe = load_recipe(self.recipe)
        settings = recipe.SETTINGS.changed(
            epochs=self.epochs, batch_size=self.batch_size, learning_rate=self.learning_rate, augment=self.augment
        )
        if settings.preprocessing == "strips":
            raise RecipeError(f"{self.recipe}: reads lines; DigitClassifier takes recipes of single digits: every other one")
        given = _shape(X)
        X, y = validate_data(self, _flat(X, given), y)
        check_classification_targets(y)
        classes, labels = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(f"DigitClassifier needs two classes or more; y has only one class: {classes.tolist()}")
        shape = given[1:] if len(given) == 3 else self._shape_of_rows(X.shape[1])
        span = _range(X)
        images, names = _images(X, shape, span), tuple(map(str, classes))
        card = Card(Path(self.recipe).stem, names, images.shape[1:])
        train = Dataset("X", "train", images, labels.astype(np.int64), names)
        with TemporaryDirectory() as folder, _own_randomness():
            run = train_model(recipe, settings, train, None, Path(folder), seed=self.seed, quiet=not self.verbose)
            if run.interrupted:
                raise KeyboardInterrupt
            path = Path(folder) / "model.onnx"
            self.card_ = export_onnx(run.model, path, card=card, real_images=np.divide(images[:1000], 255, dtype=np.float32))
            self.onnx_ = path.read_bytes()
        self.classes_, self.image_shape_, self.range_, self.history_ = classes, shape, span, run.history
        self._model = Model(self.onnx_, self.card_)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """The likeliest class of each image: (N,), of the type that y had."""
        likeliest = self.predict_proba(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[likeliest]
        return labels

    def predict_proba(self, X: Any) -> Float:
        """Probabilities of the classes, in the order of `classes_`: float32 (N, K), each row summing to 1.

        Raises ValueError for images of another size than `fit` was given, and for numbers far out of the range that it saw.
        """
        check_is_fitted(self, "onnx_")
        given = _shape(X)
        if len(given) == 3 and given[1:] != self.image_shape_:
            raise ValueError(f"X holds images of {_by(given[1:])}, fit was given images of {_by(self.image_shape_)}")
        X = validate_data(self, _flat(X, given), reset=False)
        low, high = self.range_
        if X.min() < low - (high - low) or X.max() > high + (high - low):
            raise ValueError(f"X goes from {X.min():g} to {X.max():g}, fit was given {low:g} to {high:g}; scale both alike")
        return self._model.probabilities(np.divide(_images(X, self.image_shape_, self.range_), 255, dtype=np.float32))

    def _shape_of_rows(self, length: int) -> tuple[int, int]:
        """Height and width of images that came as flat rows."""
        if self.image_shape is not None:
            height, width = self.image_shape
            if height * width != length:
                raise ValueError(f"image_shape {_by(self.image_shape)} has {height * width} pixels, the rows of X have {length}")
            return height, width
        side = math.isqrt(length)
        return (side, side) if side * side == length else (1, length)

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: all but the loaded network, which does not travel."""
        state: dict[str, Any] = super().__getstate__()
        return {key: value for key, value in state.items() if key != "_model"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Load the network again."""
        super().__setstate__(state)
        if "onnx_" in state:
            self._model = Model(self.onnx_, self.card_)

    def __sklearn_tags__(self) -> Any:
        """Images may be (N, H, W), too."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def _shape(X: Any) -> tuple[int, ...]:
    """The shape of what was given. Raises ValueError for more than three dimensions."""
    shape: tuple[int, ...] = X.shape if hasattr(X, "shape") else np.asarray(X).shape
    if len(shape) > 3:
        raise ValueError(f"X must hold grey images, (N, H, W), or flat rows, (N, H * W); its shape is {shape}")
    return shape


def _flat(X: Any, shape: tuple[int, ...]) -> Any:
    """Images (N, H, W) as rows (N, H * W); anything else as it is."""
    return np.asarray(X).reshape(shape[0], shape[1] * shape[2]) if len(shape) == 3 else X


def _images(X: NDArray[Any], shape: tuple[int, int], span: tuple[float, float]) -> Bytes:
    """Flat rows (N, H * W) as a network gets them: uint8 (N, h, w), enlarged where they are small. span: what is 0 and what is 255."""
    if X.dtype != np.uint8 or span != (0, 255):
        X = np.interp(X, span, (0, 255)).round().astype(np.uint8)
    height, width = shape
    images = X.reshape(len(X), height, width)
    factor = SIDE / min(height, width)
    if min(height, width) == 1 or factor <= 1:
        return images
    import cv2

    size = round(width * factor), round(height * factor)
    return np.stack([cv2.resize(image, size, interpolation=cv2.INTER_LINEAR) for image in images])


def _range(X: NDArray[Any]) -> tuple[float, float]:
    """What stands for no ink and for full ink, see DigitClassifier."""
    if X.dtype == np.uint8:
        return 0, 255
    low, high = float(X.min()), float(X.max())
    return (0, 1) if low >= 0 and high <= 1 else (low, high)


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


@contextlib.contextmanager
def _own_randomness() -> Iterator[None]:
    """Give the generators of Python and NumPy their state back: a training seeds them, and they belong to whoever calls."""
    before = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002
