"""Measures, against hand-made cases and scikit-learn."""

import numpy as np
import pytest

from inkdigits.training.datasets import Dataset
from inkdigits.training.evaluate import Evaluation, negative_log_likelihood
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
