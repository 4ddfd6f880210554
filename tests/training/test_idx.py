"""IDX: what is well formed is read, what is not is refused with its name and the reason."""

import gzip

import numpy as np
import pytest

from inkdigits.errors import DataError
from inkdigits.training.idx import build, parse

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
GOOD = build(IMAGES)


@pytest.mark.parametrize("data", [pytest.param(GOOD, id="plain"), pytest.param(gzip.compress(GOOD), id="gzip")])
def test_round_trip(data):
    np.testing.assert_array_equal(parse("x", data, 3), IMAGES)


def test_big_endian_numbers():
    data = bytes([0, 0, 0x0C, 1, 0, 0, 0, 2]) + np.array([1, -70000], ">i4").tobytes()
    assert parse("x", data, 1).tolist() == [1, -70000]


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "float32", "float64"])
def test_every_type_comes_back_as_it_was(dtype):
    array = np.arange(-3, 3).astype(dtype).reshape(2, 3)
    data = parse("x", build(array), 2)
    assert data.dtype == array.dtype
    np.testing.assert_array_equal(data, array)


def test_a_type_that_idx_does_not_have():
    with pytest.raises(DataError, match="int64"):
        build(np.zeros(3, np.int64))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "not an IDX file", id="empty"),
        pytest.param(b"<html>404</html>", "not an IDX file", id="an error page"),
        pytest.param(b"\0\0\x07\x01" + GOOD[4:], "type code 0x07", id="unknown type"),
        pytest.param(GOOD[:10], "cut off", id="cut off in the header"),
        pytest.param(GOOD[:-1], "cut off", id="cut off in the data"),
        pytest.param(GOOD + b"\0", "do not belong", id="trailing bytes"),
        pytest.param(gzip.compress(GOOD)[:-9], "damaged", id="cut off gzip"),
        pytest.param(build(np.zeros(3, np.uint8)), "1 dimensions", id="labels for images"),
        pytest.param(b"\0\0\x08\x03" + b"\xff" * 12, "cut off", id="a shape of 2^96 bytes"),
    ],
)
def test_refused(data, reason):
    with pytest.raises(DataError, match=reason) as error:
        parse("images.gz", data, 3)
    assert "images.gz" in str(error.value)


def test_a_gzip_bomb_is_refused(monkeypatch):
    monkeypatch.setattr("inkdigits.training.idx.MAX_BYTES", 1 << 20)
    with pytest.raises(DataError, match="more than 1 MiB when it is decompressed"):
        parse("x", gzip.compress(bytes(2 << 20)), 3)
