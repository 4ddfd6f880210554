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
    head += "<link rel='icon' href='icon.svg' type='image/svg+xml'><title>inkdigits: the service</title>"
    body = "\n".join(parts).replace(escape(ADDRESS), escape(address))
    return f"<!doctype html><html lang='en'><head>{head}</head><body><main class='description'>{body}</main></body></html>"


def _route(route: dict[str, Any]) -> Iterator[str]:
    yield from _text(route["description"])
    for one in route.get("parameters", []):
        yield from _entry(f"<code>?{escape(one['name'])}=</code> {escape(_kind(one['schema']))}", one.get("description", ""))
    for status, answer in sorted(route["responses"].items()):
        yield from _entry(f"<code>{escape(status)}</code>", answer["description"])


def _text(markdown: str) -> Iterator[str]:
    """Paragraphs, words in backticks, and blocks of code: the Markdown that the description uses."""
    for number, part in enumerate(markdown.split("```")):
        if number % 2:
            yield f"<pre>{escape(part.partition(chr(10))[2].strip())}</pre>"
        elif part.strip():
            words = escape(part.strip()).split("`")
            yield "<p>" + "".join(f"<code>{word}</code>" if k % 2 else word for k, word in enumerate(words)) + "</p>"


def _entry(name: str, text: str) -> Iterator[str]:
    yield f"<div><b>{name}</b>"
    yield from _text(text)
    yield "</div>"


def _kind(schema: dict[str, Any]) -> str:
    """What a parameter may be, in a few words."""
    kinds = [one.get("type", "") for one in schema.get("anyOf", [schema])]
    allowed = schema.get("enum") or [kind for kind in kinds if kind != "null"]
    default = f", else {str(schema['default']).lower()}" if "default" in schema else ""
    return " or ".join(allowed) + default
