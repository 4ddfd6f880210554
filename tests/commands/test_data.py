"""`inkdigits data`: what is listed, what is verified, and with which exit code."""

import gzip
import hashlib
import json
import re

import numpy as np
import pytest

from inkdigits.training.data.catalogue import COLLECTIONS
from inkdigits.training.datasets import PUBLISHED
from inkdigits.training.fetch import File
from inkdigits.training.idx import build
from inkdigits.training.published import Published

LABELS = build(np.array([0, 1, 1], np.uint8))
IMAGES = build(np.zeros((3, 2, 2), np.uint8))


@pytest.fixture
def data(tmp_path, monkeypatch, command_line):
    """Runs `inkdigits data ...` and returns exit code, output and error; the data set `tiny` lies in the cache."""
    monkeypatch.setenv("INKDIGITS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("INKDIGITS_DATA", raising=False)
    folder = tmp_path / "home" / "tiny"
    folder.mkdir(parents=True)
    for name, content in (("x.gz", IMAGES), ("y.gz", LABELS)):
        (folder / name).write_bytes(gzip.compress(content))
    files = tuple(File(name, inner=f"md5:{hashlib.md5(content).hexdigest()}") for name, content in (("x.gz", IMAGES), ("y.gz", LABELS)))
    both = dict.fromkeys(("train", "test"), ("x.gz", "y.gz"))
    monkeypatch.setitem(PUBLISHED, "tiny", Published("tiny images", "CC0", ("a", "b"), (3, 3), 500, (), files, both))

    def run(*arguments):
        done = command_line("data", *arguments)
        return done.code, done.out, done.err

    return run


def test_list(data, tmp_path):
    code, out, _ = data("list")
    sets, collections = out.split("\n\n")
    lines = {line.split()[0]: line for line in sets.splitlines()}
    assert code == 0
    assert set(lines) == {"name", *PUBLISHED, "digits"}
    assert {line.split()[0] for line in collections.splitlines()} == {"collection", *COLLECTIONS}
    assert str(tmp_path / "home" / "tiny") in lines["tiny"]
    assert "CC BY-SA 3.0" in lines["mnist"]
    assert "not here: 12 MB" in lines["mnist"]


def test_list_as_json(data):
    rows = {row["name"]: row for row in json.loads(data("list", "--format", "json")[1])}
    assert (rows["tiny"]["train"], rows["tiny"]["classes"], rows["tiny"]["licence"]) == (3, 2, "CC0")
    assert rows["tiny"]["bytes"] > 0
    assert rows["kmnist"]["where"] == ""


def test_list_says_of_collections_what_may_train_and_whether_they_are_here(data, tmp_path, monkeypatch):
    folder = tmp_path / "own" / "real" / "hands33"
    folder.mkdir(parents=True)
    (folder / "labels.csv").touch()
    monkeypatch.setenv("INKDIGITS_DATA", str(tmp_path / "own"))
    lines = {line.split()[0]: line for line in data("list")[1].splitlines() if line}
    assert re.search(r"939 +228 +MIT +number ", lines["hands33"])
    assert lines["hands33"].endswith(str(folder))
    assert "not here: https://doi.org/10.5281/zenodo.1195803, into $INKDIGITS_DATA/pen" in lines["unipen"]
    assert "no recipe" in lines["bhmsds"]
    rows = {row["name"]: row for row in json.loads(data("list", "--format", "json")[1])}
    assert {row["kind"] for row in rows.values()} == {"data set", "collection"}
    assert (rows["hands33"]["where"], rows["registers"]["where"]) == (str(folder), "")


def test_verify(data, tmp_path):
    code, out, _ = data("verify", "tiny")
    assert code == 0
    assert out.splitlines() == [f"{tmp_path / 'home' / 'tiny' / name}: whole" for name in ("x.gz", "y.gz")]


def test_verify_tells_what_is_damaged_and_how_to_repair_it(data, tmp_path):
    (tmp_path / "home" / "tiny" / "x.gz").write_bytes(gzip.compress(IMAGES)[:-4])
    code, out, _ = data("verify")
    assert code == 1
    assert "x.gz: damaged: " in out
    assert "inkdigits data fetch tiny" in out
    assert "y.gz: whole" in out
    assert "mnist/train-images-idx3-ubyte.gz: not here" in out


def test_verify_as_json(data, tmp_path, monkeypatch):
    own = tmp_path / "own" / "tiny"
    own.mkdir(parents=True)
    (own / "x").write_bytes(b"something else")
    monkeypatch.setenv("INKDIGITS_DATA", str(own.parent))
    code, out, _ = data("verify", "tiny", "--format", "json")
    rows = json.loads(out)
    assert code == 1
    assert [row["state"] for row in rows] == ["damaged", "whole"]
    assert rows[0]["path"] == str(own / "x")
    assert rows[0]["reason"].endswith("replace it"), "what the user put there is never downloaded over"


def test_fetch_what_is_here(data):
    assert data("fetch", "tiny", "digits") == (0, "tiny: 6 images, whole\ndigits: 1,797 images, whole\n", "")


def test_fetch_what_cannot_be_had(data, tmp_path):
    (tmp_path / "home" / "tiny" / "x.gz").unlink()
    code, out, err = data("fetch", "tiny")
    assert (code, out) == (1, "")
    assert "x.gz of tiny is not here" in err


@pytest.mark.parametrize("action", ["fetch", "verify"])
def test_an_unknown_name_is_wrong_usage(data, action):
    code, _, err = data(action, "tiny", "nothing")
    assert code == 2
    assert "nothing: no such data set" in err
