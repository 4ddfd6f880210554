"""Writes `features.onnx` beside a network of single digits: the part of its graph that leads to what its layers hand on, with these tensors
as its outputs, in the order of the layers. It is there for the page's view of the inside (`inkdigits.server.inside`).

It is a file of its own, and not more outputs of `model.onnx`: those ONNX Runtime computes with every reading, wanted or not. The logits of
`digit` would stay the same to the last bit, but four DequantizeLinear and three Transpose more would run for them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inkdigits import files
from inkdigits.models import Card

LAYERS = ("Conv", "Flatten", "GlobalAveragePool", "MaxPool", "Gemm")
"""The operators of ONNX that count as a layer of their own."""


def write_features(content: bytes, card: Card, folder: Path) -> None:
    """Write `features.onnx` into a folder; where the network has no layer but one, remove what is there.

    content: the bytes of the network's ONNX file. card: its card, whose sha256 goes into the metadata of the new file as `model_sha256`, so
    that the file is not taken for that of another network. Raises OutputError where it cannot be written.
    """
    part = features_bytes(content, {"name": card.name, "model_sha256": card.sha256})
    if part is None:
        (folder / "features.onnx").unlink(missing_ok=True)
    else:
        files.write(folder / "features.onnx", part)


def features_bytes(content: bytes, metadata: dict[str, str]) -> bytes | None:
    """The bytes of `features.onnx` for those of an ONNX file; None where the network has no layer but one. The same for the same file."""
    import onnx

    model = onnx.shape_inference.infer_shapes(onnx.load_from_string(content))
    ranks = {value.name: len(value.type.tensor_type.shape.dim) for value in model.graph.value_info}
    names = [name for name in _handed_on(model.graph) if ranks[name] in (2, 4)]  # (N, units) or (N, maps, h, w)
    if not names:
        return None
    part = onnx.utils.Extractor(model).extract_model([model.graph.input[0].name], names)
    part.producer_name, part.graph.name = "inkdigits", metadata["name"]
    del part.graph.value_info[:]
    onnx.helper.set_model_props(part, metadata)
    onnx.checker.check_model(part, full_check=True)
    result: bytes = part.SerializeToString(deterministic=True)
    return result


def _handed_on(graph: Any) -> list[str]:
    """The names of what the layers after the first one are given, in the order they run; of dense layers, which see everything before
    them in one row, only where that row is what another dense layer made."""
    layers = [node for node in graph.node if node.op_type in LAYERS]
    names: list[str] = []
    dense = False  # whether a dense layer has come already
    for node in layers:
        given = node.input[0]
        if given not in (layers[0].input[0], *names) and (node.op_type != "Gemm" or dense):
            names.append(given)
        dense = dense or node.op_type == "Gemm"
    return names
