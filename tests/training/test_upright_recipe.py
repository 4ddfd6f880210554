"""The recipe of what tells upright writing: its windows, and from a few rows to a run folder that the reader would take."""

import numpy as np
import pytest

from inkdigits.models import Model
from inkdigits.recognition import strips, upright
from inkdigits.training.backend import use_backend
from inkdigits.training.settings import load_recipe
from inkdigits.training.synthesis.standing import lit, standing

pytest.importorskip("keras", reason="needs inkdigits[train]")
use_backend()

# TensorFlow's tensors do not know NumPy 2's `copy` yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


def bars(train, split, count, seed, **_):
    """In the place of composed rows: bars that hang from a rule above."""
    images = np.zeros((count, strips.HEIGHT, 400), np.uint8)
    images[:, 6:10] = 255
    images[:, 10:34, ::12] = 255
    return images, np.zeros((count, 48), np.int64)


def test_upright_windows_hang_from_their_rule_and_no_others_do():
    images, labels = standing(bars(None, "", 40, ())[0], 5, np.random.default_rng(3))
    assert (images.shape, images.dtype) == ((200, strips.HEIGHT, upright.WIDTH), np.uint8)
    assert 70 < labels.sum() < 130
    rows = images.astype(float).sum(axis=2)
    heaviest = rows.argmax(axis=1)
    names = np.array(upright.CLASSES)[labels]
    assert (heaviest[names == "upright"] < strips.HEIGHT / 2).all()
    assert (heaviest[names == "turned"] > strips.HEIGHT / 2).mean() > 0.5, "the others are on their head, or on their side"


def test_windows_follow_from_their_seed():
    rows = bars(None, "", 8, ())[0]
    (one, its), (other, others) = (standing(rows, 3, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(one, other)
    assert np.array_equal(its, others)
    light = lit(one, np.random.default_rng(1))
    assert light.dtype == np.float32
    assert 0 <= light.min() < light.max() <= 1


def test_a_run_makes_a_model_that_the_reader_would_take(trained_on_few):
    folder, _, result = trained_on_few("upright", "rows", bars, fresh=8, layers=("(64, 3, 2), (96, 3, 1)", "(8, 3, 2), (8, 3, 1)"))
    assert "windows test" in result.headline
    model = Model.load(folder)
    assert (model.card.classes, model.card.preprocessing) == (upright.CLASSES, strips.CONTRACT)
    assert model.card.image_shape == (strips.HEIGHT, upright.WIDTH)
    assert np.isfinite(upright.upright(np.random.default_rng(0).integers(0, 256, (50, 90), dtype=np.uint8), model.probabilities))


def test_the_shipped_network_has_the_size_that_the_recipe_promises():
    model = load_recipe("upright").build_model((strips.HEIGHT, upright.WIDTH), 2)
    assert 78_000 < model.count_params() < 84_000
