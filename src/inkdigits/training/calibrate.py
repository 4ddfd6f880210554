"""Probabilities that mean what they say: one temperature, fitted on data that was not trained on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Labels = NDArray[np.int64]


def softmax(logits: Floats) -> NDArray[np.float64]:
    """Rows of logits (N, K) -> rows of probabilities (N, K), summing to 1."""
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    result: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return result


def negative_log_likelihood(logits: Floats, labels: Labels, temperature: float = 1.0) -> float:
    """Mean over the rows of -log softmax(logits / temperature)[label], in nats."""
    scaled = logits.astype(np.float64) / temperature
    peak = scaled.max(axis=1)
    log_sum = peak + np.log(np.exp(scaled - peak[:, None]).sum(axis=1))
    return float(np.mean(log_sum - scaled[np.arange(len(labels)), labels]))


def fit_temperature(logits: Floats, labels: Labels) -> float:
    """The temperature in [0.05, 20] of least negative log-likelihood (Guo, Pleiss, Sun, Weinberger 2017, section 4.2).

    logits: (N, K), labels: (N,). By golden-section search over the logarithm, where the loss has one minimum.
    """
    ratio = (np.sqrt(5) - 1) / 2
    low, high = np.log(0.05), np.log(20.0)
    while high - low > 1e-4:
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        if negative_log_likelihood(logits, labels, float(np.exp(a))) < negative_log_likelihood(logits, labels, float(np.exp(b))):
            high = b
        else:
            low = a
    return float(np.exp((low + high) / 2))


def answer_threshold(probabilities: Floats, labels: Labels, precision: float) -> float:
    """The least confidence at which the answers above it are right at least as often as `precision`.

    probabilities: (N, K), labels: (N,). 0 where answering always is good enough; 1 where no threshold is.
    """
    confidence = probabilities.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    right = (probabilities.argmax(axis=1) == labels)[order]
    share = np.cumsum(right) / np.arange(1, len(right) + 1)
    good = np.flatnonzero(share >= precision)
    if not len(good):
        return 1.0
    last = int(good[-1])
    return 0.0 if last == len(right) - 1 else float(confidence[order][last])
