"""The one place that names a backend of Keras: which one runs, how its randomness is fixed, how quiet it is."""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Float, Labels
from inkdigits.errors import MissingExtra, RecipeError

BACKENDS = ("tensorflow", "jax", "torch")
NEEDED = ("keras", "onnx", "matplotlib")
"""What a run uses from its first step to its report: missed before the training, not after it."""


def use_backend(name: str | None = None) -> str:
    """Choose Keras' backend and import Keras; returns the backend's name.

    name: tensorflow, jax or torch; None takes KERAS_BACKEND, else tensorflow. Raises MissingExtra where Keras is not installed,
    RecipeError where another backend is in use already.
    """
    wanted = name or os.environ.get("KERAS_BACKEND") or "tensorflow"
    if wanted not in BACKENDS:
        raise RecipeError(f"backend {wanted!r}: choose {', '.join(BACKENDS)}")
    if not all(map(_installed, NEEDED)) or (wanted == "tensorflow" and not _installed(wanted)):
        raise MissingExtra("train", "training")
    if not _installed(wanted):
        raise RecipeError(f"backend {wanted}: it is not installed; pip install {wanted}")
    if "keras" in sys.modules and (active := sys.modules["keras"].backend.backend()) != wanted:
        raise RecipeError(f"backend {wanted}: Keras runs on {active} in this process already; start a new one")
    os.environ["KERAS_BACKEND"] = wanted
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _silent():
        import keras  # noqa: F401

        if _installed("tensorflow"):
            import tensorflow  # noqa: F401  # on every backend Keras imports it sooner or later
    return wanted


def make_deterministic(seed: int) -> None:
    """The same seed, 0 to 2**32 - 1, gives the same weights on the same machine. Call after `use_backend`."""
    import keras

    keras.utils.set_random_seed(seed)
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow

        tensorflow.config.experimental.enable_op_determinism()
    elif backend == "torch":
        import torch

        torch.use_deterministic_algorithms(True)


def ctc_loss(labels: Any, log_probabilities: Any) -> Any:
    """Minus the log of the probability of each row of signs (Graves et al. 2006): tensors in, a tensor (N,) out.

    labels: (N, L), signs from 1, one or more a row, 0 after the last. log_probabilities: (N, T, K), class 0 is the blank.
    """
    import keras
    from keras import ops

    labels = ops.cast(labels, "int32")
    lengths = ops.sum(ops.cast(labels > 0, "int32"), axis=1)
    frames = ops.full((ops.shape(log_probabilities)[0],), log_probabilities.shape[1], "int32")
    if keras.backend.backend() != "tensorflow":
        return ops.ctc_loss(labels, log_probabilities, lengths, frames, mask_index=0)
    import tensorflow

    # With sparse labels TensorFlow runs its own kernel, twenty times faster than the loop that Keras calls.
    sparse = tensorflow.RaggedTensor.from_tensor(labels, lengths=lengths).to_sparse()
    return tensorflow.nn.ctc_loss(sparse, log_probabilities, None, frames, logits_time_major=False, blank_index=0)


@contextmanager
def batches(x: NDArray[np.uint8 | np.float32], target: NDArray[Any], size: int, order: Labels | None = None) -> Iterator[dict[str, Any]]:
    """Images and targets, batch after batch, in an order or as they lie: the arguments of `fit` and `evaluate` of keras.Model that say so.

    The images reach the network as float32 in [0, 1]; those in uint8 become so a batch at a time, as all of MNIST would be 188 MB. On
    TensorFlow it is a data set of our own: the one that Keras makes of arrays copies them twice, and tunes itself in a thread that now and
    then sleeps on when the last batch is done, so that an epoch of 12 seconds takes 20. TensorFlow keeps the function that it draws
    batches from for as long as the process lives; the arrays are taken away from it at the end.
    """
    import keras

    order = np.arange(len(x)) if order is None else order
    if keras.backend.backend() != "tensorflow":
        yield {"x": _scaled(x[order]), "y": target[order], "batch_size": size}
        return
    import tensorflow

    rows, count = {"x": x, "target": target, "order": order}, len(order)

    def each() -> Iterator[tuple[Float, NDArray[Any]]]:
        for start in range(0, count, size):
            some = rows["order"][start : start + size]
            yield _scaled(rows["x"][some]), rows["target"][some]

    options = tensorflow.data.Options()
    options.autotune.enabled = False
    shapes = tuple(tensorflow.TensorSpec((None, *a.shape[1:]), kind) for a, kind in ((x, np.float32), (target, target.dtype)))
    made = tensorflow.data.Dataset.from_generator(each, output_signature=shapes).prefetch(4).with_options(options)
    try:
        yield {"x": made.apply(tensorflow.data.experimental.assert_cardinality(-(-count // size)))}
    finally:
        rows.clear()


def _scaled(images: NDArray[np.uint8 | np.float32]) -> Float:
    """Images in [0, 1], float32: of 255 parts where they are whole numbers."""
    return np.divide(images, np.float32(255), dtype=np.float32) if images.dtype == np.uint8 else images.astype(np.float32, copy=False)


def backend_version() -> str:
    """Name and version of the backend in use, for the run's records."""
    import keras

    name = keras.backend.backend()
    return f"{name} {importlib.import_module(name).__version__}"


def _installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


@contextmanager
def _silent() -> Iterator[None]:
    """Hold back what is written to file descriptor 2: TensorFlow's libraries greet there on import, past every log level.

    If the import fails, what they wrote is shown.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as held_back:
        os.dup2(held_back.fileno(), 2)
        try:
            yield
        except BaseException:
            held_back.seek(0)
            os.write(terminal, held_back.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
