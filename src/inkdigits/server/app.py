"""The HTTP service: reads uploads and pen strokes in worker processes, and serves the page.

Everything that looks into an upload does so in a worker; this process only passes bytes on.
"""

from __future__ import annotations

import asyncio
import json
import queue
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import resources
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match, Mount
from starlette.types import Scope

from inkdigits import __version__
from inkdigits.batch.pool import LostError, Pool
from inkdigits.batch.run import Task
from inkdigits.batch.sources import File
from inkdigits.errors import Error, ModelError
from inkdigits.forms.editing import FormFile
from inkdigits.images.header import kind_of
from inkdigits.options import Options
from inkdigits.output.formats import RowWriter
from inkdigits.reader import Reader
from inkdigits.reading import Reading

from . import describe
from .addresses import Names
from .bodies import fault
from .docs import described
from .limits import Guard, Limits, refused
from .metrics import Measured, Metrics
from .work import Asked, Drawing, Explain, Tile, Told, begin, inside_row, tile_picture

if TYPE_CHECKING:
    from inkdigits.forms.reviewing import Reviewing

PAGE = Path(str(resources.files("inkdigits.server") / "page"))
OPEN = frozenset({"/", "/healthz", *("/" + path.relative_to(PAGE).as_posix() for path in PAGE.rglob("*"))})
"""What is answered without a key: the page, and whether the process lives."""
TYPES = {"json": "application/json", "jsonl": "application/jsonl", "csv": "text/csv; charset=utf-8", "text": "text/plain; charset=utf-8"}
"""What each format of rows is called in HTTP."""
Format = Literal["json", "jsonl", "csv", "text"]
Alphabet = Annotated[str | None, Query(max_length=40, description="Read these alone: `digits`, or the signs themselves.")]
Decimal = Annotated[Literal["point", "comma"] | None, Query(description="How decimals are written, for `value`.")]
Threshold = Annotated[
    float | None, Query(ge=0, le=1, description="Answer ? below this probability; 0 always answers. Default: the model's.")
]
Sure = Annotated[
    float | None,
    Query(gt=0, lt=1, description="In place of a threshold: of the lines that nobody has to look at, this share is right."),
]
Printed = Annotated[bool, Query(description="Read printed numbers too, beside the handwritten ones.")]


@dataclass(frozen=True, slots=True)
class Settings:
    """How to serve. model: as for `Reader`. workers: processes that read. room: tasks that may wait for one; more are answered 503.
    timeout: seconds for a task. key: what clients must show, None for anybody. names: what they may call the service. sure: as of a Reader,
    where a request for lines asks neither for that nor for a threshold. store: the URL of a store of forms to review, None for none. form:
    the form.json to edit, which need not be there yet, None for none.
    """

    model: str | Path | None = None
    workers: int = 2
    room: int = 64
    timeout: float = 60.0
    key: str | None = None
    limits: Limits = field(default_factory=Limits)
    names: Names = field(default_factory=Names)
    sure: float | None = None
    store: str | None = None
    form: str | Path | None = None


def make_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application. Its workers start with it. Raises ModelError for a model that cannot be loaded, or that
    does not promise what it is to; OutputError for a store that cannot be used, InputError for a form.json that holds no form,
    MissingExtra."""
    desk = _desk(settings.store) if settings.store else None
    reader = Reader(settings.model)
    card, *others = reader.cards  # now: a service that cannot read is not to start
    if settings.sure is not None:
        reader.promised(settings.sure)
    pool: Pool[Asked, Told] = Pool(partial(begin, settings.model), settings.workers, room=settings.room, timeout=settings.timeout)
    service = Service(pool, settings)
    metrics = service.metrics = Metrics(lambda: float(pool.waiting), card.id)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        blank = Tile(json.dumps({"tile": describe.TILE}).encode())
        await asyncio.gather(*(service.ask([blank]) for _ in range(settings.workers)))
        service.ready = True
        yield
        service.ready = False
        await asyncio.to_thread(pool.close)
        if desk is not None:
            desk.store.close()

    app = FastAPI(title="inkdigits", version=__version__, description=describe.SERVICE, lifespan=lifespan, docs_url=None, redoc_url=None)

    def asked(threshold: float | None, sure: float | None, **others: Any) -> Options:
        """The options of a request for lines; 422 for what cannot be, or is not promised."""
        try:
            options = Options(threshold, sure=settings.sure if threshold is None and sure is None else sure, **others)
            if sure is not None:
                reader.promised(sure)
        except (ValueError, ModelError) as error:
            raise HTTPException(422, str(error)) from None
        return options

    @app.post("/v1/read", **describe.READ)
    async def read(
        request: Request,
        threshold: Threshold = None,
        format: Format = "json",
        tiles: bool = False,
        alphabet: Alphabet = None,
        decimal: Decimal = None,
        digits_only: bool = False,
        sure: Sure = None,
        printed: Printed = False,
    ) -> Response:
        options = asked(threshold, sure, alphabet=alphabet, decimal=decimal, digits_only=digits_only, printed=printed)
        return await service.rows(request, False, options, format, tiles)

    @app.post("/v1/predict", **describe.PREDICT)
    async def predict(request: Request, threshold: Threshold = None, format: Format = "json", tiles: bool = False) -> Response:
        return await service.rows(request, True, Options(threshold), format, tiles)

    @app.post("/v1/strokes", **describe.DRAWN)
    async def strokes(request: Request, tiles: bool = False) -> Response:
        ((reading,),) = await service.ask([Drawing(await request.body(), settings.sure)], request)
        metrics.read([reading])
        return JSONResponse(_row(reading, tiles))

    @app.post("/v1/explain", **describe.EXPLAIN)
    async def explain(request: Request, threshold: Threshold = None, single: bool = False, sure: Sure = None) -> Response:
        if single and sure is not None:
            raise HTTPException(422, "sure: nothing is promised of a single digit; give a threshold")
        options = Options(threshold) if single else asked(threshold, sure)
        file, *others = await service.files(request)
        if others:
            raise HTTPException(400, "one image at a time is explained")
        (picture,) = await service.ask([Explain(file, single, options)], request)
        return Response(picture, media_type="image/png")

    @app.post("/v1/inside", **describe.INSIDE)
    async def inside(request: Request) -> Response:
        (found,) = await service.ask([Tile(await request.body())], request)
        return JSONResponse(inside_row(found))

    @app.get("/v1/model", **describe.MODEL)
    async def model() -> Response:
        return JSONResponse({**card.to_dict(), "read_by": [f"{one.name} {one.version}" for one in (card, *others)]})

    @app.get("/healthz", **describe.HEALTH)
    async def healthz() -> Response:
        return PlainTextResponse("ok\n")

    @app.get("/readyz", **describe.READY)
    async def readyz() -> Response:
        if not service.ready or pool.waiting >= settings.room:
            return PlainTextResponse("busy\n" if service.ready else "starting or stopping\n", 503, {"Retry-After": "1"})
        return PlainTextResponse("ok\n")

    @app.get("/metrics", **describe.METRICS)
    async def told() -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> Response:
        """The description, as a page."""
        return HTMLResponse(described(app.openapi(), str(request.base_url)))

    if desk is not None:
        from .review import add_review

        add_review(app, desk)
    if settings.form is not None:
        from .form import add_form_editor

        add_form_editor(app, FormFile(settings.form), service.ask)
    app.router.routes.append(Page("/", StaticFiles(directory=PAGE, html=True), name="page"))
    app.add_exception_handler(RequestValidationError, _wrong)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_middleware(Measured, metrics=metrics)
    app.add_middleware(Guard, limits=settings.limits, key=settings.key, names=settings.names, free=OPEN)
    return app


def _desk(store: str) -> Reviewing:
    """The work on a store. Raises OutputError, MissingExtra."""
    from inkdigits.forms.reviewing import Reviewing
    from inkdigits.forms.store import Store

    return Reviewing(Store(store))


class Page(Mount):
    """The files of the page, at every path that is not the service's own: else a wrong method there would be answered for a file."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a request is for the page."""
        own = scope["path"].startswith("/v1/") or scope["path"] in ("/docs", "/healthz", "/readyz", "/metrics", "/openapi.json")
        return (Match.NONE, {}) if own else super().matches(scope)


class Service:
    """What the routes share: the way to the workers."""

    metrics: Metrics

    def __init__(self, pool: Pool[Asked, Told], settings: Settings) -> None:
        self.pool, self.settings, self.ready = pool, settings, False

    async def rows(self, request: Request, single: bool, options: Options, format: Format, tiles: bool) -> Response:
        """Read the files of a request; the answer holds their rows, in order. Its status is 200 unless the only one is an error."""
        files = await self.files(request)
        most = max(1, self.settings.limits.pages // len(files))
        answers = await self.ask([Task(replace(file, most=most), single, options=options) for file in files], request)
        readings = [reading for pages in answers for reading in pages]
        self.metrics.read(readings)
        status = _unreadable(files[0]) if len(readings) == 1 and readings[0].error else 200
        if format == "json":
            return JSONResponse([_row(reading, tiles) for reading in readings], status)
        out = StringIO()
        with RowWriter(out, format, several=len(files) > 1, single=single) as writer:
            for reading in readings:
                writer.write(reading)
        return Response(out.getvalue(), status, media_type=TYPES[format])

    async def files(self, request: Request) -> list[File]:
        """The files of a request: the parts of a form that have a file name, or the body itself."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "multipart/form-data":
            content = await request.body()
            if not content:
                raise HTTPException(400, "there is no image; send the bytes of one, or a form with files")
            return [File(request.headers.get("x-file-name", "body"), content)]
        try:
            form = await request.form(max_files=self.settings.limits.files, max_fields=20)
        except StarletteHTTPException as error:
            raise (refused(400, f"the form cannot be parsed: {error.detail}") if error.status_code == 400 else error) from None
        try:
            uploads = [part for _, part in form.multi_items() if isinstance(part, UploadFile)]
            found = [File(upload.filename or f"file {number}", await upload.read()) for number, upload in enumerate(uploads, start=1)]
        finally:
            await form.close()
        if not found:
            raise HTTPException(400, "there is no file in the form; add at least one part with a file name")
        return found

    async def ask(self, tasks: Sequence[Asked], request: Request | None = None) -> list[Any]:
        """Have the workers answer; 503 where too many wait. request: whose client waits for it: where it goes away, so do its tasks.

        A file that killed its worker is a row with an error; whatever else cannot be answered fails the request.
        """
        try:
            futures = self.pool.submit_all(tasks)
        except queue.Full:
            raise HTTPException(503, "busy: too many images wait to be read; try again", {"Retry-After": "1"}) from None
        asked = asyncio.gather(*map(asyncio.wrap_future, futures), return_exceptions=True)
        answers: list[Any] = []
        for task, answer in zip(tasks, await (asked if request is None else _while_there(request, asked)), strict=True):
            if isinstance(answer, LostError) and isinstance(task, Task):
                answer = [Reading((), task.file.name, max(answer.part, 1), error=str(answer))]
            elif isinstance(answer, Error):
                raise HTTPException(_unreadable(task.file) if isinstance(task, Explain) else 422, str(answer))
            elif isinstance(answer, BaseException):
                raise answer
            answers.append(answer)
        return answers


async def _while_there(request: Request, answers: asyncio.Future[list[Any]]) -> list[Any]:
    """What comes of tasks while the client of a request, whose body is there, waits for it. Raises ClientDisconnect where it does not."""
    leaving = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait((leaving, answers), return_when=asyncio.FIRST_COMPLETED)
        if not answers.done():
            raise ClientDisconnect
        return answers.result()
    finally:
        leaving.cancel()
        if answers.cancel():
            with suppress(asyncio.CancelledError):
                await answers


def _unreadable(file: File) -> int:
    """The status of an answer about a file that cannot be read: 415 for what is no image, 422 for an image that is not sound."""
    return 415 if kind_of(file.content or b"") in (None, "HEIC") else 422


async def _wrong(_: Request, error: Exception) -> Response:
    """The answer to a parameter that is not what it must be."""
    assert isinstance(error, RequestValidationError)
    where, what = fault(error.errors())
    return JSONResponse({"detail": f"{where.removeprefix('query.')}: {what}"}, 422)


async def _gone(_: Request, __: Exception) -> Response:
    """What nobody reads any more; the number is nginx', for the figures."""
    return Response(status_code=499)


def _row(reading: Reading, tiles: bool) -> dict[str, Any]:
    """A row as on the command line; with `tiles` each digit has what the network saw."""
    row = reading.to_dict()
    if tiles:
        for line, said in zip(reading.lines, row["lines"], strict=True):
            for digit, one in zip(line.digits, said["digits"], strict=True):
                if digit.tile is not None:
                    one["tile"] = tile_picture(digit.tile)
    return row
