"""form.json as JSON Schema, and whether what one holds fits it. What depends on more than one place of it is said in `template.py`.

Only the part of JSON Schema that SCHEMA is written in is known here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ..errors import InputError
from .across import CHECK_KINDS
from .fieldtypes import CHECKS, ORDERS, TYPES

VERSION = 1
_TEXT = {"type": "string", "minLength": 1}
_BOX = {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 4, "maxItems": 4}
_LENGTH = {
    "oneOf": [
        {"type": "integer", "minimum": 1, "maximum": 40},
        {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 40}, "minItems": 2, "maxItems": 2},
    ]
}
_OPTION = {
    "type": "object",
    "required": ["name", "box"],
    "additionalProperties": False,
    "properties": {"name": {"type": "string", "minLength": 1}, "box": _BOX},
}
PROPERTIES: Mapping[str, tuple[Mapping[str, Any], tuple[str, ...]]] = {
    "name": ({"type": "string", "pattern": r"^[^\s,;\"'.][^,;\"'\r\n]*$"}, TYPES),
    "box": (_BOX, TYPES),
    "type": ({"enum": list(TYPES)}, TYPES),
    "required": ({"type": "boolean", "description": "Where it is empty, it is invalid."}, TYPES),
    "cells": (
        {"type": "integer", "minimum": 1, "maximum": 40, "description": "Cells of a comb, one for each digit."},
        ("integer", "date", "time", "phone", "id"),
    ),
    "values": (
        {
            "oneOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}],
            "description": "The only values that are right: the name of a file with one a line, or the values themselves.",
        },
        ("integer", "decimal", "money", "date", "time", "phone", "id"),
    ),
    "length": (_LENGTH | {"description": "Digits: how many, or the fewest and the most."}, ("integer", "phone", "id")),
    "minimum": (
        {"type": ["number", "string"], "description": "The least value; days are written as 2026-11-24, times as 08:05."},
        ("integer", "decimal", "money", "date", "time"),
    ),
    "maximum": ({"type": ["number", "string"], "description": "The greatest value."}, ("integer", "decimal", "money", "date", "time")),
    "places": ({"type": "integer", "minimum": 0, "maximum": 6, "description": "Decimals."}, ("decimal", "money")),
    "order": ({"enum": list(ORDERS), "description": "How a day is written: d, m, y are day, month and year."}, ("date",)),
    "pattern": ({"type": "string", "minLength": 1, "description": "A regular expression that all of it fits."}, ("id",)),
    "check": ({"enum": list(CHECKS), "description": "Its check digit."}, ("id",)),
    "options": ({"type": "array", "items": _OPTION, "minItems": 2, "description": "Small boxes, each with a name."}, ("choice",)),
    "many": ({"type": "boolean", "description": "More than one may be ticked."}, ("choice",)),
}  # fmt: skip
"""The keys of a field: the schema of each, which says what it is, and the types that have it."""
SCHEMA: Mapping[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "A form of inkdigits, version 1",
    "type": "object",
    "required": ["version", "name", "pages"],
    "additionalProperties": False,
    "properties": {
        "version": {"const": VERSION},
        "name": {"type": "string", "minLength": 1},
        "group": {"enum": ["page", "document"]},
        "pages": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["image", "size", "fields"],
                "additionalProperties": False,
                "properties": {
                    "name": {"type": "string", "minLength": 1},
                    "image": {"type": "string", "minLength": 1},
                    "size": {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 2, "maxItems": 2},
                    "fields": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["name", "box", "type"],
                            "additionalProperties": False,
                            "properties": {key: dict(schema) for key, (schema, _) in PROPERTIES.items()},
                        },
                    },
                },
            },
        },
        "checks": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["check", "of"],
                "additionalProperties": False,
                "properties": {
                    "check": {"enum": list(CHECK_KINDS)},
                    "of": {"type": "array", "items": {"type": "string"}, "minItems": 1},
                    "is": {"type": "string"},
                },
            },
        },
    },
}
"""form.json as JSON Schema (draft 2020-12). What depends on more than one place of it is said in `Template.from_dict`."""


def check_schema(found: Any, source: str) -> None:
    """Raise InputError at the first place at which what form.json holds does not fit SCHEMA. source: what errors call it."""
    _check_schema(found, SCHEMA, source, "")


def with_article(kind: str) -> str:
    """A word behind "a" or "an", for messages."""
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


_JSON_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool,
}  # fmt: skip


def _check_schema(value: Any, schema: Mapping[str, Any], source: str, where: str) -> None:
    """Raise InputError at the first place at which a value does not fit a schema."""
    if reason := _mismatch(value, schema):
        raise InputError(
            source, f"{where.lstrip('.') or 'it'} {reason}", "the documentation of forms, and `inkdigits form schema`, say what there is"
        )
    if isinstance(value, dict):
        for key in value:
            _check_schema(value[key], schema["properties"][key], source, f"{where}.{key}")
    elif isinstance(value, list) and "items" in schema:
        for number, one in enumerate(value):
            _check_schema(one, schema["items"], source, f"{where}[{number}]")


def _mismatch(value: Any, schema: Mapping[str, Any]) -> str | None:
    """Why a value itself, whatever is inside it, does not fit a schema; None where it does."""
    if "const" in schema and (value != schema["const"] or isinstance(value, bool)):
        return f"must be {schema['const']}, not {value!r}"
    if "enum" in schema and value not in schema["enum"]:
        return f"must be one of {', '.join(schema['enum'])}, not {value!r}"
    if "oneOf" in schema:
        found = [_anywhere(value, one) for one in schema["oneOf"]]
        return None if None in found else f"{found[0]}, or {found[1]}"
    kinds = schema.get("type", ())
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(isinstance(value, _JSON_TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool)) for kind in kinds):
        return f"must be {' or '.join(map(with_article, kinds))}, not {json.dumps(value, ensure_ascii=False)[:60]}"
    if isinstance(value, dict):
        if missing := [key for key in schema.get("required", ()) if key not in value]:
            return f"lacks {missing[0]!r}"
        if unknown := [key for key in value if key not in schema["properties"]]:
            return f"has {unknown[0]!r}, which is not known here; there are {', '.join(schema['properties'])}"
    if isinstance(value, list) and not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        return f"has {len(value)} entries, not {schema['minItems']}{'' if 'maxItems' in schema else ' or more'}"
    if isinstance(value, str) and len(value) < schema.get("minLength", 0):
        return "is empty"
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        return f"must be a name without commas, semicolons, quotes and line breaks, that begins with no space or point, not {value!r}"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        return f"must be at least {schema['minimum']}{' and at most ' + str(schema['maximum']) if 'maximum' in schema else ''}, not {value}"
    return None


def _anywhere(value: Any, schema: Mapping[str, Any]) -> str | None:
    """Why a value, or one inside a list, does not fit."""
    reason = _mismatch(value, schema)
    if reason is None and isinstance(value, list):
        reason = next((f"of its entries one {found}" for one in value if (found := _mismatch(one, schema["items"]))), None)
    return reason
