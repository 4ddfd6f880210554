"""The names that the service answers to, the addresses that it prints, the QR code of one."""

import subprocess
import sys

import cv2
import numpy as np
import pytest

pytest.importorskip("fastapi", reason="needs inkdigits[serve]")

from inkdigits.server.addresses import Names, names_of, pages, qr


@pytest.mark.parametrize(
    ("names", "host", "held"),
    [
        pytest.param(Names(), "localhost:8000", True, id="this machine"),
        pytest.param(Names(), "LOCALHOST", True, id="in capitals"),
        pytest.param(Names(), "[::1]:8000", True, id="in IPv6"),
        pytest.param(Names(), "192.168.1.5:8000", False, id="an address it does not listen on"),
        pytest.param(Names(), "localhost.example", False, id="a name that begins alike"),
        pytest.param(Names(), "example@localhost", False, id="with a user"),
        pytest.param(Names(), "", False, id="none"),
        pytest.param(names_of("192.168.1.5", "192.168.1.5"), "192.168.1.5:80", True, id="the address it listens on"),
        pytest.param(names_of("box.lan", "192.168.1.5"), "box.lan:8000", True, id="the name it listens on"),
        pytest.param(names_of("box.lan", "192.168.1.5"), "192.168.1.5", True, id="the address of that name"),
        pytest.param(names_of("box.lan", "192.168.1.5"), "192.168.1.6", False, id="another address"),
        pytest.param(names_of("0.0.0.0", "0.0.0.0"), "192.168.1.6:8000", True, id="everywhere: any address"),
        pytest.param(names_of("::", "::"), "[fd00::7]:8000", True, id="everywhere: any address of IPv6"),
        pytest.param(names_of("0.0.0.0", "0.0.0.0"), "rebound.example", False, id="everywhere: no other name"),
        pytest.param(names_of("127.0.0.1", "127.0.0.1", ["Digits.example:443"]), "digits.example", True, id="a name that is allowed"),
        pytest.param(names_of("127.0.0.1", "127.0.0.1", ["digits.example"]), "a.digits.example", False, id="not those below it"),
        pytest.param(names_of("127.0.0.1", "127.0.0.1", ["*"]), "anything", True, id="any name"),
    ],
)
def test_names(names, host, held):
    assert names.hold(host) is held


def test_the_pages_for_other_devices():
    assert pages("127.0.0.1", 8000) == pages("::1", 8000) == []
    assert pages("192.168.1.5", 8000) == ["http://192.168.1.5:8000/"]
    assert pages("fd00::5", 8000) == ["http://[fd00::5]:8000/"]
    for page in pages("0.0.0.0", 8000):
        assert page.startswith("http://")
        assert not page.startswith(("http://127.", "http://169.254.", "http://["))


def seen(lines):
    """What a phone reads off a terminal that shows these lines light on dark."""
    parts = {"█": (255, 255), "▀": (255, 0), "▄": (0, 255), " ": (0, 0)}
    rows = [[[parts[sign][half] for sign in line] for half in (0, 1)] for line in lines]
    picture = np.kron(np.array(rows, np.uint8).reshape(2 * len(lines), -1), np.ones((4, 4), np.uint8))
    return cv2.QRCodeDetector().detectAndDecode(picture)[0]


@pytest.mark.parametrize("address", ["http://192.168.1.5:8000/", "http://[2001:db8:85a3:8d3:1319:8a2e:370:7348]:65535/"])
def test_the_code_holds_the_address(address):
    assert seen(qr(address)) == address


def greeting(*options):
    """What the command says before it serves, and what it warns of."""
    command = [sys.executable, "-m", "inkdigits", "serve", "--port", "0", "--workers", "1", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8") as process:
        lines = []
        while not lines or (len(lines) > 1 and "take a photo" not in lines[-1]) or (len(lines) == 1 and "0.0.0.0" in options):
            lines.append(process.stdout.readline())
            assert lines[-1], process.stderr.read()
        process.kill()
        return [line.rstrip("\n") for line in lines], process.stderr.read()


@pytest.mark.skipif(not pages("0.0.0.0", 8000), reason="this machine is in no network")
def test_a_service_for_the_network_says_how_a_phone_reaches_it():
    port_page, *lines = greeting("--host", "0.0.0.0")[0]
    port = int(port_page.split(":")[2].split("/")[0])
    printed = [line.strip() for line in lines if line.startswith("  http")]
    assert printed == pages("0.0.0.0", port)
    assert [line[2:] for line in lines if line[2:] and set(line) <= set(" █▀▄")] == qr(printed[0])
    assert "needs HTTPS" in " ".join(lines)
    assert not [line for line in lines if "\x1b" in line], "colours are for terminals"


def test_a_service_for_this_machine_alone_prints_its_address_alone():
    lines, _ = greeting()
    assert len(lines) == 1
    assert lines[0].endswith("/  (Ctrl-C ends it)")


def test_a_name_that_is_none_is_refused():
    command = [sys.executable, "-m", "inkdigits", "serve", "--allow-host", "http://digits.example/"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "is not the name of a host" in done.stderr) == (2, True)
