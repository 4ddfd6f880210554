"""The report and the pictures of a run: complete, self-contained, and safe whatever the classes are called."""

import re

import cv2
import numpy as np
import pytest

from inkdigits.training import report
from inkdigits.training.datasets import Dataset
from inkdigits.training.evaluate import Evaluation

pytest.importorskip("matplotlib", reason="needs inkdigits[train]")

HISTORY = [
    {"epoch": 1.0, "loss": 0.9, "accuracy": 0.6, "val_loss": 0.8, "val_accuracy": 0.7, "learning_rate": 1e-3, "seconds": 1.5},
    {"epoch": 2.0, "loss": 0.5, "accuracy": 0.8, "val_loss": 0.6, "val_accuracy": 0.75, "learning_rate": 1e-3, "seconds": 1.5},
]
METRICS = {
    "recipe": "own.py",
    "command": "inkdigits train --recipe own.py",
    "settings": {"epochs": 2, "batch_size": 64},
    "seed": 0,
    "temperature": 1.25,
    "calibrated_on": "20 training images held out",
    "versions": {"keras": "3"},
    "data": [{"name": "digits", "images": 1442, "licence": "CC BY 4.0", "sha256": "ab" * 32}],
}


def evaluation(classes, right_share=0.8, count=60):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, len(classes), count)
    probabilities = np.full((count, len(classes)), 0.1 / (len(classes) - 1))
    answers = np.where(rng.random(count) < right_share, labels, (labels + 1) % len(classes))
    probabilities[np.arange(count), answers] = 0.9
    images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    return Evaluation("own-1/abcd", Dataset("digits", "test", images, labels, classes), probabilities, 0.4)


@pytest.mark.parametrize(
    ("result", "history"),
    [
        pytest.param(evaluation(tuple("0123456789")), HISTORY, id="ten digits"),
        pytest.param(evaluation(("T-shirt/top", "<b>bold</b>", "Ärmel & Co")), HISTORY, id="names that need escaping"),
        pytest.param(evaluation(("a", "b"), right_share=2), HISTORY, id="no mistake"),
        pytest.param(evaluation(tuple(f"c{k}" for k in range(47))), HISTORY, id="47 classes", marks=pytest.mark.slow),
        pytest.param(evaluation(("a", "b")), [{k: v for k, v in HISTORY[0].items() if "val" not in k}], id="one epoch, no validation"),
    ],
)
def test_what_is_written(tmp_path, result, history):
    report.write(tmp_path, result, history, METRICS)
    for name in ("curves", "confusion", "mistakes"):
        height, width = cv2.imread(str(tmp_path / f"{name}.png")).shape[:2]
        assert min(height, width) > 200
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count('src="data:image/png;base64,') == 3
    assert not re.search(r"(src|href)=\"(?!data:)|https?://|<script", page), "it needs nothing else"
    assert "<b>bold" not in page
    assert "1.250, fitted on 20 training images held out" in page
    assert (tmp_path / "classification_report.txt").read_text(encoding="utf-8") == result.report()
