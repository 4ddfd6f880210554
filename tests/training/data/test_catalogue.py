"""The catalogue of collections: where they are found, what of them may train, and that recipes and cards know the same."""

import os

import pytest

from inkdigits.training.data import crops, symbols, unipen
from inkdigits.training.data.catalogue import COLLECTIONS, PEN_KINDS, found
from inkdigits.training.datasets import uci_handwriting
from inkdigits.training.settings import recipe_names


def test_recipes_that_train_on_a_collection_exist():
    assert {recipe for entry in COLLECTIONS.values() for recipe in entry.recipes} <= set(recipe_names())


def test_cards_name_licence_and_makers():
    assert unipen.LICENCE == "CC BY 4.0 (UNIPEN train_r01_v07; Guyon, Schomaker, Plamondon, Liberman, Janet, ICPR 1994)"
    assert crops.LICENCES["registers"] == "CC BY 4.0 (HTR-United/lectaurep-repertoires)"
    assert symbols.LICENCE == "MIT (wblachowski/bhmsds)"


def test_a_collection_is_found_where_all_its_files_are(tmp_path, monkeypatch):
    monkeypatch.setenv("INKDIGITS_DATA", str(tmp_path))
    assert found("unipen") is None
    (tmp_path / "pen").mkdir()
    for kind in PEN_KINDS:
        assert found("unipen") is None
        (tmp_path / "pen" / f"{kind}.npz").touch()
    assert found("unipen") == tmp_path / "pen"
    monkeypatch.delenv("INKDIGITS_DATA")
    assert found("unipen") is None


@pytest.mark.usefixtures("data_dir")
@pytest.mark.parametrize("name", COLLECTIONS)
def test_as_many_samples_as_the_catalogue_says(name):
    if found(name) is None:
        pytest.skip(f"{name} is not in {os.environ['INKDIGITS_DATA']}")
    entry = COLLECTIONS[name]
    if name == "bhmsds":
        counts = [len(symbols.symbols().labels), 0]
    elif name in crops.LICENCES:
        counts = [len(crops.crops(name, split)) for split in ("trainable", "dev")]
    elif name == "unipen":
        counts = [sum(len(unipen.samples(kind, split)) for kind in PEN_KINDS) for split in ("trainable", "dev")]
    else:
        counts = [len(data.labels) for data in uci_handwriting() if data.name == name] + [entry.dev]
    assert counts == [entry.trainable, entry.dev]
