"""The probability that a line is right: what its evidence and the weights make of it, and how the weights are fitted."""

import numpy as np
import pytest

from inkdigits.recognition.confidence import EVIDENCE, LOWEST, PLAIN, certainty, promised
from inkdigits.training.calibrate import fit_confidence


def test_the_logistic_function_of_the_weighted_sum():
    evidence = {"rivals": 2.0, "listed": -0.5, "complete": -1.0, "path": -3.0, "unread": 1.0}
    weights = {"bias": 0.5, "rivals": 1.0, "complete": 0.5, "unread": -2.0}
    assert certainty(evidence, weights) == pytest.approx(1 / (1 + np.exp(-(0.5 + 2.0 - 0.5 - 2.0))))
    assert certainty({"path": -1.0}, PLAIN) == 0.5
    assert certainty({"path": 0.0}, {"path": 1.0}) == 0.5, "what is not named has no weight, the bias neither"
    assert 0.9 < certainty({"path": 0.0, "complete": 0.0}, PLAIN) < 0.99


def test_nothing_counts_for_less_than_the_lowest():
    assert certainty({"path": -700.0}, {"path": 0.1}) == certainty({"path": LOWEST}, {"path": 0.1})
    assert 0 <= certainty({"rivals": -700.0}, {"rivals": 100.0}) < 1e-9


def test_the_weights_of_known_odds_are_found_again():
    rng = np.random.default_rng(0)
    evidence = rng.normal(0, 1, (20_000, len(EVIDENCE)))
    true = np.array([-0.5, 1.0, 0.5, 0.0, -1.0, 0.3])
    right = rng.random(20_000) < 1 / (1 + np.exp(-(true[0] + evidence @ true[1:])))
    np.testing.assert_allclose(fit_confidence(evidence, right, np.ones(20_000)), true, atol=0.08)


def test_every_row_counts_by_its_share():
    evidence, right = np.array([[0.0], [0.0]]), np.array([True, False])
    bias, _ = fit_confidence(evidence, right, np.array([3.0, 1.0]))
    assert bias == pytest.approx(np.log(3), abs=0.03)


def test_what_is_always_right_has_finite_weights():
    assert np.isfinite(fit_confidence(np.array([[1.0], [2.0]]), np.array([True, True]), np.ones(2))).all()


@pytest.mark.parametrize(
    ("evidence", "right", "share"),
    [
        (np.zeros((0, 2)), np.zeros(0, bool), np.zeros(0)),
        (np.zeros((3, 2)), np.zeros(2, bool), np.zeros(3)),
        (np.zeros(3), np.zeros(3, bool), np.ones(3)),
    ],
)
def test_nothing_to_fit(evidence, right, share):
    with pytest.raises(ValueError, match="must be"):
        fit_confidence(evidence, right, share)


PROMISES = {"0.9": 0.8, "0.95": 0.93}


@pytest.mark.parametrize(("sure", "threshold"), [(0.9, 0.8), (0.91, 0.93), (0.95, 0.93), (0.1, 0.8)])
def test_what_is_asked_is_the_next_promise(sure, threshold):
    assert promised(sure, PROMISES) == threshold


@pytest.mark.parametrize(
    ("promises", "said"),
    [
        ({"0.8": 0.5, **PROMISES}, "no more than 0.95 is promised"),
        (PROMISES, "sure 0.96: no more than 0.95 is promised"),
        ({}, "sure 0.96: nothing is promised"),
    ],
)
def test_more_is_not_promised(promises, said):
    with pytest.raises(ValueError, match=said):
        promised(0.96, promises)
