"""A forward pass in plain NumPy, written from the layers' definitions: the independent oracle that exports are checked against.

It shares no code with Keras, TensorFlow or ONNX; it is slow, and meant to be.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from inkdigits.errors import ExportError

Array = NDArray[np.float64]


def forward(model: Any, images: NDArray[np.float32]) -> Array:
    """What the Keras model computes: float32 (N, H, W) -> float64 (N, K), its last activation included. Raises ExportError for a layer unknown."""
    values: Array = images.astype(np.float64)
    for layer in model.layers:
        kind = type(layer).__name__
        if kind not in _LAYERS:
            raise ExportError(f"layer {layer.name} ({kind}) cannot be exported; known are {', '.join(sorted(_LAYERS))}")
        weights = [np.asarray(w, dtype=np.float64) for w in layer.get_weights()]
        values = _LAYERS[kind](values, layer.get_config(), weights)
    return values


def _conv(x: Array, config: dict[str, Any], weights: list[Array]) -> Array:
    kernel = weights[0]  # (kh, kw, in, out)
    x = _padded(x, kernel.shape[:2], config["strides"], config["padding"], 0.0)
    windows = sliding_window_view(x, kernel.shape[:2], axis=(1, 2))[:, :: config["strides"][0], :: config["strides"][1]]
    out: Array = np.einsum("nhwcij,ijco->nhwo", windows, kernel, optimize=True)
    return _activated(out + weights[1] if config["use_bias"] else out, config["activation"])


def _pool(reduce: Callable[..., Array], fill: float) -> Callable[[Array, dict[str, Any], list[Array]], Array]:
    def apply(x: Array, config: dict[str, Any], weights: list[Array]) -> Array:
        size, strides = config["pool_size"], config["strides"] or config["pool_size"]
        x = _padded(x, size, strides, config["padding"], fill)
        windows = sliding_window_view(x, size, axis=(1, 2))[:, :: strides[0], :: strides[1]]
        return reduce(windows, axis=(-2, -1))

    return apply


def _padded(x: Array, size: tuple[int, ...], strides: tuple[int, ...], padding: str, fill: float) -> Array:
    if padding == "valid":
        return x
    pads = [(0, 0)]
    for length, window, stride in zip(x.shape[1:3], size, strides, strict=True):
        total = max((-(-length // stride) - 1) * stride + window - length, 0)
        pads.append((total // 2, total - total // 2))
    return np.pad(x, [*pads, (0, 0)], constant_values=fill)


def _norm(x: Array, config: dict[str, Any], weights: list[Array]) -> Array:
    rest = list(weights)
    gamma = rest.pop(0) if config["scale"] else np.ones(1)
    beta = rest.pop(0) if config["center"] else np.zeros(1)
    mean, variance = rest
    return (x - mean) / np.sqrt(variance + config["epsilon"]) * gamma + beta


def _activated(x: Array, name: str) -> Array:
    if name == "linear":
        return x
    if name == "relu":
        return np.maximum(x, 0)
    if name == "softmax":
        powers = np.exp(x - x.max(axis=-1, keepdims=True))
        result: Array = powers / powers.sum(axis=-1, keepdims=True)
        return result
    raise ExportError(f"activation {name!r} cannot be exported; known are linear, relu and softmax")


_LAYERS: dict[str, Callable[[Array, dict[str, Any], list[Array]], Array]] = {
    "Activation": lambda x, config, weights: _activated(x, config["activation"]),
    "AveragePooling2D": _pool(np.mean, 0.0),
    "BatchNormalization": _norm,
    "Conv2D": _conv,
    "Dense": lambda x, config, weights: _activated(x @ weights[0] + (weights[1] if config["use_bias"] else 0), config["activation"]),
    "Dropout": lambda x, config, weights: x,
    "Flatten": lambda x, config, weights: x.reshape(len(x), -1),
    "GlobalAveragePooling2D": lambda x, config, weights: x.mean(axis=(1, 2)),
    "GlobalMaxPooling2D": lambda x, config, weights: x.max(axis=(1, 2)),
    "MaxPooling2D": _pool(np.max, -np.inf),
    "ReLU": lambda x, config, weights: _activated(x, "relu"),
    "Reshape": lambda x, config, weights: x.reshape(len(x), *config["target_shape"]),
    "Softmax": lambda x, config, weights: _activated(x, "softmax"),
}
