"""Measures, against hand-made cases and scikit-learn."""

from dataclasses import replace

import numpy as np
import pytest

from inkdigits.errors import ModelError
from inkdigits.models import Card
from inkdigits.training.datasets import Dataset, load
from inkdigits.training.evaluate import Evaluation, committee, evaluate, negative_log_likelihood
from inkdigits.training.forward import softmax


def evaluation(probabilities, labels):
    data = Dataset("own", "test", np.zeros((len(labels), 28, 28), np.uint8), np.asarray(labels), tuple("abc"))
    return Evaluation("m", data, np.asarray(probabilities, np.float32), 0.0, None)


def random_case(count=2000):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, count)
    logits = rng.normal(0, 1, (count, 3))
    logits[np.arange(count), labels] += 1.5
    return logits, labels


def test_against_scikit_learn():
    sklearn = pytest.importorskip("sklearn.metrics")
    logits, labels = random_case()
    result = evaluation(softmax(logits), labels)
    assert result.accuracy == pytest.approx(sklearn.accuracy_score(labels, result.answers))
    np.testing.assert_array_equal(result.confusion, sklearn.confusion_matrix(labels, result.answers))
    precision, recall, f1, count = sklearn.precision_recall_fscore_support(labels, result.answers)
    for k, row in enumerate(result.per_class):
        assert (row["precision"], row["recall"], row["f1"], row["images"]) == pytest.approx((precision[k], recall[k], f1[k], count[k]))
    assert negative_log_likelihood(logits, labels) == pytest.approx(sklearn.log_loss(labels, softmax(logits)))


def test_calibration_error_of_one_bin():
    sure = [[0.9, 0.05, 0.05]] * 10
    assert evaluation(sure, [0] * 9 + [1]).calibration_error == pytest.approx(0.0, abs=1e-6)
    assert evaluation(sure, [0] * 5 + [1] * 5).calibration_error == pytest.approx(0.4, abs=1e-6)


def test_the_most_confident_share_is_answered():
    result = evaluation([[0.9, 0.1, 0], [0.8, 0.2, 0], [0.6, 0.4, 0], [0.5, 0.3, 0.2]], [0, 0, 0, 1])
    assert result.answered(1.0) == pytest.approx((0.5, 0.75))
    assert result.answered(0.75) == pytest.approx((0.6, 1.0))
    assert (result.wrong(), result.wrong(0.75)) == (1, 0)


def test_wrong_counts_by_corrected_labels_where_there_are_such():
    published = evaluation([[0.9, 0.1, 0], [0.8, 0.2, 0], [0.6, 0.4, 0], [0.5, 0.3, 0.2]], [0, 1, 1, 0])
    assert [published.wrong(share) for share in (0.5, 0.75, 1)] == [1, 2, 2]
    mended = replace(published, corrected=(np.array([0, 0, 1, 1]), np.array([True, True, False, True])))
    assert [mended.wrong(share) for share in (0.5, 0.75, 1)] == [0, 0, 1], "the second is mended, the third left out, the last made wrong"
    assert mended.accuracy == 0.5
    assert mended.report().count("by corrected labels") == 1
    assert "by corrected labels" not in published.report()


class Certain:
    """A stand-in for a model of classes 0 to 9 that answers by the first pixel."""

    name, card = "certain", Card("certain", tuple("0123456789"), (2, 2))

    def logits(self, tiles):
        return 9 * np.eye(10, dtype=np.float32)[np.round(tiles[:, 0, 0] * 255).astype(int)]


def pixels(values, labels, classes, shape=(2, 2)):
    images = np.zeros((len(values), *shape), np.uint8)
    images[:, 0, 0] = values
    return Dataset("own", "test", images, np.asarray(labels), tuple(classes))


def test_classes_are_matched_by_name():
    result = evaluate(Certain(), pixels([3, 7, 7, 8], [0, 1, 1, 1], "37"))
    assert result.accuracy == 0.75
    assert result.confusion[7].tolist() == [0, 0, 0, 0, 0, 0, 0, 2, 1, 0]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(pixels([1], [0], ("1", "one")), "does not know the class 'one'", id="a class it has not"),
        pytest.param(pixels([1], [0], "12", (3, 2)), r"images of \(2, 2\)", id="images of another size"),
    ],
)
def test_data_that_do_not_fit_the_model(data, reason):
    with pytest.raises(ModelError, match=reason):
        evaluate(Certain(), data)


def test_corrected_labels_count_on_mnist(data_dir):
    mnist = load("mnist", "test")

    class Published(Certain):
        card = Card("published", tuple("0123456789"), (28, 28))

        def logits(self, tiles):
            return 9 * np.eye(10, dtype=np.float32)[mnist.labels]

    result = evaluate(Published(), mnist)
    assert result.accuracy == 1
    assert result.corrected_accuracy == pytest.approx(1 - 10 / 9995), "ten labels are corrected, five images dropped"
    assert "corrected" in result.report()


class Says:
    """A model that says the same of every image. wanted: its probabilities; temperature 1."""

    name = "says"

    def __init__(self, *wanted):
        classes = ("a", "b", "not a digit")[: len(wanted)]
        self.card = Card(name="says", classes=classes, image_shape=(28, 28))
        self.wanted = np.log(np.float32(wanted))

    def logits(self, tiles):
        return np.tile(self.wanted, (len(tiles), 1))


def own(*labels):
    return Dataset("own", "test", np.zeros((len(labels), 28, 28), np.uint8), np.asarray(labels), ("a", "b"))


def test_probabilities_are_given_that_it_is_a_digit_where_all_are():
    result = evaluate(Says(0.2, 0.3, 0.5), own(1, 1))
    np.testing.assert_allclose(result.probabilities, [[0.4, 0.6, 0.0]] * 2, rtol=1e-5)
    assert result.loss == pytest.approx(-np.log(0.6), rel=1e-5)
    mixed = replace(own(1, 2), classes=("a", "b", "not a digit"))
    np.testing.assert_allclose(evaluate(Says(0.2, 0.3, 0.5), mixed).probabilities, [[0.2, 0.3, 0.5]] * 2, rtol=1e-5)


def test_a_committee_votes_with_the_mean_of_the_probabilities():
    result = committee([evaluate(Says(share, 1 - share), own(0, 1)) for share in (0.9, 0.45, 0.45)])
    np.testing.assert_allclose(result.probabilities, [[0.6, 0.4]] * 2, rtol=1e-5)
    assert result.accuracy == 0.5
    assert result.loss == pytest.approx(-(np.log(0.6) + np.log(0.4)) / 2, rel=1e-5)
    assert result.model == "3 models"
    with pytest.raises(ValueError, match="needs a model"):
        committee([])
