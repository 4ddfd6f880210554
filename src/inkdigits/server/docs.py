"""The OpenAPI description of the service as a page: HTML without scripts, which needs nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from .describe import ADDRESS


def described(description: dict[str, Any], address: str) -> str:
    """The page. address: of the service, for its commands."""
    info = description["info"]
    parts = [f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>", *_text(info["description"])]
    parts.append("<p><a href='openapi.json'>openapi.json</a> is all of this for programs.</p>")
    for path, methods in description["paths"].items():
        for method, route in methods.items():
            parts += [f"<section><h2>{method.upper()} {escape(path)}</h2>", *_route(route), "</section>"]
    head = "<meta charset='utf-8'><meta name='viewport' content='width=device-width'><link rel='stylesheet' href='style.css'>"
    body = "\n".join(parts).replace(escape(ADDRESS), escape(address))
    return f"<!doctype html><html lang='en'><head>{head}<title>inkdigits: the service</title></head><body><main>{body}</main></body></html>"


def _route(route: dict[str, Any]) -> Iterator[str]:
    yield from _text(route["description"])
    parameters = [(one["name"], one["schema"], one.get("description", "")) for one in route.get("parameters", [])]
    if parameters:
        yield from _table("parameter", [(name, _kind(schema), text) for name, schema, text in parameters])
    yield from _table("answer", [(status, "", answer["description"]) for status, answer in route["responses"].items()])


def _text(markdown: str) -> Iterator[str]:
    """Paragraphs, words in backticks, and blocks of code: the Markdown that the description uses."""
    for number, part in enumerate(markdown.split("```")):
        if number % 2:
            yield f"<pre>{escape(part.partition(chr(10))[2].strip())}</pre>"
        elif part.strip():
            words = escape(part.strip()).split("`")
            yield "<p>" + "".join(f"<code>{word}</code>" if k % 2 else word for k, word in enumerate(words)) + "</p>"


def _table(name: str, rows: list[tuple[str, str, str]]) -> Iterator[str]:
    yield f"<table><thead><tr><th>{name}</th><th></th><th></th></tr></thead><tbody>"
    yield from (
        f"<tr><th>{escape(first)}</th><td>{escape(second)}</td><td>{''.join(_text(text))}</td></tr>" for first, second, text in rows
    )
    yield "</tbody></table>"


def _kind(schema: dict[str, Any]) -> str:
    """What a parameter may be, in a few words."""
    kinds = [one.get("type", "") for one in schema.get("anyOf", [schema])]
    allowed = schema.get("enum") or [kind for kind in kinds if kind != "null"]
    default = f" ({schema['default']})" if "default" in schema else ""
    return " | ".join(allowed) + default
