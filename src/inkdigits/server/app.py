"""The HTTP service: reads uploads and pen strokes in worker processes, and serves the page.

Everything that looks into an upload does so in a worker; this process only passes bytes on.
"""

from __future__ import annotations

import asyncio
import base64
import queue
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import resources
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.routing import Match, Mount
from starlette.types import Scope

from inkdigits import __version__
from inkdigits.batch import Task
from inkdigits.errors import InputError
from inkdigits.formats import RowWriter
from inkdigits.models import Model
from inkdigits.pool import LostError, Pool
from inkdigits.reading import Line, Reading
from inkdigits.sources import File

from . import describe
from .limits import Guard, Limits, refused
from .metrics import Measured, Metrics
from .strokes import drawn
from .work import Asked, Explain, Tile, Told, begin, inside_row, tile_picture

PAGE = resources.files("inkdigits.server") / "page"
TYPES = {"json": "application/json", "jsonl": "application/jsonl", "csv": "text/csv; charset=utf-8", "text": "text/plain; charset=utf-8"}
"""What each format of rows is called in HTTP."""
Format = Literal["json", "jsonl", "csv", "text"]
Threshold = Annotated[
    float | None, Query(ge=0, le=1, description="Answer ? below this probability; 0 always answers. Default: the model's.")
]


@dataclass(frozen=True, slots=True)
class Settings:
    """How to serve. model: as for `Reader`. workers: processes that read. room: tasks that may wait for one; more are answered 503.
    timeout: seconds for a task. key: what clients must show, None for anybody.
    """

    model: str | Path | None = None
    workers: int = 2
    room: int = 64
    timeout: float = 60.0
    key: str | None = None
    limits: Limits = field(default_factory=Limits)


Point = Annotated[list[Annotated[float, Field(ge=-1e9, le=1e9)]], Field(min_length=2, max_length=4)]
Stroke = Annotated[list[Point], Field(min_length=1, max_length=20_000)]


class Strokes(BaseModel):
    """What was drawn on a canvas."""

    model_config = {"strict": True, "json_schema_extra": {"examples": [describe.STROKES]}}

    strokes: list[Stroke] = Field(
        min_length=1, max_length=2000, description="In the order drawn, each a list of points [x, y] or [x, y, milliseconds], y down."
    )
    width: float | None = Field(None, gt=0, le=1e5, description="Of the canvas, in the units of the points.")
    height: float | None = Field(None, gt=0, le=1e5, description="Of the canvas.")
    pen: float | None = Field(None, gt=0, le=1e4, description="Width of the pen, in the same units.")
    single: bool = Field(False, description="One digit, as `predict`, instead of a line or a page.")
    threshold: float | None = Field(None, ge=0, le=1)


class Pixels(BaseModel):
    """A tile, as the rows of `tiles=true` hold it."""

    tile: str = Field(
        pattern=r"^[A-Za-z0-9+/]{1045}[AQgw]==$", description="28 x 28 bytes, row by row, 255 = ink, in base64.", examples=[describe.TILE]
    )


def make_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application. Its workers start with it. Raises ModelError for a model that cannot be loaded."""
    card = Model.load(settings.model).card  # now: a service that cannot read is not to start
    pool: Pool[Asked, Told] = Pool(partial(begin, settings.model), settings.workers, room=settings.room, timeout=settings.timeout)
    service = Service(pool, settings)
    metrics = service.metrics = Metrics(lambda: float(pool.waiting), f"{card.name}-{card.version}/{card.sha256[:8]}")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        blank = Tile(bytes(28 * 28))
        await asyncio.gather(*(service.ask([blank]) for _ in range(settings.workers)))
        service.ready = True
        yield
        service.ready = False
        await asyncio.to_thread(pool.close)

    app = FastAPI(title="inkdigits", version=__version__, description=describe.SERVICE, lifespan=lifespan, docs_url=None, redoc_url=None)

    @app.post("/v1/read", **describe.READ)
    async def read(request: Request, threshold: Threshold = None, format: Format = "json", tiles: bool = False) -> Response:
        """Read the digits in images: strings, lines, pages."""
        return await service.rows(request, False, threshold, format, tiles)

    @app.post("/v1/predict", **describe.PREDICT)
    async def predict(request: Request, threshold: Threshold = None, format: Format = "json", tiles: bool = False) -> Response:
        """Read exactly one digit an image, with the probability of each class."""
        return await service.rows(request, True, threshold, format, tiles)

    @app.post("/v1/strokes", **describe.DRAWN)
    async def strokes(body: Strokes, tiles: bool = False) -> Response:
        """Read what was drawn with a pen: one row. Boxes are in the units of the points."""
        content, unit = _drawn(body)
        (readings,) = await service.ask([Task(File("strokes", content), body.single, threshold=body.threshold)])
        (reading,) = readings
        metrics.read([reading])
        return JSONResponse(_row(_enlarged(reading, unit), tiles))

    @app.post("/v1/explain", **describe.EXPLAIN)
    async def explain(request: Request, threshold: Threshold = None, single: bool = False) -> Response:
        """Draw every stage of reading one image."""
        file, *others = await service.files(request)
        if others:
            raise HTTPException(400, "one image at a time is explained")
        (picture,) = await service.ask([Explain(file, single, threshold)])
        return Response(picture, media_type="image/png")

    @app.post("/v1/inside", **describe.INSIDE)
    async def inside(body: Pixels) -> Response:
        """What the layers of the network make of a tile, and where the answer comes from."""
        (found,) = await service.ask([Tile(base64.b64decode(body.tile))])
        return JSONResponse(inside_row(found))

    @app.get("/v1/model", **describe.MODEL)
    async def model() -> Response:
        """The card of the model that reads."""
        return JSONResponse(card.to_dict())

    @app.get("/healthz", **describe.HEALTH)
    async def healthz() -> Response:
        """Whether the process answers."""
        return PlainTextResponse("ok\n")

    @app.get("/readyz", **describe.READY)
    async def readyz() -> Response:
        """Whether it can read: the workers have loaded their models, and the queue has room."""
        if not service.ready or pool.waiting >= settings.room:
            return PlainTextResponse("busy\n" if service.ready else "starting or stopping\n", 503, {"Retry-After": "1"})
        return PlainTextResponse("ok\n")

    @app.get("/metrics", **describe.METRICS)
    async def told() -> Response:
        """Figures for Prometheus."""
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    app.router.routes.append(Page("/", StaticFiles(directory=str(PAGE), html=True), name="page"))
    app.add_middleware(Measured, metrics=metrics)
    app.add_middleware(Guard, limits=settings.limits, key=settings.key)
    return app


class Page(Mount):
    """The files of the page, at every path that is not the service's own: else a wrong method there would be answered for a file."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a request is for the page."""
        own = scope["path"].startswith("/v1/") or scope["path"] in ("/healthz", "/readyz", "/metrics", "/openapi.json")
        return (Match.NONE, {}) if own else super().matches(scope)


class Service:
    """What the routes share: the way to the workers."""

    metrics: Metrics

    def __init__(self, pool: Pool[Asked, Told], settings: Settings) -> None:
        self.pool, self.settings, self.ready = pool, settings, False

    async def rows(self, request: Request, single: bool, threshold: float | None, format: Format, tiles: bool) -> Response:
        """Read the files of a request; the answer holds their rows, in order."""
        files = await self.files(request)
        answers = await self.ask([Task(file, single, threshold=threshold) for file in files], lost=True)
        readings = [reading for pages in answers for reading in pages]
        self.metrics.read(readings)
        if format == "json":
            return JSONResponse([_row(reading, tiles) for reading in readings])
        out = StringIO()
        with RowWriter(out, format, several=len(files) > 1, single=single) as writer:
            for reading in readings:
                writer.write(reading)
        return Response(out.getvalue(), media_type=TYPES[format])

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

    async def ask(self, tasks: Sequence[Asked], *, lost: bool = False) -> list[Any]:
        """Have the workers answer; 503 where too many wait. lost: a task that killed its worker is a row with an error, not a 500."""
        try:
            futures = self.pool.submit_all(tasks)
        except queue.Full:
            raise HTTPException(503, "busy: too many images wait to be read; try again", {"Retry-After": "1"}) from None
        try:
            found = await asyncio.gather(*map(asyncio.wrap_future, futures), return_exceptions=lost)
        except LostError as error:
            raise HTTPException(422, str(error)) from None
        answers: list[Any] = []
        for task, answer in zip(tasks, found, strict=True):
            if isinstance(answer, LostError) and isinstance(task, Task):
                answer = [Reading((), task.file.name, error=str(answer))]
            elif isinstance(answer, InputError):
                raise HTTPException(422, str(answer))
            elif isinstance(answer, BaseException):
                raise answer
            answers.append(answer)
        return answers


def _drawn(body: Strokes) -> tuple[bytes, float]:
    try:
        return drawn(body.strokes, body.width, body.height, body.pen)
    except InputError as error:
        raise HTTPException(422, str(error)) from None


def _row(reading: Reading, tiles: bool) -> dict[str, Any]:
    """A row as on the command line; with `tiles` each digit has what the network saw."""
    row = reading.to_dict()
    if tiles:
        for line, said in zip(reading.lines, row["lines"], strict=True):
            for digit, one in zip(line.digits, said["digits"], strict=True):
                if digit.tile is not None:
                    one["tile"] = tile_picture(digit.tile)
    return row


def _enlarged(reading: Reading, unit: float) -> Reading:
    """A Reading whose boxes are in other units."""

    def box(of: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        x, y, w, h = (round(v * unit) for v in of)
        return x, y, w, h

    lines = tuple(Line(tuple(replace(d, box=box(d.box)) for d in line.digits), box(line.box)) for line in reading.lines)
    return replace(reading, lines=lines, left_out=tuple(replace(left, box=box(left.box)) for left in reading.left_out))
