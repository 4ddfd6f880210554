"""Decoding, against every path of every text, written out."""

from itertools import groupby, product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from inkdigits.recognition.decode import agreed, candidates, condensed, log_probabilities, places

EVERYTHING = 100_000
"""A beam so wide that no prefix is dropped."""
few = settings(max_examples=40, deadline=None, derandomize=True, database=None)


@st.composite
def frames_of(draw, classes=0, longest=5):
    """Frames of 1 to `longest` steps and of so many classes, 0 for 2 to 4 of them.

    Each probability is 0 or at least a twenty-fifth, so that the search has no small ones to pass over; many are alike, some are 1.
    """
    count = classes or draw(st.integers(2, 4))
    counts = draw(st.lists(st.lists(st.integers(0, 6), min_size=count, max_size=count), min_size=1, max_size=longest))
    weights = np.array(counts, float)
    weights[weights.sum(axis=1) == 0, 0] = 1
    return weights / weights.sum(axis=1, keepdims=True)


def said(path):
    """The text of a path: repeats are one character, blanks none."""
    return tuple(k for k, _ in groupby(path) if k)


def all_texts(frames):
    """Probability of each text that the frames can say, by adding up all paths."""
    found = {}
    for path in product(range(frames.shape[1]), repeat=len(frames)):
        text = said(path)
        found[text] = found.get(text, 0.0) + float(np.prod([frame[k] for frame, k in zip(frames, path, strict=True)]))
    return found


def random_frames(seed, length=6, classes=4, sharp=1.5):
    scores = np.random.default_rng(seed).normal(0, sharp, (length, classes))
    powers = np.exp(scores)
    return powers / powers.sum(axis=1, keepdims=True)


@few
@given(frames_of())
def test_every_text_has_the_probability_of_all_its_paths(frames):
    every = all_texts(frames)
    found = candidates(frames, EVERYTHING, width=EVERYTHING)
    assert {c.text for c in found} >= {text for text, p in every.items() if p > 0}
    assert [c.probability for c in found] == pytest.approx([every.get(c.text, 0.0) for c in found])
    assert [c.probability for c in found] == sorted((c.probability for c in found), reverse=True)
    assert sum(c.probability for c in found) == pytest.approx(1)


@few
@given(frames_of(), st.integers(1, 3), st.integers(1, 4))
def test_a_narrow_beam_finds_no_more_than_there_is_and_keeps_to_its_limits(frames, width, most):
    every = all_texts(frames)
    found = candidates(frames, most, width=width)
    assert len(found) <= min(width, most)
    assert all(c.probability <= every[c.text] * (1 + 1e-9) for c in found)


@few
@given(frames_of(), st.sets(st.integers(1, 3)))
def test_an_alphabet_constrains_the_search(frames, allowed):
    allowed = {k for k in allowed if k < frames.shape[1]}
    every = {text: p for text, p in all_texts(frames).items() if set(text) <= allowed}
    found = candidates(frames, EVERYTHING, allowed=allowed, width=EVERYTHING)
    assert {c.text: c.probability for c in found if c.probability > 0} == pytest.approx({text: p for text, p in every.items() if p > 0})


@few
@given(frames_of(), st.integers(0, 3))
def test_what_begins_no_wanted_text_is_not_gone_on_with(frames, longest):
    """Texts of at most so many characters, none of them lower than the one before."""

    def begins(text):
        return len(text) <= longest and list(text) == sorted(text)

    every = {text: p for text, p in all_texts(frames).items() if begins(text) and p > 0}
    found = candidates(frames, EVERYTHING, begins=begins, width=EVERYTHING)
    assert {c.text: c.probability for c in found if c.probability > 0} == pytest.approx(every)


@few
@given(frames_of(classes=3), frames_of(classes=3))
def test_log_probabilities_are_sums_over_paths(one, other):
    """Of views of any length, beside each other; of texts that need more frames than there are too."""
    every = [all_texts(frames) for frames in (one, other)]
    texts = [*(every[0] | every[1]), (1,) * 9]
    found = np.exp(log_probabilities([one, other], texts))
    np.testing.assert_allclose(found, [[own.get(text, 0.0) for text in texts] for own in every], atol=1e-12)


@few
@given(frames_of(classes=3), frames_of(classes=3))
def test_views_agree_on_what_is_likeliest_in_all_of_them(one, other):
    every = [all_texts(frames) for frames in (one, other)]
    mean = {text: (every[0].get(text, 0.0) + every[1].get(text, 0.0)) / 2 for text in every[0] | every[1]}
    found = agreed([one, other], list(mean), 3)
    assert [c.probability for c in found] == pytest.approx(sorted(mean.values(), reverse=True)[:3], abs=1e-12)
    assert [c.probability for c in found] == pytest.approx([mean[c.text] for c in found], abs=1e-12)


def test_of_no_texts_none_is_agreed_on():
    assert agreed([random_frames(0)], []) == []


@few
@given(frames_of(), st.data())
def test_places_are_those_of_a_likeliest_path(frames, data):
    possible = [text for text, p in all_texts(frames).items() if p > 0]
    assume(possible)
    text = data.draw(st.sampled_from(possible))

    def probability(path):
        return float(np.prod([frame[k] for frame, k in zip(frames, path, strict=True)]))

    paths = [path for path in product(range(frames.shape[1]), repeat=len(frames)) if said(path) == text]
    path = [0] * len(frames)
    for (first, last), sign in zip(places(frames, text), text, strict=True):
        path[first:last] = [sign] * (last - first)
    assert said(path) == text
    assert probability(path) == pytest.approx(max(map(probability, paths)))


@pytest.mark.parametrize("seed", range(4))
def test_the_candidates_of_sharp_frames_are_those_of_brute_force(seed):
    frames = random_frames(seed)
    every = all_texts(frames)
    found = candidates(frames, 5, width=2000)
    assert [c.text for c in found] == sorted(every, key=every.__getitem__, reverse=True)[:5]
    assert [c.probability for c in found] == pytest.approx([every[c.text] for c in found], rel=0.02)  # LIKELY leaves a little out


def test_long_views_do_not_underflow():
    frames = np.full((300, 11), 0.09)
    frames[:, 0] = 0.1
    found = log_probabilities([frames], [(), (1, 2, 3)])
    assert found[0, 0] == pytest.approx(300 * np.log(0.1))
    assert np.isfinite(found).all()


def test_blanks_in_a_row_become_one_frame():
    blank, doubt = [0.9999, 0.0001, 0.0], [0.3, 0.6, 0.1]
    frames = np.array([blank, blank, doubt, doubt, blank, blank, blank, doubt, blank])
    fewer, starts = condensed(frames)
    assert starts.tolist() == [0, 2, 3, 4, 7, 8]
    texts = [(), (1,), (1, 1), (1, 2), (2, 1, 1)]
    np.testing.assert_allclose(log_probabilities([fewer], texts), log_probabilities([frames], texts), atol=2e-3)
    assert fewer[0].tolist() == pytest.approx([0.9999**2, 0, 0])
    assert fewer[3].tolist() == pytest.approx([0.9999**3, 0, 0])
    assert condensed(np.zeros((0, 3)))[0].shape == (0, 3)


def test_a_narrow_beam_still_finds_what_is_clear():
    frames = random_frames(3, 40, 12, sharp=6.0)
    assert candidates(frames, 1)[0].text == candidates(frames, 1, width=200)[0].text


def test_nothing_allowed_fits():
    frames = np.array([[0.0, 1.0, 0.0]])
    assert candidates(frames, allowed=(2,)) == []


def test_no_frames_say_nothing():
    assert [(c.text, c.probability) for c in candidates(np.zeros((0, 4)))] == [((), 1.0)]


def test_a_doubled_character_needs_a_blank_between():
    frames = np.full((3, 2), 0.5)
    assert places(frames, (1, 1)) == [(0, 1), (2, 3)]
    with pytest.raises(ValueError, match="2 characters does not fit into 2 frames"):
        places(frames[:2], (1, 1))


def test_a_character_stands_where_even_a_small_probability_is_the_largest():
    """At the first frame the path has 0.09 x 1 x 0.9 = 0.081, at the last 0.91 x 1 x 0.03 = 0.0273."""
    frames = np.array([[0.91, 0.09, 0.0], [1.0, 0.0, 0.0], [0.9, 0.03, 0.07]])
    assert places(frames, (1,)) == [(0, 1)]
