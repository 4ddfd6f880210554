"""An exported network in whole numbers of 8 bits: a quarter of the size, and two to three times as fast on processors that have them.

Weights are rounded channel by channel, activations by the range that they have on training images (Jacob et al., Quantization and Training
of Neural Networks for Efficient Integer-Arithmetic-Only Inference, 2018, sections 2 and 3); the rounding is ONNX Runtime's own.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from inkdigits import files
from inkdigits.arrays import Float
from inkdigits.errors import ExportError
from inkdigits.models import BATCH, Card, Model, NumberModel

from .backend import use_backend
from .cards import card_metrics, metadata
from .datasets import Dataset, load, mnist_writers
from .evaluate import evaluate
from .evaluate_lines import evaluate_lines, greedy
from .features import write_features
from .progress import making

IMAGES, STRIPS = 1024, 128
"""Training images, or rows composed for training, that the range of the activations is taken from."""
SAME, SAME_STRIPS = 0.995, 0.95
"""The share of these images, or rows, on which the answers must not change. A row has a dozen characters, any of
which may change, and one of 128 rows is 0.8 %."""
OF_STRIPS = "number"
"""The recipe of strips whose networks can be rounded: its rows are composed anew."""


def export_int8(run: Path, out: Path) -> Path:
    """Write the exported network of a run in 8 bits: `out` gets model.onnx, card.json with the metrics measured anew, and of single
    digits features.onnx.

    run: a folder with model.onnx and card.json, of single digits or of recipe number; its data must be at hand, by the name in the card,
    for recipe number the collections that it composes rows of. Raises ExportError, and writes nothing, where the answers change on more
    than 1 - SAME of the images, or 1 - SAME_STRIPS of the rows; ModelError for other models of lines, DataError without the data.
    """
    of_strips = Card.load(run / "card.json").training.get("recipe") == OF_STRIPS
    model = NumberModel.load(run) if of_strips else Model.load(run)
    images, source, test = _strips(model.card) if of_strips else _digits(model.card)
    content = quantized((run / "model.onnx").read_bytes(), images, metadata(model.card), last=not of_strips)
    card = replace(model.card, sha256=hashlib.sha256(content).hexdigest(), metrics={})
    small = NumberModel(content, card) if of_strips else Model(content, card)
    same = float(np.mean([a == b for a, b in zip(_answers(small, images), _answers(model, images), strict=True)]))
    if same < (SAME_STRIPS if of_strips else SAME):
        raise ExportError(f"model {model.name}: in 8 bits only {same:.2%} of its answers stay the same; nothing was written, keep 32 bits")
    exported = {"command": "inkdigits export RUN --to int8", "ranges_from": source, "same_answers": same}
    result = evaluate_lines(small, test()) if isinstance(small, NumberModel) else evaluate(small, test())
    figures = {"test": card_metrics(result), "before": model.card.metrics.get("test")}
    card = replace(card, training={**card.training, "exported": exported}, metrics=figures)
    files.write(out / "model.onnx", content)
    if not of_strips:
        write_features(content, card, out)
    card.save(out / "card.json")
    return out / "model.onnx"


def _digits(card: Card) -> tuple[Float, str, Callable[[], Dataset]]:
    """Training images float32 (N, H, W) in [0, 1] of the data set of a card, what they are, and what gives its test images."""
    name = card.training["data"][0]["name"]
    train, test = (load(name, split) for split in ("train", "test"))
    images = np.divide(train.images[:IMAGES], 255, dtype=np.float32)
    return images, f"{len(images):,} training images of {name}", lambda: test


def _strips(card: Card) -> tuple[Float, str, Callable[[], Dataset]]:
    """Rows float32 (N, H, W) in [0, 1] of hands that the network of a card was trained on, what they are, and what composes the rows of its
    test. Raises ExportError where the recipe composes others by now, DataError where a collection is missing."""
    use_backend()  # before the recipe imports Keras
    from .recipes import number

    train, progress = load("mnist", "train"), making(quiet=False)
    if train.writers is None:
        train = replace(train, writers=mnist_writers())  # which says what is missing
    settings = number.SETTINGS.changed(**card.training["settings"])
    own, _ = number.writers(train, settings, card.training["seed"])
    made = number.composed(own, "trainable", STRIPS, (0, 4), progress)
    if (made.images.shape[1], made.classes) != (card.image_shape[0], card.classes):
        raise ExportError(
            f"model {card.id}: it reads strips {card.image_shape[0]} pixels high and {len(card.classes)} classes, its recipe now composes "
            f"{made.images.shape[1]} and {len(made.classes)}; train it again"
        )
    images = np.divide(made.images, 255, dtype=np.float32)
    source = f"{len(images):,} rows composed of the hands that it was trained on"
    return images, source, lambda: number.composed(load("mnist", "test"), "dev", number.TEST, (0, 3), progress)


def _answers(model: Model | NumberModel, images: Float) -> list[tuple[int, ...]]:
    """What a model says of each image: its likeliest class, of strips the characters of its likeliest frames."""
    if isinstance(model, NumberModel):
        return [tuple(row.tolist()) for row in greedy(model.logits(images))]
    return [(int(label),) for label in model.logits(images).argmax(axis=1)]


def quantized(content: bytes, images: Float, facts: dict[str, str], *, last: bool = True) -> bytes:
    """The bytes of an ONNX file in 8 bits. images: float32 (N, H, W), training images, or strips. facts: its metadata.

    last: round the layer that gives the logits too. Of strips many frames are close to two answers, and keep them where that layer stays
    as it is, for a few kilobytes.
    """
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Images(CalibrationDataReader):  # type: ignore[misc]
        """Batches of the images, as ONNX Runtime's quantizer asks for them."""

        def __init__(self) -> None:
            self.batches: Iterator[Float] = (images[i : i + BATCH] for i in range(0, len(images), BATCH))

        def get_next(self) -> dict[str, Any] | None:
            batch = next(self.batches, None)
            return None if batch is None else {name: batch}

    model = onnx.load_from_string(content)
    name, kept = model.graph.input[0].name, [] if last else _last_layer(model)
    logging.disable(logging.WARNING)  # it advises a clean-up that our graphs do not need
    try:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "int8.onnx"
            quantize_static(
                model, str(path), Images(), quant_format=QuantFormat.QDQ, per_channel=True,
                activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, nodes_to_exclude=kept,
            )  # fmt: skip
            model = onnx.load(str(path))
    finally:
        logging.disable(logging.NOTSET)
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, facts)
    unsign_weights(model)
    result: bytes = model.SerializeToString()
    return result


def _last_layer(model: Any) -> list[str]:
    """The names of the last node with weights in an onnx.ModelProto and of those after it."""
    nodes = list(model.graph.node)
    weighted = [i for i, node in enumerate(nodes) if node.op_type in ("Conv", "Gemm", "MatMul")]
    return [node.name for node in nodes[weighted[-1] :]] if weighted else []


def unsign_weights(model: Any) -> None:
    """Store the weights of an onnx.ModelProto as uint8 in place of int8, with a zero point of 128: the same numbers.

    Where a processor has no VNNI instructions (all but recent ones), ONNX Runtime adds products of unsigned by signed bytes in 16 bits,
    which overflow: MNIST falls from 99.62 to 98.32 %. Products of unsigned bytes are exact on every processor.
    """
    from onnx import TensorProto, numpy_helper

    arrays = {array.name: array for array in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type != "DequantizeLinear" or node.input[0] not in arrays:
            continue
        for name in (node.input[0], node.input[2]):
            if arrays[name].data_type == TensorProto.INT8:
                shifted = (numpy_helper.to_array(arrays[name]).astype(np.int16) + 128).astype(np.uint8)
                arrays[name].CopyFrom(numpy_helper.from_array(shifted, name))
