"""`inkdigits adapt`: what got better is written, what did not is not, and nothing that is there is lost."""

import shutil
import sys
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="needs inkdigits[store]")
pytest.importorskip("keras", reason="needs inkdigits[train]")

sys.path.append(str(Path(__file__).parents[1] / "forms"))
from stored_forms import filled, form, value

from inkdigits import Reader
from inkdigits.forms.ledger import Reviewer
from inkdigits.forms.reviewing import Reviewing
from inkdigits.forms.store import Store
from inkdigits.models import Card, NumberModel, locate
from inkdigits.training import adapt, backend
from inkdigits.training.adapt import Adapted, Errors


def store_of(path, count):
    """A store with so many values that a person looked at."""
    filled(path, *(form(number, value("t", str(100 + number), "unsure", tiles=False)) for number in range(count)))
    with Store(str(path)) as store:
        work = Reviewing(store)
        while (batch := work.claim(Reviewer("Ann", "a"), "field"))["stage"]:
            for shown in batch["fields"]:
                work.say_field(Reviewer("Ann", "a"), str(shown["task"]), shown["task"], shown["sequence"], shown["text"])
    return path


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return store_of(tmp_path_factory.mktemp("store") / "rows.db", 20)


@pytest.fixture
def trained(monkeypatch):
    """Lets a training end with so many signs wrong, before and after, and keeps what it was given."""
    given = []

    def ends(before, after):
        def adapted(known, model, report):
            given.append((known, model))
            report(5, 10)
            report(10, 10)
            held_out = Errors(before, 20, before, 60), Errors(after, 20, after, 60)
            return Adapted(None, NumberModel.load().card, len(known), 20, held_out, (Errors(9, 300, 9, 3000),) * 2)

        def save(made, folder, command):
            folder.mkdir(parents=True)
            for name in ("model.onnx", "card.json"):
                shutil.copy(locate("number").with_name(name), folder)
            assert command.startswith("inkdigits adapt --store STORE --")

        monkeypatch.setattr(adapt, "adapted", adapted)
        monkeypatch.setattr(adapt, "save", save)
        return given

    return ends


def test_what_got_better_is_written(command_line, store, tmp_path, trained):
    given = trained(12, 3)
    done = command_line("adapt", "--store", f"sqlite:///{store}", "--out", str(tmp_path / "model"))
    assert done.code == 0, done.err
    assert [one.text for one in given[0][0]] == [str(100 + number) for number in range(20)]
    assert "20.00%" in done.out
    assert "-75%" in done.out
    assert "20 corrections to learn from" in done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]
    assert Reader(model=tmp_path / "model").cards[1] == Card.load(locate("number").with_name("card.json"))


def test_what_did_not_get_better_is_not_written(command_line, store, tmp_path, trained):
    trained(3, 3)
    done = command_line("adapt", "--store", str(store), "--out", str(tmp_path / "model"))
    assert done.code == 1
    assert "nothing is kept" in done.err
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_there_is_replaced_only_if_asked(command_line, store, tmp_path, trained):
    trained(12, 3)
    words = "adapt", "--store", str(store), "--quiet", "--out", str(tmp_path / "model")
    assert command_line(*words).code == 0
    done = command_line(*words)
    assert done.code == 2
    assert "--overwrite replaces it" in done.err
    (tmp_path / "model" / "number" / "model.onnx").write_bytes(b"old")
    assert command_line(*words, "--overwrite").code == 0
    assert (tmp_path / "model" / "number" / "model.onnx").read_bytes() == locate("number").read_bytes()
    (tmp_path / "model" / "notes.txt").write_text("mine")
    done = command_line(*words, "--overwrite")
    assert done.code == 2
    assert "holds notes.txt, which is none of ours" in done.err


def test_what_is_read_is_not_replaced(command_line, store, tmp_path, trained):
    trained(12, 3)
    assert command_line("adapt", "--store", str(store), "--out", str(tmp_path / "model")).code == 0
    done = command_line("adapt", "--store", str(store), "--out", str(tmp_path / "model"), "--model", str(tmp_path / "model"), "--overwrite")
    assert done.code == 2
    assert "holds the model" in done.err
    done = command_line("adapt", "--store", str(store), "--out", str(store.parent), "--overwrite")
    assert done.code == 2
    assert "holds the store" in done.err


def test_too_few_corrections_are_refused_with_their_number(command_line, tmp_path, trained):
    given = trained(12, 3)
    done = command_line("adapt", "--store", str(store_of(tmp_path / "few.db", 7)), "--out", str(tmp_path / "model"))
    assert done.code == 1
    assert "7 corrections to learn from are too few: 16 are needed" in done.err
    assert not given
    assert not (tmp_path / "model").exists()


def test_an_interruption_leaves_nothing_behind(command_line, store, tmp_path, trained, monkeypatch):
    trained(12, 3)

    def interrupted(made, folder, command):
        folder.mkdir(parents=True)
        (folder / "model.onnx").write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(adapt, "save", interrupted)
    assert command_line("adapt", "--store", str(store), "--out", str(tmp_path / "model")).code == 130
    assert not list(tmp_path.iterdir())


def test_without_the_extra_it_is_said(command_line, store, tmp_path, monkeypatch):
    monkeypatch.setattr(backend, "NEEDED", ("no_such_module",))
    done = command_line("adapt", "--store", str(store), "--out", str(tmp_path / "model"))
    assert done.code == 1
    assert "pip install 'inkdigits[train]'" in done.err


def test_a_model_that_is_no_folder_of_adapt_is_refused(command_line, store, tmp_path):
    done = command_line("adapt", "--store", str(store), "--out", str(tmp_path / "model"), "--model", str(tmp_path))
    assert done.code == 2
    assert "is no folder of `inkdigits adapt`" in done.err
