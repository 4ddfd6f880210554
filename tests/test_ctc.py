"""Strings out of frames: checked against the sum over all paths."""

from itertools import groupby, product

import numpy as np
import pytest

from inkdigits.ctc import likeliest, log_probabilities, signs


def frames(seed, length, kinds=4):
    values = np.random.default_rng(seed).random((length, kinds)) ** 3
    return values / values.sum(axis=1, keepdims=True)


def by_hand(stretch):
    """Probability of each string, summed over all its paths."""
    found = {}
    for path in product(range(stretch.shape[1]), repeat=len(stretch)):
        text = tuple(k - 1 for k, _ in groupby(path) if k)
        found[text] = found.get(text, 0) + np.prod([stretch[t, k] for t, k in enumerate(path)])
    return found


@pytest.mark.parametrize("length", [1, 2, 5, 6])
def test_probabilities_are_sums_over_paths(length):
    stretch = frames(length, length)
    truth = by_hand(stretch)
    texts = [*truth, (0,) * (length + 1)]
    (found,) = log_probabilities([stretch], [texts])
    np.testing.assert_allclose(np.exp(found), [truth.get(text, 0) for text in texts], atol=1e-12)


def test_stretches_of_several_lengths_go_side_by_side():
    stretches, texts = [frames(1, 3), frames(2, 6), frames(3, 1)], [[(0,), ()], [(1, 2), (1, 1), (0, 1, 2)], [(2,)]]
    together = log_probabilities(stretches, texts)
    for stretch, group, found in zip(stretches, texts, together, strict=True):
        np.testing.assert_allclose(found, log_probabilities([stretch], [group])[0])


@pytest.mark.parametrize("seed", range(5))
def test_the_likeliest_strings(seed):
    stretch = frames(seed, 6)
    truth = by_hand(stretch)
    assert likeliest(stretch, 40)[0] == max(truth, key=truth.get)
    assert len(likeliest(stretch, 3)) == 3


def test_long_stretches_do_not_underflow():
    stretch = np.full((300, 11), 0.09)
    stretch[:, 0] = 0.1
    (found,) = log_probabilities([stretch], [[(), (1, 2, 3)]])
    assert found[0] == pytest.approx(300 * np.log(0.1))
    assert np.isfinite(found).all()


def test_signs_of_the_likeliest_path():
    path = [0, 1, 1, 0, 1, 2, 2, 0]
    assert signs(np.eye(3)[path] * 0.8 + 0.1) == 3
    assert signs(np.eye(3)[[0, 0]]) == 0
