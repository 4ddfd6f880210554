"""Writes the steps of a network as ONNX, with `onnx.helper`: input "tiles" float32 (N, H, W), output "logits" float32 (N, K), any N.
A model of lines has the input "strips" float32 (N, H, W) and the output "logits" float32 (N, frames, K), any N and W; but W is to be a
multiple of what the strides divide it by, or it is padded otherwise than in training. A model of maps has the input "pages" float32
(N, H, W) and the output "logits" float32 (N, h, w, K), any N, H and W of that kind.

Keras keeps channels last, ONNX wants them first. Nothing is transposed for that at run time: images have one channel, so the first
Reshape already gives (N, 1, H, W), and the Dense layer that follows a Flatten gets the rows of its kernel reordered instead.
A BatchNormalization is folded into the convolution or Dense layer before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Float

from .graph import LAST, PAGES, Graph, Step

Shape = tuple[int, ...]

OPSET, IR = 17, 8
"""Of 2022: ONNX Runtime 1.12 and all later versions read it, and so do the converters for phones and browsers."""


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor of the ONNX graph. shape: what Keras calls it, without the batch; (H, W, C) is (N, C, H, W) here.

    image: (H, W, C) where this is a row that was flattened here from (C, H, W), and in Keras from (H, W, C).
    """

    name: str
    shape: Shape
    image: Shape | None = None


def onnx_bytes(graph: Graph, metadata: Mapping[str, str]) -> bytes:
    """The serialized ONNX model, checked by `onnx.checker`; `metadata` becomes its metadata_props. The same for the same weights."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    writer = _Writer(graph)
    writer.write()
    height, width = graph.image_shape
    *frames, scores = graph.steps[-1].shape
    shape = ["batch", "height" if graph.maps else height, width if not (graph.lines or graph.maps) else "width"]
    places = ["rows", "columns"] if graph.maps else ["frames" for _ in frames]
    images = helper.make_tensor_value_info(graph.input, TensorProto.FLOAT, shape)
    logits = helper.make_tensor_value_info(LAST, TensorProto.FLOAT, ["batch", *places, scores])
    weights = [numpy_helper.from_array(array, name) for name, array in writer.weights.items()]
    body = helper.make_graph(writer.nodes, metadata.get("name", "inkdigits"), [images], [logits], weights)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR, producer_name="inkdigits")
    helper.set_model_props(model, dict(metadata))
    onnx.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


class _Writer:
    """The nodes and weights of the ONNX graph, as they come."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes: list[Any] = []
        self.weights: dict[str, NDArray[Any]] = {}
        self.uses = Counter(name for step in graph.steps for name in step.inputs)
        self.affine: dict[str, tuple[str, str]] = {}
        """Result of a convolution or Dense layer -> its kernel and bias, into which a BatchNormalization may be folded."""

    def write(self) -> None:
        values = {self.graph.input: Value(self.graph.input, self.graph.image_shape)}
        for step in self.graph.steps:
            value = LAYERS[step.kind](self, step, *(values[name] for name in step.inputs))
            if step.activation:
                name, parameters = step.activation
                value = Value(ACTIVATIONS[name](self, value.name, f"{step.name}/{name}", **parameters), value.shape, value.image)
            values[step.name] = value
        end = values[self.graph.steps[-1].name]
        last = self.row(end)
        if self.graph.maps:
            last = self.node("Transpose", [last], f"{last}/channels_last", perm=[0, 2, 3, 1])
        next(node for node in self.nodes if last in node.output).output[0] = LAST

    def node(self, op: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Append a node; returns the name of its only output."""
        from onnx import helper

        self.nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    def weight(self, name: str, array: Any, dtype: type = np.float32) -> str:
        self.weights[name] = np.ascontiguousarray(array, dtype)
        return name

    def affine_weights(self, name: str, kernel: Float, bias: list[Float], filters: int) -> tuple[str, str]:
        """Kernel and bias (zero where the layer has none) of a layer that a BatchNormalization may be folded into."""
        self.affine[name] = (
            self.weight(f"{name}/kernel", kernel),
            self.weight(f"{name}/bias", bias[0] if bias else np.zeros(filters)),
        )
        return self.affine[name]

    def reshape(self, value: str, shape: Shape, output: str) -> str:
        return self.node("Reshape", [value, self.weight(f"{output}/shape", (0, *shape), np.int64)], output)  # 0: as it is

    def row(self, x: Value) -> str:
        """A flattened image in the order of Keras; other values as they are. Only where no Dense layer can take the order over."""
        if x.image is None:
            return x.name
        height, width, channels = x.image
        image = self.reshape(x.name, (channels, height, width), f"{x.name}/image")
        turned = self.node("Transpose", [image], f"{x.name}/channels_last", perm=[0, 2, 3, 1])
        return self.node("Flatten", [turned], f"{x.name}/row")


def _dense(w: _Writer, step: Step, x: Value) -> Value:
    kernel, *bias = step.layer.get_weights()  # (F, units)
    if x.image:
        kernel = kernel.reshape(*x.image, -1).transpose(2, 0, 1, 3).reshape(kernel.shape)  # rows from (H, W, C) to (C, H, W)
    weights = w.affine_weights(step.name, kernel, bias, kernel.shape[1])
    return Value(w.node("Gemm", [x.name, *weights], step.name), step.shape)


def _convolve(w: _Writer, name: str, x: Value, shape: Shape, layer: Any, kernel: Float, bias: list[Float], groups: int) -> Value:
    """kernel: (filters, C / groups, kh, kw). shape: of the result."""
    weights = w.affine_weights(name, kernel, bias, len(kernel))
    window = _window(x.shape, kernel.shape[2:], layer)
    return Value(w.node("Conv", [x.name, *weights], name, group=groups, dilations=list(layer.dilation_rate), **window), shape)


def _window(image: Shape, size: Shape, layer: Any) -> dict[str, list[int]]:
    """Kernel shape, strides and pads of a layer that slides over an image (H, W, C)."""
    pads = [(0, 0), (0, 0)]
    if layer.padding == "same":
        dilation = getattr(layer, "dilation_rate", (1, 1))
        for i, (length, k, stride, d) in enumerate(zip(image[:2], size, layer.strides, dilation, strict=True)):
            total = max((ceil(length / stride) - 1) * stride + (k - 1) * d + 1 - length, 0)
            pads[i] = total // 2, total - total // 2  # the odd one at the end, as TensorFlow has it
    starts, ends = zip(*pads, strict=True)
    return {"kernel_shape": list(size), "strides": list(layer.strides), "pads": [*starts, *ends]}


def _conv(w: _Writer, step: Step, x: Value) -> Value:
    kernel, *bias = step.layer.get_weights()  # (kh, kw, C / groups, filters)
    return _convolve(w, step.name, x, step.shape, step.layer, kernel.transpose(3, 2, 0, 1), bias, step.layer.groups)


def _by_channel(kernel: Float) -> Float:
    """Depthwise kernel (kh, kw, C, M) -> (C * M, 1, kh, kw), one group for each of the C channels."""
    height, width, channels, multiplier = kernel.shape
    return kernel.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, height, width)


def _depthwise_conv(w: _Writer, step: Step, x: Value) -> Value:
    kernel, *bias = step.layer.get_weights()
    return _convolve(w, step.name, x, step.shape, step.layer, _by_channel(kernel), bias, kernel.shape[2])


def _separable_conv(w: _Writer, step: Step, x: Value) -> Value:
    depthwise, pointwise, *bias = step.layer.get_weights()  # pointwise: (1, 1, C * M, filters)
    channels, multiplier = depthwise.shape[2:]
    between = (*step.shape[:2], channels * multiplier)
    middle = _convolve(w, f"{step.name}/depthwise", x, between, step.layer, _by_channel(depthwise), [], channels)
    weights = w.affine_weights(step.name, pointwise.transpose(3, 2, 0, 1), bias, step.shape[2])
    return Value(w.node("Conv", [middle.name, *weights], step.name), step.shape)


def _pool(op: str) -> Callable[[_Writer, Step, Value], Value]:
    # Padding never wins a maximum and is not counted in an average: the defaults of ONNX are those of Keras.
    return lambda w, step, x: Value(w.node(op, [x.name], step.name, **_window(x.shape, step.layer.pool_size, step.layer)), step.shape)


def _global_pool(op: str) -> Callable[[_Writer, Step, Value], Value]:
    def write(w: _Writer, step: Step, x: Value) -> Value:
        if step.layer.keepdims:
            return Value(w.node(op, [x.name], step.name), step.shape)
        return Value(w.node("Flatten", [w.node(op, [x.name], f"{step.name}/map")], step.name), step.shape)

    return write


def _batch_norm(w: _Writer, step: Step, x: Value) -> Value:
    layer, weights = step.layer, iter(v.astype(np.float64) for v in step.layer.get_weights())
    scale = next(weights) if layer.scale else 1.0
    shift = next(weights) if layer.center else 0.0
    mean, variance = next(weights), next(weights)
    scale = scale / np.sqrt(variance + layer.epsilon)
    shift = shift - mean * scale
    if x.name in w.affine and w.uses[step.inputs[0]] == 1:
        kernel, bias = w.affine[x.name]
        across: Shape = (1, -1) if w.weights[kernel].ndim == 2 else (-1, 1, 1, 1)  # Dense (F, units), convolution (filters, C, kh, kw)
        w.weight(kernel, w.weights[kernel] * scale.reshape(across))
        w.weight(bias, w.weights[bias] * scale + shift)
        return Value(x.name, step.shape)
    across = (-1, 1, 1) if len(step.shape) == 3 else (-1,)
    scaled = w.node("Mul", [w.row(x), w.weight(f"{step.name}/scale", scale.reshape(across))], f"{step.name}/scaled")
    return Value(w.node("Add", [scaled, w.weight(f"{step.name}/shift", shift.reshape(across))], step.name), step.shape)


def _flatten(w: _Writer, step: Step, x: Value) -> Value:
    moved = len(x.shape) == 3 and x.shape[2] > 1 and x.shape[0] * x.shape[1] > 1
    return Value(w.node("Flatten", [w.row(x)], step.name), step.shape, x.shape if moved else None)


def _reshape(w: _Writer, step: Step, x: Value) -> Value:
    source, shape = w.row(x), step.shape
    if x.name == PAGES:  # (N, H, W), either of any size
        return Value(w.node("Unsqueeze", [source, w.weight(f"{step.name}/axes", [1], np.int64)], step.name), shape)
    if w.graph.lines:
        shape = (*shape[:-2], -1, shape[-1])  # the width of (H, W, C), the frames of (frames, K): as many as there are
    if len(x.shape) == 3 and x.shape[2] > 1:
        source = w.node("Transpose", [source], f"{step.name}/channels_last", perm=[0, 2, 3, 1])
    if len(step.shape) == 3 and step.shape[2] > 1:
        image = w.reshape(source, shape, f"{step.name}/image")
        return Value(w.node("Transpose", [image], step.name, perm=[0, 3, 1, 2]), step.shape)
    target = (1, *shape[:2]) if len(shape) == 3 else shape
    return Value(w.reshape(source, target, step.name), step.shape)


def _rescaling(w: _Writer, step: Step, x: Value) -> Value:
    scaled = w.node("Mul", [x.name, w.weight(f"{step.name}/scale", step.layer.scale)], f"{step.name}/scaled")
    return Value(w.node("Add", [scaled, w.weight(f"{step.name}/offset", step.layer.offset)], step.name), step.shape, x.image)


def _add(w: _Writer, step: Step, *xs: Value) -> Value:
    total = w.row(xs[0])
    for i, x in enumerate(xs[1:], 1):
        total = w.node("Add", [total, w.row(x)], step.name if i == len(xs) - 1 else f"{step.name}/{i}")
    return Value(total, step.shape)


def _concatenate(w: _Writer, step: Step, *xs: Value) -> Value:
    axis = step.layer.axis % (len(step.shape) + 1)
    if len(step.shape) == 3:
        axis = (0, 2, 3, 1)[axis]
    return Value(w.node("Concat", [w.row(x) for x in xs], step.name, axis=axis), step.shape)


def _zero_padding(w: _Writer, step: Step, x: Value) -> Value:
    (top, bottom), (left, right) = step.layer.padding
    pads = w.weight(f"{step.name}/pads", (0, 0, top, left, 0, 0, bottom, right), np.int64)
    return Value(w.node("Pad", [x.name, pads], step.name), step.shape)


def _up_sampling(w: _Writer, step: Step, x: Value) -> Value:
    scales = w.weight(f"{step.name}/scales", (1, 1, *step.layer.size))
    modes = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    return Value(w.node("Resize", [x.name, "", scales], step.name, **modes), step.shape)


LAYERS: dict[str, Callable[..., Value]] = {
    "Add": _add,
    "AveragePooling2D": _pool("AveragePool"),
    "BatchNormalization": _batch_norm,
    "Concatenate": _concatenate,
    "Conv2D": _conv,
    "Dense": _dense,
    "DepthwiseConv2D": _depthwise_conv,
    "Flatten": _flatten,
    "GlobalAveragePooling2D": _global_pool("GlobalAveragePool"),
    "GlobalMaxPooling2D": _global_pool("GlobalMaxPool"),
    "Identity": lambda w, step, x: x,
    "MaxPooling2D": _pool("MaxPool"),
    "Rescaling": _rescaling,
    "Reshape": _reshape,
    "SeparableConv2D": _separable_conv,
    "UpSampling2D": _up_sampling,
    "ZeroPadding2D": _zero_padding,
}
"""How each kind of step is written: (writer, step, inputs) -> its result."""


def _relu(w: _Writer, x: str, out: str, negative_slope: float = 0, max_value: float | None = None, threshold: float = 0) -> str:
    bent = out if max_value is None else f"{out}/unbounded"
    w.node("LeakyRelu", [x], bent, alpha=float(negative_slope)) if negative_slope else w.node("Relu", [x], bent)
    return bent if max_value is None else w.node("Min", [bent, w.weight(f"{out}/most", max_value)], out)


def _silu(w: _Writer, x: str, out: str) -> str:
    return w.node("Mul", [x, w.node("Sigmoid", [x], f"{out}/gate")], out)


def _gelu(w: _Writer, x: str, out: str) -> str:
    erf = w.node("Erf", [w.node("Mul", [x, w.weight(f"{out}/root", 1 / sqrt(2))], f"{out}/scaled")], f"{out}/erf")
    gate = w.node("Add", [erf, w.weight(f"{out}/one", 1)], f"{out}/gate")
    return w.node("Mul", [w.node("Mul", [x, w.weight(f"{out}/half", 0.5)], f"{out}/halved"), gate], out)


ACTIVATIONS: dict[str, Callable[..., str]] = {
    "elu": lambda w, x, out, alpha=1.0: w.node("Elu", [x], out, alpha=float(alpha)),
    "gelu": _gelu,
    "hard_sigmoid": lambda w, x, out: w.node("HardSigmoid", [x], out, alpha=1 / 6, beta=0.5),
    "hard_silu": lambda w, x, out: w.node("HardSwish", [x], out),
    "leaky_relu": lambda w, x, out, negative_slope=0.2: _relu(w, x, out, negative_slope),
    "relu": _relu,
    "relu6": lambda w, x, out: _relu(w, x, out, max_value=6),
    "sigmoid": lambda w, x, out: w.node("Sigmoid", [x], out),
    "silu": _silu,
    "tanh": lambda w, x, out: w.node("Tanh", [x], out),
}
"""How each activation is written: (writer, name of its input, name of its output, parameters) -> name of its output."""
