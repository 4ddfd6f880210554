"""What Prometheus is told: requests, images, time by stage, the queue, the model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inkdigits.reading import Reading

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


class Metrics:
    """One service's figures. waiting: how many tasks wait for a worker just now."""

    def __init__(self, waiting: Callable[[], float], model: str) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter("inkdigits_requests", "Requests answered.", ("path", "status"), registry=self._registry)
        self._seconds = Histogram("inkdigits_request_seconds", "From head to answer.", ("path",), buckets=SECONDS, registry=self._registry)
        self._stages = Histogram("inkdigits_stage_seconds", "Time of one image.", ("stage",), buckets=SECONDS, registry=self._registry)
        self._images = Counter("inkdigits_images", "Images by what came of them.", ("result",), registry=self._registry)
        self._queue = Gauge("inkdigits_queue", "Tasks that wait for a worker.", registry=self._registry)
        self._queue.set_function(waiting)
        Info("inkdigits_model", "What reads.", registry=self._registry).info({"name": model})

    def request(self, path: str, status: int, seconds: float) -> None:
        """A request was answered. path: the route's, not the client's."""
        self._requests.labels(path, str(status)).inc()
        self._seconds.labels(path).observe(seconds)

    def read(self, readings: Iterable[Reading]) -> None:
        """Images were read."""
        for reading in readings:
            result = "error" if reading.error else "refused" if reading.refused else "review" if reading.needs_review else "read"
            self._images.labels(result).inc()
            for stage, ms in (reading.ms or {}).items():
                self._stages.labels(stage).observe(ms / 1000)

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self._registry)


class Measured:
    """ASGI middleware: counts and times every request."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        start, status = perf_counter(), 500

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, sent)
        finally:
            if scope["type"] == "http":
                self.metrics.request(getattr(scope.get("route"), "path", "page"), status, perf_counter() - start)
