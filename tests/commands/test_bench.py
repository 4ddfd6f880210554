"""`inkdigits bench`: the figures themselves depend on the machine; here is that they are counted, kept and put where they belong."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from inkdigits.bench import networks, peers, real, scoring, tables
from inkdigits.bench.sets import RealSet
from inkdigits.commands.bench import command
from inkdigits.errors import DataError, ModelError
from inkdigits.models import SHIPPED
from inkdigits.training import datasets

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder of real sets of a few images: the examples."""
    with open(EXAMPLES / "truth.csv", encoding="utf-8", newline="") as file:
        truths = {row["file"]: row["truth"] for row in csv.DictReader(file)}
    for name, some in (("photos_single", "digit_*"), ("photos_multi", "number_*"), ("not_digits", "")):
        folder = tmp_path / "real" / name
        folder.mkdir(parents=True)
        rows = [path.name for path in sorted(EXAMPLES.glob(some))] if some else []
        for image in rows:
            shutil.copy(EXAMPLES / image, folder)
        if name == "not_digits":
            (folder / "blank.pgm").write_bytes(b"P5 64 64 255\n" + bytes([250]) * 64 * 64)
        lines = [f"{image},{truths[image]}" for image in rows] or ["blank.pgm,"]
        (folder / "labels.csv").write_text("file,truth\n" + "\n".join(lines) + "\n")
    monkeypatch.setenv("INKDIGITS_DATA", str(tmp_path))
    return tmp_path / "real"


def invoke(*arguments):
    return CliRunner().invoke(command, [str(a) for a in arguments], catch_exceptions=False)


def test_real_sets_are_counted_printed_kept_and_put_into_the_document(home, tmp_path):
    document = tmp_path / "doc.md"
    document.write_text("before\n<!-- real -->\nmeasured before\n<!-- /real -->\nafter\n")
    sets = [word for name in ("photos_single", "photos_multi", "not_digits") for word in ("--sets", name)]
    result = invoke("accuracy", "--table", "real", *sets, "--out", tmp_path / "out" / "real.json", "--docs", document)
    assert result.exit_code == 0
    singles = len(RealSet(home / "photos_single"))
    assert f"| all single digits | {singles} | 100.00% |  | 0.00% | 100.00% |" in result.output, "right, and answered"
    assert "| not_digits | 1 | refused or with a `?`: 1 of 1 |" in result.output
    kept = json.loads((tmp_path / "out" / "real.json").read_text())
    assert {"cpu", "cores", "versions", "models"} <= set(kept["machine"])
    assert [f["right"] for f in kept["tables"][0]["figures"] if f["set"] != "not_digits"] == [1, 1, 1]
    text = document.read_text()
    assert "measured before" not in text
    assert text.startswith("before\n<!-- real -->")
    assert text.endswith("<!-- /real -->\nafter\n")


def test_the_real_sets_are_read_with_the_model_that_is_given(home, tmp_path):
    silent = shutil.copytree(SHIPPED / "digit", tmp_path / "silent")
    card = json.loads((silent / "card.json").read_text())
    (silent / "card.json").write_text(json.dumps(card | {"thresholds": {"answer": 1.0}}))
    output = invoke("accuracy", "--table", "real", "--sets", "photos_single", "--model", silent).output
    assert "| 100.00% |  | 0.00% | 0.00% |" in output, "it never answers, but would be right"
    with pytest.raises(ModelError, match="no such model"):
        invoke("accuracy", "--table", "real", "--sets", "photos_single", "--model", tmp_path / "none.onnx")


def test_peers_that_are_not_there_are_left_out(home, monkeypatch, capsys):
    monkeypatch.setattr(peers.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(peers.shutil, "which", lambda name: None)
    assert peers.peers() == {}
    assert "RapidOCR is left out" in capsys.readouterr().err
    (table,) = peers.tables(home, ["photos_multi"], 1)
    assert [row[2] for row in table.rows] == ["**inkdigits**"]
    assert table.rows[0][3].startswith("100.0 % [")


def test_a_peer_that_fails_has_read_nothing(home, monkeypatch):
    def fails(image):
        raise RuntimeError

    way = peers.Way("as it is", lambda image: image, fails)
    monkeypatch.setattr(peers, "peers", lambda: {"Broken": lambda data: [way]})
    (table,) = peers.tables(home, ["photos_multi"], 2)
    assert [(row[2], row[3][:5], row[-1]) for row in table.rows][1] == ("Broken", "0.0 %", "as it is; failed on 2")


def test_a_peer_is_measured_in_its_best_way_and_the_others_are_told(home, monkeypatch):
    """One that reads most is in bold, whoever it is."""
    ways = [peers.Way(label, lambda image: image, lambda image, text=text: text) for label, text in (("no", "1"), ("yes", "314159"))]
    monkeypatch.setattr(peers, "peers", lambda: {"Guess 2.0": lambda data: ways})
    result, settings = peers.tables(home, ["photos_multi"], 2)
    assert [row[2] for row in result.rows] == ["**inkdigits**", "Guess 2.0"]
    assert result.rows[1][3].startswith("50.0 % [")
    assert result.rows[1][-1] == "yes"
    assert settings.name == "peer_settings"
    assert [row[1:] for row in settings.rows] == [["Guess 2.0", "no", "0 of 2", ""], ["Guess 2.0", "**yes**", "1 of 2", ""]]
    ours, theirs = result.figures[0]["readers"].values()
    turned = result.figures[0] | {"readers": {"inkdigits": theirs, "Guess 2.0": ours}}
    assert [row[2] for row in peers.rows(turned)] == ["inkdigits", "**Guess 2.0**"]


def test_what_a_peer_finds_is_put_in_reading_order():
    def box(x, y):
        return [[x, y], [x + 20, y], [x + 20, y + 10], [x, y + 10]]

    class Found:
        txts = ("34", "5", "12", "no")
        boxes = np.array([box(30, 2), box(0, 30), box(0, 0), box(60, 0)], np.float32)

    class Alone:
        txts = ("7",)

    class Nothing:
        txts = None

    assert peers.in_reading_order(Found()) == "1234\n5"
    assert peers.in_reading_order(Alone()) == "7"
    assert peers.in_reading_order(Nothing()) == ""


def test_of_a_set_that_is_split_what_may_be_trained_on_is_left_out(home):
    folder = home / "registers"
    folder.mkdir()
    (folder / "labels.csv").write_text("file,truth,book,split\na.jpg,12,1,trainable\nb.jpg,12.5,2,dev\n")
    data = RealSet(folder)
    assert data.rows == [("b.jpg", "12.5")]
    assert (data.lines, data.single, data.symbols) == (False, False, True)
    assert not RealSet(home / "photos_multi").symbols


@pytest.fixture
def pen(home):
    """Four numbers as strokes: one of a developer's hand, one that has a letter, one digit, one that may be trained on."""
    folder = home.parent / "pen"
    folder.mkdir()
    stroke = np.array([[0, 0], [10, 40], [20, 0]], np.int16)
    labels, split = np.array(["-3.5", "4a", "7", "12"]), np.array(["dev", "dev", "dev", "trainable"])
    np.savez(
        folder / "numbers.npz",
        points=np.concatenate([stroke] * 5),
        stroke_ends=np.arange(3, 18, 3),
        sample_ends=[2, 3, 4, 5],
        labels=labels,
        hands=np.array(["a", "a", "a", "b"]),
        split=split,
    )
    return home / "pen_numbers"


def test_pen_strokes_are_drawn_as_a_dark_pen_on_paper(pen):
    data = RealSet(pen)
    assert [truth for _, truth in data.rows] == ["-3.5"]
    assert len(data.strokes[0]) == 2
    image = data.given(0)
    assert image.shape == (140, 100), "20 x 40 units, 80 pixels high, 30 around"
    assert (image[:20] == 235).all()
    assert image.min() < 60
    assert image[30:110].min(axis=1).max() < 150, "ink in every row between"


def test_numbers_are_right_with_their_symbols(pen, monkeypatch):
    told = [("-3,5", 0.9, (), "-3,5", False), ("35", 0.8, (), "35", False), ("35", 0.8, (), "35", True), ("4", 0.1, (), "?", True)]

    def answers(data, model):
        task = real.Task(Path(), "-3.5", False, data.lines, data.symbols)
        return [real.Answer(task, *one) for one in told]

    monkeypatch.setattr(real, "answers", answers)
    (row,) = real.table(pen.parent, ["pen_numbers"]).rows
    assert row[2:] == ["75.00%", "25.00%", "25.00%", "50.00%", "50.00%", "0.450"], "a doubt is no answer; 35 is a wrong one"


def test_without_data_it_says_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("INKDIGITS_DATA", str(tmp_path))
    with pytest.raises(DataError, match="INKDIGITS_DATA must name a folder with real/"):
        tables.real_sets()


def test_a_document_without_marks_is_left_as_it_is(tmp_path):
    document = tmp_path / "doc.md"
    document.write_text("nothing to fill")
    with pytest.raises(DataError, match="<!-- real -->"):
        tables.put(document, tables.machine(), "", [tables.Table("real", ("a",), [["1"]])])
    assert document.read_text() == "nothing to fill"


@pytest.mark.parametrize(
    ("what", "lines", "expected"),
    [
        (scoring.digits, True, "314\n?50"),
        (scoring.digits, False, "314?50"),
        (scoring.number, True, "31-4\n?5.0"),
        (scoring.number, False, "31-4?5.0"),
    ],
)
def test_what_counts(what, lines, expected):
    assert what("a 31-4\n\nx\n?5,0 .", lines=lines) == expected


def test_robustness_is_measured_on_each_kind_of_damage(monkeypatch, tmp_path):
    digits = np.zeros((6, 28, 28), np.uint8)
    digits[:, 4:24, 13:16] = 255
    ones = datasets.Dataset("mnist", "test", digits, np.ones(6, np.int64), datasets.DIGITS, "MIT")
    monkeypatch.setattr(networks, "load", lambda name, split: ones)
    monkeypatch.setattr(networks, "trained", lambda home: [])
    monkeypatch.setattr(networks, "KINDS", ("fog", "stripe"))
    table = networks.robustness(tmp_path, 4)
    assert [row[0] for row in table.rows] == ["as they are", "fog", "stripe", "mean of the fifteen"]
    assert table.rows[0] == ["as they are", "100.00%", "100.00%"]
    assert table.figures[-1][networks.READ] == pytest.approx(np.mean([f[networks.READ] for f in table.figures[1:-1]]))
    assert table.figures[1]["images"] == 4
    assert table.figures[-1][networks.SHIPPED] == pytest.approx(np.mean([f[networks.SHIPPED] for f in table.figures[1:-1]]))


def test_runs_of_a_recipe_are_put_together_over_their_seeds(tmp_path, monkeypatch):
    for recipe, seed in (("cnn2", 0), ("cnn2", 1), ("dense", 0), ("cnn3", 0)):
        folder = tmp_path / recipe / f"seed-{seed}"
        folder.mkdir(parents=True)
        (folder / "metrics.json").write_text(json.dumps({"recipe": recipe, "test": {"data": "mnist", "accuracy": 0.5}}))
    digits = np.random.default_rng(0).integers(0, 255, (200, 28, 28)).astype(np.uint8)
    some = datasets.Dataset("mnist", "train", digits, np.arange(200) % 10, datasets.DIGITS, "MIT")
    labels = (some.labels, np.ones(200, bool))
    monkeypatch.setattr(networks, "load", lambda name, split: some)
    monkeypatch.setattr(networks, "corrected_labels", lambda test: labels)
    monkeypatch.setattr(networks.Model, "load", lambda folder=None: folder)

    def measured(folder, data):
        """Seed 0 has every digit right; seed 1 calls the first four 9, and is sure of two of these only."""
        probabilities = 0.9 * np.eye(10)[data.labels] + 0.01
        if folder is not None and folder.name == "seed-1":
            probabilities[:2] = 0.95 * np.eye(10)[9] + 0.005
            probabilities[2:4] = 0.82 * np.eye(10)[9] + 0.02
        return networks.Evaluation(str(folder), data, probabilities, 0.1, labels)

    monkeypatch.setattr(networks, "evaluate", measured)
    rows = {row[0]: row for row in networks.accuracy(tmp_path).rows}
    assert rows["cnn2"][1:4] == ["99.00% ± 1.41%", "99.00% ± 1.41%", "1.0 ± 1.4"]
    assert rows["cnn2"][4] == "0.1000 ± 0.0000"
    assert rows["cnn2"][6] == "2"
    assert rows["dense"][1:4] == ["100.00%", "100.00%", "0"]
    assert rows["cnn2, the 2 together"][1:4] == ["99.00%", "99.00%", "2"], "what is surest wins the vote; the doubtful two are refused"
    assert {"scikit-learn k-NN, k = 3", "scikit-learn SVM, C = 10"} < set(rows)
    assert rows["scikit-learn SVM, C = 10"][3:6] == ["–"] * 3


@pytest.mark.slow
def test_the_service_is_measured_beside_the_reader():
    pytest.importorskip("fastapi", reason="needs inkdigits[serve]")
    from inkdigits.bench import service

    table = service.table(minutes=0.02, workers=1)
    alone, full, part, over, summary = table.figures
    assert alone["rate"] > 0
    assert full["codes"]["200"] > 0
    assert set(full["codes"]) | set(part["codes"]) | set(over["codes"]) <= {"200", "503"}
    assert over["rate"] == pytest.approx(1.2 * full["rate"])
    assert summary["service_by_reader"] == pytest.approx(full["rate"] / alone["rate"])
    assert len(table.rows) == 4


@pytest.mark.slow
def test_memory_is_watched_over_all_processes():
    from inkdigits.bench import scale

    (one, two) = scale.memory(200, (1, 2)).figures
    assert one["settled_mb"] > 40
    assert two["settled_mb"] > one["settled_mb"] + 40
    assert all(figures["seconds"] > 0 for figures in (one, two))


def test_figures_are_not_written_over_the_page_that_gets_the_tables(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("<!-- real -->")
    words = ["accuracy", "--out", str(tmp_path / "page.md"), "--docs", str(tmp_path / "page.md")]
    result = CliRunner().invoke(command, words)
    assert (result.exit_code, "are the same file" in result.output) == (2, True)
    assert (tmp_path / "page.md").read_text() == "<!-- real -->"
