"""A model = a folder with `model.onnx` and `card.json`: loads it, checks that both fit, runs it.

Model      tiles float32 (N, 28, 28) in [0, 1] -> logits float32 (N, K) -> probabilities, softmax(logits / temperature)
NumberModel  strips float32 (N, 40, W) in [0, 1] -> logits float32 (N, W / 2, K) -> probabilities of every frame, in the same way
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from . import files
from .arrays import Float
from .errors import ModelError
from .layout.maps import MULTIPLE

Ends = tuple[tuple[str, tuple[int | str, ...]], tuple[str, tuple[int | str, ...]]]
"""Name and shape of the input and of the output of a graph; a text for a size that is free."""

NOT_A_DIGIT = "not a digit"
"""The class of whatever is none of the others: letters, pieces, scribbles. A model may do without it."""
SHIPPED = Path(__file__).parent / "weights"
FORMAT = 1
"""Version of the card's format. A newer one is refused; keys of the same format that we do not know are left alone, not read."""
MAX_MODEL, MAX_CARD = 512 << 20, 16 << 20
"""Bytes of an ONNX file and of a card, at most."""
EXTERNAL = re.compile(rb"(?:\n|\x8a\x80*\x00)(?:\x08|\x88\x80*\x00)location")
"""How ONNX says that the numbers of a tensor are in another file: `external_data` with a key `location`. Tag, length and text, the first
two as short or as long as Protocol Buffers allow."""
BATCH = 32
"""Tiles, or strips, in one call of ONNX Runtime. On one thread 16 to 64 run alike; 256 is 8 % slower on a LeNet, 1 is 40 % slower."""
PAGES = 4
"""Pages that a network is given at a time."""


READS = {
    "tiles": "single digits (every recipe but number)",
    "strips": "whole numbers (recipe number; how well it reads is in its run's report.html)",
}
"""What a model reads, by the name of its input."""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_probability_text(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"0\.\d+", value) is not None


FIELDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "name": (lambda v: isinstance(v, str) and v != "", "a text"),
    "version": (lambda v: isinstance(v, str) and v != "", "a text"),
    "classes": (
        lambda v: isinstance(v, tuple) and all(isinstance(name, str) and name for name in v) and len(set(v)) == len(v) > 1,
        "two or more different texts",
    ),
    "image_shape": (lambda v: isinstance(v, tuple) and len(v) == 2 and all(map(_is_count, v)), "height and width in pixels"),
    "preprocessing": (lambda v: isinstance(v, Mapping) and isinstance(v.get("version"), int), "an object with the contract's `version`"),
    "temperature": (lambda v: _is_number(v) and v > 0, "a number above 0"),
    "thresholds": (
        lambda v: isinstance(v, Mapping) and all(_is_number(p) and 0 <= p <= 1 for p in (*v.values(), v.get("answer"))),
        "an object with `answer`, and only probabilities",
    ),
    "confidence": (lambda v: isinstance(v, Mapping) and all(map(_is_number, v.values())), "an object of numbers"),
    "promises": (
        lambda v: isinstance(v, Mapping) and all(_is_probability_text(key) and _is_number(p) and 0 <= p <= 1 for key, p in v.items()),
        "an object of probabilities, each by a probability",
    ),
    "training": (lambda v: isinstance(v, Mapping), "an object"),
    "metrics": (lambda v: isinstance(v, Mapping), "an object"),
    "sha256": (lambda v: isinstance(v, str) and re.fullmatch("[0-9a-f]{64}|", v) is not None, "64 hexadecimal digits"),
}
"""What each field of a card has to be, as a test and in words."""


@dataclass(frozen=True, slots=True)
class Card:
    """What has to be known of a model to use it rightly; `card.json`.

    classes: names of the K outputs, in order. image_shape: height and width in pixels, of a tile, or of the strips trained on.
    preprocessing: a copy of the contract that the tiles or strips were made by (`inkdigits.recognition.tiles.CONTRACT`,
    `inkdigits.recognition.strips.CONTRACT`), or {"version": 0} for images taken as they are.
    temperature: divides the logits, so that the probabilities are calibrated (Guo et al., 2017). thresholds: `answer` is the probability
    below which a position is answered "?". confidence: of a number model, the weights of what speaks for a text
    (`inkdigits.recognition.confidence`). promises: of a number model, shares of right answers as texts, each with the confidence from which
    on lines keep it. training: recipe, command, seed, versions, data with licences and hashes. metrics: measured
    after training. sha256: of `model.onnx`, "" before there is one.

    Raises ModelError that names the field, for a value that does not fit.
    """

    name: str
    classes: tuple[str, ...]
    image_shape: tuple[int, int] = (28, 28)
    version: str = "0"
    preprocessing: Mapping[str, Any] = field(default_factory=lambda: {"version": 0})
    temperature: float = 1.0
    thresholds: Mapping[str, float] = field(default_factory=lambda: {"answer": 0.0})
    confidence: Mapping[str, float] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ""
    format: int = FORMAT
    promises: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check every field."""
        if self.format != FORMAT:
            raise ModelError(f"format is {self.format!r}, this inkdigits reads {FORMAT}; update inkdigits, or export the model again")
        for name, (fits, wanted) in FIELDS.items():
            if not fits(getattr(self, name)):
                raise ModelError(f"{name} must be {wanted}, not {getattr(self, name)!r}")

    @property
    def id(self) -> str:
        """name-version/first digits of a hash over the card and, as that holds its hash, the ONNX file: it names this very model."""
        content = json.dumps(self.to_dict(), sort_keys=True).encode()
        return f"{self.name}-{self.version}/{hashlib.sha256(content).hexdigest()[:8]}"

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON has them; `confidence` and `promises` only where there are any."""
        return {key: value for key, value in asdict(self).items() if key not in ("confidence", "promises") or value}

    @classmethod
    def from_dict(cls, found: Any) -> Card:
        """A card of what `to_dict` gives. Name, classes, format and sha256 must be there; keys that no field has are not read."""
        if not isinstance(found, dict) or not {"name", "classes", "format", "sha256"} <= found.keys():
            raise ModelError("not a card of inkdigits (name, classes, format and sha256 are needed); export the model again")
        known = {f.name for f in fields(cls)}
        values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in found.items() if key in known}
        return cls(**values)

    @classmethod
    def load(cls, path: str | Path) -> Card:
        """Read a `card.json`. Raises ModelError if it is missing, damaged, or does not hold what a card must."""
        try:
            return cls.from_dict(json.loads(_content(Path(path), MAX_CARD)))
        except FileNotFoundError:
            raise ModelError(f"{path}: there is no card beside the model; a model is a folder with model.onnx and card.json") from None
        except RecursionError:
            raise ModelError(f"{path}: the card cannot be read (its JSON is nested too deeply); export the model again") from None
        except (ValueError, OSError) as error:
            raise ModelError(f"{path}: the card cannot be read ({error}); export the model again") from None
        except ModelError as error:
            raise ModelError(f"{path}: {error}") from None

    def save(self, path: str | Path) -> None:
        """Write `card.json`, whole or not at all."""
        files.write(path, json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


class Network:
    """An ONNX file and its card that fit each other: what `Model` and `NumberModel` have in common."""

    shipped: ClassVar[str]
    """The name of the model that `load` takes where none is given."""

    def __init__(self, content: bytes, card: Card, *, threads: int = 1, device: str = "cpu", source: str = "model") -> None:
        """Its name is `Card.id`. content: the bytes of an ONNX file. threads, device: as for `load`. source: what errors call it. Raises
        ModelError as it."""
        if hashlib.sha256(content).hexdigest() != card.sha256:
            raise ModelError(f"{source}: its hash is not the one in its card; it is damaged or belongs to another card: export it again")
        self.card, self.name = card, card.id
        self._session = open_session(content, threads, source, device)
        _check_ends(self._session, self._ends(), source)

    @classmethod
    def load(cls, model: str | Path | None = None, *, threads: int = 1, device: str = "cpu") -> Self:
        """Load a model and check that its file, its card and its graph fit each other.

        model: the name of a shipped model (None: "digit", for numbers "number"), a run folder of `inkdigits train`, or an ONNX file with
        card.json beside it. A folder that has the name of a shipped model is reached as "./NAME". threads: what ONNX Runtime may use for
        one call. device: "cpu", or "cuda" where onnxruntime-gpu finds a GPU. Raises ModelError with the reason and the remedy. Whether the
        images of the reader are what the model was trained on is for the reader to check, by `card.preprocessing`: other models can still
        be evaluated.
        """
        path = locate(cls.shipped if model is None else model)
        card = Card.load(path.with_name("card.json"))
        try:
            content = _content(path, MAX_MODEL)
        except OSError as error:
            raise ModelError(f"{path}: cannot be read ({error.strerror}); check its permissions") from None
        except ValueError as error:
            raise ModelError(f"{path}: {error}; export it with fewer weights") from None
        return cls(content, card, threads=threads, device=device, source=str(path))

    def _run(self, images: Float) -> Float:
        """The logits of tiles or strips. Raises ModelError where the graph cannot be run, as for want of memory."""
        from onnxruntime.capi import onnxruntime_pybind11_state as state

        try:
            found: Float = self._session.run(["logits"], {self._ends()[0][0]: images})[0]
        except (state.Fail, state.RuntimeException, state.InvalidArgument, MemoryError) as error:
            raise ModelError(f"model {self.name}: it cannot be run ({str(error).splitlines()[0]}); export it again") from None
        return found

    def _ends(self) -> Ends:
        """The input and the output that the card promises."""
        raise NotImplementedError


class Model(Network):
    """A network of single digits, ready to run. Make one with `Model.load`."""

    shipped = "digit"

    def logits(self, tiles: NDArray[np.floating[Any]]) -> Float:
        """Scores before the softmax: tiles float32 (N, H, W) in [0, 1], 1 = ink -> float32 (N, K). N may be 0.

        Raises ValueError for another shape, for whole numbers, and for values outside [0, 1].
        """
        height, width = self.card.image_shape
        if tiles.ndim != 3 or tiles.shape[1:] != (height, width):
            raise ValueError(f"tiles must have the shape (N, {height}, {width}), not {tiles.shape}")
        tiles = _inked(tiles, "tiles")
        if 0 < len(tiles) <= BATCH:
            return self._run(tiles)
        out = np.empty((len(tiles), len(self.card.classes)), np.float32)
        for i in range(0, len(tiles), BATCH):
            out[i : i + BATCH] = self._run(tiles[i : i + BATCH])
        return out

    def probabilities(self, tiles: NDArray[np.floating[Any]]) -> Float:
        """Calibrated probabilities: tiles as for `logits` -> float32 (N, K), each row summing to 1."""
        return _softmax(self.logits(tiles), self.card.temperature)

    def _ends(self) -> Ends:
        return ("tiles", ("batch", *self.card.image_shape)), ("logits", ("batch", len(self.card.classes)))


class NumberModel(Network):
    """A network of whole numbers, ready to run. Make one with `NumberModel.load`."""

    shipped = "number"

    def logits(self, strips: NDArray[np.floating[Any]]) -> Float:
        """Scores before the softmax: strips float32 (N, 40, W) in [0, 1], 1 = ink, W a multiple of 4 -> float32 (N, W / 2, K). N may be 0.

        Raises ValueError for another shape, for whole numbers, and for values outside [0, 1].
        """
        height = self.card.image_shape[0]
        if strips.ndim != 3 or strips.shape[1] != height or strips.shape[2] % 4 or not strips.shape[2]:
            raise ValueError(f"strips must have the shape (N, {height}, W), W a multiple of 4, not {strips.shape}")
        strips = _inked(strips, "strips")
        out = np.empty((len(strips), strips.shape[2] // 2, len(self.card.classes)), np.float32)
        for i in range(0, len(strips), BATCH):
            out[i : i + BATCH] = self._run(strips[i : i + BATCH])
        return out

    def frames(self, strips: NDArray[np.floating[Any]]) -> Float:
        """Probabilities of the classes, the blank first, in every other column: strips as for `logits` -> float32 (N, W / 2, K)."""
        return _softmax(self.logits(strips), self.card.temperature)

    def _ends(self) -> Ends:
        return ("strips", ("batch", self.card.image_shape[0], "width")), ("logits", ("batch", "frames", len(self.card.classes)))


class FieldsModel(Network):
    """A network that says what stands where on a page, ready to run. Make one with `FieldsModel.load`."""

    shipped = "fields"

    def logits(self, pages: NDArray[np.floating[Any]]) -> Float:
        """Scores before the softmax: pages float32 (N, H, W) in [0, 1], grey, H and W multiples of 32 -> float32 (N, H / 4, W / 4, K).

        Raises ValueError for another shape, for whole numbers, and for values outside [0, 1].
        """
        if pages.ndim != 3 or pages.shape[1] % MULTIPLE or pages.shape[2] % MULTIPLE or not pages.size:
            raise ValueError(f"pages must have the shape (N, H, W), H and W multiples of {MULTIPLE}, not {pages.shape}")
        pages = _inked(pages, "pages")
        return np.concatenate([self._run(pages[i : i + PAGES]) for i in range(0, len(pages), PAGES)])

    def maps(self, pages: NDArray[np.floating[Any]]) -> Float:
        """Probabilities of the classes at every fourth pixel: pages as for `logits` -> float32 (N, H / 4, W / 4, K)."""
        return _softmax(self.logits(pages), self.card.temperature)

    def _ends(self) -> Ends:
        return ("pages", ("batch", "height", "width")), ("logits", ("batch", "rows", "columns", len(self.card.classes)))


def _inked(images: NDArray[np.floating[Any]], what: str) -> Float:
    """Images as ONNX Runtime wants them. Raises ValueError for whole numbers, and for values outside [0, 1]."""
    # Resampling may overshoot by a rounding error; what is refused here is images in 0..255, and NaN.
    if images.dtype.kind != "f" or not (images.min(initial=0) > -0.01 and images.max(initial=0) < 1.01):
        raise ValueError(f"{what} must be floats in [0, 1], not {images.dtype} up to {images.max(initial=0)}")
    return np.ascontiguousarray(images, dtype=np.float32)


def _softmax(logits: Float, temperature: float) -> Float:
    """softmax(logits / temperature) over the last axis."""
    scaled = logits / np.float32(temperature)
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    result: Float = powers / powers.sum(axis=-1, keepdims=True)
    return result


def _content(path: Path, most: int) -> bytes:
    """The bytes of a file. Raises OSError, ValueError where they are too many."""
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"larger than {most >> 20} MiB")
    return content


def locate(model: str | Path) -> Path:
    """The ONNX file that a name, a folder or a path means."""
    shipped = {path.parent.name: path for path in SHIPPED.glob("*/model.onnx")}
    if isinstance(model, str) and model in shipped:
        return shipped[model]
    path = Path(model)
    if path.is_dir():
        path /= "model.onnx"
        if not path.exists():
            raise ModelError(f"{model}: the folder holds no model.onnx; give the folder of a finished `inkdigits train`")
    if not path.exists():
        names = ", ".join(sorted(shipped)) or "none"
        raise ModelError(f"{model}: no such model; give a run folder, an ONNX file, or the name of a shipped model ({names})")
    return path


ADAPTED = ("number", "digit")
"""The folders that a folder of `inkdigits adapt` may hold: a network each."""


def part(model: str | Path | None, name: str) -> str | Path:
    """Which network of one of ADAPTED a model means: in a folder of `inkdigits adapt` the folder of that name, or the network that ships
    where nothing was learned; else a model is of single digits, and numbers are read by the network that ships."""
    if model is not None and not (isinstance(model, str) and model in ADAPTED):
        folders = {own: Path(model) / own for own in ADAPTED if (Path(model) / own / "model.onnx").is_file()}
        if folders and not (Path(model) / "model.onnx").exists():
            return folders.get(name, name)
    return model if model is not None and name == Model.shipped else name


def model_files(model: str | Path | None) -> list[Path]:
    """The files that a Reader's networks of digits and numbers are read from. Raises ModelError where there is none."""
    paths = [locate(part(model, name)) for name in ADAPTED]
    return [file for path in paths for file in (path, path.with_name("card.json"))]


PROVIDERS = {"cpu": ["CPUExecutionProvider"], "cuda": ["CUDAExecutionProvider", "CPUExecutionProvider"]}
"""What ONNX Runtime calls the devices."""


def open_session(content: bytes, threads: int, source: str, device: str = "cpu") -> Any:
    """An ONNX Runtime session of a model's bytes. source: what errors call it. Raises ModelError."""
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    if device not in PROVIDERS:
        raise ModelError(f"device must be {' or '.join(PROVIDERS)}, not {device!r}")
    providers = [name for name in PROVIDERS[device] if name in onnxruntime.get_available_providers()]
    if device == "cuda" and len(providers) == 1:
        raise ModelError("ONNX Runtime finds no GPU here: pip install onnxruntime-gpu in place of onnxruntime, or read on the CPU")
    if EXTERNAL.search(content):
        raise ModelError(f"{source}: its weights are in another file (external tensor data), which is not opened; export it as one file")
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.load_model_format", "ONNX")
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1  # it ignores OMP_NUM_THREADS
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(content, options, providers=providers)
    except (
        state.InvalidProtobuf, state.InvalidGraph, state.InvalidArgument, state.NotImplemented, state.Fail, state.RuntimeException,
        MemoryError,
    ) as error:  # fmt: skip
        reason = (str(error).splitlines() or ["not enough memory"])[0]
        raise ModelError(f"{source}: ONNX Runtime cannot load it ({reason}); export the model again") from None


def _check_ends(session: Any, wanted: Ends, source: str) -> None:
    """Raise ModelError unless the graph's input and output are the float32 tensors of `wanted`, free where a text stands for a size."""
    found = [(end.name, end.type, tuple(end.shape)) for end in (*session.get_inputs(), *session.get_outputs())]
    kind, other = wanted[0][0], found[0][0]
    if other != kind and other in READS:
        raise ModelError(f"{source}: it reads {READS[other]}, and what is needed here reads {READS[kind]}")
    fixed = [(name, sort, tuple(size if isinstance(size, int) else None for size in shape)) for name, sort, shape in found]
    if fixed != [(name, "tensor(float)", tuple(size if isinstance(size, int) else None for size in shape)) for name, shape in wanted]:
        expected = " and ".join(f"{name} ({', '.join(map(str, shape))})" for name, shape in wanted)
        listed = ", ".join(f"{name} {shape} {sort}" for name, sort, shape in found)
        raise ModelError(
            f"{source}: its inputs and outputs do not fit its card, which wants {expected}, float, not {listed}; export the model again"
        )
