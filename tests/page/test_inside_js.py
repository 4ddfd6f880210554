"""What goes on inside the network: in JavaScript as in Python."""

import base64
import json

import cv2
import numpy as np
import pytest
from in_node import BESIDE

from inkdigits.models import SHIPPED
from inkdigits.server.inside import PATCH, STEP, Insight
from inkdigits.server.work import inside_row
from inkdigits.training.pen import write


def test_it_says_the_same(modules):
    ink = write("3", np.random.default_rng(3))
    tile = np.zeros((28, 28), np.float32)
    rows, columns = np.linspace(0, ink.shape[0] - 1, 20).astype(int), np.linspace(0, ink.shape[1] - 1, 16).astype(int)
    tile[4:24, 6:22] = ink[np.ix_(rows, columns)]
    tile = np.round(tile * 255).astype(np.uint8).astype(np.float32) / np.float32(255)
    insight = Insight(None)
    cards = {name: json.loads((SHIPPED / name / "card.json").read_text()) for name in ("digit", "number", "fields", "upright")}

    def run(name, values, dims):
        logits = insight.model.logits(values.reshape(dims))
        return {"data": logits.ravel(), "dims": list(logits.shape)}

    def responses(values):
        found = insight.responses(values.reshape(28, 28))
        return [{"data": one.ravel(), "dims": list(one.shape)} for one in [*found, np.float32([0, 2, -1, 4])]]

    found = modules(BESIDE, "lookedInto", np.round(tile * 255).astype(np.uint8).ravel(), cards, run, responses)
    wanted = inside_row(insight.look(tile))
    assert found["probabilities"] == pytest.approx(wanted["probabilities"], abs=1e-3)
    np.testing.assert_allclose(found["saliency"], wanted["saliency"], atol=1.1e-3)
    *layers, dense = found["layers"]
    assert dense == {"units": 4, "responses": [0, 0.5, 0, 1]}
    for ours, theirs in zip(layers, wanted["layers"], strict=True):
        assert [ours[key] for key in ("maps", "height", "width")] == [theirs[key] for key in ("maps", "height", "width")]
        assert (ours["picture"] == picture(theirs["png"])).all()
    assert modules("inside.js", "PATCH") == PATCH
    assert modules("inside.js", "STEP") == STEP


def picture(png):
    return cv2.imdecode(np.frombuffer(base64.b64decode(png), np.uint8), cv2.IMREAD_GRAYSCALE)
