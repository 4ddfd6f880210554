"""Decoding, against every path of every text, written out."""

from itertools import groupby, product

import numpy as np
import pytest

from inkdigits.recognition.decode import agreed, candidates, condensed, log_probabilities, places


def all_texts(frames):
    """Probability of each text that the frames can say, by adding up all paths."""
    found = {}
    for path in product(range(frames.shape[1]), repeat=len(frames)):
        text = tuple(k for k, _ in groupby(path) if k)
        found[text] = found.get(text, 0.0) + float(np.prod([frame[k] for frame, k in zip(frames, path, strict=True)]))
    return found


def random_frames(seed, length=6, classes=4, sharp=1.5):
    scores = np.random.default_rng(seed).normal(0, sharp, (length, classes))
    powers = np.exp(scores)
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("seed", range(12))
def test_the_candidates_are_those_of_brute_force(seed):
    frames = random_frames(seed)
    every = all_texts(frames)
    found = candidates(frames, 5, width=2000)
    assert [c.text for c in found] == sorted(every, key=every.__getitem__, reverse=True)[:5]
    assert [c.probability for c in found] == pytest.approx([every[c.text] for c in found], rel=0.02)  # LIKELY leaves a little out


@pytest.mark.parametrize("seed", range(6))
def test_a_constraint_is_one_on_the_search(seed):
    frames = random_frames(seed)
    every = {text: p for text, p in all_texts(frames).items() if not set(text) - {1, 3}}
    best = candidates(frames, 1, allowed=(1, 3), width=2000)[0]
    assert best.text == max(every, key=every.__getitem__)
    assert best.probability == pytest.approx(every[best.text], rel=0.02)


@pytest.mark.parametrize("length", [1, 2, 5, 6])
def test_log_probabilities_are_sums_over_paths(length):
    views = [random_frames(length, length), random_frames(9, 3)]
    every = [all_texts(frames) for frames in views]
    texts = [*every[0], (1,) * (length + 4)]
    found = np.exp(log_probabilities(views, texts))
    np.testing.assert_allclose(found, [[own.get(text, 0.0) for text in texts] for own in every], atol=1e-12)


def test_long_views_do_not_underflow():
    frames = np.full((300, 11), 0.09)
    frames[:, 0] = 0.1
    found = log_probabilities([frames], [(), (1, 2, 3)])
    assert found[0, 0] == pytest.approx(300 * np.log(0.1))
    assert np.isfinite(found).all()


@pytest.mark.parametrize("seed", range(6))
def test_views_agree_on_what_is_likeliest_in_all_of_them(seed):
    views = [random_frames(seed, 5), random_frames(seed + 50, 6)]
    every = [all_texts(frames) for frames in views]
    mean = {text: np.mean([own.get(text, 0.0) for own in every]) for text in every[0] | every[1]}
    best = agreed(views, list(mean))[0]
    assert best.text == max(mean, key=mean.__getitem__)
    assert best.probability == pytest.approx(mean[best.text])


def test_blanks_in_a_row_become_one_frame():
    blank, doubt = [0.9999, 0.0001, 0.0], [0.3, 0.6, 0.1]
    frames = np.array([blank, blank, doubt, doubt, blank, blank, blank, doubt, blank])
    fewer, starts = condensed(frames)
    assert starts.tolist() == [0, 2, 3, 4, 7, 8]
    texts = [(), (1,), (1, 1), (1, 2), (2, 1, 1)]
    np.testing.assert_allclose(log_probabilities([fewer], texts), log_probabilities([frames], texts), atol=2e-3)
    assert condensed(np.zeros((0, 3)))[0].shape == (0, 3)


def test_a_narrow_beam_still_finds_what_is_clear():
    frames = random_frames(3, 40, 12, sharp=6.0)
    assert candidates(frames, 1)[0].text == candidates(frames, 1, width=200)[0].text


def test_nothing_allowed_fits():
    frames = np.array([[0.0, 1.0, 0.0]])
    assert candidates(frames, allowed=(2,)) == []


def test_no_frames_say_nothing():
    assert [(c.text, c.probability) for c in candidates(np.zeros((0, 4)))] == [((), 1.0)]


@pytest.mark.parametrize("seed", range(8))
def test_places_are_those_of_the_likeliest_path(seed):
    frames = random_frames(seed)
    text = candidates(frames, 1, width=2000)[0].text
    paths = [p for p in product(range(4), repeat=len(frames)) if tuple(k for k, _ in groupby(p) if k) == text]
    best = max(paths, key=lambda path: np.prod([frame[k] for frame, k in zip(frames, path, strict=True)]))
    spans, at = [], 0
    for k, run in groupby(best):
        length = len(list(run))
        if k:
            spans.append((at, at + length))
        at += length
    assert places(frames, text) == spans


def test_a_doubled_character_needs_a_blank_between():
    frames = np.full((3, 2), 0.5)
    assert places(frames, (1, 1)) == [(0, 1), (2, 3)]
    with pytest.raises(ValueError, match="2 characters does not fit into 2 frames"):
        places(frames[:2], (1, 1))
