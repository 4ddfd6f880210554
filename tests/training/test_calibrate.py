"""Temperature and threshold, on cases whose answer is known."""

import numpy as np
import pytest

from inkdigits.training.calibrate import LIMITS, answer_threshold, fit_temperature
from inkdigits.training.forward import softmax


def calibrated_case(count=20_000, classes=10):
    """Logits whose softmax is the very distribution that the labels were drawn from: their temperature is 1."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (count, classes))
    cumulated = softmax(logits).cumsum(axis=1)
    return logits, (rng.random((count, 1)) > cumulated).sum(axis=1).clip(max=classes - 1)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 1.7, 5.0])
def test_a_known_temperature_is_found_again(temperature):
    logits, labels = calibrated_case()
    assert fit_temperature(logits * temperature, labels) == pytest.approx(temperature, rel=0.02)


def test_it_is_the_minimum_of_the_likelihood():
    logits, labels = calibrated_case(500)

    def loss(temperature):
        return -np.log(softmax(logits / temperature)[np.arange(len(labels)), labels]).mean()

    best = fit_temperature(logits, labels)
    assert loss(best) <= min(loss(best * 1.001), loss(best / 1.001))


def test_logarithms_of_probabilities_serve_as_well():
    logits, labels = calibrated_case(500)
    assert fit_temperature(np.log(softmax(logits)), labels) == pytest.approx(fit_temperature(logits + 100, labels))


@pytest.mark.parametrize(("label", "limit"), [pytest.param(0, LIMITS[0], id="never wrong"), pytest.param(1, LIMITS[1], id="always wrong")])
def test_it_stays_within_limits(label, limit):
    logits = np.tile([8.0, 0.0, -1.0], (20, 1))
    assert fit_temperature(logits, np.full(20, label)) == pytest.approx(limit)


@pytest.mark.parametrize(
    ("logits", "labels"),
    [
        pytest.param(np.zeros((0, 3)), np.zeros(0, int), id="nothing to fit"),
        pytest.param(np.zeros((3, 3)), np.zeros(2, int), id="a label missing"),
        pytest.param(np.zeros(3), np.zeros(3, int), id="logits without classes"),
        pytest.param(np.array([[0.0, -np.inf]]), np.zeros(1, int), id="logarithm of 0"),
    ],
)
def test_nothing_to_fit(logits, labels):
    with pytest.raises(ValueError, match="logits"):
        fit_temperature(logits, labels)


SURE = np.array([0.99, 0.95, 0.9, 0.9, 0.8, 0.6])


@pytest.mark.parametrize(
    ("right", "precision", "threshold"),
    [
        pytest.param([1, 1, 1, 1, 1, 1], 1.0, 0.0, id="all right: always answer"),
        pytest.param([1, 1, 1, 1, 1, 0], 1.0, 0.8, id="only the least sure one is wrong"),
        pytest.param([1, 1, 1, 1, 1, 0], 0.8, 0.0, id="five of six are enough"),
        pytest.param([1, 1, 1, 0, 1, 1], 1.0, 0.95, id="the same confidence, wrong and right"),
        pytest.param([1, 1, 0, 1, 1, 1], 1.0, 0.95, id="the same confidence, right and wrong"),
        pytest.param([1, 0, 1, 1, 1, 0], 0.8, 0.8, id="a wrong one among the surest"),
        pytest.param([0, 1, 1, 1, 1, 1], 1.0, 1.0, id="the surest is wrong: no threshold"),
    ],
)
def test_threshold_for_a_precision(right, precision, threshold):
    order = np.array([3, 0, 5, 1, 4, 2])  # not sorted by confidence
    probabilities = np.stack([SURE, 1 - SURE], axis=1)[order]
    labels = 1 - np.array(right)[order]
    assert answer_threshold(probabilities, labels, precision) == threshold


def test_threshold_keeps_its_promise_on_single_precision():
    logits, labels = calibrated_case(5000)
    probabilities = softmax(logits).astype(np.float32)
    threshold = answer_threshold(probabilities, labels, 0.75)
    answered = probabilities.max(axis=1) >= threshold
    assert 0.1 < answered.mean() < 1
    assert (probabilities.argmax(axis=1) == labels)[answered].mean() >= 0.75
