"""The recipe of fields: from a few pages to a run folder whose network maps pages of any size; composed pages; supply of epochs."""

import json
import re

import numpy as np
import pytest

from inkdigits.layout import maps
from inkdigits.models import FieldsModel
from inkdigits.training.backend import use_backend
from inkdigits.training.settings import load_recipe
from inkdigits.training.synthesis import desks, supply
from inkdigits.training.synthesis.bank import Bank, Piece, scaled
from inkdigits.training.synthesis.pages import SIZE, page

pytest.importorskip("keras", reason="needs inkdigits[train]")
use_backend()

from inkdigits.training.graph import graph_of  # noqa: E402

# TensorFlow's tensors do not know NumPy 2's `copy` yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
SMALL = 64


def squares(train, split, count, seed, *, jobs=None, progress=None):
    """In the place of composed pages: white ones with a dark square, whose middle is a core."""
    rng = np.random.default_rng(seed)
    images, labels = np.full((count, SMALL, SMALL), 230, np.uint8), np.full((count, SMALL // 4, SMALL // 4), maps.PAPER, np.int64)
    for image, row in zip(images, labels, strict=True):
        x, y = rng.integers(0, 8, 2)
        image[4 * y : 4 * y + 32, 4 * x : 4 * x + 32] = 40
        row[y : y + 8, x : x + 8] = maps.MARGIN
        row[y + 2 : y + 6, x + 2 : x + 6] = maps.CORE
    if progress:
        progress(count, count)
    return images, labels


@pytest.fixture(scope="module")
def run_folder(trained_on_few):
    folder, _, result = trained_on_few("fields", "pages", squares, fresh=8, layers=("(32, 56, 80, 96)", "(8, 12)"))
    assert re.fullmatch(r"pages test: [\d.]+% of pixels right; overlap: paper .*, print [\d.]+%", result.headline)
    return folder


def test_the_run_folder_of_a_model_of_maps(run_folder):
    for name in ("model.keras", "model.onnx", "card.json", "history.csv", "curves.png", "maps.png", "map_report.txt"):
        assert (run_folder / name).stat().st_size > 100, name
    test = json.loads((run_folder / "metrics.json").read_text())["test"]
    assert test["pages"] == 4
    assert np.sum(test["confusion"]) == 4 * (SMALL // 4) ** 2
    assert test["pixel_accuracy"] == pytest.approx(np.trace(test["confusion"]) / np.sum(test["confusion"]))
    page = (run_folder / "report.html").read_text(encoding="utf-8")
    assert page.count('src="data:image/png;base64,') == 2


def test_a_model_of_maps_takes_pages_of_any_size(run_folder):
    model = FieldsModel.load(run_folder)
    assert (model.card.classes, model.card.preprocessing) == (maps.CLASSES, maps.CONTRACT)
    for count, height, width in ((6, 64, 64), (1, 96, 160), (1, 32, 32)):
        found = model.maps(np.random.default_rng(0).random((count, height, width), np.float32))
        assert found.shape == (count, height // 4, width // 4, 7)
        np.testing.assert_allclose(found.sum(axis=-1), 1, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 60, 64), (1, 64, 60), (64, 64), (0, 64, 64)])
def test_pages_of_other_shapes_are_refused(run_folder, shape):
    with pytest.raises(ValueError, match="multiples of 32"):
        FieldsModel.load(run_folder).maps(np.zeros(shape, np.float32))


def test_the_shipped_network_has_the_size_that_the_recipe_promises():
    model = load_recipe("fields").build_model((SIZE, SIZE), len(maps.CLASSES))
    assert 660_000 < model.count_params() < 700_000
    assert graph_of(model).maps


@pytest.fixture
def bank():
    """Numbers that are full blocks, words that are hollow ones, print that is a row of bars."""
    block, bars = np.ones((56, 140), np.float32), np.tile(np.repeat([0, 1], 4), 20)[None].repeat(25, 0).astype(np.float32)
    hollow = block.copy()
    hollow[8:-8, 8:-8] = 0
    return Bank([[Piece(block, 56)]], [[Piece(block[:, :40], 56)]], [[Piece(hollow, 56)]], [Piece(bars, 25)])


def test_pages_are_what_their_seed_says_and_of_all_classes(bank):
    made = [page(bank, np.random.default_rng(seed)) for seed in range(40)]
    again = page(bank, np.random.default_rng(7))
    assert all(np.array_equal(one, other) for one, other in zip(made[7], again, strict=True))
    for image, classes in made:
        assert (image.shape, image.dtype) == ((SIZE, SIZE), np.uint8)
        assert (classes.shape, classes.dtype) == ((SIZE // 4, SIZE // 4), np.uint8)
    assert set(np.unique([classes for _, classes in made])) == set(range(7))


def test_the_cores_of_numbers_are_where_their_ink_is(bank):
    inside = outside = 0.0
    for seed in range(60):
        image, classes = page(bank, np.random.default_rng(seed))
        grey = image[2::4, 2::4].astype(float)
        if (classes == maps.CORE).sum() < 20 or (classes == maps.DESK).any():
            continue
        paper = np.median(grey[classes == maps.PAPER])
        inside += np.abs(grey[classes == maps.CORE] - paper).mean()
        outside += np.abs(grey[classes == maps.PAPER] - paper).mean()
    assert inside > 3 * outside > 0


def test_a_piece_is_scaled_to_the_height_of_its_digits():
    piece = Piece(np.ones((80, 200), np.float32), 40)
    assert scaled(piece, 20).shape == (40, 100)
    assert scaled(piece, 80).shape == (160, 400)


def test_desks_are_light_between_none_and_all():
    made = [desks.desk((60, 90), np.random.default_rng(seed)) for seed in range(40)]
    assert all(one.shape == (60, 90) and one.dtype == np.float32 and 0 <= one.min() <= one.max() <= 1 for one in made)
    assert sum(one.std() > 0.02 for one in made) > 20


def test_a_supply_uses_its_images_in_several_epochs_and_composes_new_ones():
    composed = []

    def compose(number):
        composed.append(number)
        return np.full((2, 4, 4), number, np.uint8), np.full((2, 1), number, np.int64)

    supplied = supply.Supply(compose, lambda images, rng: images.astype(np.float32), 2, (0,), *compose(0))
    assert [supplied(epoch)[1].ravel().tolist() for epoch in range(3)] == [[0] * 4, [1, 1, 0, 0], [2, 2, 1, 1]]
    assert composed[:4] == [0, 1, 2, 3]


def test_shading_keeps_pages_in_range():
    shaded = supply.shaded(np.arange(0, 256, dtype=np.uint8)[None, :, None].repeat(3, 0), np.random.default_rng(0))
    assert shaded.dtype == np.float32
    assert 0 <= shaded.min() < 0.05 < 0.6 < shaded.max() <= 1
    assert (np.diff(shaded[:, :, 0], axis=1) >= 0).all(), "darker stays darker"
