"""IDX, the file format of MNIST: a strict reader and its writer. No pickle, no guessing.

The format (LeCun, Cortes, Burges): two zero bytes, a type code, the number of dimensions, each as a big-endian 32-bit number, the data.
"""

from __future__ import annotations

import gzip
import io
import math
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.errors import DataError

MAX_BYTES = 1 << 30
"""Of a decompressed file: the largest of EMNIST digits has 188 million."""
TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def parse(name: str, content: bytes, dimensions: int) -> NDArray[Any]:
    """Parse IDX bytes, compressed by gzip or not, into an array of that many dimensions and of the file's own type.

    Raises DataError that names the file and what is wrong: header, type, dimensions, and a length that is not exactly the shape's.
    """
    data = _decompressed(name, content) if content[:2] == b"\x1f\x8b" else content
    if len(data) < 4 or data[0] or data[1]:
        raise DataError(f"{name}: not an IDX file: it starts with {data[:4].hex(' ') or 'nothing'}, not with 00 00")
    kind, count = data[2], data[3]
    if kind not in TYPES:
        raise DataError(f"{name}: IDX type code 0x{kind:02x} does not exist")
    if count != dimensions:
        raise DataError(f"{name}: {count} dimensions where {dimensions} are expected")
    start = 4 + 4 * count
    if len(data) < start:
        raise DataError(f"{name}: cut off in its header")
    shape = struct.unpack(f">{count}I", data[4:start])
    dtype = np.dtype(TYPES[kind])
    expected = start + math.prod(shape) * dtype.itemsize
    if len(data) != expected:
        what = "cut off" if len(data) < expected else "followed by bytes that do not belong to it"
        raise DataError(f"{name}: {what}: {len(data)} bytes where a shape of {shape} needs {expected}")
    return np.frombuffer(data, dtype, offset=start).reshape(shape).astype(dtype.newbyteorder("="))


def build(array: NDArray[Any]) -> bytes:
    """IDX bytes of an array. Raises DataError for a type that IDX does not have."""
    dtype = array.dtype.newbyteorder(">")
    for code, name in TYPES.items():
        if np.dtype(name) == dtype:
            return bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(dtype).tobytes()
    raise DataError(f"IDX has no type for {array.dtype}; it has {', '.join(np.dtype(name).name for name in TYPES.values())}")


def _decompressed(name: str, content: bytes) -> bytes:
    try:
        with gzip.open(io.BytesIO(content)) as file:
            found = file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{name}: the gzip file is damaged ({error}); delete it and fetch it again") from None
    if len(found) > MAX_BYTES:
        raise DataError(f"{name}: more than {MAX_BYTES >> 20} MiB when it is decompressed; it is none of the published files")
    return found
