"""Calibration: the temperature that makes probabilities honest, the confidence below which not to answer, and the weights of evidence.

The first two are fitted on the validation part of the training data, never on a test set.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Labels, Mask
from inkdigits.recognition.confidence import LOWEST

Floats = NDArray[np.floating]

LIMITS = (0.05, 20.0)
"""A validation set without a mistake would drive the temperature to 0, one of noise to infinity."""


def fit_temperature(logits: Floats, labels: Labels) -> float:
    """The temperature T in LIMITS for which softmax(logits / T) has the least negative log-likelihood (Guo et al. 2017, section 4.2).

    logits: (N, K), before the softmax; logarithms of probabilities serve as well, they differ by a constant a row. labels: (N,), 0..K-1.
    The likelihood is concave in 1/T: the root of its derivative, mean(expected logit - logit of the label), is found by bisection.
    Raises ValueError where there is nothing to fit: N = 0, shapes that do not match, values that are not finite.
    """
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or not len(labels):
        raise ValueError(f"logits must be (N, K) and labels (N,), N at least 1, not {logits.shape} and {labels.shape}")
    if not np.isfinite(logits).all():
        raise ValueError("logits must be finite; clip probabilities before taking their logarithm")
    centred = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)  # (N, K), at most 0
    wanted = centred[np.arange(len(labels)), labels].mean()
    low, high = np.log(LIMITS)
    for _ in range(40):  # log T is known to 6 / 2**40
        middle = (low + high) / 2
        powers = np.exp(centred / np.exp(middle))
        expected = ((powers * centred).sum(axis=1) / powers.sum(axis=1)).mean()
        low, high = (middle, high) if expected > wanted else (low, middle)  # too sure: it must be warmer
    return float(np.exp((low + high) / 2))


def answer_threshold(probabilities: Floats, labels: Labels, precision: float) -> float:
    """The lowest confidence at and above which at least `precision` of the answers are right.

    probabilities: (N, K), calibrated. labels: (N,). precision: in [0, 1]. Returns 0.0 where answering always is good enough, and 1.0
    where no threshold is. Answers of the same confidence stand or fall together.
    """
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1] or not len(labels):
        raise ValueError(f"probabilities must be (N, K) and labels (N,), N at least 1, not {probabilities.shape} and {labels.shape}")
    confidence = probabilities.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]  # falling
    right = (probabilities.argmax(axis=1) == labels)[order]
    share = right.cumsum() / np.arange(1, len(right) + 1)  # of the i + 1 surest answers
    whole = np.append(ranked[1:] < ranked[:-1], True)  # no further answer has this confidence
    good = np.nonzero(whole & (share >= precision))[0]
    if not len(good):
        return 1.0
    return 0.0 if good[-1] == len(right) - 1 else float(ranked[good[-1]])


RIDGE = 1e-3
"""The weight of the squares of what `fit_confidence` fits, against the mean log-likelihood: kinds of writing are few."""


def fit_confidence(evidence: Floats, right: Mask, share: Floats) -> Floats:
    """The bias and the weights, float64 (1 + F,), of the logistic model that tells best what is right (Newton's method).

    evidence: (N, F), where nothing is below `recognition.confidence.LOWEST`. right: (N,). share: (N,), how much each row counts. Raises
    ValueError where there is nothing to fit.
    """
    if evidence.ndim != 2 or not len(evidence) or not right.shape == share.shape == evidence.shape[:1]:
        raise ValueError(f"evidence must be (N, F), right and share (N,), not {evidence.shape}, {right.shape} and {share.shape}")
    rows = np.column_stack([np.ones(len(evidence)), np.maximum(evidence, LOWEST)])
    share, weights = share / share.sum(), np.zeros(rows.shape[1])
    for _ in range(50):
        odds = 1 / (1 + np.exp(-np.clip(rows @ weights, -30, 30)))
        slope = rows.T @ (share * (odds - right)) + RIDGE * weights
        curve = (rows * (share * odds * (1 - odds))[:, None]).T @ rows + RIDGE * np.eye(len(weights))
        step = np.linalg.solve(curve, slope)
        weights -= step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
    return weights
