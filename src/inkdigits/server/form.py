"""The routes of the form editor: the form.json that is edited, its pages, what is proposed for them, a scan read by it, and saving it.

They are the page's own, and no part of the service for programs. What changes a file must say that it is JSON, or bytes: no form of a page
from elsewhere can, and a script of one is not let through.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import UploadFile

from inkdigits.batch.sources import File
from inkdigits.errors import InputError, OutputError
from inkdigits.forms.editing import ChangedError, Fault, FormFile
from inkdigits.forms.schema import PROPERTIES, SCHEMA

from .bodies import said_to_be
from .formwork import Begin, Check, FormTask, Picture, Propose, Try

PATH = "/v1/form"
OFFERED = {
    "keys": {key: {"schema": schema, "types": types} for key, (schema, types) in PROPERTIES.items()},
    "groups": SCHEMA["properties"]["group"]["enum"],
}
"""What the page lets be said of a field, and of the form."""


class Ask(Protocol):
    """The way to the workers: their answers to tasks, in order; a task that cannot be done fails the request, whose client waits."""

    def __call__(self, tasks: Sequence[FormTask], request: Request | None = None) -> Awaitable[list[Any]]:
        """Have tasks done."""


def add_form_editor(app: FastAPI, file: FormFile, ask: Ask) -> None:
    """Add the routes of the editor of a form.json to a service. Raises InputError where the file is there and holds no form."""
    file.now()

    async def form(_: Request) -> dict[str, Any]:
        now = await asyncio.to_thread(file.now)
        found, version = (now[0].to_dict(), now[1]) if now else (None, None)
        return {"file": file.path.name, "form": found, "version": version, **OFFERED}

    async def page(number: int) -> Response:
        (picture,) = await ask([Picture(file.path, number)])
        return Response(picture, media_type="image/png")

    async def propose(request: Request) -> dict[str, Any]:
        said_to_be("application/json", request)
        (fields,) = await ask([Propose(file.path, await request.body())], request)
        return {"fields": fields}

    async def new(request: Request) -> dict[str, Any]:
        said_to_be("application/octet-stream", request)
        name = request.query_params.get("name") or "form"
        (made,) = await ask([Begin(File(name, await request.body()))], request)
        await asyncio.to_thread(file.create, Path(name).stem, *made)
        return await form(request)

    async def save(request: Request) -> dict[str, Any] | Fault:
        said_to_be("application/json", request)
        (answer,) = await ask([Check(file.path, await request.body())], request)
        if isinstance(answer, Fault):
            return answer
        body, text = answer
        return {"version": await asyncio.to_thread(file.save, text, body.version)}

    async def tried(request: Request) -> dict[str, Any] | Fault:
        (answer,) = await ask([Try(file.path, *await _form_and_scan(request))], request)
        return answer if isinstance(answer, Fault) else {"pages": answer}

    app.add_api_route(PATH, _answered(form), methods=["GET"], include_in_schema=False)
    app.add_api_route(f"{PATH}/page/{{number}}", page, methods=["GET"], include_in_schema=False)
    for name, route in {"propose": propose, "new": new, "save": save, "try": tried}.items():
        app.add_api_route(f"{PATH}/{name}", _answered(route), methods=["POST"], include_in_schema=False)


async def _form_and_scan(request: Request) -> tuple[bytes, File]:
    """The two parts of a request to try a form: `form`, JSON, and `file`. 400 where one is missing."""
    parts = await request.form(max_files=1, max_fields=1)
    try:
        form, scan = parts.get("form"), parts.get("file")
        if not isinstance(form, str) or not isinstance(scan, UploadFile):
            raise HTTPException(400, "send a form with two parts: `form`, as JSON, and `file`, the scan")
        return form.encode(), File(scan.filename or "scan", await scan.read())
    finally:
        await parts.close()


def _answered(route: Callable[[Request], Awaitable[dict[str, Any] | Fault]]) -> Callable[[Request], Awaitable[Response]]:
    """A route that says in HTTP what went wrong: 422 for a form that cannot be, with the place of the fault; 409 for a file that was
    changed meanwhile; 500 for one that cannot be written."""

    async def answered(request: Request) -> Response:
        try:
            found = await route(request)
        except InputError as error:
            return JSONResponse({"detail": str(error)}, 422)
        except OutputError as error:
            return JSONResponse({"detail": str(error)}, 409 if isinstance(error, ChangedError) else 500)
        if isinstance(found, Fault):
            return JSONResponse({"detail": found.message, "page": found.page, "field": found.field}, 422)
        return JSONResponse(found)

    return answered
