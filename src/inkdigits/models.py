"""A model = a folder with `model.onnx` and `card.json`: loads it, checks that both fit, runs it.

tiles float32 (N, 28, 28) in [0, 1] -> logits float32 (N, K) -> probabilities, softmax(logits / temperature).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import ModelError

Float = NDArray[np.float32]

SHIPPED = Path(__file__).parent / "weights"
FORMAT = 1
"""Version of the card's format. A card of a newer format is refused, one of the same format may carry keys that we do not know."""
BATCH = 32
"""Tiles in one call of ONNX Runtime: larger batches fall out of the processor's cache and run slower."""


@dataclass(frozen=True, slots=True)
class Card:
    """What has to be known of a model to use it rightly; `card.json`.

    classes: names of the K outputs, in order. image_shape: height and width of a tile in pixels. preprocessing: a copy of the contract
    that the tiles were made by (`inkdigits.tiles.CONTRACT`), or {"version": 0} for images taken as they are.
    temperature: divides the logits, so that the probabilities are calibrated (Guo et al., 2017). thresholds: `answer` is the probability
    below which a position is answered "?". training: recipe, command, seed, versions, data with licences and hashes. metrics: measured
    after training. sha256: of `model.onnx`.
    """

    name: str
    classes: tuple[str, ...]
    image_shape: tuple[int, int] = (28, 28)
    version: str = "0"
    preprocessing: Mapping[str, Any] = field(default_factory=lambda: {"version": 0})
    temperature: float = 1.0
    thresholds: Mapping[str, float] = field(default_factory=lambda: {"answer": 0.0})
    training: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ""
    format: int = FORMAT

    def __post_init__(self) -> None:
        """Check every field that reading depends on. Raises ModelError that names the field and the reason."""
        for wrong, reason in (
            (self.format != FORMAT, f"format is {self.format}, this version of inkdigits reads format {FORMAT}"),
            (
                len(self.classes) < 2 or len(set(self.classes)) != len(self.classes),
                "classes must be two or more different names",
            ),
            (len(self.image_shape) != 2 or min(self.image_shape) < 1, "image_shape must be height and width in pixels"),
            (not self.temperature > 0, f"temperature must be above 0, it is {self.temperature}"),
            (not 0 <= self.thresholds.get("answer", -1) <= 1, "thresholds must hold `answer`, a probability"),
        ):
            if wrong:
                raise ModelError(f"card of {self.name or 'a model'}: {reason}")

    @classmethod
    def load(cls, path: Path) -> Card:
        """Read a `card.json`. Raises ModelError if it is missing, damaged, or does not hold what a card must."""
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ModelError(f"{path}: there is no card beside the model; a model is a folder with model.onnx and card.json") from None
        except (ValueError, OSError) as error:
            raise ModelError(f"{path}: the card cannot be read ({error}); export the model again") from None
        known = {f.name for f in fields(cls)}
        if not isinstance(found, dict) or not {"name", "classes", "format", "sha256"} <= found.keys():
            raise ModelError(f"{path}: not a card of inkdigits (name, classes, format and sha256 are needed); export the model again")
        values = {key: value for key, value in found.items() if key in known}
        try:
            values["classes"] = tuple(str(name) for name in values["classes"])
            values["image_shape"] = tuple(int(n) for n in values.get("image_shape", (28, 28)))
            return cls(**values)
        except (TypeError, ValueError, AttributeError) as error:
            raise ModelError(f"{path}: a field of the card has the wrong type ({error}); export the model again") from None

    def save(self, path: Path) -> None:
        """Write `card.json`, whole or not at all."""
        part = path.with_name(path.name + ".part")
        part.write_text(json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(part, path)


class Model:
    """A network ready to run. Make one with `Model.load`."""

    def __init__(self, card: Card, session: Any) -> None:
        self.card = card
        self._session = session

    @classmethod
    def load(cls, model: str | Path | None = None, *, threads: int = 1) -> Model:
        """Load a model and check that its file, its card and its graph fit each other.

        model: the name of a shipped model (None: "digit"), a run folder of `inkdigits train`, or an ONNX file with card.json beside it.
        threads: what ONNX Runtime may use for one call. Raises ModelError with the reason and the remedy.
        """
        path = _locate("digit" if model is None else model)
        card = Card.load(path.with_name("card.json"))
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != card.sha256:
            raise ModelError(
                f"{path}: its hash is not the one in its card: the file is damaged or belongs to another card; export it again"
            )
        return cls.of_bytes(content, card, source=str(path), threads=threads)

    @classmethod
    def of_bytes(cls, content: bytes, card: Card, *, source: str = "model", threads: int = 1) -> Model:
        """A model from the bytes of an ONNX file and its card. Raises ModelError, naming `source`, if they do not fit each other."""
        session = _session(source, content, threads)
        _check_graph(source, card, session)
        return cls(card, session)

    @property
    def name(self) -> str:
        """name-version/first digits of the hash: it names these very weights."""
        return f"{self.card.name}-{self.card.version}/{self.card.sha256[:8]}"

    def logits(self, tiles: Float) -> Float:
        """Scores before the softmax: float32 (N, H, W) in [0, 1], 1 = ink -> float32 (N, K). Raises ValueError for another shape."""
        tiles = np.ascontiguousarray(tiles, dtype=np.float32)
        if tiles.ndim != 3 or tiles.shape[1:] != self.card.image_shape:
            raise ValueError(f"tiles must have the shape (N, {self.card.image_shape[0]}, {self.card.image_shape[1]}), not {tiles.shape}")
        out = np.empty((len(tiles), len(self.card.classes)), np.float32)
        for i in range(0, len(tiles), BATCH):
            out[i : i + BATCH] = self._session.run(["logits"], {"tiles": tiles[i : i + BATCH]})[0]
        return out

    def probabilities(self, tiles: Float) -> Float:
        """Calibrated probabilities: float32 (N, H, W) -> float32 (N, K), each row summing to 1."""
        scaled = self.logits(tiles) / np.float32(self.card.temperature)
        scaled -= scaled.max(axis=1, keepdims=True, initial=-np.inf) if len(scaled) else 0
        powers = np.exp(scaled)
        result: Float = powers / powers.sum(axis=1, keepdims=True)
        return result


def _locate(model: str | Path) -> Path:
    """The ONNX file that a name, a folder or a path means."""
    shipped, path = SHIPPED / str(model) / "model.onnx", Path(model)
    if path.is_dir() and (path / "model.onnx").is_file():
        return path / "model.onnx"
    if path.is_file():
        return path
    if len(path.parts) == 1 and shipped.is_file():
        return shipped
    names = ", ".join(sorted(p.parent.name for p in SHIPPED.glob("*/model.onnx"))) or "none"
    raise ModelError(f"{model}: no such model; give a run folder, an ONNX file, or the name of a shipped model ({names})")


def _session(path: str, content: bytes, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1  # it ignores OMP_NUM_THREADS
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except (RuntimeError, ValueError, *_runtime_errors()) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"{path}: ONNX Runtime cannot load it ({reason}); export the model again") from None


def _runtime_errors() -> tuple[type[Exception], ...]:
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    return state.InvalidProtobuf, state.InvalidGraph, state.Fail, state.NotImplemented, state.InvalidArgument


def _check_graph(path: str, card: Card, session: Any) -> None:
    ends = [(e.name, e.type, tuple(e.shape[1:])) for e in (*session.get_inputs(), *session.get_outputs())]
    expected = [("tiles", "tensor(float)", card.image_shape), ("logits", "tensor(float)", (len(card.classes),))]
    if ends != expected:
        raise ModelError(f"{path}: its ends are {ends}, its card wants {expected}; export the model again")
