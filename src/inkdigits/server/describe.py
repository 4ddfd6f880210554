"""What the OpenAPI description says of each route: bodies, answers, examples, a command for curl."""

from __future__ import annotations

import base64
from typing import Any

from inkdigits.lines import KINDS, LEFT_OUT
from inkdigits.reading import REVIEW_REASONS, Reading

from .bodies import Pixels, Strokes

SERVICE = (
    "Reads handwritten digits. Rows are those of `inkdigits read --format json`; a `?` in `text` is a digit that is not answered. "
    "Where the service asks for a key, add `--header 'X-API-Key: KEY'` to these commands: all but `/healthz` and the page want it."
)
ADDRESS = "http://127.0.0.1:8000/"
"""Of the service, in the commands."""

STROKES: dict[str, Any] = {"strokes": [[[20, 20, 0], [60, 20, 80], [40, 90, 300]]], "width": 100, "height": 110, "single": True}
TILE = base64.b64encode(b"".join(bytes(12) + (b"\xff" * 4 if 4 <= y < 24 else bytes(4)) + bytes(12) for y in range(28))).decode()
ROW: dict[str, Any] = {
    "source": "a.jpg", "page": 1, "text": "7", "confidence": 0.99, "needs_review": False, "refused": None, "error": None,
    "lines": [{"text": "7", "box": [20, 20, 40, 70], "confidence": 0.99, "digits": [
        {"label": "7", "box": [20, 20, 40, 70], "confidence": 0.99, "alternatives": [["1", 0.004]]}],
        "candidates": [["7", 0.986], ["1", 0.008]], "value": 7}],
    "ms": {"load": 0.1, "ink": 0.6, "layout": 0.1, "classify": 0.2}, "model": "digit-2026.11/0123abcd",
    "left_out": [{"box": [70, 84, 6, 6], "reason": "dot or comma"}], "review_reasons": [], "value": 7,
    "fields": [{"text": "7", "box": [20, 20, 40, 70], "table": None, "row": 0, "column": 0, "confidence": 0.99,
        "candidates": [["7", 0.986], ["1", 0.008]], "value": 7, "left_out": [], "kind": "handwritten"}],
    "tables": [],
}  # fmt: skip

_BYTES = {"schema": {"type": "string", "format": "binary", "minLength": 1}}
_DETAIL = {"type": "object", "properties": {"detail": {"type": "string"}}, "required": ["detail"]}
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
_LINE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "box": _BOX,
        "confidence": {"type": "number"},
        "digits": {"type": "array", "items": _DIGIT},
        "candidates": {"type": "array", "description": "What it may say, each text with its probability, likeliest first."},
        "value": {"type": ["number", "null"], "description": "The number that it is, where that is beyond doubt."},
    },
    "required": ["text", "box", "confidence", "digits", "candidates", "value"],
}
_LEFT_OUT = {
    "type": "object",
    "properties": {"box": _BOX, "reason": {"enum": list(LEFT_OUT)}},
    "required": ["box", "reason"],
}
_FIELD = {
    "type": "object",
    "properties": {
        **{key: _LINE["properties"][key] for key in ("text", "box", "confidence", "candidates", "value")},
        "table": {"type": ["integer", "null"], "description": "The number of its table, from 0, where it is in one."},
        "row": {"type": ["integer", "null"], "description": "In its table, from 0; else the number of its line on the page."},
        "column": {"type": ["integer", "null"], "description": "In its table, from 0; else its place in its line."},
        "left_out": {"type": "array", "items": _LEFT_OUT},
        "kind": {"enum": list(KINDS), "description": "Print is read only where it is asked for."},
    },
    "required": ["text", "box", "table", "row", "column", "confidence", "candidates", "value", "left_out", "kind"],
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
        "value": {"type": ["number", "null"], "description": "The number that it is, where it is one line and that is beyond doubt."},
        "fields": {"type": "array", "items": _FIELD, "description": "The numbers that were found, in reading order."},
        "tables": {"type": "array", "description": "Rows of the texts of cells, of each table."},
    },
    "required": list(Reading(()).to_dict()),
}


def _refusals(*numbers: int) -> dict[int | str, dict[str, Any]]:
    """The answers that are not what was asked for."""
    said = {
        400: "The body cannot be parsed, or holds no image; or the service does not go by the name in the Host header.",
        401: "The service wants a key: the header X-API-Key.",
        408: "The body came too slowly.",
        413: "The body is larger than the service takes.",
        415: "What was sent is no image of a kind that is read.",
        422: "A parameter or the body is not what it must be, or the image cannot be read; `detail` says why.",
        503: "Too many images wait, or too much is being uploaded; try again after Retry-After seconds.",
    }
    return {number: {"description": said[number], "content": {"application/json": {"schema": _DETAIL}}} for number in numbers}


def _route(
    tag: str, text: str, curl: str, responses: dict[int | str, dict[str, Any]], body: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What FastAPI is told of a route. curl: a command that asks it, which a test runs."""
    said = {"tags": [tag], "description": f"{text}\n\n```sh\n{curl.replace('ADDRESS/', ADDRESS)}\n```", "responses": responses}
    return {**said, "openapi_extra": {"requestBody": {"required": True, **body}}} if body else said


def _json(schema: dict[str, Any], example: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema, "example": example}}}


def _files(description: str, file: dict[str, Any]) -> dict[str, Any]:
    """A body that is an image or a form. file: what the part of that name holds."""
    form = {"type": "object", "properties": {"file": file}, "required": ["file"]}
    kinds = {"application/octet-stream": _BYTES, "image/*": _BYTES, "multipart/form-data": {"schema": form}}
    return {"description": f"The bytes of an image (PNG, JPEG, WebP, TIFF, BMP, GIF, PDF), or a form with {description}.", "content": kinds}


_FILE = _files("one file", {"type": "string", "format": "binary"})
_FILES = _files("any number of files", {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}})
_ROWS: dict[str, Any] = {
    "application/json": {"schema": {"type": "array", "items": _ROW}, "example": [ROW]},
    "application/jsonl": {"schema": {"type": "string"}},
    "text/csv": {"schema": {"type": "string"}},
    "text/plain": {"schema": {"type": "string"}},
}
_TEXT = {"content": {"text/plain": {"schema": {"type": "string"}}}}
_UPLOADED = _refusals(400, 401, 408, 413, 422, 503)
_ROW_OR_DETAIL = {**_ROWS, "application/json": {"schema": {"anyOf": [{"type": "array", "items": _ROW}, _DETAIL]}}}
_READ: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A row for each page of each file, in order. A file that cannot be read is a row whose `error` says why.",
        "content": _ROWS,
    },
    **_UPLOADED,
    415: {"description": "The only file is no image of a kind that is read; its row says why.", "content": _ROWS},
    422: {
        "description": "A parameter is not what it must be; or the only image cannot be read: its row says why.",
        "content": _ROW_OR_DETAIL,
    },
}

READ = _route(
    "read", "Read the digits in images: strings, lines, pages.", "curl --data-binary @page.jpg 'ADDRESS/v1/read?format=text'", _READ, _FILES
)
PREDICT = _route(
    "read",
    "Read exactly one digit an image, with the probability of each class.",
    "curl --form file=@digit.png --form file=@page.jpg ADDRESS/v1/predict",
    _READ,
    _FILES,
)
DRAWN = _route(
    "read",
    "Read what was drawn with a pen: one row. Boxes are in the units of the points.",
    """curl --json '{"strokes": [[[20, 20], [60, 20], [40, 90]]], "single": true}' ADDRESS/v1/strokes""",
    {200: {"description": "One row.", **_json(_ROW, ROW)}, **_UPLOADED},
    _json(Strokes.model_json_schema(), STROKES),
)
EXPLAIN = _route(
    "look",
    "Draw every stage of reading one image.",
    "curl --data-binary @page.jpg --output stages.png ADDRESS/v1/explain",
    {200: {"description": "A picture.", "content": {"image/png": _BYTES}}, **_UPLOADED, **_refusals(415)},
    _FILE,
)
INSIDE = _route(
    "look",
    "What the layers of the network make of a tile, and where the answer comes from. "
    "A tile is what the rows of `tiles=true` hold of each digit: here that of a file with one digit is taken.",
    "curl --data-binary @digit.png 'ADDRESS/v1/predict?tiles=true' |\n  grep -o '\"tile\":\"[^\"]*\"' | sed 's/.*/{&}/' |\n"
    "  curl --json @- ADDRESS/v1/inside",
    {
        200: {
            "description": "Probabilities; of each layer a PNG of its feature maps, or the responses of its units in [0, 1]; "
            "28 x 28 numbers, what hiding each place costs.",
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
    _json(Pixels.model_json_schema(), {"tile": TILE}),
)
MODEL = _route(
    "service",
    "The card of the model of digits; `read_by` names all that read, with their versions: it and, where it knows the ten digits, `number`.",
    "curl ADDRESS/v1/model",
    {200: {"description": "The card.", "content": {"application/json": {"schema": {"type": "object"}}}}, **_refusals(400, 401)},
)
HEALTH = _route(
    "service", "Whether the process answers.", "curl ADDRESS/healthz", {200: {"description": "It does.", **_TEXT}, **_refusals(400)}
)
READY = _route(
    "service",
    "Whether it can read: the workers have loaded their models, and the queue has room.",
    "curl ADDRESS/readyz",
    {200: {"description": "It can.", **_TEXT}, 503: {"description": "Not now.", **_TEXT}, **_refusals(400, 401)},
)
METRICS = _route(
    "service",
    "Figures for Prometheus.",
    "curl ADDRESS/metrics",
    {200: {"description": "In Prometheus' text format.", **_TEXT}, **_refusals(400, 401)},
)
