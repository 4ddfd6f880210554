"""Functions of the ES modules of the page, called from Python in node."""

import base64
import json
import subprocess
from importlib import resources
from pathlib import Path

import numpy as np

MODULES = Path(str(resources.files("inkdigits.server"))) / "page" / "reader"
BESIDE = Path(__file__).with_name("reading.mjs")
"""What needs an object of the modules."""


class Modules:
    """Calls functions of the ES modules of the reader in node: `modules("opencv.js", "blur", array, 3)`.

    A two-dimensional array is a plane there; a Python function among the arguments is called back with arrays and numbers.
    """

    def __init__(self, node):
        command = [node, str(Path(__file__).with_name("bridge.mjs"))]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, module, name, *arguments):
        callbacks = []
        self._tell({"module": str(MODULES / module), "name": name, "arguments": [_given(one, callbacks) for one in arguments]})
        while True:
            line = self.process.stdout.readline()
            assert line, "node has ended"
            answer = json.loads(line)
            if "error" in answer:
                raise AssertionError(answer["error"])
            if "call" not in answer:
                return _taken(answer.get("value"))
            self._tell({"value": _given(callbacks[answer["call"] - 1](*map(_taken, answer["arguments"])), callbacks)})

    def _tell(self, what):
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(10)


def _given(value, callbacks):
    if callable(value):
        callbacks.append(value)
        return {"callback": len(callbacks)}
    if isinstance(value, np.ndarray):
        return {"dtype": value.dtype.name, "shape": value.shape, "base64": base64.b64encode(np.ascontiguousarray(value)).decode()}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list | tuple):
        return [_given(one, callbacks) for one in value]
    if isinstance(value, dict):
        return {key: _given(one, callbacks) for key, one in value.items()}
    return value


def _taken(value):
    if isinstance(value, dict) and "base64" in value:
        return np.frombuffer(base64.b64decode(value["base64"]), value["dtype"]).reshape(value["shape"])
    if isinstance(value, dict):
        return {key: _taken(one) for key, one in value.items()}
    return [_taken(one) for one in value] if isinstance(value, list) else value
