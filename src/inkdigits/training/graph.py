"""A Keras model as a list of steps, in the order they run: what the ONNX writer and the NumPy forward pass walk along.

Nested models are flattened, layers that do nothing after training (dropout, augmentation) are left out, and a softmax at the end is
taken off, so that the last step gives logits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from inkdigits.errors import ExportError

TILES, STRIPS, PAGES, LAST = "tiles", "strips", "pages", "logits"
"""Names of what goes in, an image of one digit, of a whole line, or of a page, and of what comes out."""

INPUTS = {1: TILES, 2: STRIPS, 3: PAGES}
"""What goes in, by the number of dimensions of what comes out, without the batch."""

Activation = tuple[str, dict[str, float]]
"""Name in `keras.activations`, and its parameters where a layer sets them."""

KINDS = {
    "Add", "AveragePooling2D", "BatchNormalization", "Concatenate", "Conv2D", "Dense", "DepthwiseConv2D", "Flatten",
    "GlobalAveragePooling2D", "GlobalMaxPooling2D", "Identity", "MaxPooling2D", "Rescaling", "Reshape", "SeparableConv2D", "UpSampling2D",
    "ZeroPadding2D",
}  # fmt: skip
"""The layers that a step may be."""

ANY_WIDTH = {
    "Add", "AveragePooling2D", "BatchNormalization", "Concatenate", "Conv2D", "DepthwiseConv2D", "Identity", "MaxPooling2D", "Rescaling",
    "Reshape", "SeparableConv2D", "UpSampling2D", "ZeroPadding2D",
}  # fmt: skip
"""Those that a model of lines or of maps may have: they work on images of any width."""

ACTIVATIONS = {"elu", "gelu", "hard_sigmoid", "hard_silu", "leaky_relu", "relu", "relu6", "sigmoid", "silu", "tanh"}
"""The functions of `keras.activations` that may follow a layer, before the last one."""

PASSIVE = {
    "ActivityRegularization", "Dropout", "GaussianDropout", "GaussianNoise", "SpatialDropout2D",
    "RandomBrightness", "RandomContrast", "RandomRotation", "RandomTranslation", "RandomZoom", "Identity",
}  # fmt: skip
"""Layers that let everything through once training is over."""

ACTIVATION_LAYERS = {
    "Activation": (),
    "ELU": ("alpha",),
    "LeakyReLU": ("negative_slope",),
    "ReLU": ("negative_slope", "max_value", "threshold"),
    "Softmax": (),
}
"""Layers that are an activation and nothing else, with the parameters that they carry."""


@dataclass(frozen=True, slots=True)
class Step:
    """One call of one layer.

    kind: the layer's class in `keras.layers`, "Identity" for a mere activation. name: of the step, unique; also the name of its result.
    inputs: the steps (or "tiles", "strips") whose results it takes. shape: of its result, without the batch, channels last as in Keras.
    activation: what is applied to its result, None for nothing.
    """

    kind: str
    name: str
    layer: Any
    inputs: tuple[str, ...]
    shape: tuple[int, ...]
    activation: Activation | None


@dataclass(frozen=True, slots=True)
class Graph:
    """image_shape: H and W of the input "tiles", (N, H, W). steps: in order; the last one gives the logits, (N, K).

    A model of lines gives a row of logits for each frame, (N, frames, K). Its input is "strips", and of any width, W only the one that it
    was trained on: the frames grow with it. A model of maps gives one for each place, (N, h, w, K); its input is "pages", of any height and
    width.
    softmax: whether the Keras model itself ends in a softmax, which the steps leave out.
    """

    image_shape: tuple[int, int]
    steps: tuple[Step, ...]
    softmax: bool

    @property
    def lines(self) -> bool:
        """Whether it is of a model of lines."""
        return len(self.steps[-1].shape) == 2

    @property
    def maps(self) -> bool:
        """Whether it is of a model of maps."""
        return len(self.steps[-1].shape) == 3

    @property
    def input(self) -> str:
        """The name of what goes in."""
        return INPUTS[len(self.steps[-1].shape)]


def graph_of(model: Any) -> Graph:
    """Read the graph of a Sequential or functional Keras model with one input, (N, H, W) or (N, H, W, 1), and one output: (N, K),
    (N, frames, K) where it is a model of lines, or (N, h, w, K) where it is one of maps.

    Raises ExportError that names the layer and the remedy.
    """
    inputs, outputs = getattr(model, "inputs", None), getattr(model, "outputs", None)
    if not inputs or not outputs:
        raise ExportError(
            f"model {model.name}: its graph is not known; build it with keras.Sequential and an Input, or keras.Model(inputs, outputs)"
        )
    if len(inputs) != 1 or len(outputs) != 1:
        raise ExportError(f"model {model.name}: it has {len(inputs)} inputs and {len(outputs)} outputs; export a model with one of each")
    shape = _fixed_shape(inputs[0], "the input")
    if len(shape) not in (2, 3) or shape[2:] not in ((), (1,)):
        raise ExportError(f"model {model.name}: its input is {shape}; images must be (H, W) or (H, W, 1), grey")
    walk = _Walk()
    start = INPUTS.get(len(outputs[0].shape) - 1, TILES)
    if len(shape) == 3:
        start = walk.add("Reshape", None, (start,), shape, None)  # (N, H, W) -> (N, H, W, 1)
    walk.result(outputs[0], {id(inputs[0]): start})
    framed = any(step.kind == "Reshape" for step in walk.steps if len(step.shape) == 2)
    if not walk.steps or not (len(walk.steps[-1].shape) in (1, 3) or (len(walk.steps[-1].shape) == 2 and framed)):
        raise ExportError(
            f"model {model.name}: its output must be one row of scores, (N, K); end it with a Dense layer, "
            "or, for a row of scores a frame, with a Conv2D of height 1 and a Reshape to (frames, K)"
        )
    last = walk.steps[-1]
    end = last.activation[0] if last.activation else None
    if end not in (None, "softmax"):
        raise ExportError(f"layer {last.layer.name}: the model ends in {end}; end it in softmax, or in nothing for logits")
    graph = Graph((shape[0], shape[1]), (*walk.steps[:-1], replace(last, activation=None)), end == "softmax")
    for step in graph.steps:
        _check(step)
        if (graph.lines or graph.maps) and step.kind not in ANY_WIDTH:
            raise ExportError(
                f"layer {step.layer.name}: {step.kind} wants one width; for lines and maps use {', '.join(sorted(ANY_WIDTH))}"
            )
    return graph


class _Walk:
    """Collects the steps that lead to a tensor of Keras, each after those that it needs."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def add(self, kind: str, layer: Any, inputs: tuple[str, ...], shape: tuple[int, ...], activation: Activation | None) -> str:
        """Append a step; returns its name: its kind, numbered. Keras' own names count up in a process: the same network would differ."""
        name = f"{kind.lower()}_{sum(step.kind == kind for step in self.steps) + 1}"
        self.steps.append(Step(kind, name, layer, inputs, shape, activation))
        return name

    def result(self, tensor: Any, known: dict[int, str]) -> str:
        """The step that gives `tensor`; `known` maps ids of tensors to the steps that give them."""
        if id(tensor) in known:
            return known[id(tensor)]
        layer, node_index, _ = tensor._keras_history
        inputs = tuple(self.result(t, known) for t in layer._inbound_nodes[node_index].input_tensors)
        if hasattr(layer, "layers"):  # a model used as a layer
            inner = {id(t): name for t, name in zip(layer.inputs, inputs, strict=True)}
            known[id(tensor)] = self.result(layer.outputs[0], inner)
        else:
            kind = "Identity" if _kind(layer) in ACTIVATION_LAYERS.keys() | PASSIVE else _kind(layer)
            activation = _activation(layer)
            if kind == "Identity" and not activation:
                known[id(tensor)] = inputs[0]
            else:
                shape = _fixed_shape(tensor, f"layer {layer.name}")
                known[id(tensor)] = self.add(kind, layer, inputs, shape, activation)
        return known[id(tensor)]


def _kind(layer: Any) -> str:
    """The class name of a layer of Keras; a class of someone else's that happens to share the name is refused."""
    import keras

    kind = type(layer).__name__
    if type(layer) is not getattr(keras.layers, kind, None):
        raise ExportError(
            f"{layer.name}: {kind} is no layer of keras.layers, its mathematics is unknown here; write it with layers that are"
        )
    return kind


def _activation(layer: Any) -> Activation | None:
    kind = _kind(layer)
    parameters = {name: getattr(layer, name) for name in ACTIVATION_LAYERS.get(kind, ())}
    if kind in ("ELU", "LeakyReLU", "ReLU", "Softmax"):
        return {"ELU": "elu", "LeakyReLU": "leaky_relu", "ReLU": "relu", "Softmax": "softmax"}[kind], parameters
    name = layer.get_config().get("activation")
    if name is not None and not isinstance(name, str):
        raise ExportError(
            f"layer {layer.name}: its activation is not one of keras.activations; put it after the layer as a layer of its own"
        )
    return None if name in (None, "linear") else (name, parameters)


def _check(step: Step) -> None:
    """Raise ExportError where a step is more than the writers can do."""
    layer, shape = step.layer, step.shape
    name, parameters = step.activation or (None, {})
    norm_elsewhere = step.kind == "BatchNormalization" and layer.axis not in (-1, len(shape))
    for wrong, reason in (
        (step.kind not in KINDS, f"{step.kind} cannot be exported; use {', '.join(sorted(KINDS))}"),
        (name not in (None, *ACTIVATIONS), f"the activation {name} cannot be exported; use {', '.join(sorted(ACTIVATIONS))}"),
        (parameters.get("threshold", 0) != 0, "a ReLU with a threshold cannot be exported; leave it 0"),
        (getattr(layer, "data_format", None) == "channels_first", "channels come first; build it with data_format='channels_last'"),
        (norm_elsewhere, "it normalises another axis than the last; leave axis=-1"),
        (step.kind == "Dense" and len(shape) != 1, "a Dense layer takes rows, (N, F); put Flatten before it"),
        (step.kind == "Rescaling" and not isinstance(layer.scale, int | float), "scale and offset must be plain numbers"),
    ):
        if wrong:
            raise ExportError(f"layer {layer.name}: {reason}")


def _fixed_shape(tensor: Any, owner: str) -> tuple[int, ...]:
    shape = tuple(tensor.shape[1:])
    if None in shape:
        raise ExportError(f"{owner}: its size {shape} is not fixed; give keras.Input the height and width of the images")
    return shape
