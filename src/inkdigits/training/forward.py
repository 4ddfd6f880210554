"""A forward pass in plain NumPy: the second opinion that every export has to agree with.

Written from the definitions of the layers, in double precision and channels last, with nothing taken from Keras but its weights and
settings, and nothing shared with the ONNX writer but the order of the steps. Slow and clear.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from inkdigits.arrays import Double, Float

from .graph import PAGES, Graph, Step

BATCH = 64


def forward(graph: Graph, images: Float) -> Double:
    """Run the steps: images float32 (N, H, W) in [0, 1] -> logits float64 (N, K), of a model of lines (N, frames, K) for any W."""
    rows = []
    for start in range(0, len(images), BATCH):
        values = {graph.input: images[start : start + BATCH].astype(np.float64)}
        for step in graph.steps:
            value = LAYERS[step.kind](step, *(values[name] for name in step.inputs))
            if step.activation:
                name, parameters = step.activation
                value = ACTIVATIONS[name](value, **parameters)
            values[step.name] = value
        rows.append(values[graph.steps[-1].name])
    return np.concatenate(rows)


def softmax(logits: NDArray[np.floating[Any]]) -> Double:
    """Rows of logits (..., K) -> rows of probabilities, float64 (..., K), each summing to 1."""
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    result: Double = powers / powers.sum(axis=-1, keepdims=True)
    return result


def _weights(layer: Any) -> list[Double]:
    return [weight.astype(np.float64) for weight in layer.get_weights()]


def _kernels_and_bias(layer: Any) -> list[Double]:
    """The weights of a Dense layer or a convolution, with a bias of zero where it has none."""
    return [*_weights(layer), *([] if layer.use_bias else [np.zeros(1)])]


def _dense(step: Step, x: Double) -> Double:
    kernel, bias = _kernels_and_bias(step.layer)  # (F, units)
    out: Double = x @ kernel + bias
    return out


def _windows(x: Double, layer: Any, size: tuple[int, int], fill: float) -> Double:
    """Every window a layer looks at: (N, H, W, C) -> (N, H', W', C, kh, kw). What padding adds holds `fill`."""
    dilation = getattr(layer, "dilation_rate", (1, 1))
    spans = [(k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)]
    if layer.padding == "same":
        margins = []
        for length, span, stride in zip(x.shape[1:3], spans, layer.strides, strict=True):
            missing = max(span - (length % stride or stride), 0)  # so that ceil(length / stride) windows fit
            margins.append((missing // 2, missing - missing // 2))
        x = np.pad(x, ((0, 0), *margins, (0, 0)), constant_values=fill)
    windows = sliding_window_view(x, (spans[0], spans[1]), axis=(1, 2))
    result: Double = windows[:, :: layer.strides[0], :: layer.strides[1], :, :: dilation[0], :: dilation[1]]
    return result


def _conv(step: Step, x: Double) -> Double:
    kernel, bias = _kernels_and_bias(step.layer)  # (kh, kw, C / groups, filters)
    windows = _windows(x, step.layer, kernel.shape[:2], 0)
    groups = step.layer.groups
    parts = zip(np.split(windows, groups, axis=3), np.split(kernel, groups, axis=3), strict=True)
    out: Double = np.concatenate([np.tensordot(part, filters, ((4, 5, 3), (0, 1, 2))) for part, filters in parts], axis=-1)
    return out + bias


def _depthwise(x: Double, layer: Any, kernel: Double) -> Double:
    """Each channel by its own filters: kernel (kh, kw, C, M), (N, H, W, C) -> (N, H', W', C * M)."""
    out: Double = np.einsum("nhwcij,ijcm->nhwcm", _windows(x, layer, kernel.shape[:2], 0), kernel)
    return out.reshape(*out.shape[:3], -1)


def _depthwise_conv(step: Step, x: Double) -> Double:
    kernel, bias = _kernels_and_bias(step.layer)
    return _depthwise(x, step.layer, kernel) + bias


def _separable_conv(step: Step, x: Double) -> Double:
    depthwise, pointwise, bias = _kernels_and_bias(step.layer)  # pointwise: (1, 1, C * M, filters)
    out: Double = _depthwise(x, step.layer, depthwise) @ pointwise[0, 0] + bias
    return out


def _max_pool(step: Step, x: Double) -> Double:
    out: Double = _windows(x, step.layer, step.layer.pool_size, -np.inf).max(axis=(-2, -1))
    return out


def _average_pool(step: Step, x: Double) -> Double:
    out: Double = np.nanmean(_windows(x, step.layer, step.layer.pool_size, np.nan), axis=(-2, -1))  # padding does not count
    return out


def _batch_norm(step: Step, x: Double) -> Double:
    layer, weights = step.layer, iter(_weights(step.layer))
    gamma = next(weights) if layer.scale else 1.0
    beta = next(weights) if layer.center else 0.0
    mean, variance = next(weights), next(weights)
    out: Double = (x - mean) / np.sqrt(variance + layer.epsilon) * gamma + beta
    return out


def _reshape(step: Step, x: Double) -> Double:
    """To (N, F), (N, frames, K) or (N, H, W, C); frames and W are as many as there are, and so are H and W of a page."""
    *before, last = step.shape
    if step.inputs == (PAGES,):
        return x[..., np.newaxis]
    if before:
        before[-1] = -1
    return x.reshape(len(x), *before, last)


def _up_sampling(step: Step, x: Double) -> Double:
    """Each pixel as often as the layer says, down and across."""
    down, across = step.layer.size
    out: Double = x.repeat(down, axis=1).repeat(across, axis=2)
    return out


LAYERS: dict[str, Callable[..., Double]] = {
    "Add": lambda step, *xs: sum(xs[1:], xs[0]),
    "AveragePooling2D": _average_pool,
    "BatchNormalization": _batch_norm,
    "Concatenate": lambda step, *xs: np.concatenate(xs, axis=step.layer.axis),
    "Conv2D": _conv,
    "Dense": _dense,
    "DepthwiseConv2D": _depthwise_conv,
    "Flatten": lambda step, x: x.reshape(len(x), -1),
    "GlobalAveragePooling2D": lambda step, x: x.mean(axis=(1, 2), keepdims=step.layer.keepdims),
    "GlobalMaxPooling2D": lambda step, x: x.max(axis=(1, 2), keepdims=step.layer.keepdims),
    "Identity": lambda step, x: x,
    "MaxPooling2D": _max_pool,
    "Rescaling": lambda step, x: x * step.layer.scale + step.layer.offset,
    "Reshape": _reshape,
    "SeparableConv2D": _separable_conv,
    "UpSampling2D": _up_sampling,
    "ZeroPadding2D": lambda step, x: np.pad(x, ((0, 0), *step.layer.padding, (0, 0))),
}
"""What each layer does to its inputs, as (N, ...) arrays."""


def _relu(x: Double, negative_slope: float = 0, max_value: float | None = None, threshold: float = 0) -> Double:
    out = np.where(x >= threshold, x, negative_slope * (x - threshold))
    return out if max_value is None else np.minimum(out, max_value)


def _sigmoid(x: Double) -> Double:
    result: Double = 0.5 + 0.5 * np.tanh(x / 2)  # cannot overflow
    return result


def _gelu(x: Double) -> Double:
    result: Double = x * 0.5 * (1 + np.vectorize(math.erf, otypes=[np.float64])(x / math.sqrt(2)))
    return result


def _hard_sigmoid(x: Double) -> Double:
    result: Double = np.clip(x / 6 + 0.5, 0, 1)
    return result


ACTIVATIONS: dict[str, Callable[..., Double]] = {
    "elu": lambda x, alpha=1.0: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
    "gelu": _gelu,
    "hard_sigmoid": _hard_sigmoid,
    "hard_silu": lambda x: x * _hard_sigmoid(x),
    "leaky_relu": lambda x, negative_slope=0.2: _relu(x, negative_slope),
    "relu": _relu,
    "relu6": lambda x: _relu(x, max_value=6),
    "sigmoid": _sigmoid,
    "silu": lambda x: x * _sigmoid(x),
    "tanh": np.tanh,
}
"""The functions of `keras.activations`, element by element."""
