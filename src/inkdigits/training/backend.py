"""The one place that names a backend of Keras: which one runs, how its randomness is fixed, how quiet it is."""

from __future__ import annotations

import importlib.util
import os
import sys

from inkdigits.errors import MissingExtra, RecipeError

BACKENDS = ("tensorflow", "jax", "torch")


def use_backend(name: str | None = None) -> str:
    """Choose Keras' backend before Keras is imported; returns its name.

    name: tensorflow, jax or torch; None takes KERAS_BACKEND, else tensorflow. Raises MissingExtra where Keras is not installed,
    RecipeError where another backend is in use already.
    """
    wanted = name or os.environ.get("KERAS_BACKEND") or "tensorflow"
    if wanted not in BACKENDS:
        raise RecipeError(f"backend {wanted!r}: choose {', '.join(BACKENDS)}")
    if importlib.util.find_spec("keras") is None or (wanted == "tensorflow" and importlib.util.find_spec("tensorflow") is None):
        raise MissingExtra("train", "training")
    if importlib.util.find_spec(wanted) is None:
        raise RecipeError(f"backend {wanted}: it is not installed; pip install {wanted}")
    if "keras" in sys.modules and (active := sys.modules["keras"].backend.backend()) != wanted:
        raise RecipeError(f"backend {wanted}: Keras runs on {active} in this process already; start a new one")
    os.environ["KERAS_BACKEND"] = wanted
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    return wanted


def make_deterministic(seed: int) -> None:
    """The same seed gives the same weights on the same machine. Call after `use_backend`."""
    import keras

    keras.utils.set_random_seed(seed)
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow

        tensorflow.config.experimental.enable_op_determinism()
    elif backend == "torch":
        import torch

        torch.use_deterministic_algorithms(True)


def backend_version() -> str:
    """Name and version of the backend in use, for the run's records."""
    import keras

    name = keras.backend.backend()
    return f"{name} {__import__(name).__version__}"
