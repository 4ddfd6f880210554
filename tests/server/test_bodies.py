"""Requests whose body is JSON: pen strokes, tiles. What is wrong with one is said, and none of it repeated."""

import base64
import json

import cv2
import numpy as np
import pytest

pytest.importorskip("fastapi", reason="needs inkdigits[serve]")

from fastapi.testclient import TestClient

from inkdigits.server.app import Settings, make_app
from inkdigits.server.bodies import Pixels, Strokes
from inkdigits.server.describe import STROKES, TILE

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module")
def client():
    with TestClient(make_app(Settings(workers=1)), base_url="http://localhost") as client:
        yield client


def test_strokes_are_read_and_boxes_are_in_their_units(client):
    for unit in (1, 0.1, 30):
        strokes = [[[x * unit, y * unit, t] for x, y, t in stroke] for stroke in STROKES["strokes"]]
        row = client.post("/v1/strokes", json={"strokes": strokes, "single": True}).json()
        assert row["text"] == "7"
    x, y, _, h = row["lines"][0]["box"]
    assert (x, y) >= (0, 0)
    assert 30 * 60 <= h <= 30 * 110


def test_a_line_of_strokes_keeps_what_it_may_say(client):
    line = client.post("/v1/strokes", json={**STROKES, "single": False}).json()["lines"][0]
    assert line["candidates"][0][0] == line["text"] == "7"
    assert line["value"] in (7, None)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param({"strokes": []}, "at least 1", id="none"),
        pytest.param({"strokes": [[]]}, "at least 1", id="an empty stroke"),
        pytest.param({"strokes": [[[1]]]}, "at least 2", id="half a point"),
        pytest.param({"strokes": [[[1, 1e300]]]}, "less than or equal", id="a point far away"),
        pytest.param({"strokes": "M 0 0"}, "array", id="a path"),
        pytest.param({"strokes": [[[1, 1]]], "width": -1}, "greater than or equal to 0.000001", id="no canvas"),
        pytest.param({**STROKES, "width": 5e-324, "height": 5e-324}, "greater than or equal to 0.000001", id="a canvas of next to nothing"),
        pytest.param({**STROKES, "pen": 5e-324}, "greater than or equal to 0.000001", id="a pen of next to nothing"),
    ],
)
def test_strokes_that_are_none(client, body, reason):
    answer = client.post("/v1/strokes", json=body)
    assert answer.status_code == 422
    assert reason in answer.text


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"width": 1e-3, "height": 1e5, "pen": 1e4}, id="a canvas like a hair"),
        pytest.param({"strokes": [[[1e9, -1e9], [-1e9, 1e9]]]}, id="points far away"),
        pytest.param({"strokes": [[[5, 5]]] * 2000}, id="dots"),
        pytest.param({"width": 1e-6, "height": 1e-6, "pen": 1e-6}, id="a speck of a canvas"),
        pytest.param({"width": 1e5, "height": 1e-6, "pen": 1e4}, id="a canvas like a line"),
        pytest.param({"strokes": [[[0, 0], [0, 0], [0, 0]]], "pen": 1e-6}, id="nothing to see"),
    ],
)
def test_odd_strokes_are_answered(client, change):
    assert client.post("/v1/strokes", json={**STROKES, **change}).status_code == 200


def test_inside_the_network(client):
    found = client.post("/v1/inside", json={"tile": TILE}).json()
    assert max(found["probabilities"], key=found["probabilities"].get) == "1"
    assert np.array(found["saliency"]).shape == (28, 28)
    assert np.argmax(np.array(found["saliency"]).sum(axis=0)) in range(10, 18), "the stroke is what matters"
    for layer in found["layers"]:
        picture = cv2.imdecode(np.frombuffer(base64.b64decode(layer["png"]), np.uint8), cv2.IMREAD_GRAYSCALE)
        assert picture.shape[0] >= layer["height"]
        assert picture.max() > 200
    for tile in ("", "AAAA", "no base64", TILE + TILE):
        assert client.post("/v1/inside", json={"tile": tile}).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        pytest.param('{"strokes": [[[1, NaN]]]}', id="a point"),
        pytest.param('{"strokes": [[[1, -Infinity]]]}', id="infinity"),
        pytest.param('{"strokes": [[[1, 1e999]]]}', id="more than a float holds"),
        pytest.param('{"strokes": [[[1, 1]]], "width": NaN}', id="the canvas"),
        pytest.param('{"strokes": [[[1, 1]]], "pen": NaN}', id="the pen"),
        pytest.param('{"strokes": [[[1, 1]]], "threshold": NaN}', id="the threshold"),
    ],
)
def test_nan_is_no_number(client, body):
    answer = client.post("/v1/strokes", content=body)
    assert (answer.status_code, "finite number" in answer.json()["detail"]) == (422, True)


SECRET = "squeamish ossifrage"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(json.dumps({"strokes": SECRET}), id="text"),
        pytest.param(json.dumps({"strokes": [[[SECRET, 1]]]}), id="in a point"),
        pytest.param(json.dumps({SECRET: SECRET}), id="a key"),
        pytest.param(json.dumps({"strokes": [[[1, 1]]], "width": SECRET}), id="in a number"),
        pytest.param(json.dumps({"tile": SECRET}), id="a tile"),
        pytest.param(SECRET, id="no JSON"),
        pytest.param("[" * 100_000 + SECRET, id="deep"),
        pytest.param(json.dumps({"strokes": [[[1]]] * 50_000 + [SECRET]}), id="many faults"),
        pytest.param('{"strokes": [[[1, ' + "9" * 500_000 + "]]]}", id="a long number"),
        pytest.param("", id="nothing"),
    ],
)
def test_what_is_wrong_is_said_in_a_line_and_nothing_repeated(client, body):
    for path in ("/v1/strokes", "/v1/inside"):
        answer = client.post(path, content=body)
        assert answer.status_code == 422
        assert SECRET not in answer.text
        assert len(answer.content) < 300, answer.text
        assert ": " in answer.json()["detail"]


def test_a_megabyte_and_no_more(client):
    for path, sound in (("/v1/strokes", STROKES), ("/v1/inside", {"tile": TILE})):
        body = json.dumps(sound).encode()
        assert client.post(path, content=body.ljust(1 << 20)).status_code == 200
        for larger in (body.ljust((1 << 20) + 1), iter([body.ljust(1 << 20), b" "])):
            answer = client.post(path, content=larger)
            assert (answer.status_code, "larger than 1 MB" in answer.json()["detail"]) == (413, True)


def test_bodies_are_not_parsed_in_the_process_that_answers(client, monkeypatch):
    def parsed_here(*_):
        raise AssertionError("parsed in the process that answers everybody")

    for kind in (Strokes, Pixels):
        monkeypatch.setattr(kind, "model_validate_json", parsed_here)
    monkeypatch.setattr(json, "loads", parsed_here)
    assert client.post("/v1/strokes", content=json.dumps(STROKES)).status_code == 200
    assert client.post("/v1/inside", content=json.dumps({"tile": TILE})).status_code == 200
