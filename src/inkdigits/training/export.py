"""Writes a trained network as ONNX, SavedModel or TFLite, and only if it answers as Keras does.

What is compared, on 256 random images and on real ones (of lines on 64, of pages on 6, and at another width too):
- ONNX: Keras and ONNX Runtime with the NumPy forward pass, which computes in double precision. Probabilities may differ from its own
  by TOLERANCE, logits by TOLERANCE times the largest logit (at least 1), because that is what single precision can hold.
- SavedModel, TFLite: the output of Keras and theirs, probabilities as well as logits in the same way.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import warnings
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from inkdigits import files
from inkdigits.arrays import Float
from inkdigits.errors import ExportError, MissingExtra, ModelError
from inkdigits.models import Card, FieldsModel, Model, NumberModel

from .backend import use_backend
from .cards import metadata
from .datasets import load
from .features import write_features
from .forward import forward, softmax
from .graph import graph_of

TOLERANCE = 1e-5
RANDOM_IMAGES, REAL_IMAGES = 256, 1000
RANDOM_STRIPS, REAL_STRIPS, OTHER_WIDTH = 64, 200, 96
PAGES_EACH = 6
BATCH = 128


def export_run(run: str | Path, to: str, out: Path | None = None) -> Path:
    """Export what `inkdigits train` left in a folder; returns where it was written.

    run: a folder with model.keras and card.json. to: onnx, int8, savedmodel or tflite. out: a folder for onnx and int8 (model.onnx,
    card.json) and for savedmodel, a file for tflite; None: inside the run. Raises ModelError for a folder that is no run, ExportError as
    the exports do.
    """
    run = Path(run)
    if out is not None:
        _check_apart(run, to, out)
    if to == "int8":
        from .quantize import export_int8

        return export_int8(run, out or run / "int8")
    weights = run / "model.keras"
    if not weights.is_file():
        remedy = "a model that has only an ONNX file is exported already" if run.exists() else "give the folder of an `inkdigits train`"
        raise ModelError(f"{run}: holds no model.keras to export; {remedy}")
    card = Card.load(run / "card.json")
    use_backend(None if to == "onnx" else "tensorflow")
    import keras

    try:
        model = keras.models.load_model(weights, compile=False)
    except (ValueError, OSError, TypeError, BadZipFile) as error:
        reason = str(error).strip().splitlines()[0]
        raise ModelError(f"{weights}: Keras cannot load it ({reason}); train it again") from None
    images = real_digits(card.image_shape) if len(model.output_shape) != 3 else real_strips(card.image_shape)
    out = out or {"onnx": run, "savedmodel": run / "savedmodel", "tflite": run / "model.tflite"}[to]
    (out if to == "onnx" else out.parent).mkdir(parents=True, exist_ok=True)
    if to == "onnx":
        export_onnx(model, out / "model.onnx", card=card, real_images=images).save(out / "card.json")
        return out / "model.onnx"
    (export_savedmodel if to == "savedmodel" else export_tflite)(model, out, real_images=images)
    return out


def _check_apart(run: Path, to: str, out: Path) -> None:
    """Raise ExportError where an export would be written over a file that it is made from, or over those of another run."""
    same = os.path.realpath(out) == os.path.realpath(run)
    if to in ("onnx", "int8") and (out / "model.keras").exists() and not (to == "onnx" and same):
        whose = "from which it is made" if same else "of another run"
        raise ExportError(f"{out}: model.onnx and card.json there, {whose}, would be written over; give another --out")
    if to == "tflite" and out.suffix != ".tflite" and out.exists():
        raise ExportError(f"{out}: exists already and is no .tflite file; give another --out")


def real_digits(image_shape: tuple[int, int]) -> Float:
    """1,000 handwritten digits that are always at hand, scikit-learn's: float32 (1000, H, W) in [0, 1], 1 = ink."""
    import cv2

    height, width = image_shape
    images = load("digits", "train").images[:REAL_IMAGES]  # uint8 (1000, 28, 28)
    return np.stack([cv2.resize(image, (width, height)) for image in images]).astype(np.float32) / np.float32(255)


def real_strips(image_shape: tuple[int, int]) -> Float:
    """The same digits side by side: float32 (N, H, W) in [0, 1], at most 200."""
    height, width = image_shape
    digits = real_digits((height, height))
    across = -(-width // height)
    count = min(len(digits) // across, REAL_STRIPS)
    rows = digits[: count * across].reshape(count, across, height, height).swapaxes(1, 2)  # (N, H, across, H)
    return np.ascontiguousarray(rows.reshape(count, height, across * height)[:, :, :width])


def export_onnx(model: Any, path: str | Path, *, card: Card, real_images: Float) -> Card:
    """Write a Keras model as ONNX; returns `card` with the hash of the file filled in. The caller saves the card beside it.

    Beside a network of single digits goes `features.onnx` (`inkdigits.training.features`).

    model: Sequential or functional, (N, H, W) or (N, H, W, 1) -> (N, K), of lines (N, frames, K), of maps (N, h, w, K), ending in softmax
    or in logits; whatever the backend of Keras. real_images: float32 (N, H, W) in [0, 1], 1 = ink; the first 1000 are compared, and 256
    random images. Raises ExportError, and leaves no file, where a layer is not known, the card does not fit, or the answers differ.
    """
    from .onnxwriter import onnx_bytes

    graph = graph_of(model)
    outputs = graph.steps[-1].shape[-1]
    if (graph.image_shape, outputs) != (card.image_shape, len(card.classes)):
        raise ExportError(
            f"model {model.name}: it takes images of {graph.image_shape} and gives {outputs} scores, "
            f"its card says {card.image_shape} and {len(card.classes)} classes; train it again for these classes"
        )
    content = onnx_bytes(graph, metadata(card))
    card = replace(card, sha256=hashlib.sha256(content).hexdigest())
    images = _inputs(card.image_shape, real_images, len(graph.steps[-1].shape))
    network = (FieldsModel if graph.maps else NumberModel if graph.lines else Model)(content, card)
    keras_says, onnx_says, numpy_says = run_keras(model, images), network.logits(images), forward(graph, images)
    exact = softmax(numpy_says)
    for name, probabilities in (("ONNX Runtime", softmax(onnx_says)), ("Keras", keras_says if graph.softmax else softmax(keras_says))):
        _agree(model.name, f"{name} and the NumPy forward pass", probabilities, exact, 1.0)
    _agree(model.name, "ONNX Runtime and the NumPy forward pass", onnx_says, numpy_says)
    if graph.lines or graph.maps:
        narrow = images[-RANDOM_STRIPS:, :, :OTHER_WIDTH]
        who = f"ONNX Runtime and the NumPy forward pass, on images of {OTHER_WIDTH} columns,"
        _agree(model.name, who, network.logits(narrow), forward(graph, narrow))
    files.write(path, content)
    if not (graph.lines or graph.maps):
        write_features(content, card, Path(path).parent)
    return card


def export_savedmodel(model: Any, path: str | Path, *, real_images: Float) -> None:
    """Write a Keras model as a TensorFlow SavedModel: a new folder, its `serve` takes float32 (N, H, W) and gives what Keras gives.

    Raises ExportError where the folder exists, the answers differ, or Keras runs on another backend; MissingExtra without TensorFlow.
    """
    tensorflow = _tensorflow("SavedModel")
    path = Path(path)
    if path.exists():
        raise ExportError(f"{path}: exists already; remove it, or choose another --out")
    images = _inputs(model.inputs[0].shape[1:3], real_images, len(model.output_shape) - 1)
    with TemporaryDirectory(dir=path.parent, prefix=f"{path.name}.") as folder:
        part = Path(folder) / "model"
        model.export(str(part), format="tf_saved_model", verbose=False)
        saved = tensorflow.saved_model.load(str(part))
        found = np.concatenate([saved.serve(batch).numpy() for batch in _batches(_shaped(model, images))])
        _agree(model.name, "SavedModel and Keras", found, run_keras(model, images))
        shutil.move(part, path)


def export_tflite(model: Any, path: str | Path, *, real_images: Float) -> None:
    """Write a Keras model as TFLite: float32 (N, H, W) -> what Keras gives, N set by `resize_tensor_input`. Errors as for a SavedModel."""
    tensorflow = _tensorflow("TFLite")
    images = _inputs(model.inputs[0].shape[1:3], real_images, len(model.output_shape) - 1)
    with TemporaryDirectory() as folder:
        model.export(folder, format="tf_saved_model", verbose=False)
        content = tensorflow.lite.TFLiteConverter.from_saved_model(folder).convert()
    with warnings.catch_warnings():  # the interpreter announces its own move to another package, on every call
        warnings.simplefilter("ignore")
        interpreter = tensorflow.lite.Interpreter(model_content=content, num_threads=1)
    start, end = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    found = []
    for batch in _batches(_shaped(model, images)):
        interpreter.resize_tensor_input(start, batch.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(start, batch)
        interpreter.invoke()
        found.append(interpreter.get_tensor(end))
    _agree(model.name, "TFLite and Keras", np.concatenate(found), run_keras(model, images))
    files.write(path, content)


def run_keras(model: Any, images: Float) -> Float:
    """What a Keras model gives: float32 (N, H, W) -> float32 (N, K) or (N, frames, K), in batches, as after training."""
    import keras

    rows = [keras.ops.convert_to_numpy(model(batch, training=False)) for batch in _batches(_shaped(model, images))]
    return np.concatenate(rows)


def _inputs(image_shape: tuple[int, int], real_images: Float, dimensions: int) -> Float:
    """Random images, then real ones: float32 (256 + up to 1000, H, W), of lines (64 + up to 200, H, W), of pages (6 + up to 6, H, W).

    dimensions: of what the network gives for one of them: 1, of lines 2, of maps 3."""
    if real_images.dtype != np.float32 or real_images.ndim != 3 or real_images.shape[1:] != tuple(image_shape) or not len(real_images):
        raise ExportError(
            f"images to compare on: float32 (N, {image_shape[0]}, {image_shape[1]}) in [0, 1] are needed, "
            f"not {real_images.dtype} {real_images.shape}"
        )
    made, real = ((RANDOM_IMAGES, REAL_IMAGES), (RANDOM_STRIPS, REAL_STRIPS), (PAGES_EACH, PAGES_EACH))[dimensions - 1]
    random = np.random.default_rng(0).random((made, *image_shape), np.float32)
    return np.concatenate([random, real_images[:real]])


def _shaped(model: Any, images: Float) -> Float:
    return images.reshape(len(images), *model.inputs[0].shape[1:])  # (N, H, W) or (N, H, W, 1)


def _batches(images: Float) -> list[Float]:
    return [images[i : i + BATCH] for i in range(0, len(images), BATCH)]


def _agree(name: str, who: str, found: NDArray[Any], wanted: NDArray[Any], scale: float | None = None) -> None:
    """Raise ExportError where two outputs (N, K) differ by more than TOLERANCE times `scale`; None: by their size, at least 1."""
    difference = float(np.abs(found - wanted).max())
    limit = TOLERANCE * (max(1.0, float(np.abs(wanted).max())) if scale is None else scale)
    if not difference <= limit:  # NaN is no agreement either
        raise ExportError(
            f"model {name}: {who} differ by {difference:.1e}, allowed are {limit:.1e}; nothing was written. "
            "Train and export in float32; if it is, this is an error of the export: please report it with the model"
        )


def _tensorflow(purpose: str) -> Any:
    import importlib.util

    import keras

    if importlib.util.find_spec("tensorflow") is None:
        raise MissingExtra("train", f"exporting to {purpose}")
    if keras.backend.backend() != "tensorflow":
        backend = keras.backend.backend()
        raise ExportError(f"{purpose} is written by TensorFlow, but Keras runs on {backend}; start again with KERAS_BACKEND=tensorflow")
    import tensorflow

    return tensorflow
