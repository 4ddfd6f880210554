"""Keras model -> ONNX file, layer by layer; nothing but `onnx` is needed, and the result is checked before it is kept.

The ONNX file: input `tiles` float32 (batch, H, W) in [0, 1], 1 = ink; output `logits` float32 (batch, K); a final softmax is left out, because
calibration divides the logits by a temperature first. The card's facts are in the file's metadata.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.errors import ExportError, MissingExtra
from inkdigits.models import Card, Model

from .calibrate import softmax
from .forward import forward

OPSET, IR_VERSION = 17, 8
"""Old enough for every ONNX runtime of the last years."""
TOLERANCE = 1e-5
"""Keras, ONNX Runtime and NumPy may differ by this much in any probability."""

Float = NDArray[np.float32]


def export_onnx(model: Any, path: Path, *, card: Card, real_images: Float) -> Card:
    """Write a Keras model as ONNX, with its card beside it as card.json; returns the card with the file's hash.

    real_images: float32 (N, H, W), about 1,000 of them. On these and on 256 random images Keras, ONNX Runtime and a NumPy forward pass must agree to
    1e-5 in every probability; else ExportError is raised and nothing is written.
    """
    content = _Graph(model, card).serialized()
    card = replace(card, sha256=hashlib.sha256(content).hexdigest())
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    try:
        height, width = card.image_shape
        random = np.random.default_rng(0).random((256, height, width), dtype=np.float32)
        _compare(model, content, card, np.concatenate([random, real_images.astype(np.float32)]))
    except ExportError:
        part.unlink()
        raise
    os.replace(part, path)
    card.save(path.with_name("card.json"))
    return card


def _compare(model: Any, content: bytes, card: Card, images: Float) -> None:
    keras_says = np.asarray(model.predict(images, batch_size=256, verbose=0), dtype=np.float64)
    onnx_says = softmax(Model.of_bytes(content, card).logits(images))
    numpy_says = np.concatenate([forward(model, images[i : i + 128]) for i in range(0, len(images), 128)])
    if not _ends_in_softmax(model):
        keras_says, numpy_says = softmax(keras_says), softmax(numpy_says)
    for name, says in (("ONNX Runtime", onnx_says), ("NumPy", numpy_says)):
        difference = float(np.abs(says - keras_says).max())
        if not difference <= TOLERANCE:
            raise ExportError(
                f"{name} and Keras differ by {difference:.1e} in a probability, {TOLERANCE:.0e} is allowed; nothing was written"
            )


def _ends_in_softmax(model: Any) -> bool:
    last = model.layers[-1]
    return type(last).__name__ == "Softmax" or last.get_config().get("activation") == "softmax"


class _Graph:
    """Builds the ONNX graph of a sequence of layers. Keras keeps channels last, ONNX first: turned once, where the channel axis appears."""

    def __init__(self, model: Any, card: Card) -> None:
        try:
            import onnx
        except ImportError:
            raise MissingExtra("train", "exporting") from None
        self.onnx, self.card = onnx, card
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.value = "tiles"
        self.shape: tuple[int, ...] = tuple(card.image_shape)  # as Keras has it, without the batch
        self.channels_first = False
        if getattr(model, "_is_graph_network", False) and not _is_chain(model):
            raise ExportError(f"model {model.name}: layers must follow each other in one line; branches are not exported")
        last = len(model.layers) - 1
        for i, layer in enumerate(model.layers):
            kind = type(layer).__name__
            if kind not in _WRITERS:
                raise ExportError(f"layer {layer.name} ({kind}) cannot be exported; known are {', '.join(sorted(_WRITERS))}")
            config = dict(layer.get_config())
            if i == last and config.get("activation") == "softmax":
                config["activation"] = "linear"
            if not (i == last and kind == "Softmax"):
                _WRITERS[kind](self, config, layer.get_weights())
        if self.shape != (len(card.classes),):
            raise ExportError(f"model {model.name}: its output is {self.shape}, the card has {len(card.classes)} classes")

    def add(self, operator: str, *constants: Any, **attributes: Any) -> None:
        """Append a node that takes the current value, then the constants, and becomes the current value."""
        names = []
        for constant in constants:
            names.append(f"w{len(self.constants)}")
            self.constants.append(self.onnx.numpy_helper.from_array(np.ascontiguousarray(constant), names[-1]))
        output = f"v{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(operator, [self.value, *names], [output], **attributes))
        self.value = output

    def activation(self, name: str) -> None:
        if name == "relu":
            self.add("Relu")
        elif name == "softmax":
            self.add("Softmax", axis=1 if self.channels_first else -1)
        elif name != "linear":
            raise ExportError(f"activation {name!r} cannot be exported; known are linear, relu and softmax")

    def reshape(self, config: dict[str, Any], weights: list[Any]) -> None:
        target = tuple(int(n) for n in config["target_shape"])
        if len(target) != 3 or target[:2] != self.shape[:2] or len(self.shape) != 2 or target[2] != 1:
            raise ExportError(f"a Reshape to {target} cannot be exported; only (H, W) -> (H, W, 1) can")
        self.add("Reshape", np.array([-1, 1, *target[:2]], np.int64))
        self.shape, self.channels_first = target, True

    def conv(self, config: dict[str, Any], weights: list[Any]) -> None:
        kernel = np.asarray(weights[0], np.float32)  # (kh, kw, in, out)
        if tuple(config["dilation_rate"]) != (1, 1) or config.get("groups", 1) != 1:
            raise ExportError("a convolution with dilation or groups cannot be exported")
        bias = [np.asarray(weights[1], np.float32)] if config["use_bias"] else []
        strides = tuple(config["strides"])
        pads, self.shape = self._window(kernel.shape[:2], strides, config["padding"], kernel.shape[3])
        self.add("Conv", kernel.transpose(3, 2, 0, 1), *bias, kernel_shape=kernel.shape[:2], strides=strides, pads=pads)
        self.activation(config["activation"])

    def pool(self, operator: str, config: dict[str, Any]) -> None:
        size = tuple(config["pool_size"])
        strides = tuple(config["strides"] or size)
        pads, self.shape = self._window(size, strides, config["padding"], self.shape[2])
        self.add(operator, kernel_shape=size, strides=strides, pads=pads)

    def _window(self, size: tuple[int, ...], strides: tuple[int, ...], padding: str, channels: int) -> tuple[list[int], tuple[int, ...]]:
        """ONNX's pads (top, left, bottom, right) and the shape that a sliding window leaves."""
        begin, end, shape = [], [], []
        for length, window, stride in zip(self.shape[:2], size, strides, strict=True):
            out = -(-length // stride) if padding == "same" else (length - window) // stride + 1
            total = max((out - 1) * stride + window - length, 0) if padding == "same" else 0
            begin.append(total // 2)
            end.append(total - total // 2)
            shape.append(out)
        return begin + end, (*shape, channels)

    def norm(self, config: dict[str, Any], weights: list[Any]) -> None:
        rest = [np.asarray(w, np.float32) for w in weights]
        gamma = rest.pop(0) if config["scale"] else np.ones_like(rest[-1])
        beta = rest.pop(0) if config["center"] else np.zeros_like(rest[-1])
        self.add("BatchNormalization", gamma, beta, *rest, epsilon=float(config["epsilon"]))  # the runtime folds it into the convolution

    def global_pool(self, operator: str) -> None:
        self.add(operator)
        self.add("Flatten")
        self.shape, self.channels_first = self.shape[2:], False

    def flatten(self, config: dict[str, Any], weights: list[Any]) -> None:
        if self.channels_first:
            self.add("Transpose", perm=[0, 2, 3, 1])
            self.channels_first = False
        self.add("Flatten")
        self.shape = (int(np.prod(self.shape)),)

    def dense(self, config: dict[str, Any], weights: list[Any]) -> None:
        kernel = np.asarray(weights[0], np.float32)
        bias = np.asarray(weights[1], np.float32) if config["use_bias"] else np.zeros(kernel.shape[1], np.float32)
        self.add("Gemm", kernel, bias)
        self.shape = (kernel.shape[1],)
        self.activation(config["activation"])

    def serialized(self) -> bytes:
        """The ONNX file's bytes, the same for the same weights and card."""
        helper, proto = self.onnx.helper, self.onnx.TensorProto
        self.nodes[-1].output[0] = "logits"
        ends = [
            helper.make_tensor_value_info("tiles", proto.FLOAT, ["batch", *self.card.image_shape]),
            helper.make_tensor_value_info("logits", proto.FLOAT, ["batch", len(self.card.classes)]),
        ]
        graph = helper.make_graph(self.nodes, self.card.name, ends[:1], ends[1:], self.constants)
        model = helper.make_model(graph, producer_name="inkdigits", ir_version=IR_VERSION, opset_imports=[helper.make_opsetid("", OPSET)])
        facts = {
            "name": self.card.name,
            "version": self.card.version,
            "classes": json.dumps(self.card.classes, ensure_ascii=False),
            "image_shape": json.dumps(self.card.image_shape),
            "preprocessing": json.dumps(dict(self.card.preprocessing)),
            "temperature": repr(self.card.temperature),
            "thresholds": json.dumps(dict(self.card.thresholds)),
        }
        helper.set_model_props(model, facts)
        self.onnx.checker.check_model(model, full_check=True)
        content: bytes = model.SerializeToString(deterministic=True)
        return content


def _is_chain(model: Any) -> bool:
    return all(len(layer._inbound_nodes) <= 1 and len(layer._outbound_nodes) <= 1 for layer in model.layers)


_Writer = Callable[[_Graph, dict[str, Any], list[Any]], None]
_WRITERS: dict[str, _Writer] = {
    "Activation": lambda graph, config, weights: graph.activation(config["activation"]),
    "AveragePooling2D": lambda graph, config, weights: graph.pool("AveragePool", config),
    "BatchNormalization": _Graph.norm,
    "Conv2D": _Graph.conv,
    "Dense": _Graph.dense,
    "Dropout": lambda graph, config, weights: None,
    "Flatten": _Graph.flatten,
    "GlobalAveragePooling2D": lambda graph, config, weights: graph.global_pool("GlobalAveragePool"),
    "GlobalMaxPooling2D": lambda graph, config, weights: graph.global_pool("GlobalMaxPool"),
    "MaxPooling2D": lambda graph, config, weights: graph.pool("MaxPool", config),
    "ReLU": lambda graph, config, weights: graph.activation("relu"),
    "Reshape": _Graph.reshape,
    "Softmax": lambda graph, config, weights: graph.activation("softmax"),
}
