"""Decision: an answer, or "?"."""

import numpy as np
import pytest

from inkdigits.decide import decide

CLASSES = tuple("0123456789")
TILE = np.zeros((28, 28), np.float32)


def probabilities(**most: float) -> np.ndarray:
    values = np.full(10, (1 - sum(most.values())) / (10 - len(most)), np.float32)
    for name, p in most.items():
        values[int(name[1:])] = p
    return values


@pytest.mark.parametrize(
    ("threshold", "label"),
    [
        pytest.param(0.0, "3", id="always answers"),
        pytest.param(0.7, "3", id="sure enough"),
        pytest.param(0.9, "?", id="not sure"),
    ],
)
def test_the_threshold_decides(threshold, label):
    digit = decide(probabilities(d3=0.8, d8=0.15), CLASSES, threshold, (1, 2, 3, 4), TILE, every=True)
    assert digit.label == label
    assert digit.confidence == pytest.approx(0.8)
    assert (digit.refused is None) == (label != "?")
    assert ("8", pytest.approx(0.15)) in [(name, p) for name, p in digit.alternatives]
    assert digit.box == (1, 2, 3, 4)
    assert sum(p for _, p in digit.probabilities) == pytest.approx(1, abs=1e-5)


def test_a_refused_position_still_names_the_best_guess():
    digit = decide(probabilities(d3=0.4, d8=0.35), CLASSES, 0.9, (0, 0, 1, 1), TILE)
    assert digit.alternatives[0][0] == "3"
