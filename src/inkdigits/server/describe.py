"""What the OpenAPI description says of each route: bodies, answers, examples."""

from __future__ import annotations

import base64
from typing import Any

from inkdigits.reading import LEFT_OUT, REVIEW_REASONS, Reading

SERVICE = "Reads handwritten digits. Rows are those of `inkdigits read --format json`; a `?` in `text` is a digit that is not answered."

STROKES: dict[str, Any] = {"strokes": [[[20, 20, 0], [60, 20, 80], [40, 90, 300]]], "width": 100, "height": 110, "single": True}
TILE = base64.b64encode(b"".join(bytes(12) + (b"\xff" * 4 if 4 <= y < 24 else bytes(4)) + bytes(12) for y in range(28))).decode()
ROW: dict[str, Any] = {
    "source": "a.jpg", "page": 1, "text": "7", "confidence": 0.99, "needs_review": False, "refused": None, "error": None,
    "lines": [{"text": "7", "box": [20, 20, 40, 70], "confidence": 0.99, "digits": [
        {"label": "7", "box": [20, 20, 40, 70], "confidence": 0.99, "alternatives": [["1", 0.004]]}]}],
    "ms": {"load": 0.1, "ink": 0.6, "layout": 0.1, "classify": 0.2}, "model": "digit-2026.11/0123abcd",
    "left_out": [{"box": [70, 84, 6, 6], "reason": "dot or comma"}], "review_reasons": [],
}  # fmt: skip

_BYTES = {"schema": {"type": "string", "format": "binary", "minLength": 1}}
_DETAIL = {"type": "object", "properties": {"detail": {}}, "required": ["detail"]}
_BOX = {"type": "array", "items": {"type": "integer"}, "minItems": 4, "maxItems": 4}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_DIGIT = {
    "type": "object",
    "properties": {
        "label": {"type": "string"},
        "box": _BOX,
        "confidence": {"type": "number"},
        "alternatives": {"type": "array"},
        "probabilities": {"type": "object"},
        "refused": {"type": "string"},
        "tile": {"type": "string", "description": "28 x 28 bytes, row by row, 255 = ink, in base64."},
    },
    "required": ["label", "box", "confidence", "alternatives"],
}
_LINE = {
    "type": "object",
    "properties": {"text": {"type": "string"}, "box": _BOX, "confidence": {"type": "number"}, "digits": {"type": "array", "items": _DIGIT}},
    "required": ["text", "box", "confidence", "digits"],
}
_LEFT_OUT = {
    "type": "object",
    "properties": {"box": _BOX, "reason": {"enum": list(LEFT_OUT)}},
    "required": ["box", "reason"],
}
_ROW = {
    "type": "object",
    "properties": {
        "source": {"type": "string"},
        "page": {"type": "integer"},
        "text": {"type": "string"},
        "confidence": {"type": "number"},
        "needs_review": {"type": "boolean"},
        "refused": _TEXT_OR_NULL,
        "error": _TEXT_OR_NULL,
        "lines": {"type": "array", "items": _LINE},
        "ms": {"type": "object"},
        "model": {"type": "string"},
        "left_out": {"type": "array", "items": _LEFT_OUT},
        "review_reasons": {"type": "array", "items": {"enum": list(REVIEW_REASONS)}},
    },
    "required": list(Reading(()).to_dict()),
}


def _refusals(*numbers: int) -> dict[int | str, dict[str, Any]]:
    """The answers that are not what was asked for."""
    said = {
        400: "The body cannot be parsed, or holds no image.",
        401: "The service wants a key: the header X-API-Key.",
        408: "The body came too slowly.",
        413: "The body is larger than the service takes.",
        422: "A parameter is not what it must be, or the image cannot be read; `detail` says why.",
        503: "Too many images wait; try again after Retry-After seconds.",
    }
    return {number: {"description": said[number], "content": {"application/json": {"schema": _DETAIL}}} for number in numbers}


_FILES = {
    "requestBody": {
        "required": True,
        "description": "The bytes of an image (PNG, JPEG, WebP, TIFF, BMP, GIF, PDF), or a form with any number of files.",
        "content": {
            "application/octet-stream": _BYTES,
            "image/*": _BYTES,
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}}},
                    "required": ["file"],
                }
            },
        },
    }
}
_ROWS = {
    200: {
        "description": "A row for each page of each file, in order. A file that cannot be read is a row whose `error` says why.",
        "content": {
            "application/json": {"schema": {"type": "array", "items": _ROW}, "example": [ROW]},
            "application/jsonl": {"schema": {"type": "string"}},
            "text/csv": {"schema": {"type": "string"}},
            "text/plain": {"schema": {"type": "string"}},
        },
    }
}
_TEXT = {"content": {"text/plain": {"schema": {"type": "string"}}}}
_UPLOADED = _refusals(400, 401, 408, 413, 422, 503)

READ: dict[str, Any] = {"tags": ["read"], "responses": {**_ROWS, **_UPLOADED}, "openapi_extra": _FILES}
PREDICT: dict[str, Any] = {"tags": ["read"], "responses": {**_ROWS, **_UPLOADED}, "openapi_extra": _FILES}
DRAWN: dict[str, Any] = {
    "tags": ["read"],
    "responses": {200: {"description": "One row.", "content": {"application/json": {"schema": _ROW, "example": ROW}}}, **_UPLOADED},
}
EXPLAIN: dict[str, Any] = {
    "tags": ["look"],
    "responses": {
        200: {"description": "A picture.", "content": {"image/png": _BYTES}},
        **_UPLOADED,
    },
    "openapi_extra": _FILES,
}
INSIDE: dict[str, Any] = {
    "tags": ["look"],
    "responses": {
        200: {
            "description": "Probabilities; of each layer a PNG of its feature maps; 28 x 28 numbers, what hiding each place costs.",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "properties": {
                            "probabilities": {"type": "object"},
                            "layers": {"type": "array", "items": {"type": "object"}},
                            "saliency": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
                        },
                        "required": ["probabilities", "layers", "saliency"],
                    }
                }
            },
        },
        **_UPLOADED,
    },
}
MODEL: dict[str, Any] = {
    "tags": ["service"],
    "responses": {200: {"description": "The card.", "content": {"application/json": {"schema": {"type": "object"}}}}, **_refusals(401)},
}
HEALTH: dict[str, Any] = {"tags": ["service"], "responses": {200: {"description": "It does.", **_TEXT}}}
READY: dict[str, Any] = {
    "tags": ["service"],
    "responses": {200: {"description": "It can.", **_TEXT}, 503: {"description": "Not now.", **_TEXT}},
}
METRICS: dict[str, Any] = {
    "tags": ["service"],
    "responses": {200: {"description": "In Prometheus' text format.", **_TEXT}, **_refusals(401)},
}
