"""The recipe of numbers: from a few strips to a run folder whose network reads strips of any width; its loss and its figures."""

import itertools
import json
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from inkdigits.errors import ExportError, ModelError, RecipeError
from inkdigits.models import Model, NumberModel
from inkdigits.recognition import strips as strip_contract
from inkdigits.recognition.alphabet import CLASSES
from inkdigits.training import datasets, evaluate_lines, progress
from inkdigits.training.backend import ctc_loss, use_backend
from inkdigits.training.settings import load_recipe
from inkdigits.training.synthesis import supply
from inkdigits.training.synthesis.rows import LONGEST, WIDTH
from inkdigits.training.synthesis.sources import WHOLE, Ablation

pytest.importorskip("keras", reason="needs inkdigits[train]")
use_backend()

import keras  # noqa: E402
from keras import layers  # noqa: E402

from inkdigits.training.export import export_run  # noqa: E402
from inkdigits.training.graph import graph_of  # noqa: E402

# TensorFlow's tensors do not know NumPy 2's `copy` yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

HEIGHT = strip_contract.HEIGHT


def bars(train, split, count, seed, *, shares=None, jobs=None, ablation=None, progress=None):
    """In the place of composed rows: strips of one to five bars, and for each a character."""
    rng = np.random.default_rng(seed)
    images, labels = np.zeros((count, HEIGHT, WIDTH), np.uint8), np.full((count, LONGEST), -1, np.int64)
    for image, row in zip(images, labels, strict=True):
        for place in range(int(rng.integers(1, 6))):
            row[place] = rng.integers(21)
            image[6:26, 20 + 40 * place : 40 + 40 * place] = 100 + 5 * row[place]
    if progress:
        progress(count, count)
    return images, labels


@pytest.fixture(scope="module")
def run_folder(trained_on_few):
    folder, _, result = trained_on_few("number", "rows", bars, fresh=12, layers=("(1, 2, 4)", "(2,)"))
    assert re.fullmatch(r"numbers test: [\d.]+% of strings right, digit error [\d.]+%", result.headline)
    return folder


def test_the_run_folder_of_a_number_model(run_folder):
    for name in ("model.keras", "model.onnx", "card.json", "history.csv", "curves.png", "mistakes.png", "reading_report.txt"):
        assert (run_folder / name).stat().st_size > 100, name
    metrics = json.loads((run_folder / "metrics.json").read_text())
    assert metrics["test"]["strips"] == sum(row["strips"] for row in metrics["test"]["by_length"]) == 4
    assert [(data["name"], data["images"]) for data in metrics["data"]] == [("numbers", 12)]
    page = (run_folder / "report.html").read_text(encoding="utf-8")
    assert page.count('src="data:image/png;base64,') == 2
    assert not re.search(r"(src|href)=\"(?!data:)|https?://|<script", page), "it needs nothing else"


def test_a_number_model_reads_strips_of_any_width(run_folder):
    model = NumberModel.load(run_folder)
    assert model.card.classes == CLASSES
    assert model.card.preprocessing == strip_contract.CONTRACT
    assert (model.card.temperature, set(model.card.metrics["test"])) == (1.0, {"exact", "digit_error", "strips", "data"})
    images = np.random.default_rng(0).random((40, HEIGHT, 256), np.float32)
    for count, width in ((40, 256), (3, 96), (1, 4), (0, 8)):
        frames = model.frames(images[:count, :, :width])
        assert frames.shape == (count, width // 2, len(CLASSES))
        assert frames.dtype == np.float32
        np.testing.assert_allclose(frames.sum(axis=-1), 1, atol=1e-5)
    network = keras.models.load_model(run_folder / "model.keras", compile=False)
    wide = np.pad(images[:8], ((0, 0), (0, 0), (0, WIDTH - 256)))
    np.testing.assert_allclose(model.frames(wide), network.predict(wide, verbose=0), atol=1e-5)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        pytest.param(np.zeros((1, HEIGHT, 30), np.float32), "multiple of 4", id="width"),
        pytest.param(np.zeros((1, 28, 28), np.float32), f"{HEIGHT}, W", id="height"),
        pytest.param(np.zeros((1, HEIGHT, 0), np.float32), f"{HEIGHT}, W", id="no width"),
        pytest.param(np.zeros((1, HEIGHT, 32), np.uint8), "floats", id="whole numbers"),
    ],
)
def test_strips_that_are_no_strips(run_folder, wrong, reason):
    with pytest.raises(ValueError, match=reason):
        NumberModel.load(run_folder).frames(wrong)


def test_a_number_model_is_not_taken_for_one_of_digits(run_folder):
    from inkdigits.commands.evaluate import command

    with pytest.raises(ModelError, match=r"reads whole numbers.*report\.html.*needed here reads single digits"):
        Model.load(run_folder)
    assert isinstance(CliRunner().invoke(command, [str(run_folder)]).exception, ModelError)


@pytest.mark.slow
def test_it_is_exported_again_as_it_was(run_folder, tmp_path):
    export_run(run_folder, "onnx", tmp_path)
    before, after = NumberModel.load(run_folder), NumberModel.load(tmp_path)
    images = np.random.default_rng(1).random((2, HEIGHT, 64), np.float32)
    np.testing.assert_array_equal(before.frames(images), after.frames(images))


def test_only_the_writers_of_mnist_are_known():
    recipe, digits = load_recipe("number"), datasets.load("digits", "train")
    with pytest.raises(RecipeError, match="--data mnist"):
        recipe.datasets(digits, digits, recipe.SETTINGS, 0, progress.making(quiet=True))


def test_an_ablation_changes_what_is_trained_on_and_nothing_that_is_measured_on(monkeypatch):
    recipe, asked = load_recipe("number"), []

    def few(train, split, count, seed, *, ablation, shares=None, jobs=None, progress=None):
        asked.append((split, ablation))
        return bars(train, split, 4, seed)

    digits = datasets.load("digits", "train")
    mnist = replace(digits, name="mnist", writers=np.arange(len(digits.labels)) // 100)
    monkeypatch.setattr(recipe, "rows", few)
    monkeypatch.setattr(recipe, "load", lambda name, split: mnist)
    monkeypatch.setattr(supply, "rows", few)
    half = recipe.SETTINGS.changed(without="strokes,registers", share=0.5, validation_split=0.2)
    left = Ablation(("strokes", "registers"), 0.5)
    first, _, _ = recipe.datasets(mnist, mnist, half, 0, progress.making(quiet=True))
    assert asked == [("dev", WHOLE), ("trainable", left), ("dev", WHOLE)]
    later, _ = recipe.training_images(first, half, 0)
    later.compose(1)
    assert asked[3:] == [("trainable", left)]
    asked.clear()
    recipe.datasets(mnist, mnist, recipe.SETTINGS, 0, progress.making(quiet=True))
    assert {ablation for _, ablation in asked} == {WHOLE}


def test_the_network_of_numbers():
    model = load_recipe("number").build_model((HEIGHT, WIDTH), len(CLASSES))
    assert model.output_shape == (None, WIDTH // 2, len(CLASSES))
    assert 680_000 < model.count_params() < 720_000
    graph = graph_of(model)
    assert (graph.input, graph.lines, graph.softmax) == ("strips", True, True)


def test_a_network_of_lines_that_wants_one_width_is_refused():
    model = keras.Sequential([keras.Input((HEIGHT, 16)), layers.Flatten(), layers.Dense(24), layers.Reshape((8, 3)), layers.Softmax()])
    with pytest.raises(ExportError, match="Flatten wants one width"):
        graph_of(model)


def test_the_ctc_loss_is_what_all_paths_give_together():
    frames, classes = 5, 3
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(classes), (3, frames)).astype(np.float32)
    labels = np.array([[1, 1, 0], [2, 0, 0], [1, 2, 1]])

    def total(strip, wanted):
        paths = itertools.product(range(classes), repeat=frames)
        fitting = [path for path in paths if [sign for sign, _ in itertools.groupby(path) if sign] == wanted]
        return sum(np.prod(strip[np.arange(frames), list(path)]) for path in fitting)

    wanted = [-np.log(total(strip, row[row > 0].tolist())) for strip, row in zip(probabilities, labels, strict=True)]
    given = keras.ops.convert_to_tensor(labels), keras.ops.log(probabilities)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(ctc_loss(*given)), wanted, rtol=1e-5)
    elsewhere = keras.ops.ctc_loss(*given, (labels > 0).sum(axis=1), np.full(3, frames), mask_index=0)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(elsewhere), wanted, rtol=1e-5)
    by_recipe = load_recipe("number").loss(keras.ops.convert_to_tensor(labels - 1), keras.ops.convert_to_tensor(probabilities))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(by_recipe), np.log1p(np.array(wanted) / [2, 1, 3]), rtol=1e-5)


def test_accuracy_is_the_share_of_strings_that_are_right():
    best = np.array([[1, 1, 0, 1, 2, 2], [0, 3, 3, 0, 0, 0], [1, 2, 1, 2, 1, 2], [0, 0, 0, 0, 0, 0]])  # 0 0 1, 2, too many, none
    labels = np.array([[0, 0, 1], [2, -1, -1], [0, 1, 0], [0, -1, -1]])
    right = load_recipe("number").accuracy(keras.ops.convert_to_tensor(labels), np.eye(4, dtype=np.float32)[best])
    assert keras.ops.convert_to_numpy(right).tolist() == [1, 1, 0, 0]
    found = [row.tolist() for row in evaluate_lines.greedy(np.eye(4)[best])]
    assert found == [[1, 1, 2], [3], [1, 2, 1, 2, 1, 2], []]


def test_what_is_no_number_is_one_character():
    other = CLASSES.index("other")
    paths = np.array([[2, 0, other, other, 0], [other, 0, 2, 0, 0]])  # 1 and something else; something else and 1
    model = SimpleNamespace(name="m", card=SimpleNamespace(classes=CLASSES), frames=lambda strips: np.eye(len(CLASSES))[paths])
    labels = np.array([[1, other - 1, -1], [1, other - 1, 0]])
    data = datasets.Dataset("numbers", "test", np.zeros((2, HEIGHT, 8), np.uint8), labels, CLASSES)
    found = evaluate_lines.evaluate_lines(model, data)
    assert (found.truths, found.answers) == (["1?", "1?0"], ["1?", "?1"])
    assert (found.lengths.tolist(), found.errors.tolist()) == ([2, 3], [0, 2])


@pytest.mark.parametrize(("truth", "answer", "errors"), [("", "", 0), ("12", "", 2), ("123", "13", 1), ("10", "01", 2), ("7", "1", 1)])
def test_the_distance_of_two_strings(truth, answer, errors):
    assert evaluate_lines.edit_distance(truth, answer) == evaluate_lines.edit_distance(answer, truth) == errors


def test_composing_shows_how_far_it_is(capsys):
    report = progress.making(quiet=False)
    for done in range(100, 1501, 100):
        report("composing 1,500 rows", done, 1500)
    shown = capsys.readouterr().err.splitlines()
    assert len(shown) == 11, "the first, and one for each tenth"
    assert shown[-1] == "composing 1,500 rows ... 100 %"
    progress.making(quiet=True)("composing 2 rows", 1, 2)
    assert capsys.readouterr().err == ""
