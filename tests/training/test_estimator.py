"""DigitClassifier: scikit-learn's own checks, and that images are taken as the class says."""

import pickle
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from inkdigits.errors import RecipeError

pytest.importorskip("keras", reason="needs inkdigits[train]")

from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from inkdigits import DigitClassifier

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

TINY = str(Path(__file__).with_name("tiny_recipe.py"))
NAMES = np.array(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])


@pytest.mark.slow
@parametrize_with_checks([DigitClassifier(TINY)])
def test_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def digits():
    """Scikit-learn's digits: float64 (1797, 64), 0..16, and their names."""
    found = load_digits()
    return found.data, NAMES[found.target]


@pytest.fixture(scope="module")
def fitted(digits):
    return DigitClassifier("dense", epochs=4).fit(digits[0][:1000], digits[1][:1000])


def pictures(count=40):
    """uint8 (count, 28, 28), black and white: lines that lie, class 0, and lines that stand."""
    images, labels = np.zeros((count, 28, 28), np.uint8), np.arange(count) % 2
    for i, image in enumerate(images):
        place = 4 + i % 20
        image[(place, slice(4, 24)) if i % 2 == 0 else (slice(4, 24), place)] = 255
    return images, labels


@pytest.fixture(scope="module")
def network():
    """The network that the smallest recipe makes of `pictures`, with seed 0."""
    return DigitClassifier(TINY, epochs=1).fit(*pictures()).onnx_


def test_it_learns_digits_and_answers_with_the_labels_it_was_given(fitted, digits):
    images, names = digits[0][1000:], digits[1][1000:]
    assert fitted.score(images, names) > 0.85
    assert fitted.classes_.tolist() == sorted(NAMES)
    said = fitted.predict_proba(images)
    assert said.shape == (797, 10)
    assert said.dtype == np.float32
    np.testing.assert_allclose(said.sum(axis=1), 1, atol=1e-6)
    assert (fitted.classes_[said.argmax(axis=1)] == fitted.predict(images)).all()
    assert [row["epoch"] for row in fitted.history_] == [1, 2, 3, 4]


def test_rows_and_images_are_the_same(fitted, digits):
    rows = digits[0][1000:1050]
    np.testing.assert_array_equal(fitted.predict_proba(rows), fitted.predict_proba(rows.reshape(-1, 8, 8)))
    assert (fitted.image_shape_, fitted.n_features_in_, fitted.range_) == ((8, 8), 64, (0, 16))


@pytest.mark.parametrize(
    "same",
    [
        pytest.param(lambda images: images.astype(np.int64), id="whole numbers"),
        pytest.param(lambda images: images / 255, id="shares", marks=pytest.mark.slow),
        pytest.param(lambda images: (images / 255).astype(np.float32).reshape(40, 784), id="rows of shares"),
    ],
)
def test_the_same_images_in_other_numbers_give_the_same_network(network, same):
    """And so does the same seed, which is 0 where none is given."""
    images, labels = pictures()
    assert DigitClassifier(TINY, epochs=1, seed=0).fit(same(images), labels).onnx_ == network


def test_the_seed_decides(network):
    assert DigitClassifier(TINY, epochs=1, seed=1).fit(*pictures()).onnx_ != network


def test_small_images_are_enlarged_for_the_networks_of_the_recipes(digits):
    classifier = DigitClassifier("cnn2", epochs=1).fit(digits[0][:64], digits[1][:64])
    assert classifier.card_.image_shape == (28, 28)
    assert len(classifier.predict(digits[0][64:70])) == 6


def test_rows_may_be_images_that_are_no_squares():
    images, labels = pictures()
    rows = images[:, :14].reshape(40, 14 * 28)
    classifier = DigitClassifier(TINY, epochs=1, image_shape=(14, 28)).fit(rows, labels)
    assert classifier.card_.image_shape == (28, 56)


@pytest.mark.slow
def test_it_says_nothing():
    code = f"import numpy; from inkdigits import DigitClassifier; DigitClassifier({TINY!r}).fit(numpy.eye(30, 784), [0, 1] * 15)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_it_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    expected = random.Random(1).random(), np.random.RandomState(1).random()
    DigitClassifier(TINY, epochs=1).fit(*pictures())
    assert (random.random(), np.random.random()) == expected, "a training seeds the generators of all"  # noqa: NPY002
    assert not list(tmp_path.iterdir())


def test_a_pickle_predicts_without_keras(fitted, digits, tmp_path):
    path = tmp_path / "classifier.pickle"
    path.write_bytes(pickle.dumps((fitted, digits[0][:5])))
    code = f"""
import pickle, sys
classifier, images = pickle.load(open({str(path)!r}, "rb"))
print(*classifier.predict(images))
assert not {{"keras", "tensorflow"}} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == fitted.predict(digits[0][:5]).tolist()


@pytest.mark.slow
def test_pipelines_and_searches(digits):
    images, names = digits[0][:300], digits[1][:300]
    tiny = DigitClassifier(TINY, batch_size=32)
    pipeline = make_pipeline(FunctionTransformer(np.square), tiny)
    search = GridSearchCV(pipeline, {"digitclassifier__learning_rate": [1e-6, 0.01]}, cv=2).fit(images, names)
    assert search.best_params_ == {"digitclassifier__learning_rate": 0.01}
    assert cross_val_score(tiny, images.reshape(-1, 8, 8), names, cv=2).min() > 0.5


@pytest.mark.parametrize(
    ("parameters", "images", "error", "reason"),
    [
        pytest.param({}, np.zeros((4, 28, 28, 3)), ValueError, r"grey images, \(N, H, W\)", id="colour"),
        pytest.param({"image_shape": (5, 5)}, np.zeros((4, 24)), ValueError, "5 x 5 has 25 pixels, the rows of X", id="image shape"),
        pytest.param({"recipe": "resnet9000"}, np.zeros((4, 9)), RecipeError, "no such recipe", id="recipe"),
        pytest.param({"recipe": "number"}, np.zeros((4, 9)), RecipeError, "reads lines", id="recipe of lines"),
        pytest.param({"epochs": 0}, np.zeros((4, 9)), RecipeError, "epochs must be 1 or more", id="no epoch"),
        pytest.param({"recipe": "cnn2"}, np.zeros((4, 30)), RecipeError, "images of 1 x 30", id="a table for a network of images"),
    ],
)
def test_what_cannot_be_fitted(parameters, images, error, reason):
    with pytest.raises(error, match=reason):
        DigitClassifier(**{"recipe": TINY, **parameters}).fit(images, [0, 1, 0, 1])


def test_one_class_is_none():
    with pytest.raises(ValueError, match=r"only one class: \['seven'\]"):
        DigitClassifier(TINY).fit(np.zeros((2, 9)), ["seven", "seven"])


@pytest.mark.parametrize(
    ("images", "reason"),
    [
        pytest.param(np.zeros((2, 4, 16)), "images of 4 x 16, fit was given images of 8 x 8", id="other images"),
        pytest.param(np.zeros((2, 63)), "63 features", id="other rows"),
        pytest.param(np.full((2, 64), 255, np.uint8), "from 255 to 255, fit was given 0 to 16", id="other range"),
    ],
)
def test_what_cannot_be_predicted(fitted, images, reason):
    with pytest.raises(ValueError, match=reason):
        fitted.predict(images)


def test_it_has_to_be_fitted_first():
    with pytest.raises(NotFittedError, match="fit"):
        DigitClassifier().predict(np.zeros((1, 28, 28)))


def test_an_interrupted_training_is_no_classifier(tmp_path):
    """train_model keeps what Ctrl-C leaves; a search that went on with it would never end."""
    own = """
def training_images(train, settings, seed):
    def images(epoch):
        if epoch:
            raise KeyboardInterrupt
        return train.images.astype("float32") / 255, train.labels
    return images, []
"""
    path = tmp_path / "own.py"
    path.write_text(Path(TINY).read_text() + own)
    classifier = DigitClassifier(str(path))
    with pytest.raises(KeyboardInterrupt):
        classifier.fit(*pictures())
    with pytest.raises(NotFittedError):
        classifier.predict(pictures()[0])
