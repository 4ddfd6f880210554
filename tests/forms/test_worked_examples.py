"""The worked examples of the documentation: what they make is read as their truth.csv says."""

import csv
import json
import sys
from pathlib import Path

import cv2
import pytest

from inkdigits.forms.read import FormModel, FormReader
from inkdigits.forms.reading import OK

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("name", ["exam", pytest.param("cheques", marks=pytest.mark.slow)])
def test_a_worked_example_is_read_as_it_says(name, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    __import__(name).main(tmp_path)
    reader = FormReader(FormModel(tmp_path / "form.json"))
    with (tmp_path / "truth.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8
    told = []
    for row in rows:
        found = reader.read(cv2.imread(str(tmp_path / row["source"]), cv2.IMREAD_GRAYSCALE), source=row["source"])
        assert not found.refused, row["source"]
        told += [(own.name, own.value, own.status, row[own.name]) for own in found.values]
    fields = json.loads((tmp_path / "form.json").read_text())["pages"][0]["fields"]
    assert len(told) == 8 * len(fields)
    assert sum(value == truth for _, value, _, truth in told) >= 0.95 * len(told), [one for one in told if one[1] != one[3]]
    sure = [(value, truth) for _, value, status, truth in told if status == OK]
    assert all(value == truth for value, truth in sure)
    assert len(sure) > 0.7 * len(told)
