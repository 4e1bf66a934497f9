"""Files of data sets that were made to do harm: one clear error each, and no memory for what they claim."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
import torch

from pcl_lib.codec import CodecError, decompress_set, read_set, write_container
from tests.codec.sets import changed, stored


def refuse(path, match):
    with pytest.raises(CodecError, match=match) as raised:
        read_set(path)
    assert str(path) in str(raised.value)


def f4(*shape: int) -> np.ndarray:
    return np.zeros(shape, dtype=np.float32)


@pytest.mark.parametrize(
    ("arrays", "match"),
    [
        ({"codes.weight": None}, "lacks a part of its network"),
        ({"input_cloud": None}, "lacks a part of its network"),
        ({"input_cloud": f4(32, 2)}, "lacks a part of its network"),
        ({"heads.linear.0.weight": None}, "lacks a part of its network"),
        ({"heads.linear.1.weight": f4(4, 4, 8)}, "lacks a part of its network"),
        ({"codes.weight": f4(0, 5)}, "sizes of its network are 0"),
        ({"input_cloud": f4(0, 3)}, "sizes of its network are 0"),
        ({"input_cloud": f4(33, 3)}, "its patches do not divide its points"),
        ({"trunk.linear.0.weight": f4(1, 16)}, "a layer of its network has not three axes"),
        ({"trunk.linear.0.weight": f4(1, 16, 9)}, "shapes of its network do not fit"),
        ({"heads.linear.1.weight": f4(3, 3, 8)}, "shapes of its network do not fit"),
        ({"trunk.linear.7.weight": f4(1, 8, 8)}, "shapes of its network do not fit"),
        ({"heads.linear.0.bias": f4(4, 8, 1)}, "shapes of its network do not fit"),
        ({"another": f4(1)}, "shapes of its network do not fit"),
        # Layers of a million in and a million out, of which only the ends are there.
        ({"trunk.linear.0.weight": f4(1, 10**6, 1), "trunk.linear.1.weight": f4(1, 10**6, 1)}, "do not fit"),
        ({"codes.weight": b"1234"}, "a stream of bytes where numbers should be"),
        ({"codes.weight": np.zeros((3, 5), np.float16)}, "holds float16 and not float32"),
        ({"codes.weight": np.full((3, 5), np.nan, np.float32)}, "holds numbers that are not finite"),
        ({"names": None}, "the names of its clouds are missing"),
        ({"names": np.zeros(3, np.uint8)}, "the names of its clouds are missing"),
        ({"names": b"anna"}, "the names of its clouds cannot be read"),
        ({"names": zlib.compress(b"\xff\0a\0b")}, "the names of its clouds cannot be read"),
        ({"names": zlib.compress(b"a\0b\0c")[:-1]}, "too long, cut short, or followed by something"),
        ({"names": zlib.compress(b"a\0b\0c") + b"d"}, "too long, cut short, or followed by something"),
        ({"names": zlib.compress(b"a\0b")}, "2 names for 3 clouds"),
        ({"names": zlib.compress(b"a\0b\0../../c")}, "not to be trusted: '../../c' is no name of a cloud"),
        ({"names": zlib.compress(b"a\0b\0/etc/c")}, "not to be trusted: '/etc/c'"),
        ({"names": zlib.compress(b"a\0b\0a")}, "not to be trusted: 'a' is no name of a cloud, or stands twice"),
    ],
)  # fmt: skip
def test_arrays_that_cannot_be(tmp_path, arrays, match):
    refuse(changed(stored(tmp_path / "a.pcld"), arrays), match)


def test_names_of_a_hundred_megabytes(tmp_path):
    names = zlib.compress(bytes(10**8))
    refuse(changed(stored(tmp_path / "a.pcld"), {"names": names}), "too long, cut short, or followed by")


@pytest.mark.parametrize(
    "header",
    [
        {"precision": "float64"},
        {"precision": 1},
        {"precision": None},
        {"centre": [0.0, 0.0]},
        {"centre": [0.0, 0.0, "0"]},
        {"centre": 0.0},
        {"scale": 0.0},
        {"scale": -1.0},
        {"scale": "1"},
        {"another": 1},
    ],
    ids=str,
)
def test_headers_that_cannot_be(tmp_path, header):
    refuse(changed(stored(tmp_path / "a.pcld"), header=header), "its header is not that of a data set")


@pytest.mark.parametrize(
    ("arrays", "match"),
    [
        ({"ranges": None}, "the ranges of its 8-bit numbers are missing"),
        ({"ranges": f4(2, 2)}, "the ranges of its 8-bit numbers are missing"),
        ({"ranges": np.zeros((6, 2))}, "the ranges of its 8-bit numbers are missing"),
        ({"ranges": np.full((6, 2), np.inf, np.float32)}, "the ranges of its 8-bit numbers are not finite"),
        ({"codes.weight": f4(3, 5)}, "holds float32 and not uint8"),
    ],
)
def test_8_bit_files_that_cannot_be(tmp_path, arrays, match):
    refuse(changed(stored(tmp_path / "a.pcld", "uint8"), arrays), match)


def test_a_container_of_something_else(tmp_path):
    write_container(tmp_path / "a.pcld", "pcld", {}, {})
    refuse(tmp_path / "a.pcld", "its header is not that of a data set")
    write_container(tmp_path / "a.pcld", "pclc", {}, {})
    refuse(tmp_path / "a.pcld", r"holds a cloud \(pclc\), not a data set of clouds")


def test_weights_that_make_points_that_are_not_finite(tmp_path):
    path = changed(stored(tmp_path / "a.pcld"), {"codes.weight": np.full((3, 5), 3e38, np.float32)})
    with pytest.raises(CodecError, match="the points of anna/frown are not finite"):
        decompress_set(path, 1)


def test_a_wide_layer_is_made_in_small_pieces(tmp_path):
    """Width and number of points, which a small file can both have, are never multiplied."""
    width, points = 1 << 16, 1 << 10
    arrays = {
        "input_cloud": f4(points, 3),
        "codes.weight": f4(3, 1),
        "trunk.linear.0.weight": f4(1, width, 4),
        "trunk.linear.1.weight": f4(1, 1, width),
        "heads.linear.0.weight": f4(4, 3, 1),
        "heads.linear.1.weight": None,
    }
    path = changed(stored(tmp_path / "a.pcld"), arrays)
    seen = []
    model = read_set(path)
    model.model.activation.register_forward_pre_hook(lambda _, given: seen.append(given[0].numel()))
    model.model.trunk.activation.register_forward_pre_hook(lambda _, given: seen.append(given[0].numel()))
    assert torch.equal(model.points(0)[0], torch.tensor([1.0, -2.0, 3.0]))
    assert max(seen) <= 1 << 24
