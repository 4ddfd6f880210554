"""What of a trained model goes into its card, and of its card into the ONNX file."""

from __future__ import annotations

import json
from typing import Any

from inkdigits.models import Card

from .evaluate import Evaluation
from .evaluate_lines import LineEvaluation
from .evaluate_maps import MapEvaluation

AnyEvaluation = Evaluation | LineEvaluation | MapEvaluation


def card_metrics(result: AnyEvaluation) -> dict[str, Any]:
    """Those figures that a card tells."""
    kept = {
        "accuracy", "corrected_accuracy", "loss", "calibration_error", "images", "data", "exact", "digit_error", "strips", "pages",
        "pixel_accuracy", "overlap",
    }  # fmt: skip
    return {key: value for key, value in result.to_dict().items() if key in kept}


def metadata(card: Card) -> dict[str, str]:
    """The facts of a card that travel inside the ONNX file, as its metadata_props; lists and objects as JSON.

    The licences are those of `card.training["data"]`, a list of objects with `name` and `licence`.
    """
    licences = {data["name"]: data["licence"] for data in card.training.get("data", ())}
    return {
        "name": card.name,
        "version": card.version,
        "classes": json.dumps(card.classes, ensure_ascii=False),
        "image_shape": json.dumps(card.image_shape),
        "preprocessing": json.dumps(card.preprocessing),
        "temperature": json.dumps(card.temperature),
        "thresholds": json.dumps(card.thresholds),
        "training_data_licences": json.dumps(licences, ensure_ascii=False),
    }
