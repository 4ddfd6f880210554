"""The service against clients that are slow, large, many or gone: a real process, over real sockets."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import cv2
import numpy as np
import pytest

pytest.importorskip("fastapi", reason="needs inkdigits[serve]")

from inkdigits.training.pen import write

PATIENCE, BODY = 1.5, 1 << 20
START = """
from inkdigits.server.app import Settings
from inkdigits.server.limits import Limits
from inkdigits.server.run import run
raise SystemExit(run(Settings(workers=1, room=%d, limits=Limits(body=%d, patience=%g)), "127.0.0.1", 0))
"""


class Service:
    """A running service. port: where it listens."""

    def __init__(self, room: int = 4, body: int = BODY, patience: float = PATIENCE) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", START % (room, body, patience)], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split(":")[2].split("/")[0])
        deadline = time.monotonic() + 30
        while self.get("/readyz") != 200:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def get(self, path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except urllib.error.URLError:
            return 0

    def post(self, path: str, content: bytes) -> tuple[int, dict[str, str], bytes]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", content, {"Content-Type": "image/png"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()
        except OSError:  # it has hung up while this was sent
            return 0, {}, b""

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)


@pytest.fixture(scope="module")
def service():
    service = Service()
    yield service
    service.process.kill()
    service.process.communicate()


def head(length: str) -> bytes:
    return f"POST /v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n{length}\r\n\r\n".encode()


def png(text: str = "27", scale: int = 1) -> bytes:
    ink = np.pad(write(text, np.random.default_rng(3)), 40)
    page = np.kron(np.round(235 * (1 - 0.8 * ink)).astype(np.uint8), np.ones((scale, scale), np.uint8))
    return cv2.imencode(".png", page)[1].tobytes()


def status(connection: socket.socket) -> int:
    return int(connection.makefile("rb").readline().split()[1])


def test_two_gigabytes_are_refused_before_they_come(service):
    with service.connect() as connection:
        connection.sendall(head(f"Content-Length: {2 << 30}"))
        assert status(connection) == 413


def test_a_body_that_does_not_say_its_size_is_refused_while_it_comes(service):
    sent = 0
    with service.connect() as connection:
        connection.sendall(head("Transfer-Encoding: chunked"))
        piece = b"10000\r\n" + bytes(1 << 16) + b"\r\n"
        try:
            for _ in range(200 * BODY // (1 << 16)):
                connection.sendall(piece)
                sent += len(piece)
        except OSError:
            pass  # it has hung up
        assert sent < 50 * BODY, "what is in the system's buffers, and no more"
    assert service.post("/v1/read", png())[0] == 200


def test_a_client_that_is_too_slow_is_told_so(service):
    with service.connect() as connection:
        connection.sendall(head("Content-Length: 1000") + b"x")
        start = time.monotonic()
        assert status(connection) == 408
        assert 0.5 * PATIENCE < time.monotonic() - start < 10 * PATIENCE


def answered(connection: socket.socket) -> None:
    """Ask, on a connection that stays open, whether the service lives, and read the whole answer."""
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    said = b""
    while not said.endswith(b"ok\n"):
        more = connection.recv(1 << 16)
        assert more, "it has hung up, though it had no reason"
        said += more


def test_the_head_of_every_request_has_its_time(service):
    """Of the first, the second and the fourth request of a connection, whether it halts or drips: all at once, as all of it is waiting."""
    with ThreadPoolExecutor(6) as pool:
        for _ in pool.map(partial(check_its_head_has_its_time, service), (0, 1, 3, 0, 1, 3), (False,) * 3 + (True,) * 3):
            pass


def check_its_head_has_its_time(service, requests, drips):
    """The head that follows so many requests of a connection. drips: whether a byte of it comes now and then."""
    with service.connect() as connection:
        for _ in range(requests):
            answered(connection)
            time.sleep(PATIENCE / 2)
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: ")
        connection.settimeout(0.1)
        deadline = time.monotonic() + 10 * PATIENCE
        while (said := received(connection)) is None:
            assert time.monotonic() < deadline, "it waits for ever"
            if drips:
                with suppress(OSError):
                    connection.sendall(b"x")
        assert said == b"", "it was closed"


def received(connection: socket.socket) -> bytes | None:
    """What came, b"" where the service has hung up, None where nothing came in time."""
    try:
        return connection.recv(1 << 16)
    except TimeoutError:
        return None
    except OSError:
        return b""


def test_a_thousand_idle_connections_keep_nobody_out(service):
    idle = [service.connect() for _ in range(1000)]
    try:
        code, _, body = service.post("/v1/read", png())
        assert (code, json.loads(body)[0]["text"]) == (200, "27")
        for connection in idle:
            connection.settimeout(10 * PATIENCE)
            assert connection.recv(1) == b"", "it was closed for want of a request"
    finally:
        for connection in idle:
            connection.close()


def test_a_client_that_hangs_up_costs_nothing(service):
    for _ in range(20):
        with service.connect() as connection:
            connection.sendall(head("Content-Length: 1000") + b"x" * 10)
    assert service.get("/healthz") == 200
    assert service.post("/v1/read", png())[0] == 200


def test_a_full_queue_says_when_to_come_again(service):
    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda _: service.post("/v1/read", png("31415926", 4)), range(48)))
    codes = {code for code, _, _ in answers}
    assert codes == {200, 503}
    assert all(headers["retry-after"] == "1" for code, headers, _ in answers if code == 503)
    assert service.post("/v1/read", png())[0] == 200


def test_sigterm_finishes_what_runs():
    service = Service(room=64)
    with ThreadPoolExecutor(8) as pool:
        running = [pool.submit(service.post, "/v1/read", png("31415926", 4)) for _ in range(8)]
        time.sleep(0.15)
        service.process.send_signal(signal.SIGTERM)
        codes = [future.result()[0] for future in running]
    assert codes == [200] * 8
    assert service.process.wait(20) in (0, -signal.SIGTERM)
    service.process.communicate()
    assert service.get("/healthz") == 0


def test_an_address_that_is_taken_is_said(service):
    command = [sys.executable, "-m", "inkdigits", "serve", "--port", str(service.port), "--workers", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "cannot listen there (Address already in use); choose another" in done.stderr


def resident(pid: int) -> int:
    """The most memory, in MB, that a process has had."""
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(r"VmHWM:\s+(\d+)", file.read())[1]) >> 10


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_a_gigabyte_of_unfinished_uploads_is_not_held():
    service = Service(body=8 << 20, patience=20)
    try:
        before, clients = resident(service.process.pid), []
        for _ in range(128):
            clients.append(service.connect())
            with suppress(OSError):  # it was refused while it sent
                clients[-1].sendall(head(f"Content-Length: {8 << 20}") + bytes(15 << 19))
        code, _, body = service.post("/v1/read", png())
        assert (code, json.loads(body)[0]["text"]) == (200, "27"), "nobody else is kept waiting"
        assert resident(service.process.pid) - before < 3 * 8 * 8, "eight times the size of one, and what Python needs around it"
        for connection in clients:
            connection.close()
        assert service.post("/v1/read", bytes(7 << 20))[0] == 415, "there is room again"
    finally:
        service.process.kill()
        service.process.communicate()


@pytest.mark.slow
def test_large_bodies_of_json_keep_nobody_waiting():
    service = Service(room=64, body=64 << 20, patience=20)
    points = ",".join(["[0,0]"] * 170_000)
    bodies = [
        json.dumps({"strokes": "x" * (15 << 20)}).encode(),
        b"[" * (15 << 20),
        json.dumps({"strokes": [[[1]]] * 100_000}).encode(),
        ('{"strokes": [[' + points + "]]}").encode(),
        ("{" + '"a": 1, ' * 100_000 + '"b": 1}').encode(),
    ]
    try:
        with ThreadPoolExecutor(8) as pool:
            running = [pool.submit(service.post, path, body) for body in bodies * 3 for path in ("/v1/strokes", "/v1/inside")]
            waits = []
            while not all(future.done() for future in running):
                start = time.monotonic()
                assert service.get("/healthz") == 200
                waits.append(time.monotonic() - start)
                time.sleep(0.02)
        answers = [future.result() for future in running]
        assert {code for code, _, _ in answers} <= {0, 413, 422}, "0: hung up while it sent"
        assert max(len(said) for _, _, said in answers) < 300, "none of it is sent back"
        assert max(waits) < 5, "a stranger's JSON took 48 s of everybody's time"
    finally:
        service.process.kill()
        service.process.communicate()


@pytest.mark.slow
def test_clients_that_ask_and_go_away_keep_nobody_waiting():
    service = Service(room=16, body=8 << 20)
    image = png("31415926", 8)
    try:
        for _ in range(300):
            with service.connect() as connection:
                connection.sendall(head(f"Content-Length: {len(image)}") + image)
        deadline = time.monotonic() + 20
        while (code := service.post("/v1/read", png())[0]) == 503:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert code == 200
    finally:
        service.process.kill()
        service.process.communicate()
