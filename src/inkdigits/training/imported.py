"""An exported network back in Keras: what `onnxwriter` wrote, read back into the network that its recipe builds, to train it further.

A BatchNormalization that was folded into the layer before it becomes one that adds that layer's bias and does nothing else. Weights of 8
bits (`quantize`) become the numbers that they stand for; what is lost by rounding stays lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Float
from inkdigits.errors import ModelError
from inkdigits.models import Card

from .graph import Graph, Step, graph_of

Arrays = Mapping[str, NDArray[Any]]

ALIKE = {"Conv2D", "Dense"}
"""The layers with weights that are read back; a BatchNormalization after one of them is folded into it."""


def keras_network(recipe: ModuleType, content: bytes, card: Card) -> Any:
    """The Keras network of an ONNX file, in float32, with fresh layers of its recipe.

    content: the bytes of the file, as `export_onnx` or `export_int8` wrote them. card: its card. Raises ModelError where the recipe builds
    another network by now, or one with layers that are not read back.
    """
    import onnx
    from onnx import numpy_helper

    model = recipe.build_model(card.image_shape, len(card.classes))
    graph = graph_of(model)
    arrays = {array.name: numpy_helper.to_array(array) for array in onnx.load_from_string(content).graph.initializer}
    norms = {step.inputs[0]: step.layer for step in graph.steps if step.kind == "BatchNormalization"}
    for step in graph.steps:
        if step.kind in ALIKE:
            _fill(step, norms.get(step.name), arrays, graph, card.id)
        elif step.layer is not None and step.layer.weights and step.layer not in norms.values():
            raise ModelError(f"model {card.id}: its layer {step.name} ({step.kind}) cannot be read back from ONNX")
    return model


def _fill(step: Step, norm: Any, arrays: Arrays, graph: Graph, name: str) -> None:
    """Give a layer, and the BatchNormalization after it, the weights of the file."""
    layer = step.layer
    kernel, bias = (_numbers(arrays, f"{step.name}/{part}") for part in ("kernel", "bias"))
    shape = tuple(layer.kernel.shape)
    if kernel is not None and kernel.ndim == 4:
        kernel = kernel.transpose(2, 3, 1, 0)  # (filters, C, kh, kw) -> (kh, kw, C, filters)
    if kernel is None or bias is None or kernel.shape != shape or bias.shape != shape[-1:]:
        raise ModelError(f"model {name}: its recipe builds another network by now, whose {step.name} differs; train it again")
    image = _flattened(step, graph)
    if kernel.ndim == 2 and image:
        height, width, channels = image
        kernel = kernel.reshape(channels, height, width, -1).transpose(1, 2, 0, 3).reshape(shape)
    if norm is None:
        if not layer.use_bias and np.any(bias):
            raise ModelError(f"model {name}: its recipe builds another network by now, whose {step.name} has no bias; train it again")
        layer.set_weights([kernel, bias] if layer.use_bias else [kernel])
        return
    zero, one = np.zeros_like(bias), np.ones_like(bias)
    layer.set_weights([kernel, zero] if layer.use_bias else [kernel])
    norm.set_weights([*([one] if norm.scale else []), bias, zero, one - np.float32(norm.epsilon)])


def _numbers(arrays: Arrays, name: str) -> Float | None:
    """An array of the file in float32, from 8 bits where it is kept so; None where there is none."""
    if name in arrays:
        return np.asarray(arrays[name], np.float32)
    if f"{name}_quantized" not in arrays:
        return None
    whole, scale = arrays[f"{name}_quantized"].astype(np.float32), arrays[f"{name}_{'quantized_' if name.endswith('bias') else ''}scale"]
    zero = arrays.get(f"{name}_{'quantized_' if name.endswith('bias') else ''}zero_point", np.zeros(1))
    # A scale for each filter: the first axis of a convolution, the last of a Dense layer's kernel.
    across = (-1, 1, 1, 1) if whole.ndim == 4 else (-1,)
    found: Float = (whole - zero.astype(np.float32).reshape(across)) * scale.astype(np.float32).reshape(across)
    return found


def _flattened(step: Step, graph: Graph) -> tuple[int, ...] | None:
    """The image (H, W, C) that a Dense layer takes as a row; None where it takes no image."""
    by_name = {one.name: one for one in graph.steps}
    before = by_name.get(step.inputs[0])
    while before is not None and before.kind in ("Flatten", "Identity"):
        if before.kind == "Flatten":
            source = by_name.get(before.inputs[0])
            return source.shape if source is not None and len(source.shape) == 3 else None
        before = by_name.get(before.inputs[0])
    return None
